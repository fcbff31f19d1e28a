/**
 * Owns the view on a terminal: finished lines scroll away above, and below them stands what is under way right now.
 * Knows nothing of what is said; only where it stands and how often it is drawn.
 */
import { createLogUpdate } from 'log-update';
import { createLiveView } from './live.js';
import { createNarrator, type NarrateOptions } from './narrate.js';
import { createRecap } from './recap.js';
import type { Reporter } from './reporter.js';

export interface Terminal extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

interface TtyOptions extends NarrateOptions {
  readonly out: Terminal;
  readonly logFile?: string | undefined;
  readonly retryFile?: string | undefined;
  /** Between two pictures. */
  readonly frameMs?: number;
  /** How long a finished line may wait for equal ones of other hosts; the live region shows what goes on meanwhile. */
  readonly groupMs?: number;
  readonly now?: () => number;
}

export function createTtyReporter(options: TtyOptions): Reporter {
  const { out, paint, frameMs = 120, groupMs = 400, now = () => performance.now() } = options;
  // What went well is counted in the live view.
  const narrator = createNarrator({ ...options, isTerse: true });
  const recap = createRecap(options);
  const live = createLiveView(paint);
  // The cursor stays as it is: a killed zrun leaves no terminal without one.
  const update = createLogUpdate(out, { showCursor: true });
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let isHeld = false;
  let drainedAt = now();

  function draw(): void {
    if (isHeld) return;
    const isDue = isOver || narrator.isSingle || narrator.isFull || now() - drainedAt >= groupMs;
    const text = isDue ? narrator.drain() : '';
    if (isDue) drainedAt = now();
    // A column and a row stay free, so that no terminal wraps or scrolls by itself.
    const size = { columns: (out.columns ?? 80) - 1, rows: (out.rows ?? 24) - 2 };
    const picture = isOver ? [] : live.render(size, now());
    if (text !== '') {
      // Not `persist`, which cuts off what is higher than the terminal.
      update.clear();
      out.write(text);
    }
    if (picture.length > 0) update(picture.join('\n'));
  }

  function finish(): void {
    if (isOver) return;
    isOver = true;
    isHeld = false;
    clearInterval(timer);
    out.off('resize', draw);
    update.clear();
    update.done();
    draw();
  }

  return {
    tell(event) {
      if (timer === undefined && !isOver) {
        timer = setInterval(draw, frameMs).unref();
        out.on('resize', draw);
      }
      narrator.tell(event);
      recap.tell(event);
      live.tell(event, now());
      if (narrator.isFull) draw();
      if (event.type !== 'run-finished') return;
      finish();
      out.write(recap.format());
    },
    hold() {
      update.clear();
      out.write(narrator.drain());
      isHeld = true;
      return () => (isHeld = false);
    },
    close() {
      finish();
      return Promise.resolve();
    },
  };
}
