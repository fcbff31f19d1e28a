/**
 * What hosts write, however much and whatever it is: memory stays flat, logs stay whole, nothing of it acts on a
 * terminal, and no script's output ends up in another's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { endsInTime, type Attack, type Bench, type Ended, type ZrunOptions } from '../attack.js';

const MB = 1_000_000;

/** Resident memory of zrun at its most, in megabytes, as users run it: built. */
const mostMemory = 300;

const flat = `memory stays below ${mostMemory} MB, and every log and the journal are whole`;

export const output: readonly Attack[] = [
  {
    attack: 'one host prints 1 GB beside one that prints a line',
    expected: flat,
    observe: (bench) => observeNoise(bench, { loud: 1, others: 1, bytes: 1000 * MB, whole: false }),
  },
  {
    attack: '50 hosts print 10 MB each at once, and one prints a line',
    expected: flat,
    observe: (bench) => observeNoise(bench, { loud: 50, others: 1, bytes: 10 * MB, whole: true }),
  },
  {
    attack: '130,000 lines of output',
    expected:
      'head and tail are in the result, with how many bytes are missing; run.log and the host log go on',
    isFast: true,
    async observe(bench) {
      const play = bench.playbook(`
- shell: seq 1 130000
  register: out
  vars: {zrun_output_limit: 1 MiB}
- assert:
    that:
      - out.stdout_omitted == 0 && size(out.stdout_lines) == 130000
- shell: seq 1 300000
  register: out
- assert:
    that:
      - out.stdout_omitted > 0 && out.stdout_omitted < 1988895
      - out.stdout.startsWith("1\\n2\\n") && out.stdout.endsWith("\\n300000")
- command: echo afterwards`);
      const hosts = bench.inventory(await bench.sshd());
      const { code, stdout, stderr } = await bench.zrun([play, '-i', hosts, '-vvv']);
      const [log = '', hostLog = ''] = ['run.log', 'hosts/box.log'].map((name) => artefact(bench, name));
      if (code !== 0 || stderr !== '') return `ended with ${code}: ${stderr}${stdout.slice(-2000)}`;
      if (!/left \S+ MiB of stdout out of the result/.test(stdout))
        return 'nobody said that something is missing';
      if (!hostLog.includes('\n    250000\n') || !hostLog.includes('afterwards'))
        return 'the host log is not whole';
      if (!log.includes('afterwards') || !log.includes('PLAY RECAP')) return 'run.log is not whole';
      return 'head and tail are in the result, with how many bytes are missing; run.log and the host log go on';
    },
  },
  {
    attack: 'a million line breaks, and then a character',
    expected: 'done in time',
    isFast: true,
    observe: (bench) =>
      observeTask(
        bench,
        `shell: head -c 1000000 /dev/zero | tr '\\0' '\\n'; printf x; printf '\\n%.0s' 1 2 3`,
      ),
  },
  {
    attack: 'a line of 3 MB without an end, of bytes that are no text',
    expected: 'done in time',
    isFast: true,
    observe: (bench) => observeTask(bench, `shell: head -c 3000000 /dev/zero | tr '\\0' '\\377'`),
  },
  {
    attack: 'a loop of 200 items that print 300 kB each',
    expected: 'done in time',
    observe: (bench) =>
      observeTask(
        bench,
        `shell: head -c 300000 /dev/zero | tr '\\0' x\n  loop: "{{items}}"\n  register: all`,
      ),
  },
  {
    attack: 'a probe answers with more than it may (a wrapped stat prints 80 MB)',
    expected: 'the task fails and says so; nothing of a cut answer is used',
    async observe(bench) {
      const server = await bench.sshd();
      const bin = path.dirname(
        bench.write('bin/stat', "#!/bin/sh\nhead -c 80000000 /dev/zero | tr '\\0' x\n", 0o755),
      );
      // Found before the host's own by every script.
      const play = bench.playbook(`
- stat: {path: /etc/passwd}
  environment: {PATH: '${bin}:/usr/bin:/bin'}`);
      const { code, stdout } = await bench.zrun([play, '-i', bench.inventory(server)]);
      return code === 2 && stdout.includes('the host answered with more than 64 MiB on stdout')
        ? 'the task fails and says so; nothing of a cut answer is used'
        : `ended with ${code}:\n${stdout.slice(-2000)}`;
    },
  },
  {
    attack: 'a no_log task prints a secret, much of it',
    expected: 'no artefact has it, at -vvvv neither',
    isFast: true,
    async observe(bench) {
      const play = bench.playbook(`
- shell: i=0; while [ $i -lt 20000 ]; do echo "s3cr3t-$((40 + 2))-of-mine"; i=$((i + 1)); done
  no_log: true
  environment: {X: y}`);
      const { stdout, stderr } = await bench.zrun([play, '-i', bench.inventory(await bench.sshd()), '-vvvv']);
      const found = [...bench.artefacts()].filter(([, text]) => text.includes('s3cr3t-42'));
      if (`${stdout}${stderr}`.includes('s3cr3t-42')) return 'the screen has it';
      return found.length === 0
        ? 'no artefact has it, at -vvvv neither'
        : `in ${found.map(([name]) => name).join()}`;
    },
  },
  ...(['plain', 'oneline', 'ndjson', 'json', 'junit', 'tap', 'tty'] as const).map((sink): Attack => ({
    attack: `escape sequences, carriage returns and turned text from a host: --output ${sink}, run.log, host log, journal, result`,
    expected: 'no byte that a terminal acts on is in any of them',
    isFast: sink === 'plain',
    observe: (bench) => observeEscapes(bench, sink),
  })),
];

