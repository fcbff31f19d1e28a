/**
 * Owns a run's log for people, `run.log`: everything with its time, at the highest verbosity, without colours. Knows
 * nothing of the journal, which machines read. Old logs are removed with the folders of their runs (run-folder).
 *
 * Winston writes it, but to our stream: winston's File transport (3.19) does not report a full disk and then never ends,
 * makes folders that are missing, and loses lines where it rotates. Times and levels are put before the lines here, since
 * one winston record for each line takes 5 % more of zrun's processor time in a run of 200 hosts.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Logger } from 'winston';
import type { RunEvent } from '../core/events.js';
import { createTimeText } from './duration.js';
import { createNarrator } from './narrate.js';
import { createRecap } from './recap/recap.js';
import type { Reporter } from './reporter.js';
import { colourless } from './style.js';

/** How long a line may wait. What a killed run lacks of its log, its journal has. */
const flushMs = 50;

type Level = 'error' | 'warn' | 'info' | 'debug';

/**
 * Creates or continues the file. Trouble with it is reported once through `onTrouble` and ends nothing. `retryFile`: see
 * RecapOptions.
 */
export function createLog(path: string, onTrouble: (error: unknown) => void, retryFile?: string): Reporter {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  let isBroken = false;
  const fail = (error: unknown): void => {
    if (!isBroken) onTrouble(error);
    isBroken = true;
  };
  stream.on('error', fail);
  const narrator = createNarrator({ paint: colourless, verbosity: 3, diff: true, isGrouped: false });
  const recap = createRecap({ paint: colourless, verbosity: 3, retryFile });
  let logger: Logger | undefined;
  let opening: Promise<void> | undefined;
  const timeText = createTimeText(() => new Date());
  /** Hosts say so much at once that a record for each line would cost more than the lines. */
  let waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (waiting.length === 0 || isBroken) return;
    const lines = waiting;
    waiting = [];
    logger?.log('info', lines.join('\n'));
  }

  /** Winston is loaded while the first hosts are being connected to, not before. */
  async function open(): Promise<void> {
    try {
      logger = await openLogger(stream);
      logger.on('error', fail);
      flush();
    } catch (error) {
      fail(error);
    }
  }

  function log(level: Level, text: string): void {
    const message = text.trim();
    if (message === '' || isBroken) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (logger) flush();
      else opening ??= open();
    }, flushMs).unref();
    waiting.push(`${timeText()} ${level.padEnd(5)} ${message}`);
  }

  return {
    tell(event) {
      narrator.tell(event);
      recap.tell(event);
      log(levelOf(event), narrator.drain());
      if (event.type === 'run-finished') log('info', recap.format());
    },
    async close() {
      await (opening ??= open());
      flush();
      if (isBroken || !logger) return;
      // Winston's `finish` comes before its stream has everything on disk: the stream's own end is what counts.
      const finished = once(logger, 'finish');
      logger.end();
      await finished;
      await new Promise<void>((resolve) => {
        stream.once('error', () => resolve());
        stream.end(resolve);
      });
    },
  };
}

async function openLogger(stream: WriteStream): Promise<Logger> {
  const { default: winston } = await import('winston');
  return winston.createLogger({
    level: 'debug',
    format: winston.format.printf(({ message }) => String(message)),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types have an interface here
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
}

function levelOf(event: RunEvent): Level {
  if (event.type === 'warning' || event.type === 'run-stopping' || event.type === 'rescue-started')
    return 'warn';
  if (event.type === 'host-connected' || event.type === 'task-started') return 'debug';
  if (event.type === 'task-finished' && !event.result.ignored) {
    if (event.result.status === 'failed' || event.result.status === 'unreachable') return 'error';
    if (event.result.status === 'unknown') return 'warn';
  }
  if (event.type === 'host-finished' && event.outcome !== 'done') return 'error';
  return 'info';
}
