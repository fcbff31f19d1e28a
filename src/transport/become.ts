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
function promptOf(nonce: string): string {
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
  return `exec ${asOther(become, promptOf(nonce))} ${quote(`${path}; ${hello}`)}`;
}

/** What runs the command behind it as another user. */
function asOther({ method, user }: Become, prompt: string): string {
  switch (method) {
    case 'sudo':
      return `sudo -S -p ${quote(prompt)} -H -u ${quote(user)} -- sh -c`;
    case 'su':
      // The other user's own shell may be any, or none.
      return `su -s /bin/sh ${quote(user)} -c`;
    case 'doas':
      // It reads passwords from a terminal alone, which there is none of.
      return `doas -n -u ${quote(user)} -- sh -c`;
  }
}

/** Source: become_prompt_l10n of Ansible's su. */
const suPrompts =
  /(?:password|passwort|salasana|mot de passe|contraseña|contrasenya|parola|hasło|heslo|jelszó|senha|lozinka|geslo|slaptažodis|parole|wachtwoord|adgangskode|lösenord|passord|Пароль|пароль|Парола|Лозинка|סיסמה|パスワード|암호|密码|密碼|口令)[^\n]{0,40}[:：] *$/i;

/** Whether the words end in a question for a password. su's own words cannot be chosen. */
export function asksForPassword({ method }: Become, nonce: string, words: string): boolean {
  return method === 'su' ? suPrompts.test(words) : words.includes(promptOf(nonce));
}

/** The words without the question that was answered. */
export function withoutPrompt({ method }: Become, nonce: string, words: string): string {
  return method === 'su' ? words.replace(suPrompts, '') : words.replace(promptOf(nonce), '');
}

/** What a shell of the login user wants to read before any command; nothing for another user's. */
export function firstLine(nonce: string, become: Become | undefined): string {
  return become === undefined ? `${nonce}\n` : '';
}

/** The line that answers sudo's prompt. */
export function passwordLine(become: Become): string {
  if (become.password === undefined)
    throw new ZrunError(
      'sudo-password-missing',
      `${become.method} asks for a password to become ${become.user}`,
      {
        hint:
          become.method === 'su'
            ? `Give ${become.user}'s own password with -K (--ask-become-pass).`
            : 'Give it with -K (--ask-become-pass), or allow this user NOPASSWD in sudoers.',
      },
    );
  const password = reveal(become.password);
  // What follows a line break would reach the shell that sudo starts, as a command.
  if (/[\n\r\0]/.test(password))
    throw new ZrunError(
      'sudo-password-wrong',
      `the ${become.method} password holds a line break or a NUL byte`,
      {
        hint: 'Type it again: it must be one line.',
      },
    );
  return `${password}\n`;
}

export function wrongPassword(become: Become): ZrunError {
  const { method, user } = become;
  return new ZrunError('sudo-password-wrong', `${method} refused the password for becoming ${user}`, {
    hint:
      method === 'su'
        ? `su wants the password of ${user}, not the login user's.`
        : "It must be the login user's own password, unless sudoers has targetpw or rootpw.",
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
      `${become.method} did not let us become ${become.user} within ${limitMs / 1000} seconds`,
      {
        hint: 'It may wait for something other than a password (a second factor), or for a name server.',
        ...details,
      },
    );
  if (passwordSent && /incorrect password|try again|authentication failure/i.test(said))
    return wrongPassword(become);
  return new ZrunError(
    'sudo-refused',
    `${become.method} does not let us become ${become.user}${reason(said)}`,
    {
      hint: refusalHint(said, become, ended.status),
      ...details,
    },
  );
}

/** The line of what was said that says why. */
function reason(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const line =
    lines.find((each) => /^(?:sudo|su|doas): |sudoers|not allowed|may not run|not found/.test(each)) ??
    lines.at(-1);
  return line ? `: ${line}` : '';
}

function refusalHint(said: string, { method, user }: Become, status: number | undefined): string {
  if (/requiretty|must have a tty/i.test(said))
    return "Remove 'Defaults requiretty' from sudoers: zrun works without a terminal.";
  if (/unknown user|user \S+ does not exist/i.test(said)) return `There is no user '${user}' on the host.`;
  const isMissing = status === 127 || /not found|no such file/i.test(said);
  if (isMissing && !/doas is not enabled/.test(said))
    return `${method} is not installed on the host. Install it, or connect as ${user}.`;
  if (method === 'doas')
    return `doas reads a password from a terminal alone, which zrun has none of: write 'permit nopass LOGIN as ${user}' into doas.conf.`;
  if (method === 'su') return `Let this user run 'su ${user}', or connect as ${user}.`;
  return `Let this user run 'sudo -u ${user} sh' in sudoers, or connect as ${user}.`;
}
