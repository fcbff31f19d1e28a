/**
 * Owns what Ctrl-C does. Of a run, the first one stops it in good order: what runs on hosts is ended there, and the recap
 * tells how each was left. The second one leaves at once, and says what may still be running where.
 */
import { ZrunError } from '../core/errors.js';
import type { Emit, StopSignal } from '../core/events.js';
import { visibleLine } from '../report/visible.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';

interface Interrupts {
  readonly signal: AbortSignal;
  /** Hands events on, and keeps in mind what is under way. */
  readonly emit: Emit;
  /** As if the user had pressed Ctrl-C. */
  interrupt(): void;
  stop(): void;
}

/** As much of a run's reporting as an end needs. */
interface Reported {
  readonly emit: Emit;
  close(): Promise<void>;
}

export function watchInterrupts(environment: Environment, reporting: Reported): Interrupts {
  const controller = new AbortController();
  let isStopping = false;
  /** What runs on each host, by the host's name. */
  const running = new Map<string, string>();

  const emit: Emit = (event) => {
    if (event.type === 'task-started') running.set(event.host, event.task.name);
    if (event.type === 'task-finished') running.delete(event.host);
    reporting.emit(event);
  };

  const onSignal = (signal: StopSignal): void => {
    if (isStopping) {
      // A terminal that closes is reported more than once, by its shell and by the system: nobody asks for more by that.
      if (signal === 'SIGHUP') return;
      leaveAtOnce();
    }
    isStopping = true;
    emit({ type: 'run-stopping', signal });
    // A turn later, when it stands on the screen: to end what runs on a fleet takes long, and whoever sees no answer presses again.
    setImmediate(() => controller.abort());
  };
  const stop = environment.onStopSignal(onSignal);

  function leaveAtOnce(): never {
    // The journal and the live view write what they hold before they first wait: enough for leaving like this.
    void reporting.close();
    const left = [...running].map(([host, task]) => `  ${visibleLine(host)}: ${visibleLine(task)}\n`);
    environment.stderr.write(
      left.length === 0
        ? 'left at once; no task was under way\n'
        : `left at once; this may still be running on the hosts:\n${left.join('')}`,
    );
    environment.exitNow(exitCodes.interrupted);
  }

  return {
    signal: controller.signal,
    emit,
    interrupt() {
      onSignal('SIGINT');
      // No other question may be asked meanwhile.
      controller.abort();
    },
    stop,
  };
}

/**
 * While programs of the user's run, which Ctrl-C in a terminal does not reach: it ends them, and the work throws
 * `interrupted`.
 */
export async function untilStopped<T>(
  environment: Environment,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const release = environment.onStopSignal(() => {
    if (stop.signal.aborted) environment.exitNow(exitCodes.interrupted);
    stop.abort();
  });
  try {
    const result = await work(stop.signal);
    if (stop.signal.aborted) throw new ZrunError('interrupted', 'the run was stopped');
    return result;
  } finally {
    release();
  }
}
