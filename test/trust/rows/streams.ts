/**
 * The streams that zrun has: to shells on hosts, whose frames nobody forges and whose outputs nobody shares; to the
 * terminal and to files, which may be full, closed or gone.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeUser, usersMissing } from '../../integration/sshd.js';
import type { Attack, Bench, Ended } from '../attack.js';

const apart = "each task's result has its own output, and nothing else";
const goesOn = 'rescue and always ran, and the exit code is the true one';

/** Shells for `sh` on the host, and login shells. `needs`: what must be installed for it. */
const shells: readonly (readonly [name: string, program: string])[] = [
  ['dash', '/bin/dash'],
  ['bash', '/bin/bash'],
  ['busybox', '/bin/busybox'],
  ['zsh', '/bin/zsh'],
  ['mksh', '/bin/mksh'],
  ['ksh', '/bin/ksh93'],
];
const loginShells = [
  '/bin/dash',
  '/bin/bash',
  '/bin/zsh',
  '/bin/mksh',
  '/usr/bin/fish',
  '/bin/csh',
  '/bin/tcsh',
];

export const streams: readonly Attack[] = [
  {
    attack: 'a background child writes into the next tasks',
    expected: apart,
    isFast: true,
    observe: (bench) => observeApart(bench),
  },
  ...shells.map(([name, program]): Attack => ({
    attack: `${name} for sh on the host, and a background child that writes on`,
    expected: apart,
    missing: () => (existsSync(program) ? undefined : `skipped: no ${program} on this machine`),
    observe(bench) {
      const sh = path.join(bench.folder, 'bin/sh');
      mkdirSync(path.dirname(sh));
      // busybox and zsh behave as sh by their name.
      execFileSync('ln', ['-s', program, sh]);
      return observeApart(bench, {
        config: [`SetEnv PATH=${path.dirname(sh)}:/usr/sbin:/usr/bin:/sbin:/bin`],
      });
    },
  })),
  ...loginShells.map((shell): Attack => ({
    attack: `the login shell ${shell}, and a background child that writes on`,
    expected: apart,
    missing: () => (existsSync(shell) ? usersMissing() : `skipped: no ${shell} on this machine`),
    observe(bench) {
      const { name } = makeUserAtHome(bench, shell);
      return observeApart(bench, {}, { ansible_user: name });
    },
  })),
  {
    attack: 'a start-up file reads a line from standard input',
    expected: 'the host is unreachable, and the message says why; nothing was run',
    isFast: true,
    missing: usersMissing,
    observe: (bench) => observeGreedyShell(bench, 'read -r x'),
  },
  {
    attack: 'a start-up file reads three lines from standard input',
    expected: 'the host is unreachable, and the message says why; nothing was run',
    missing: usersMissing,
    observe: (bench) => observeGreedyShell(bench, 'read -r x; read -r y; read -r z'),
  },
  {
    attack: 'a start-up file talks on both outputs',
    expected: apart,
    missing: usersMissing,
    observe(bench) {
      const { name, home } = makeUserAtHome(bench, '/bin/bash');
      writeFileSync(
        path.join(home, '.bashrc'),
        'echo welcome; echo welcome >&2; printf "0123456789abcdef-0\\n"\n',
      );
      return observeApart(bench, {}, { ansible_user: name });
    },
  },
  {
    attack: 'a script prints every mark that it can find: its own text, its environment, its parents',
    expected: 'the script decides nothing but its own exit code',
    isFast: true,
    async observe(bench) {
      const marks = `for f in /proc/$PPID/cmdline /proc/$PPID/environ /proc/$$/cmdline /proc/$$/environ; do tr '\\0' '\\n' <$f; done | grep -oE '[0-9a-f]{32}' | while read -r n; do printf '%s-0\\n' $n; printf '%s-0\\n' $n >&2; done`;
      const play = bench.playbook(`
- shell: |
    ${marks}
    set | grep -oE '[0-9a-f]{32}' | while read -r n; do printf '%s-0\\n' "$n"; done
    exit 7
  register: forged
  failed_when: forged.rc != 7
- shell: "read -r line <&1; echo \\"got $line\\""
  register: stolen
  timeout: 3
  ignore_errors: true
- command: echo next
  register: next
- assert: {that: [next.stdout == "next"]}`);
      const hosts = bench.inventory(await bench.sshd());
      const { code, stdout } = await bench.zrun([play, '-i', hosts]);
      return code === 0
        ? 'the script decides nothing but its own exit code'
        : `ended with ${code}:\n${stdout}`;
    },
  },
  {
    attack: 'sshd allows one session, and a background child holds it (MaxSessions 1)',
    expected: apart,
    observe: (bench) => observeApart(bench, { config: ['MaxSessions 1'] }),
  },
  {
    attack: 'standard output on a full disk (/dev/full)',
    expected: goesOn,
    isFast: true,
    missing: () => (existsSync('/dev/full') ? undefined : 'skipped: no /dev/full on this machine'),
    observe: (bench) =>
      observeBlock(bench, {
        redirect: '>/dev/full',
        check: ({ stderr }) =>
          /^zrun: standard output cannot be written \(ENOSPC[^\n]*\n$/.test(stderr)
            ? undefined
            : `on standard error: ${stderr}`,
      }),
  },
  ...(
    [
      ['both outputs on a full disk', '>/dev/full 2>/dev/full'],
      ['a reader that goes away (| true)', '| true'],
      ['standard output closed', '>&-'],
      ['both outputs closed', '>&- 2>&-'],
      ['standard input closed', '<&-'],
    ] as const
  ).map(([attack, redirect]): Attack => ({
    attack,
    expected: goesOn,
    observe: (bench) => observeBlock(bench, { redirect }),
  })),
  {
    attack: 'standard output of `zrun doc` on a full disk',
    expected: 'exit code 1',
    isFast: true,
    async observe(bench) {
      const { code } = await bench.zrun(['doc'], { prefix: ['/bin/sh', '-c', '"$@" >/dev/full', 'sh'] });
      return code === 1 ? 'exit code 1' : `ended with ${code}`;
    },
  },
  ...(['', 'run'] as const).map((when): Attack => ({
    attack:
      when === ''
        ? 'a full disk below HOME from the beginning'
        : 'a disk below HOME that fills up while the run goes on',
    expected: goesOn,
    missing: mountMissing,
    observe(bench) {
      const state = path.join(bench.home, '.local');
      mkdirSync(state);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'zrun-trust', state]);
      bench.defer(() => execFileSync('umount', ['-l', state]));
      if (when === '') fill(state);
      return observeBlock(bench, {
        redirect: '',
        before:
          '- shell: seq 1 20000\n- shell: seq 1 20000\n  register: out\n- debug: {msg: "{{out.stdout}}"}',
      });
    },
  })),
  ...(
    [
      ['a HOME that is a file', (bench: Bench) => bench.write('file', '')],
      ['a HOME that does not exist below a file', (bench: Bench) => `${bench.write('file', '')}/home`],
      ['a HOME below /proc, where mkdir -p never ends', () => '/proc/home'],
      ['a HOME that is empty', () => ''],
    ] as const
  ).map(([attack, homeOf]): Attack => ({
    attack,
    expected: goesOn,
    observe: (bench) => observeBlock(bench, { redirect: '', env: { HOME: homeOf(bench) } }),
  })),
  {
    attack: 'SIGHUP twice, as a terminal that closes sends it',
    expected: 'what ran is ended, always runs, and zrun ends with 130',
    isFast: true,
    async observe(bench) {
      const mark = path.join(bench.folder, 'always');
      const play = bench.playbook(`
- block:
    - shell: echo begun; exec sleep 600
  always:
    - command: touch ${mark}`);
      const hosts = bench.inventory(await bench.sshd());
      const zrun = bench.start([play, '-i', hosts, '-vvvv']);
      await zrun.says(/begun/);
      zrun.child.stdout.destroy();
      zrun.child.stderr.destroy();
      zrun.child.kill('SIGHUP');
      zrun.child.kill('SIGHUP');
      const { code } = await zrun.ended;
      return code === 130 && existsSync(mark)
        ? 'what ran is ended, always runs, and zrun ends with 130'
        : `ended with ${code}; always ${existsSync(mark) ? 'ran' : 'did not run'}`;
    },
  },
];

