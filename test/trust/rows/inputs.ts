/**
 * What zrun reads on the controller: files that are bombs, names that JavaScript has a meaning for, and programs that
 * never stop talking.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { verdict, type Attack, type Bench } from '../attack.js';
import { until } from '../look.js';

/** Of a process that may load tsx first, on a machine that may be busy: what is quadratic takes many times as long. */
const soon = 60_000;
const read = 'read, or refused at its place, in the time of its length';

const aliases = (count: number): string =>
  Array.from({ length: count }, (_, i) => `k${i}: &a${i} v\nr${i}: *a${i}\n`).join('');

/** Files of variables, and how each ends. */
const files: readonly (readonly [attack: string, text: () => string, says: RegExp])[] = [
  ['20,000 anchors and aliases', () => aliases(20_000), /ok=1/],
  [
    '20,000 aliases of one anchor',
    () => `a: &a v\n${Array.from({ length: 20_000 }, (_, i) => `r${i}: *a\n`).join('')}`,
    /ok=1/,
  ],
  [
    '20,000 aliases of no anchor',
    () => Array.from({ length: 20_000 }, (_, i) => `r${i}: *a${i}\n`).join(''),
    /vars\.yaml:1:5: no anchor '&a0' stands before this[^]*and 19900 more/,
  ],
  [
    '20,000 merges of one map',
    () => `d: &d {x: 1}\n${Array.from({ length: 20_000 }, (_, i) => `r${i}:\n  <<: *d\n`).join('')}`,
    /ok=1/,
  ],
  [
    'aliases of aliases that come to 9^30 nodes',
    () =>
      Array.from(
        { length: 30 },
        (_, i) =>
          `a${i}: &a${i} [${
            i === 0
              ? 'x'
              : Array(9)
                  .fill(`*a${i - 1}`)
                  .join(', ')
          }]\n`,
      ).join(''),
    /vars\.yaml:\d+:\d+: aliases make this file larger/,
  ],
  [
    '100,000 brackets that open',
    () => `a: ${'['.repeat(100_000)}`,
    /vars\.yaml:1:\d+: this is nested more than 100/,
  ],
  ['an alias inside what it stands for', () => 'a: &a [*a]\n', /vars\.yaml:1:8: '\*a' contains itself/],
  [
    '20,000 keys of one name',
    () => 'a: 1\n'.repeat(20_000),
    /vars\.yaml:2:1: the key 'a' stands twice[^]*and 19899 more/,
  ],
];

