/**
 * Owns where passwords come from, for logins and for becoming another user: a question on the terminal that does not show
 * what is typed, or a file; and passphrases of keys.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import { whyUnreadable } from '../core/local-files.js';
import { Secret } from '../core/secret.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { visibleLine } from '../report/visible.js';
import { ask } from './terminal.js';

/** For logins. Undefined where none is given. Throws ZrunError `usage`, `file-unreadable`, `interrupted`. */
export async function findLoginPassword(
  command: RunCommand,
  { env, cwd }: Environment,
): Promise<Secret | undefined> {
  if (command.askPassword)
    return new Secret(
      await ask({
        text: 'SSH password: ',
        echo: false,
        about: 'the password to log in with',
        otherwise: 'Use --connection-password-file, or ZRUN_CONNECTION_PASSWORD_FILE.',
      }),
    );
  const file = command.connectionPasswordFile ?? env['ZRUN_CONNECTION_PASSWORD_FILE'];
  return file === undefined || file === '' ? undefined : readSecret(path.resolve(cwd, file), file);
}

/**
 * The passphrase of a key file; undefined where nobody can be asked. `isAgain`: the last one was another one. Throws ZrunError
 * `interrupted`.
 */
export async function askPassphrase(
  keyFile: string,
  isAgain: boolean,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  try {
    const text = `${isAgain ? 'That is not it. ' : ''}Passphrase of ${visibleLine(keyFile)}: `;
    const typed = await ask({ text, echo: false, signal, about: 'a passphrase', otherwise: '' });
    return typed === '' ? undefined : new Secret(typed);
  } catch (error) {
    if (error instanceof ZrunError && error.code === 'usage') return undefined;
    throw error;
  }
}

/**
 * Undefined where none is given. `login`: what an empty answer stands for, as in Ansible. Throws ZrunError `usage`,
 * `file-unreadable`, `interrupted`.
 */
export async function findBecomePassword(
  command: RunCommand,
  { env, cwd }: Environment,
  login: Secret | undefined,
): Promise<Secret | undefined> {
  if (command.askBecomePassword) {
    const answer = await ask({
      text: login ? 'BECOME password [as for the login]: ' : 'BECOME password: ',
      echo: false,
      about: "sudo's password",
      otherwise: 'Use --become-password-file, or ZRUN_BECOME_PASSWORD_FILE.',
    });
    return answer === '' && login ? login : new Secret(answer);
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
      `the password file '${shownAs}' cannot be read: ${whyUnreadable(error)}`,
      {
        cause: error,
      },
    );
  }
}