/** A child of the first task writes on while every later one runs. */
async function observeApart(
  bench: Bench,
  sshd: Parameters<Bench['sshd']>[0] = {},
  vars: Parameters<Bench['inventory']>[1] = {},
): Promise<string> {
  // It ends by itself, and its files may be anybody's.
  const done = path.join(bench.folder, 'shared');
  mkdirSync(done);
  chmodSync(bench.folder, 0o755);
  chmodSync(done, 0o777);
  const play = bench.playbook(`
- shell: |
    (trap '' PIPE; i=0; while [ $i -lt 600 ] && [ ! -e ${done}/end ]; do echo late; echo late >&2; sleep 0.05; : >${done}/$i; i=$((i + 1)); done) &
    echo mine
  register: first
- shell: n=0; while [ ! -e ${done}/20 ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n + 1)); done; echo second; echo error >&2; exit 3
  register: second
  failed_when: second.rc != 3
- stat: {path: /etc/passwd}
  register: file
- shell: echo third; echo third >&2
  register: third
- command: touch ${done}/end
- assert:
    that:
      - first.stdout_lines.all(line, line == "mine" || line == "late")
      - first.stdout_lines.exists(line, line == "mine")
      - second.stdout == "second" && second.stderr == "error"
      - file.stat.exists
      - third.stdout == "third" && third.stderr == "third"`);
  const hosts = bench.inventory(await bench.sshd(sshd), vars);
  const { code, stdout, stderr } = await bench.zrun([play, '-i', hosts, '-v']);
  return code === 0 ? apart : `ended with ${code}:\n${stdout}${stderr}`;
}