export const inputs: readonly Attack[] = [
  ...files.map(([attack, text, says]): Attack => ({
    attack: `a file of variables: ${attack}`,
    expected: read,
    async observe(bench) {
      const vars = bench.write('vars.yaml', text());
      const play = bench.playbook('- ping:');
      return observeSoon(bench, [play, '-i', 'localhost,', '-e', `@${vars}`], says);
    },
  })),
  {
    attack: 'an inventory of 5,000 anchors and aliases',
    expected: read,
    observe(bench) {
      const hosts = Array.from({ length: 5000 }, (_, i) => `    h${i}: &a${i} {x: 1}\n    r${i}: *a${i}\n`);
      const inventory = bench.write('hosts.yaml', `all:\n  hosts:\n${hosts.join('')}`);
      return observeSoon(bench, [bench.playbook('- ping:'), '-i', inventory, '--list-hosts'], /r4999/);
    },
  },
  {
    attack: 'a playbook whose tasks are 20,000 aliases of one',
    expected: read,
    observe(bench) {
      const play = bench.playbook(`- &a {ping: }\n${'- *a\n'.repeat(20_000)}`);
      return observeSoon(bench, [play, '-i', 'localhost,', '--syntax-check'], /: ok/);
    },
  },
  {
    attack: 'names that JavaScript has a meaning for: hosts, groups, variables, registers, facts, tags, keys',
    expected: 'names like any other',
    isFast: true,
    async observe(bench) {
      const inventory = bench.write(
        'hosts.yaml',
        `all:
  vars: {ansible_connection: local, __proto__: {polluted: 1}, constructor: from all}
  children:
    prototype:
      hosts:
        constructor: {toString: a, hasOwnProperty: b}
        __proto__: {toString: c, valueOf: d}
`,
      );
      const play = bench.playbook(`
- command: echo mine
  register: __proto__
- command: echo ours
  register: constructor
  tags: [__proto__, constructor]
- set_fact: {valueOf: 1, isPrototypeOf: "{{constructor.stdout}}"}
- assert:
    that:
      - constructor.stdout == "ours"
      - toString in ["a", "c"]
      - isPrototypeOf == "ours"
      - valueOf == 1
- debug: {msg: "{{hasOwnProperty}}"}
  when: inventory_hostname == "constructor"`);
      const { code, stdout, stderr } = await bench.zrun([play, '-i', inventory, '-v']);
      const isRun =
        code === 0 && /^constructor +: ok=\d/m.test(stdout) && /^__proto__ +: ok=\d/m.test(stdout);
      // A name that cannot be had is refused at its place, before anything runs.
      const isRefused = code === 4 && /\.yaml:\d+:\d+: /.test(stderr);
      return isRun || isRefused ? 'names like any other' : `ended with ${code}:\n${stdout}${stderr}`;
    },
  },
  {
    attack: 'an inventory program whose standard error never ends, with a child',
    expected: 'ended at its limit with all that it started; memory stays flat',
    observe: (bench) => observeProgram(bench, 'yes noise >&2', 'did not answer within 5 s', '5'),
  },
  {
    attack: 'an inventory program whose standard output never ends, with a child',
    expected: 'ended at its limit with all that it started; memory stays flat',
    observe: (bench) => observeProgram(bench, 'yes noise', 'prints more than', '60'),
  },
  {
    attack: 'an inventory program that hangs, with a child that has its outputs',
    expected: 'ended at its limit with all that it started; memory stays flat',
    observe: (bench) => observeProgram(bench, 'sleep 600', 'did not answer within 3 s', '3'),
  },
  {
    attack: 'Ctrl-C while an inventory program runs',
    expected: 'the program is ended with all that it started, and zrun ends with 130',
    isFast: true,
    async observe(bench) {
      const pid = path.join(bench.folder, 'pid');
      const program = writeProgram(bench, pid, 'sleep 600');
      const zrun = bench.start([bench.playbook('- ping:'), '-i', program]);
      const child = await pidIn(pid);
      zrun.child.kill('SIGINT');
      const { code } = await zrun.ended;
      await gone(child);
      return code === 130
        ? 'the program is ended with all that it started, and zrun ends with 130'
        : `ended with ${code}`;
    },
  },
  {
    attack: 'SIGTERM while an inventory is a pipe whose writer writes nothing',
    expected: 'zrun ends with 130',
    isFast: true,
    async observe(bench, expected) {
      const pipe = path.join(bench.folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const writer = openSync(pipe, 'r+');
      bench.defer(() => closeSync(writer));
      const zrun = bench.start([bench.playbook('- ping:'), '-i', pipe]);
      const fds = `/proc/${zrun.child.pid}/fd`;
      await until(() => readdirSync(fds).some((fd) => isLinkTo(path.join(fds, fd), pipe)));
      zrun.child.kill('SIGTERM');
      const ended = await zrun.ended;
      return verdict(ended.code === 130, expected, ended);
    },
  },
  {
    attack: 'an inventory that is a pipe, as of <(program)',
    expected: 'it is read',
    async observe(bench, expected) {
      const hosts = bench.inventory(await bench.sshd());
      const ended = await bench.zrun([bench.playbook('- ping:')], {
        prefix: ['/bin/bash', '-c', `exec "$@" -i <(sleep 1; cat ${hosts})`, 'bash'],
      });
      return verdict(ended.code === 0 && ended.stdout.includes('ok=1'), expected, ended);
    },
  },
];

/** False where it is gone by now. */
function isLinkTo(link: string, file: string): boolean {
  try {
    return readlinkSync(link) === file;
  } catch {
    return false;
  }
}

async function observeSoon(bench: Bench, argv: readonly string[], says: RegExp): Promise<string> {
  const started = performance.now();
  const { stdout, stderr, code } = await bench.zrun(argv);
  const ms = performance.now() - started;
  if (!says.test(`${stdout}${stderr}`))
    return `ended with ${code}:\n${stdout.slice(-1000)}${stderr.slice(0, 2000)}`;
  return ms < soon ? read : `it took ${Math.round(ms)} ms`;
}

function writeProgram(bench: Bench, pid: string, script: string): string {
  return bench.write(
    'inventory.sh',
    `#!/bin/sh\nsh -c 'echo $$ >${pid}.new; mv ${pid}.new ${pid}; exec sleep 600' &\n${script}\n`,
    0o755,
  );
}

async function observeProgram(bench: Bench, script: string, says: string, seconds: string): Promise<string> {
  const pid = path.join(bench.folder, 'pid');
  const program = writeProgram(bench, pid, script);
  const zrun = bench.start([bench.playbook('- ping:'), '-i', program], {
    env: { ZRUN_INVENTORY_TIMEOUT: seconds },
  });
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, residentMegabytes(zrun.child.pid))), 100);
  const { code, stderr } = await zrun.ended;
  clearInterval(timer);
  if (code !== 4 || !stderr.includes(says)) return `ended with ${code}: ${stderr.slice(0, 1000)}`;
  await gone(await pidIn(pid));
  // What it may print is held, as an inventory of a cloud is.
  return most < 800 ? 'ended at its limit with all that it started; memory stays flat' : `${most} MB`;
}

function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000);
  } catch {
    return 0;
  }
}

async function pidIn(file: string): Promise<number> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  return Number(readFileSync(file, 'utf8'));
}

/** Waits for a process to be gone, or dead and waiting for its parent; the test's own limit ends the wait. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (stat.slice(stat.lastIndexOf(')')).startsWith(') Z')) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
