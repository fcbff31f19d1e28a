/**
 * Owns questions to the user, on the terminal itself, so that standard input and output may be pipes.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { ZrunError } from '../core/errors.js';
import { onAbort } from '../core/signals.js';

interface Question {
  readonly text: string;
  /** False: what is typed is not shown. */
  readonly echo: boolean;
  /** What to do where there is no terminal. */
  readonly otherwise: string;
  /** What the question is for: `sudo's password`. */
  readonly about: string;
  /** Ends the question; it then throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/** The line that the user types. Throws ZrunError `usage` where there is no terminal, `interrupted` on Ctrl-C. */
export async function ask(question: Question): Promise<string> {
  const { terminal, write } = openTerminal(question);
  try {
    // Before the question is there: a key that is struck at once is an answer to it, and Ctrl-C too.
    terminal.setRawMode(true);
    const answer = readLine(terminal, question.echo ? write : () => undefined, question.signal);
    write(question.text);
    return await answer;
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    write('\r\n');
  }
}

/**
 * Asks until two answers are the same, since nobody sees what is typed.
 * @param again the second question
 */
export async function askTwice(question: Question, again: string): Promise<string> {
  for (let note = ''; ; note = 'These two differ. ') {
    const typed = await ask({ ...question, text: `${note}${question.text}` });
    if (typed === (await ask({ ...question, text: again }))) return typed;
  }
}

/** Throws ZrunError `usage` where there is no terminal: before a run that will have to ask, not in the middle of it. */
export function checkTerminal(question: Pick<Question, 'about' | 'otherwise'>): void {
  openTerminal(question).terminal.destroy();
}

function openTerminal({ about, otherwise }: Pick<Question, 'about' | 'otherwise'>): {
  terminal: ReadStream;
  write: (text: string) => void;
} {
  try {
    // 'r+': the question goes where the answer comes from.
    const terminal = new ReadStream(openSync('/dev/tty', 'r+'));
    const write = (text: string): void => {
      const file = openSync('/dev/tty', 'w');
      writeSync(file, text);
      closeSync(file);
    };
    return { terminal, write };
  } catch (error) {
    throw new ZrunError('usage', `there is no terminal to ask for ${about} on`, {
      hint: otherwise,
      cause: error,
    });
  }
}

/** What arrows and their like send: they are no part of an answer. */
const functionKeys = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z]|[^[O])/g;

/** A line in raw mode, with the keys that such a prompt knows. */
function readLine(
  terminal: ReadStream,
  show: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const stop = (): void => reject(interrupted());
    const forget = signal && onAbort(signal, stop);
    terminal.setEncoding('utf8');
    terminal.on('error', reject);
    terminal.on('end', stop);
    const erase = (count: number): void => show('\b \b'.repeat(count));
    terminal.on('data', (chunk: string | Buffer) => {
      for (const key of String(chunk).replaceAll(functionKeys, '')) {
        if (key === '\r' || key === '\n') {
          forget?.();
          resolve(typed.join(''));
        } else if (key === '\u0003' || (key === '\u0004' && typed.length === 0)) stop();
        else if (key === '\u007f' || key === '\b') erase(typed.pop() === undefined ? 0 : 1);
        else if (key === '\u0015') {
          erase(typed.length);
          typed = [];
        } else if (key >= ' ') {
          typed.push(key);
          show(key);
        }
      }
    });
  });
}

function interrupted(): ZrunError {
  return new ZrunError('interrupted', 'interrupted at a question');
}
