/**
 * Owns the text of one host's log: what is said of the host, with its time, and what it wrote while a task ran, whole up
 * to a bound. Knows no file: who writes the text takes it.
 */
import type { EventOf, RunEvent } from '../core/events.js';
import { INDENT } from './describe-event.js';
import { createNarrator } from './narrate.js';
import { colourless } from './style.js';
import { visible } from './visible.js';

interface HostTextOptions {
  /** A line with its time before it, or nothing for an empty one. */
  readonly stamp: (text: string) => string;
  /** Characters of the host's output. */
  readonly mostOutput: number;
  /** Whether there is room on the disk for so many characters. */
  readonly checkRoom: (length: number) => boolean;
}

export interface HostText {
  /** Takes an event as if this host were the only one. */
  tell(event: RunEvent): void;
  addLine(text: string): void;
  /** What comes next has a line of its own. */
  endOutput(): void;
  /** Characters that were not taken yet. */
  readonly length: number;
  take(): string;
}

/** Of each task, so much is written even then: what comes after the noise is what one looks for. */
const ALWAYS = 64 * 1024;

export function createHostText({ stamp, mostOutput, checkRoom }: HostTextOptions): HostText {
  const narrator = createNarrator({ paint: colourless, verbosity: 4, diff: true, isGrouped: false });
  let waiting = '';
  /** Characters of output that were written, and that were not since something else was. */
  let output = 0;
  let omitted = 0;
  /** Characters of the task that wrote last. */
  let ofTask = 0;
  let lastTask: string | undefined;
  /** Which output was written last, if nothing else was since. */
  let open: string | undefined;
  let isLineOpen = false;

  function addOutput(event: EventOf<'task-output'>): void {
    const { stream, task, text } = event;
    if (lastTask !== task.id) [lastTask, ofTask] = [task.id, 0];
    const room = Math.max(mostOutput - output, ALWAYS - ofTask);
    if (room <= 0 || !checkRoom(text.length)) {
      omitted += text.length;
      return;
    }
    const key = `${stream} ${task.id}`;
    if (open !== key) {
      endOutput();
      narrator.tell({ ...event, text: '' });
      waiting += stamp(narrator.drain());
      open = key;
    }
    const shown = text.slice(0, room);
    output += shown.length;
    ofTask += shown.length;
    omitted += text.length - shown.length;
    const isWhole = shown.endsWith('\n');
    const lines = (isWhole ? shown.slice(0, -1) : shown).replaceAll('\n', `\n${INDENT}`);
    waiting += `${isLineOpen ? '' : INDENT}${visible(lines)}${isWhole ? '\n' : ''}`;
    isLineOpen = !isWhole;
  }

  function endOutput(): void {
    if (isLineOpen) waiting += '\n';
    if (omitted > 0) waiting += `${INDENT}[zrun left ${omitted} characters out of this log]\n`;
    isLineOpen = false;
    omitted = 0;
    open = undefined;
  }

  return {
    tell(event) {
      if (event.type === 'task-output') {
        addOutput(event);
        return;
      }
      narrator.tell(event);
      const said = stamp(narrator.drain());
      if (said !== '') endOutput();
      waiting += said;
    },
    addLine(text) {
      waiting += stamp(text);
    },
    endOutput,
    get length() {
      return waiting.length;
    },
    take() {
      const text = waiting;
      waiting = '';
      return text;
    },
  };
}
