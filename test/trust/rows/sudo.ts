/** Sudo: whatever it says or asks, the task ends with what is wrong, the recap comes, and the password is nowhere. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeUser, usersMissing } from '../../integration/sshd.js';
import { verdict, type Attack, type Bench } from '../attack.js';

const password = 'Gewürz-Hunter2-xyzzy';
/** As it is, and as it would stand in a file that is read byte by byte. */
const shown = /Hunter2-xyzzy/;

interface Case {
  readonly attack: string;
  /** Names its user, so that rows do not meet. */
  readonly name: string;
  readonly user: Parameters<typeof makeUser>[1];
  /** Undefined: none is given to zrun. */
  readonly given?: string;
  readonly code: number;
  readonly says: RegExp;
  readonly expected: string;
  readonly tasks?: string;
  /** In place of the host's programs: these, and all of them but sudo. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
}

const asRoot = `- command: id -un\n  become: true\n  register: who\n- assert: {that: ['who.stdout == "root"']}`;
const all = 'ALL=(ALL) ALL';

const cases: readonly Case[] = [
  {
    attack: 'sudo is not installed',
    name: 'none',
    user: {},
    programs: {},
    code: 2,
    says: /sudo is not installed on the host/,
    expected: 'failed: says that it is not installed',
  },
  {
    attack: 'sudo: the user is not allowed',
    name: 'stranger',
    user: { password },
    given: password,
    code: 2,
    says: /not in the sudoers/,
    expected: "failed: sudo's reason",
  },
  {
    attack: 'sudo asks for a password, and none is given',
    name: 'missing',
    user: { password, sudoers: all },
    code: 2,
    says: /sudo asks for a password.*--ask-become-pass/s,
    expected: 'failed: says how to give one',
  },
  {
    attack: 'sudo: a wrong password',
    name: 'wrong',
    user: { password, sudoers: all },
    given: `wrong-${password}`,
    code: 2,
    says: /sudo refused the password/,
    expected: 'failed: the password is refused',
  },
  {
    attack: 'sudo: the right password',
    name: 'right',
    user: { password, sudoers: all },
    given: password,
    code: 0,
    says: /PLAY RECAP/,
    expected: 'the tasks run as root',
  },
  {
    attack: 'sudo forgets in mid-run that the password was right',
    name: 'expired',
    user: { password, sudoers: all, defaults: 'timestamp_timeout=0' },
    given: password,
    tasks: `${asRoot}\n- command: sudo -K\n${asRoot}\n- command: id -un\n  become: true\n  become_user: nobody`,
    code: 0,
    says: /PLAY RECAP/,
    expected: 'the tasks run as root, and later as another user',
  },
  {
    attack: 'sudo: the account is locked in mid-run',
    name: 'locked',
    user: { password, sudoers: all },
    given: password,
    tasks: `- command: 'true'\n- command: usermod -L zt-locked\n  delegate_to: localhost\n${asRoot}`,
    code: 2,
    says: /sudo refused the password/,
    expected: 'failed: the password is refused',
  },
  {
    attack: 'sudo wants a terminal (requiretty)',
    name: 'tty',
    user: { sudoers: 'ALL=(ALL) NOPASSWD: ALL', defaults: 'requiretty' },
    code: 2,
    says: /Remove 'Defaults requiretty' from sudoers/,
    expected: 'failed: says what to change',
  },
  {
    attack: 'sudo asks for a second factor, for ever',
    name: 'factor',
    user: {},
    given: password,
    programs: { sudo: '#!/bin/sh\nprintf "Verification code: " >&2\nread -r code\nexit 1\n' },
    argv: ['-T', '3'],
    code: 2,
    says: /did not let us become root within .*second factor/s,
    expected: 'failed at the limit: says that it may want a second factor',
  },
];

export const sudo: readonly Attack[] = cases.map((one): Attack => ({
  attack: one.attack,
  expected: one.expected,
  ...(one.name === 'wrong' && { isFast: true }),
  missing: () =>
    usersMissing() ?? (existsSync('/usr/bin/sudo') ? undefined : 'skipped: no sudo on this machine'),
  observe: (bench) => observeCase(bench, one),
}));

async function observeCase(bench: Bench, one: Case): Promise<string> {
  const { name, user, given, code, says, expected, tasks = asRoot, programs, argv = [] } = one;
  const made = makeUser(`zt-${name}`, user);
  bench.defer(() => made.remove());
  const server = await bench.sshd(programs && { config: [`SetEnv PATH=${makePrograms(bench, programs)}`] });
  const hosts = bench.inventory(server, { ansible_user: made.name });
  const secret =
    given === undefined ? [] : ['--become-password-file', bench.write('password', `${given}\n`, 0o600)];
  const ended = await bench.zrun([
    bench.playbook(tasks),
    '-i',
    hosts,
    '-vvvv',
    '--output',
    'plain',
    ...secret,
    ...argv,
  ]);
  const { stdout, stderr } = ended;
  if (ended.code !== code || !says.test(stdout)) return verdict(false, expected, ended);
  for (const [file, text] of [['stdout', stdout], ['stderr', stderr], ...bench.artefacts()] as const)
    if (shown.test(text)) return `the password is in ${file}`;
  return expected;
}

/** A folder that anybody may read, with all of the machine's programs but sudo, and these. */
function makePrograms(bench: Bench, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'zrun-programs-'));
  bench.defer(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const name of readdirSync('/usr/bin'))
    if (name !== 'sudo') symlinkSync(`/usr/bin/${name}`, path.join(folder, name));
  for (const [name, text] of Object.entries(programs))
    writeFileSync(path.join(folder, name), text, { mode: 0o755 });
  return folder;
}
