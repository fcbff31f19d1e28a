/** Regular expressions and wildcards: whatever a pattern is and a host prints, the run ends, and stays interruptible. */
import { verdict, type Attack, type Bench, type Ended } from '../attack.js';

/** 38 bytes that JavaScript's own engine takes for ever with. */
const text = `${'a'.repeat(37)}!`;
const bomb = '^(a+)+$';

const noMatch = 'no match, and the run ends';
const refused = 'exit code 4, an error at its place that says what RE2 does not have';

export const patterns: readonly Attack[] = [
  {
    attack: "a host's output against a nested repetition in a condition",
    expected: noMatch,
    isFast: true,
    observe: (bench) =>
      runTasks(
        bench,
        `- command: echo ${text}\n  register: said\n- debug: {msg: it matches}\n  when: said.stdout.matches("${bomb}")`,
      ),
  },
  {
    attack: "a host's output as the pattern of a condition",
    expected: noMatch,
    observe: (bench) =>
      runTasks(
        bench,
        `- command: echo '${bomb}'\n  register: said\n- debug: {msg: it matches}\n  when: '"${text}".matches(said.stdout)'`,
      ),
  },
  {
    attack: 'until waits for a nested repetition',
    expected: 'the task fails after its retries, and the run ends',
    async observe(bench, expected) {
      const ended = await onHost(
        bench,
        `- command: echo ${text}\n  register: said\n  until: said.stdout.matches("${bomb}")\n  retries: 2\n  delay: 0`,
      );
      const isSo = ended.code === 2 && /until does not hold: .* \(after 3 attempts\)/.test(ended.stdout);
      return verdict(isSo, expected, ended);
    },
  },
  {
    attack: 'a line of a file against a nested repetition in lineinfile',
    expected: 'the line is not replaced, and the run ends',
    isFast: true,
    async observe(bench, expected) {
      const file = bench.write('lines', `${text}\n`);
      const ended = await onHost(
        bench,
        `- lineinfile: {path: ${file}, regexp: '${bomb}', line: replaced, backrefs: true}`,
      );
      const isUntouched = /ok: *1 .*changed: *0|ok=1 +changed=0/.test(ended.stdout);
      return verdict(ended.code === 0 && isUntouched, expected, ended);
    },
  },
  {
    attack: 'a line of a file against a nested repetition in blockinfile',
    expected: 'the block is put at the end, and the run ends',
    async observe(bench, expected) {
      const file = bench.write('lines', `${text}\nlast\n`);
      const ended = await onHost(
        bench,
        `- blockinfile: {path: ${file}, insertafter: '${bomb}', block: b}\n- command: tail -n 1 ${file}\n  register: r\n- assert: {that: [r.stdout == "# END ANSIBLE MANAGED BLOCK"]}`,
      );
      return verdict(ended.code === 0, expected, ended);
    },
  },
  {
    attack: 'a nested repetition as --limit, over a long name',
    expected: 'exit code 4: the limit matches no host',
    isFast: true,
    async observe(bench, expected) {
      const hosts = bench.write('hosts.yaml', `all: {hosts: {${text.replace('!', '-')}: {}}}\n`);
      const play = bench.playbook('- command: "true"');
      const ended = await bench.zrun([play, '-i', hosts, '-l', `~${bomb}`]);
      return verdict(ended.code === 4 && ended.stderr.includes('matches no host'), expected, ended);
    },
  },
  {
    attack: 'a --limit of thirty wildcards, over a long name',
    expected: 'exit code 4: the limit matches no host',
    async observe(bench, expected) {
      const hosts = bench.write('hosts.yaml', `all: {hosts: {${'a'.repeat(2000)}: {}}}\n`);
      const play = bench.playbook('- command: "true"');
      const ended = await bench.zrun([play, '-i', hosts, '-l', `${'*a'.repeat(30)}b`]);
      return verdict(ended.code === 4 && ended.stderr.includes('matches no host'), expected, ended);
    },
  },
  {
    attack: 'wait_for searches for a nested repetition',
    expected: 'the task ends at its timeout, and the run ends',
    async observe(bench, expected) {
      const file = bench.write('lines', `${text}\n`);
      const ended = await onHost(
        bench,
        `- wait_for: {path: ${file}, search_regex: '${bomb}', timeout: 1, sleep: 1}`,
      );
      return verdict(ended.code === 2, expected, ended);
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
    async observe(bench, expected) {
      const ended = await onNobody(
        bench,
        `- ping:\n  when: inventory_hostname.matches("((a{1000}){1000}){1000}")`,
      );
      return verdict(ended.code === 4 && ended.stderr.includes('at most 1000 times'), expected, ended);
    },
  },
  {
    attack: "a host's output as a pattern that is too dear for a megabyte",
    expected: 'the task fails with the reason, and the run ends',
    async observe(bench, expected) {
      const ended = await onHost(
        bench,
        `- command: echo '[ab]*a[ab]{900}[cd]'\n  register: pattern\n- shell: head -c 1000000 /dev/zero | tr '\\0' a\n  register: said\n- debug: {msg: it matches}\n  when: said.stdout.matches(pattern.stdout)`,
      );
      const isSo = ended.code === 2 && ended.stdout.includes('is too long for it');
      return verdict(isSo, expected, { ...ended, stdout: ended.stdout.slice(0, 2000) });
    },
  },
];

/** For what is wrong before any host is touched. */
function onNobody(bench: Bench, tasks: string): Promise<Ended> {
  const hosts = bench.write('hosts.yaml', 'all: {hosts: {box: {}}}\n');
  return bench.zrun([bench.playbook(tasks), '-i', hosts]);
}

async function onHost(bench: Bench, tasks: string): Promise<Ended> {
  const server = await bench.sshd();
  return bench.zrun([bench.playbook(tasks), '-i', bench.inventory(server), '--output', 'plain']);
}

async function runTasks(bench: Bench, tasks: string): Promise<string> {
  const ended = await onHost(bench, tasks);
  return verdict(ended.code === 0 && !ended.stdout.includes('it matches'), noMatch, ended);
}

/** `line`: of the last line of the tasks, in the playbook. */
async function refusal(bench: Bench, tasks: string, line: number): Promise<string> {
  const ended = await onNobody(bench, tasks);
  const isAtPlace = new RegExp(`play\\.yaml:${line + 2}:\\d+: .*RE2 has no`, 's').test(ended.stderr);
  return verdict(ended.code === 4 && isAtPlace, refused, ended);
}
