/**
 * Owns a run's log for people, `run.log`: everything with its time, at the highest verbosity, without colours. Winston
 * writes it. Knows nothing of the journal, which machines read.
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createLogger, format, transports } from 'winston';
import type { RunEvent } from '../core/events.js';
import { createNarrator } from './narrate.js';
import { createRecap } from './recap.js';
import type { Reporter } from './reporter.js';
import { colourless } from './style.js';

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
  const logger = createLogger({
    level: 'debug',
    format: format.combine(
      format.timestamp(),
      format.printf(
        ({ timestamp, level, message }) => `${String(timestamp)} ${level.padEnd(5)} ${String(message)}`,
      ),
    ),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types have an interface here
    transports: [new transports.Stream({ stream, eol: '\n' })],
  });
  logger.on('error', fail);
  const narrator = createNarrator({ paint: colourless, verbosity: 3, diff: true });
  const recap = createRecap({ paint: colourless, verbosity: 3, retryFile });

  function log(level: Level, text: string): void {
    const message = text.trim();
    if (message !== '' && !isBroken) logger.log(level, message);
  }

  return {
    tell(event) {
      narrator.tell(event);
      recap.tell(event);
      log(levelOf(event), narrator.drain());
      if (event.type === 'run-finished') log('info', recap.format());
    },
    async close() {
      if (isBroken) return;
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

function levelOf(event: RunEvent): Level {
  if (event.type === 'warning' || event.type === 'rescue-started') return 'warn';
  if (event.type === 'host-connected' || event.type === 'task-started') return 'debug';
  if (event.type === 'task-finished' && !event.result.ignored) {
    if (event.result.status === 'failed' || event.result.status === 'unreachable') return 'error';
    if (event.result.status === 'unknown') return 'warn';
  }
  if (event.type === 'host-finished' && event.outcome !== 'done') return 'error';
  return 'info';
}
