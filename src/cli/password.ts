/**
 * Owns where sudo's password comes from: a question on the terminal that does not show what is typed, or a file.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { ask } from './terminal.js';

/** Undefined where none is given. Throws ZrunError `usage`, `file-unreadable`, `interrupted`. */
export async function findBecomePassword(
  command: RunCommand,
  { env, cwd }: Environment,
): Promise<Secret | undefined> {
  if (command.askBecomePassword) {
    const answer = await ask({
      text: 'BECOME password: ',
      echo: false,
      about: "sudo's password",
      otherwise: 'Use --become-password-file, or ZRUN_BECOME_PASSWORD_FILE.',
    });
    return new Secret(answer);
  }
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
