/**
 * Owns how a shell is started as the login user or as another one: the command line, sudo's dialogue, and what sudo's
 * refusals mean. Knows no streams.
 */
import { ZrunError } from '../core/errors.js';
import type { Become } from '../core/host.js';
import { reveal } from '../core/secret.js';
import { quote } from '../core/shell.js';
import type { Ended } from './channel.js';

/** Where daemons and zfs are on systems whose PATH for users lacks it. */
const sbin = '/usr/local/sbin:/usr/sbin:/sbin';

/** What sudo prints when it wants a password; the nonce makes sure that it is this sudo that asks. */
export function promptOf(nonce: string): string {
  return `[zrun ${nonce}]`;
}

/** The exit code of a shell that found something else on its standard input than `firstLine`. */
const swallowed = 96;

/**
 * The command line that ends in a shell which reads commands, and which says `NONCE` with its process id first.
 * It is run by the user's login shell, so it holds only what sh, fish and csh understand alike.
 * As the login user, commands are sent before the shell is there: it wants `firstLine` before them, so that it runs none
 * where a start-up file has read from them.
 */
export function startCommand(nonce: string, become: Become | undefined): string {
  const path = `PATH="$PATH:${sbin}"; export PATH`;
  const hello = `echo ${nonce}$$; exec sh`;
  if (become === undefined) {
    const check = `IFS= read -r zrun && test "$zrun" = ${nonce} || exit ${swallowed}; unset zrun`;
    return `exec sh -c ${quote(`${check}; ${path}; ${hello}`)}`;
  }
  const sudo = `exec sudo -S -p ${quote(promptOf(nonce))} -H -u ${quote(become.user)} --`;
  return `${sudo} sh -c ${quote(`${path}; ${hello}`)}`;
}

/** What a shell of the login user wants to read before any command; nothing for another user's. */
export function firstLine(nonce: string, become: Become | undefined): string {
  return become === undefined ? `${nonce}\n` : '';
}

/** The line that answers sudo's prompt. */
export function passwordLine(become: Become): string {
  if (become.password === undefined)
    throw new ZrunError('sudo-password-missing', `sudo asks for a password to become ${become.user}`, {
      hint: 'Give it with -K (--ask-become-pass), or allow this user NOPASSWD in sudoers.',
    });
  const password = reveal(become.password);
  // What follows a line break would reach the shell that sudo starts, as a command.
  if (/[\n\r\0]/.test(password))
    throw new ZrunError('sudo-password-wrong', 'the sudo password holds a line break or a NUL byte', {
      hint: 'Type it again: it must be one line.',
    });
  return `${password}\n`;
}

export function wrongPassword(become: Become): ZrunError {
  return new ZrunError('sudo-password-wrong', `sudo refused the password for becoming ${become.user}`, {
    hint: "It must be the login user's own password, unless sudoers has targetpw or rootpw.",
  });
}

/** Why a shell ended, or was destroyed, before it said that it is there. */
export function startFailure(
  become: Become | undefined,
  words: string,
  ended: Ended | undefined,
  passwordSent: boolean,
  limitMs: number,
): ZrunError {
  const said = words.trim();
  const details = { ...(said !== '' && { stderr: said }), status: ended?.status };
  if (become === undefined) {
    if (ended === undefined)
      return new ZrunError(
        'connect-timeout',
        `the login shell did not start sh within ${limitMs / 1000} seconds`,
        {
          hint: "Something in the login shell's start-up files waits, or the host is overloaded.",
          ...details,
        },
      );
    if (ended.status === swallowed)
      return new ZrunError('connect-failed', "the login shell read what was meant for zrun's own shell", {
        hint:
          'A start-up file (.bashrc, .profile, .cshrc, …) reads standard input: let it do that only on a terminal, ' +
          'as in `test -t 0 && read answer`.',
        ...details,
      });
    return new ZrunError('connect-failed', `the login shell did not start sh${reason(said)}`, {
      hint: "zrun needs a login shell that runs commands (not nologin, and no ForceCommand) and 'sh' in its PATH.",
      ...details,
    });
  }
  if (ended === undefined)
    return new ZrunError(
      'sudo-refused',
      `sudo did not let us become ${become.user} within ${limitMs / 1000} seconds`,
      {
        hint: 'It may wait for something other than a password (a second factor), or for a name server.',
        ...details,
      },
    );
  if (passwordSent && /incorrect password|try again|authentication failure/i.test(said))
    return wrongPassword(become);
  return new ZrunError('sudo-refused', `sudo does not let us become ${become.user}${reason(said)}`, {
    hint: refusalHint(said, become.user, ended.status),
    ...details,
  });
}

/** The line of what was said that says why. */
function reason(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const line =
    lines.find((each) => /^sudo: |sudoers|not allowed|may not run|not found/.test(each)) ?? lines.at(-1);
  return line ? `: ${line}` : '';
}

function refusalHint(said: string, user: string, status: number | undefined): string {
  if (/requiretty|must have a tty/i.test(said))
    return "Remove 'Defaults requiretty' from sudoers: zrun works without a terminal.";
  if (/unknown user/i.test(said)) return `There is no user '${user}' on the host.`;
  if (status === 127 || /not found|no such file/i.test(said))
    return `sudo is not installed on the host. Install it, or connect as ${user}.`;
  return `Let this user run 'sudo -u ${user} sh' in sudoers, or connect as ${user}.`;
}