/** The text of the last run's file. */
function artefact(bench: Bench, name: string): string {
  for (const [file, text] of bench.artefacts()) if (file.endsWith(name)) return text;
  return '';
}

async function observeTask(bench: Bench, task: string): Promise<string> {
  const items = JSON.stringify(Array.from({ length: 200 }, (_, i) => i));
  const play = bench.playbook(`- ${task}\n- command: echo afterwards`, `vars: {items: ${items}}`);
  const { code, stdout, stderr } = await bench.zrun([play, '-i', bench.inventory(await bench.sshd()), '-vv']);
  const log = artefact(bench, 'run.log');
  if (code !== 0 || stderr !== '') return `ended with ${code}: ${stderr.slice(-2000)}${stdout.slice(-2000)}`;
  if (!artefact(bench, 'hosts/box.log').includes('afterwards')) return 'the host log is not whole';
  return log.includes('PLAY RECAP') ? 'done in time' : 'run.log is not whole';
}

interface Noise {
  readonly loud: number;
  readonly others: number;
  /** Of each loud host. */
  readonly bytes: number;
  /** Whether the loud hosts' logs must have all of it. */
  readonly whole: boolean;
}

/** Loopback addresses are hosts of their own, each with an ssh connection. */
async function observeNoise(bench: Bench, { loud, others, bytes, whole }: Noise): Promise<string> {
  const server = await bench.sshd({
    listenAddress: '0.0.0.0',
    config: ['MaxStartups 1000', 'MaxSessions 100'],
  });
  const addressOf = (i: number): string => `127.0.1.${i + 1}`;
  const known = bench.write(
    'known_hosts',
    Array.from(
      { length: loud + others },
      (_, i) => `[${addressOf(i)}]:${server.port} ${server.hostKeys[0] ?? ''}\n`,
    ).join(''),
  );
  const hosts = Array.from({ length: loud + others }, (_, i): readonly [string, object] => [
    i < loud ? `loud${i}` : `other${i - loud}`,
    { ansible_host: addressOf(i), bytes: i < loud ? bytes : 0 },
  ]);
  const vars = {
    ansible_port: server.port,
    ansible_user: server.user,
    ansible_ssh_private_key_file: server.privateKeyFile,
    zrun_known_hosts_file: known,
  };
  const inventory = bench.write(
    'hosts.yaml',
    JSON.stringify({ all: { hosts: Object.fromEntries(hosts), vars } }),
  );
  const line = 'a line of noise that is some seventy characters long, as those of logs are';
  const play = bench.playbook(`
- shell: echo begin; yes '${line}' | head -c {{bytes}}; echo; echo end
  register: out
- command: echo afterwards`);
  const zrun = bench.start([play, '-i', inventory], { program: await bench.build() });
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, residentMegabytes(zrun.child.pid))), 100);
  const { code, stdout, stderr } = await endsInTime(zrun).finally(() => clearInterval(timer));
  if (code !== 0 || stderr !== '') return `ended with ${code}: ${stderr.slice(-2000)}${stdout.slice(-2000)}`;
  const run = path.join(
    bench.home,
    '.local/state/zrun/runs',
    readdirSync(path.join(bench.home, '.local/state/zrun/runs'))[0] ?? '',
  );
  for (const [name] of hosts) {
    const isLoud = name.startsWith('loud');
    const log = readFileSync(path.join(run, `hosts/${name}.log`), 'latin1');
    if (!log.includes('\n    begin\n') || !log.includes('\n    afterwards\n'))
      return `the log of ${name} is not whole`;
    if (isLoud && !whole) {
      if (!/\[zrun left \d+ characters out of this log\]/.test(log))
        return 'the loud log does not say what is missing';
      continue;
    }
    const lines = log.split('\n').filter((each) => each === `    ${line}`).length;
    if (isLoud && lines < Math.floor(bytes / (line.length + 1)))
      return `the log of ${name} has ${lines} lines of noise`;
  }
  const journal = readFileSync(path.join(run, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
  const finished = journal.map((each): unknown => JSON.parse(each)).filter(isFinishedTask).length;
  if (finished !== hosts.length * 2) return `the journal has ${finished} finished tasks`;
  const longest = Math.max(...journal.map((each) => each.length));
  if (longest > 4 * MB) return `a line of the journal has ${longest} characters`;
  if (!readFileSync(path.join(run, 'run.log'), 'latin1').includes('PLAY RECAP'))
    return 'run.log is not whole';
  return most < mostMemory ? flat : `${most} MB`;
}

function isFinishedTask(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'type' in event && event.type === 'task-finished';
}

/** The most that it ever had (proc(5), VmHWM); 0 where it is gone. */
function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Math.round((Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024) / MB);
  } catch {
    return 0;
  }
}

