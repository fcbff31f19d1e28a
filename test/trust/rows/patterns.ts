/** Regular expressions and wildcards: whatever a pattern is and a host prints, the run ends, and stays interruptible. */
import type { Attack, Bench } from '../attack.js';

/** 38 bytes that JavaScript's own engine takes for ever with. */
const text = `${'a'.repeat(37)}!`;
const bomb = '^(a+)+$';

const expected = 'no match, and the run ends';
const refused = 'exit code 4, an error at its place that says what RE2 does not have';

export const patterns: readonly Attack[] = [
  {
    attack: "a host's output against a nested repetition in a condition",
    expected,
    isFast: true,
    observe: (bench) =>
      runTasks(
        bench,
        `- command: echo ${text}\n  register: said\n- debug: {msg: it matches}\n  when: said.stdout.matches("${bomb}")`,
      ),
  },
  {
    attack: "a host's output as the pattern of a condition",
    expected,
    observe: (bench) =>
      runTasks(
        bench,
        `- command: echo '${bomb}'\n  register: said\n- debug: {msg: it matches}\n  when: '"${text}".matches(said.stdout)'`,
      ),
  },
  {
    attack: 'until waits for a nested repetition',
    expected: 'the task fails after its retries, and the run ends',
    async observe(bench) {
      const { code, stdout } = await onHost(
        bench,
        `- command: echo ${text}\n  register: said\n  until: said.stdout.matches("${bomb}")\n  retries: 2\n  delay: 0`,
      );
      const isAsExpected = code === 2 && stdout.includes('still not so after 2 attempts');
      return isAsExpected
        ? 'the task fails after its retries, and the run ends'
        : `ended with ${code}:\n${stdout}`;
    },
  },
  {
    attack: 'a line of a file against a nested repetition in lineinfile',
    expected: 'the line is not replaced, and the run ends',
    isFast: true,
    async observe(bench) {
      const file = bench.write('lines', `${text}\n`);
      const { code, stdout } = await onHost(
        bench,
        `- lineinfile: {path: ${file}, regexp: '${bomb}', line: replaced, backrefs: true}`,
      );
      return code === 0 && /ok: *1 .*changed: *0|ok=1 +changed=0/.test(stdout)
        ? 'the line is not replaced, and the run ends'
        : `ended with ${code}:\n${stdout}`;
    },
  },
  {
    attack: 'a line of a file against a nested repetition in blockinfile',
    expected: 'the block is put at the end, and the run ends',
    async observe(bench) {
      const file = bench.write('lines', `${text}\nlast\n`);
      const { code, stdout } = await onHost(
        bench,
        `- blockinfile: {path: ${file}, insertafter: '${bomb}', block: b}\n- command: tail -n 1 ${file}\n  register: r\n- assert: {that: [r.stdout == "# END ANSIBLE MANAGED BLOCK"]}`,
      );
      return code === 0 ? 'the block is put at the end, and the run ends' : `ended with ${code}:\n${stdout}`;
    },
  },
  {
    attack: 'a nested repetition as --limit, over a long name',
    expected: 'exit code 4: the limit matches no host',
    isFast: true,
    async observe(bench) {
      const hosts = bench.write('hosts.yaml', `all: {hosts: {${text.replace('!', '-')}: {}}}\n`);
      const play = bench.playbook('- command: "true"');
      const { code, stderr } = await bench.zrun([play, '-i', hosts, '-l', `~${bomb}`]);
      return code === 4 && stderr.includes('matches no host')
        ? 'exit code 4: the limit matches no host'
        : `ended with ${code}:\n${stderr}`;
    },
  },
  {
    attack: 'a --limit of thirty wildcards, over a long name',
    expected: 'exit code 4: the limit matches no host',
    async observe(bench) {
      const hosts = bench.write('hosts.yaml', `all: {hosts: {${'a'.repeat(2000)}: {}}}\n`);
      const play = bench.playbook('- command: "true"');
      const { code, stderr } = await bench.zrun([play, '-i', hosts, '-l', `${'*a'.repeat(30)}b`]);
      return code === 4 && stderr.includes('matches no host')
        ? 'exit code 4: the limit matches no host'
        : `ended with ${code}:\n${stderr}`;
    },
  },
  {
    attack: 'wait_for searches for a nested repetition',
    expected: 'the task ends at its timeout, and the run ends',
    async observe(bench) {
      const file = bench.write('lines', `${text}\n`);
      const { code, stdout } = await onHost(
        bench,
        `- wait_for: {path: ${file}, search_regex: '${bomb}', timeout: 1, sleep: 1}`,
      );
      return code === 2 ? 'the task ends at its timeout, and the run ends' : `ended with ${code}:\n${stdout}`;
    },
  },
  {
    attack: 'a lookahead in a condition',
    expected: refused,
    isFast: true,
    observe: (bench) => refusal(bench, `- ping:\n  when: inventory_hostname.matches("^(?!web)")`, 3),
  },
  {
    attack: 'a reference to a group in lineinfile',
    expected: refused,
    observe: (bench) => refusal(bench, `- lineinfile: {path: /nowhere, regexp: '(a)\\1', line: b}`, 2),
  },
  {
    attack: 'repetitions that multiply to a billion',
    expected: 'exit code 4, an error that names the bound',
    async observe(bench) {
      const { code, stderr } = await bench.zrun([
        bench.playbook(`- ping:\n  when: inventory_hostname.matches("((a{1000}){1000}){1000}")`),
        '-i',
        bench.write('hosts.yaml', 'all: {hosts: {box: {}}}\n'),
      ]);
      return code === 4 && stderr.includes('at most 1000 times')
        ? 'exit code 4, an error that names the bound'
        : `ended with ${code}:\n${stderr}`;
    },
  },
  {
    attack: "a host's output as a pattern that is too dear for a megabyte",
    expected: 'the task fails with the reason, and the run ends',
    async observe(bench) {
      const { code, stdout } = await onHost(
        bench,
        `- command: echo '[ab]*a[ab]{900}[cd]'\n  register: pattern\n- shell: head -c 1000000 /dev/zero | tr '\\0' a\n  register: said\n- debug: {msg: it matches}\n  when: said.stdout.matches(pattern.stdout)`,
      );
      return code === 2 && stdout.includes('is too long for it')
        ? 'the task fails with the reason, and the run ends'
        : `ended with ${code}:\n${stdout.slice(0, 2000)}`;
    },
  },
];

async function onHost(
  bench: Bench,
  tasks: string,
): Promise<{ readonly code: number | undefined; readonly stdout: string }> {
  const server = await bench.sshd();
  return bench.zrun([bench.playbook(tasks), '-i', bench.inventory(server), '--output', 'plain']);
}

async function runTasks(bench: Bench, tasks: string): Promise<string> {
  const { code, stdout } = await onHost(bench, tasks);
  return code === 0 && !stdout.includes('it matches') ? expected : `ended with ${code}:\n${stdout}`;
}

/** `line`: of the last line of the tasks, in the playbook. */
async function refusal(bench: Bench, tasks: string, line: number): Promise<string> {
  const { code, stderr } = await bench.zrun([
    bench.playbook(tasks),
    '-i',
    bench.write('hosts.yaml', 'all: {hosts: {box: {}}}\n'),
  ]);
  const isAtPlace = new RegExp(`play\\.yaml:${line + 2}:\\d+: .*RE2 has no`, 's').test(stderr);
  return code === 4 && isAtPlace ? refused : `ended with ${code}:\n${stderr}`;
}