async function observeGreedyShell(bench: Bench, reads: string): Promise<string> {
  const { name, home } = makeUserAtHome(bench, '/bin/bash');
  // bash reads it for commands that come over ssh too, as Debian and others build it.
  writeFileSync(path.join(home, '.bashrc'), `${reads}\n`);
  const mark = path.join(home, 'ran');
  const play = bench.playbook(`- shell: touch ${mark}; echo ran\n- command: touch ${mark}`);
  const hosts = bench.inventory(await bench.sshd(), { ansible_user: name });
  const { code, stdout } = await bench.zrun([play, '-i', hosts]);
  const says = stdout.includes("the login shell read what was meant for zrun's own shell");
  return code === 3 && says && !existsSync(mark)
    ? 'the host is unreachable, and the message says why; nothing was run'
    : `ended with ${code}, ${existsSync(mark) ? '' : 'not '}run:\n${stdout}`;
}

/** A user with a home folder of its own, in which nothing is yet. */
function makeUserAtHome(bench: Bench, shell: string): { readonly name: string; readonly home: string } {
  const user = makeUser('zrun-trust', { shell });
  bench.defer(() => user.remove());
  const home = path.join(bench.folder, 'user');
  mkdirSync(home);
  chmodSync(bench.folder, 0o755);
  execFileSync('usermod', ['-d', home, user.name]);
  execFileSync('chown', [user.name, home]);
  return { name: user.name, home };
}

interface Block {
  /** sh's own, behind the command line. */
  readonly redirect: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Tasks before those that fail. */
  readonly before?: string;
  /** What else is wrong. */
  readonly check?: (ended: Ended) => string | undefined;
}

/** A block that fails, with a rescue and an always, and a failure after it. */
async function observeBlock(
  bench: Bench,
  { redirect, env = {}, before = '', check }: Block,
): Promise<string> {
  const marks = ['rescue', 'always'].map((name) => path.join(bench.folder, name));
  const play = bench.playbook(`
${before}
- block:
    - command: "false"
  rescue:
    - command: touch ${marks[0] ?? ''}
  always:
    - command: touch ${marks[1] ?? ''}
- command: "false"`);
  const hosts = bench.inventory(await bench.sshd());
  const status = path.join(bench.folder, 'status');
  const command = `{ "$@"; echo $? >${status}; } ${redirect}`;
  const ended = await bench.zrun([play, '-i', hosts, '-vv'], {
    env,
    prefix: ['/bin/sh', '-c', command, 'sh'],
  });
  const code = Number(readFileSync(status, 'utf8'));
  const ran = marks.every((mark) => existsSync(mark));
  const wrong = check?.(ended);
  if (code === 2 && ran && wrong === undefined) return goesOn;
  return `ended with ${code}, ${ran ? '' : 'not '}rescued; ${wrong ?? ''}\n${ended.stdout}${ended.stderr}`;
}

/** To the last block. */
function fill(folder: string): void {
  try {
    for (let i = 0; ; i++) writeFileSync(path.join(folder, `fill${i}`), Buffer.alloc(4096));
  } catch {
    // It is full.
  }
}

function mountMissing(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'skipped: only root can mount a small disk';
}