/** A window's title, a cursor, a colour, 8-bit CSI, a carriage return, a backspace, text turned round, half a character. */
const acting =
  '\\033]0;owned\\007\\033[2J\\033[31m\\302\\233\\061m\\rgone\\bx\\342\\200\\256turned\\360\\237';

async function observeEscapes(bench: Bench, sink: string): Promise<string> {
  const play = bench.playbook(
    `
- name: shown
  shell: printf '${acting.replaceAll('\\', '\\\\').replaceAll('\\\\', '\\')}'; printf '${acting}' >&2
  register: out
- debug: {msg: "{{out.stdout}}{{out.stderr}}"}
- shell: printf '${acting}' >&2; exit 3
  ignore_errors: true
- fail: {msg: "{{out.stdout}}"}`,
  );
  const hosts = bench.inventory(await bench.sshd());
  const { stdout, stderr, code } = await zrunWith(bench, [play, '-i', hosts, '-vvvv', '--output', sink], {
    env: { NO_COLOR: '1', TERM: 'xterm' },
  });
  if (code !== 2) return `ended with ${code}: ${stdout.slice(-1000)}${stderr}`;
  // The live view moves the cursor by itself: what matters is that nothing of the host's is among that.
  const own = sink === 'tty' ? stdout.replace(/\u001b\[(?:\d*[A-K]|\?25[hl]|\?2026[hl])/g, '') : stdout;
  const sinks: [string, string][] = [
    [sink, own],
    ['stderr', stderr],
    ...[...bench.artefacts()].filter(([name]) =>
      /(?:run\.log|box\.log|journal\.jsonl|result\.json)$/.test(name),
    ),
  ];
  if (!artefact(bench, 'box.log').includes('\\x1b]0;owned\\x07'))
    return 'the host log does not show what was sent';
  if (sinks.length < 6) return `only ${sinks.map(([name]) => name).join()}`;
  // JSON may hold what no terminal acts on by itself: C1 and turned text, as UTF-8. Everything else shows them.
  for (const [name, text] of sinks) {
    const isJson = /\.jsonl?$/.test(name) || name === 'json' || name === 'ndjson';
    const bad = isJson
      ? /[\u0000-\u0009\u000b-\u001f\u007f]/
      : /[\u0000-\u0008\u000b-\u001f\u007f]|\u00c2[\u0080-\u009f]|\u00e2\u0080\u00ae|\u202e|[\u0080-\u009f](?<![\u00c2-\u00f4][\u0080-\u00bf]{1,3})/;
    const at = bad.exec(text);
    if (at) return `${name} has ${JSON.stringify(text.slice(Math.max(0, at.index - 40), at.index + 20))}`;
  }
  return 'no byte that a terminal acts on is in any of them';
}

function zrunWith(bench: Bench, argv: readonly string[], options: ZrunOptions): Promise<Ended> {
  return bench.zrun(argv, options);
}
