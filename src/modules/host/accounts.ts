/**
 * Owns what is known of a host's users and groups, and the probes that ask for them. Knows nothing of how they are
 * changed. Sources: getent(1), passwd(5), shadow(5).
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { type Effect, type Probe, type ProbeKind, setState, unknownState } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import { groupKind, userKind } from './file.js';

export interface UserAccount {
  /** Undefined: predicted, and the host will choose. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** The name of the primary group. */
  readonly group: string;
  /** Supplementary groups, sorted. */
  readonly groups: readonly string[];
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  /** The field of shadow(5); undefined where it was not asked for or cannot be read. */
  readonly hash: string | undefined;
}

export interface GroupAccount {
  /** Undefined: predicted, and the host will choose. */
  readonly gid: number | undefined;
}

/** Keyed by name; undefined where the host has none of it. */
const accountKind: ProbeKind<UserAccount | undefined> = { kind: 'account' };
const groupAccountKind: ProbeKind<GroupAccount | undefined> = { kind: 'group-account' };

/** A parameter that names a user or a group. */
export function accountName(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[A-Za-z_][\w.-]{0,31}\$?$/, 'must be a name: letters, digits, _ . and -, no digit or - first')
    .describe(description);
}

/** getent asks whatever the host asks (LDAP too); without it there are only files. 2: there is no such entry. */
const getent = sh`LC_ALL=C; export LC_ALL
ask() {
if command -v getent >/dev/null; then getent "$1" "$2"
else grep -m 1 "^$2:" "/etc/$1" || { [ $? -ne 1 ] || return 2; }; fi
}`;

/** `asksHash` reads shadow(5), which only root can. */
export function accountProbe(name: string, asksHash: boolean): Probe<UserAccount | undefined> {
  return {
    of: accountKind,
    key: name,
    script: lines(
      getent,
      sh`e=$(ask passwd ${name}) || { [ $? -eq 2 ] && exit 0; exit 1; }
printf '%s\n' "$e"; id -gn ${name} || echo; id -nG ${name}`,
      asksHash && sh`ask shadow ${name} 2>/dev/null | sed 's/^[^:]*:\\([^:]*\\).*/=\\1/'; exit 0`,
    ),
    parse: (output) => parseAccount(name, output),
  };
}

function parseAccount(name: string, output: Output): UserAccount | undefined {
  const text = output.stdout.toString();
  if (output.status === 0 && text === '') return undefined;
  const [entry = '', group = '', all = '', hash = ''] = text.split('\n');
  const fields = entry.split(':');
  const [, , uid, gid, comment = '', home = '', shell = ''] = fields;
  if (output.status !== 0 || fields.length !== 7) throw unreadable('user', name, output);
  const groups = all.split(' ').filter((each) => each !== '' && each !== group);
  return {
    uid: Number(uid),
    gid: Number(gid),
    group,
    groups: [...new Set(groups)].sort(),
    comment,
    home,
    shell,
    // An empty field is a password too: none is asked for.
    hash: hash.startsWith('=') ? hash.slice(1) : undefined,
  };
}

export function groupAccountProbe(name: string): Probe<GroupAccount | undefined> {
  return {
    of: groupAccountKind,
    key: name,
    script: lines(getent, sh`ask group ${name} || [ $? -eq 2 ]`),
    parse(output) {
      const text = output.stdout.toString();
      if (output.status === 0 && text === '') return undefined;
      const gid = text.split('\n')[0]?.split(':')[2] ?? '';
      if (output.status !== 0 || !/^\d+$/.test(gid)) throw unreadable('group', name, output);
      return { gid: Number(gid) };
    },
  };
}

function unreadable(type: string, name: string, { stdout, stderr, status }: Output): ZrunError {
  return new ZrunError('output-unexpected', `the host does not say whether it has a ${type} '${name}'`, {
    status,
    stdout: stdout.toString(),
    stderr: stderr.toString(),
  });
}

/** What a changed user leaves for the tasks that ask for the whole, and for those that only ask for its number. */
export function accountEffects(name: string, after: UserAccount | undefined): readonly Effect[] {
  return [
    setState(accountKind, name, after),
    after && after.uid === undefined
      ? unknownState(userKind, name)
      : setState<number | undefined>(userKind, name, after?.uid),
  ];
}

export function groupEffects(name: string, after: GroupAccount | undefined): readonly Effect[] {
  return [
    setState(groupAccountKind, name, after),
    after && after.gid === undefined
      ? unknownState(groupKind, name)
      : setState<number | undefined>(groupKind, name, after?.gid),
  ];
}

/** Throws `task-failed` where the host lacks what Debian's package passwd, or shadow-utils, brings. */
export function refuseWithoutTools(has: Readonly<Record<string, boolean>>): void {
  const missing = Object.keys(has).filter((name) => has[name] === false);
  if (missing.length === 0) return;
  throw new ZrunError('task-failed', `the host has no ${missing.join(', ')}`, {
    hint: 'Users and groups are managed with the tools of Debian’s package passwd (elsewhere: shadow-utils).',
  });
}
