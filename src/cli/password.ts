/**
 * Owns where sudo's password comes from: a question on the terminal that does not show what is typed, or a file.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ReadStream } from 'node:tty';
import { ZrunError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { RunCommand } from './command-line.js';
import type { Environment } from './environment.js';

/** Undefined where none is given. Throws ZrunError `usage`, `file-unreadable`, `interrupted`. */
export async function findBecomePassword(
  command: RunCommand,
  { env, cwd }: Environment,
): Promise<Secret | undefined> {
  if (command.askBecomePassword) return askSecret('BECOME password: ');
  const file = command.becomePasswordFile ?? env['ZRUN_BECOME_PASSWORD_FILE'];
  return file === undefined || file === '' ? undefined : readSecret(path.resolve(cwd, file), file);
}

function readSecret(file: string, shownAs: string): Secret {
  try {
    // One line feed at the end is the editor's, not the password's.
    return new Secret(readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
  } catch (error) {
    throw new ZrunError(
      'file-unreadable',
      `the password file '${shownAs}' cannot be read: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks on the terminal itself, so that standard input and output may be pipes. */
async function askSecret(question: string): Promise<Secret> {
  const { terminal, write } = openTerminal();
  write(question);
  try {
    terminal.setRawMode(true);
    return new Secret(await readLine(terminal));
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    write('\n');
  }
}

function openTerminal(): { terminal: ReadStream; write: (text: string) => void } {
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
    throw new ZrunError('usage', "there is no terminal to ask for sudo's password on", {
      hint: 'Use --become-password-file, or ZRUN_BECOME_PASSWORD_FILE.',
      cause: error,
    });
  }
}

/** A line in raw mode: no echo, and the keys that a password prompt knows. */
function readLine(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    terminal.setEncoding('utf8');
    terminal.on('error', reject);
    terminal.on('end', () => reject(interrupted()));
    terminal.on('data', (chunk: string | Buffer) => {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') resolve(typed.join(''));
        else if (key === '\u0003' || (key === '\u0004' && typed.length === 0)) reject(interrupted());
        else if (key === '\u007f' || key === '\b') typed.pop();
        else if (key === '\u0015') typed = [];
        else if (key >= ' ') typed.push(key);
      }
    });
  });
}

function interrupted(): ZrunError {
  return new ZrunError('interrupted', 'interrupted before anything was done');
}
