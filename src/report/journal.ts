/**
 * Owns a run's journal: an append-only file of events, a line of JSON each, that can be read however the run ended.
 * Written past any logging library, so that nothing is reordered, filtered or lost at exit.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import type { RunEvent } from '../core/events.js';
import { isWrittenEvent } from './stream/event-shape.js';
import type { Reporter } from './reporter.js';
import { formatEvent, type WrittenEvent } from './written.js';

/**
 * Appends every event but those of `isPassing`. Lines are handed to the system at the end of the turn in which they arise, or
 * sooner, so that a killed run lacks at most what happened in its last instant. Throws where the file cannot be opened; a disk
 * that fills up later is reported once through `onTrouble`.
 */
export function createJournal(path: string, onTrouble: (error: unknown) => void): Reporter {
  const file = openSync(path, 'a', 0o600);
  let waiting: string[] = [];
  let length = 0;
  let pending: NodeJS.Immediate | undefined;
  let isBroken = false;

  function flush(): void {
    clearImmediate(pending);
    pending = undefined;
    const text = waiting.join('');
    waiting = [];
    length = 0;
    if (isBroken) return;
    try {
      writeText(file, text);
    } catch (error) {
      isBroken = true;
      onTrouble(error);
    }
  }

  return {
    tell(event) {
      if (isPassing(event)) return;
      const line = `${formatEvent(event)}\n`;
      waiting.push(line);
      length += line.length;
      // Fifty loud hosts may finish in one turn: their results are not collected.
      if (length > pieceLength) flush();
      else pending ??= setImmediate(flush);
    },
    close() {
      flush();
      closeSync(file);
      return Promise.resolve();
    },
  };
}

/** For those who watch alone: the result holds what they tell. */
function isPassing({ type }: RunEvent): boolean {
  return type === 'task-output' || type === 'item-started' || type === 'task-progressed';
}

/** UTF-16 units that are written at a time: a line may have millions, and no copy of it is made for the system. */
const pieceLength = 1 << 16;

const piece = Buffer.alloc(pieceLength * 3);

function writeText(file: number, text: string): void {
  for (let start = 0; start < text.length;) {
    const last = text.charCodeAt(start + pieceLength - 1);
    // Of a character of two units, both go together.
    const end = start + (last >= 0xd800 && last <= 0xdbff ? pieceLength - 1 : pieceLength);
    const length = piece.write(text.slice(start, end), 'utf8');
    for (let written = 0; written < length;) written += writeSync(file, piece, written, length - written);
    start = end;
  }
}

interface JournalText {
  readonly events: readonly WrittenEvent[];
  /** Numbers, from 1, of lines that are no event: cut off by a kill or a full disk. */
  readonly damaged: readonly number[];
}

/** Reads a journal back, whole or cut off anywhere. */
export function readJournal(text: string): JournalText {
  const events: WrittenEvent[] = [];
  const damaged: number[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const event = parseEvent(line);
    if (event) events.push(event);
    else damaged.push(i + 1);
  });
  return { events, damaged };
}

/** `isLast`: it has no line feed. It may have been cut off, or still be written on. */
export type OnDamaged = (line: number, isLast: boolean) => void;

/**
 * The same from a file of any size. Throws as reading a file does, `ENOENT` where the run never had a journal.
 */
export async function* readJournalFile(path: string, onDamaged: OnDamaged): AsyncGenerator<WrittenEvent> {
  let rest = '';
  let number = 0;
  // Not node:readline, which takes U+2028 for the end of a line; JSON leaves it as it is.
  const chunks: AsyncIterable<string> = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 });
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      number++;
      const event = parseEvent(line);
      if (event) yield event;
      else if (line.trim() !== '') onDamaged(number, false);
    }
  }
  const last = parseEvent(rest);
  if (last) yield last;
  else if (rest.trim() !== '') onDamaged(number + 1, true);
}

function parseEvent(line: string): WrittenEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isWrittenEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
