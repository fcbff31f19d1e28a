/** Secrets: whatever happens to them, no sink has them: terminal, JSON, logs, journal, results, processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { verdict, type Attack, type Bench, type Ended } from '../attack.js';

const secret = 'Hunter2-xyzzy';
const hidden = 'the secret is in no output and in no file of the run';

interface Story {
  readonly attack: string;
  readonly tasks: string;
  readonly play?: string;
  /** Files besides the playbook. */
  readonly files?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly vars?: Readonly<Record<string, string>>;
  readonly code?: number;
  /** What must be in the output: that the story went where it should. */
  readonly says?: RegExp;
  readonly isFast?: boolean;
}

const marked = `# zrun: secret\npassword: ${secret}\nkeys: [{pin: 73519842}]\n`;
const secretVars: Pick<Story, 'play' | 'files'> = {
  play: 'vars_files: [secret.yaml]',
  files: { 'secret.yaml': marked },
};

const stories: readonly Story[] = [
  {
    attack: 'no_log: a command with the secret in it fails',
    tasks: `- command: sh -c 'echo ${secret} >&2; exit 3'\n  no_log: true`,
    code: 2,
    says: /hidden by no_log/,
  },
  {
    attack: 'no_log: until and retries',
    tasks: `- command: echo ${secret}\n  register: r\n  until: r.stdout == "other"\n  retries: 2\n  delay: 0\n  no_log: true`,
    code: 2,
    says: /hidden by no_log/,
    isFast: true,
  },
  {
    attack: 'no_log: a parameter that is wrong, in a line with the secret',
    tasks: `- copy: {dest: '{{out}}/a', content: "${secret}", mode: '{{odd}}'}\n  no_log: true\n  vars: {odd: 'no mode'}`,
    code: 2,
    says: /hidden by no_log/,
  },
  {
    attack: 'no_log: an error in the playbook, in a line with the secret',
    tasks: `- copy: {dest: '{{nowhere}}/a', content: "${secret}"}\n  no_log: true`,
    code: 4,
    says: /nothing defines 'nowhere'/,
    isFast: true,
  },
  {
    attack: 'no_log: content of copy, with --diff',
    tasks: `- copy: {dest: '{{out}}/a', content: ${secret}}\n  no_log: true`,
    argv: ['--diff'],
  },
  {
    attack: 'no_log: the content of a template, with --diff',
    tasks: `- template: {dest: '{{out}}/a', src: a.hbs}\n  no_log: true`,
    files: { 'a.hbs': `password = ${secret}\n` },
    argv: ['--diff'],
  },
  {
    attack: 'no_log: on a loop, of which one item fails',
    tasks: `- command: sh -c 'echo {{item}}; exit 1'\n  loop: [${secret}, other]\n  no_log: true\n  ignore_errors: true`,
  },
  {
    attack: 'no_log: on a block with a rescue and an always',
    tasks: `- no_log: true\n  block:\n  - command: sh -c 'echo ${secret}; exit 1'\n  rescue:\n  - command: echo ${secret}\n  always:\n  - command: echo ${secret}`,
  },
  {
    attack: 'no_log: on a handler',
    tasks: `- command: 'true'\n  notify: Tell`,
    play: `handlers:\n- name: Tell\n  command: echo ${secret}\n  no_log: true`,
  },
  {
    attack: 'no_log: on include_tasks with a name that only the run knows',
    tasks: `- include_tasks: {file: '{{which}}.yaml', apply: {no_log: true}}\n  vars: {which: more}`,
    files: { 'more.yaml': `- command: "true"\n  when: '"${secret}" != ""'\n` },
  },
  {
    attack: 'a secret file: a command that fails, with its output',
    ...secretVars,
    tasks: `- command: sh -c 'echo {{password}}; echo {{password}} >&2; exit 3'`,
    code: 2,
    says: /••••••/,
    isFast: true,
  },
  {
    attack: 'a secret file: the secret where a long command is cut',
    ...secretVars,
    tasks: [40, 60, 80, 90]
      .map(
        (before) =>
          `- command: sh -c 'exit 3; echo ${'x'.repeat(before - 20)} {{password}} and more of it all'\n  ignore_errors: true`,
      )
      .join('\n'),
    says: /ended with exit code 3/,
    isFast: true,
  },
  {
    attack: "a secret file: a secret with quotes, between a shell's quotes, in JSON",
    play: 'vars_files: [secret.yaml]',
    files: { 'secret.yaml': `# zrun: secret\npassword: "it's \\"${secret}\\" so"\n` },
    tasks: `- shell: 'true {{sh password}}; echo {{sh (json password)}}'\n  register: r\n- debug: {var: r}\n- debug: {msg: '{{json r}}'}`,
    says: /••••••/,
  },
  {
    attack: 'a secret file: until and retries',
    ...secretVars,
    tasks: `- command: echo {{password}}\n  register: r\n  until: r.stdout == "other"\n  retries: 2\n  delay: 0`,
    code: 2,
  },
  {
    attack: 'a secret file: content of copy, with --diff',
    ...secretVars,
    tasks: `- copy: {dest: '{{out}}/a', content: "user = me\\npassword = {{password}}\\npin = {{keys.[0].pin}}\\n"}`,
    argv: ['--diff'],
    says: /user = me/,
  },
  {
    attack: 'a secret file: lines of a file, with --diff',
    ...secretVars,
    tasks: `- lineinfile: {path: '{{out}}/a', line: 'password = {{password}}', create: true}\n- blockinfile: {path: '{{out}}/a', block: '{{password}}'}`,
    argv: ['--diff'],
  },
  {
    attack: 'a secret file: printed, registered, set as a fact, and failed with',
    ...secretVars,
    tasks: `- debug: {var: password}\n- debug: {var: keys}\n- set_fact: {other: 'x{{password}}y'}\n- debug: {msg: '{{other}}'}\n- command: echo {{password}}\n  register: r\n  no_log: true\n- debug: {var: r}\n- fail: {msg: 'no {{password}}'}`,
    code: 2,
  },
  {
    attack: "a secret file: a rescue's ansible_failed_result and ansible_failed_task",
    ...secretVars,
    tasks: `- block:\n  - name: Say {{password}}\n    command: sh -c 'echo {{password}}; exit 1'\n  rescue:\n  - debug: {var: ansible_failed_result}\n  - debug: {var: ansible_failed_task}`,
  },
  {
    attack: 'a secret file: read back from the host in base64',
    ...secretVars,
    tasks: `- copy: {dest: '{{out}}/a', content: "ab{{password}}\\n"}\n- slurp: {src: '{{out}}/a'}\n  register: r\n- debug: {var: r.content}`,
  },
  {
    attack: 'a secret file: a loop over secrets',
    ...secretVars,
    tasks: `- command: echo {{item}}\n  loop: ['{{password}}', other]`,
  },
  {
    attack: 'a secret file: an error in it',
    play: 'vars_files: [secret.yaml]',
    files: { 'secret.yaml': `# zrun: secret\npassword: ${secret}\nother: "{{nowhere ${secret}"\n` },
    tasks: '- debug: {var: other}',
    code: 4,
    says: /secret\.yaml:3/,
    isFast: true,
  },
  {
    attack: 'a secret file: a value that a condition cannot take',
    ...secretVars,
    tasks: '- debug: {msg: x}\n  when: password',
    code: 4,
  },
  {
    attack: 'a secret file: read by include_vars, with and without a name that only the run knows',
    files: { 'vars/secret.yaml': marked },
    tasks: `- include_vars: secret.yaml\n- debug: {var: password}\n- include_vars: '{{which}}.yaml'\n  vars: {which: secret}\n- debug: {var: password}`,
  },
  {
    attack: 'a secret file: group_vars',
    files: { 'group_vars/all.yaml': marked },
    tasks: '- debug: {var: hostvars}\n- command: echo {{password}}',
  },
  {
    attack: 'a secret file: given with -e @',
    files: { 'secret.yaml': marked },
    argv: ['-e', '@secret.yaml'],
    tasks: '- debug: {var: password}\n- command: echo {{password}}',
  },
  {
    attack: 'a secret of several lines: each of them, in a diff',
    play: 'vars_files: [secret.yaml]',
    files: {
      'secret.yaml': `# zrun: secret\nkey: |\n  -----BEGIN KEY-----\n  ${secret}\n  -----END KEY-----\n`,
    },
    tasks: `- copy: {dest: '{{out}}/a', content: "[a]\\n  {{key}}"}\n- lineinfile: {path: '{{out}}/a', line: more}`,
    argv: ['--diff'],
    says: /\+more/,
  },
  {
    attack: 'a secret that a command writes in pieces',
    ...secretVars,
    tasks: `- shell: printf '%s' Hunter; sleep 0.3; printf '%s\\n' 2-xyzzy`,
  },
  {
    attack: 'a password for sudo in the inventory, printed',
    tasks: '- debug: {var: ansible_become_password}\n- debug: {var: hostvars}',
    vars: { ansible_become_password: secret },
    isFast: true,
  },
  {
    attack: 'a password for sudo given with -e, printed',
    argv: ['-e', `ansible_become_password=${secret}`],
    tasks: '- debug: {var: ansible_become_password}',
  },
  {
    attack: 'a private question of vars_prompt, answered by -e',
    play: 'vars_prompt: [{name: password, prompt: Which}]',
    argv: ['-e', `password=${secret}`],
    tasks: '- debug: {var: password}\n- command: echo {{password}}',
  },
  {
    attack: 'contents of a file without --diff',
    tasks: `- copy: {dest: '{{out}}/a', src: a.txt}`,
    files: { 'a.txt': `${secret}\n` },
    isFast: true,
  },
  {
    attack: 'contents of a file with --diff and `diff: false`',
    tasks: `- copy: {dest: '{{out}}/a', src: a.txt}\n  diff: false\n- lineinfile: {path: '{{out}}/a', line: other}\n  diff: false`,
    files: { 'a.txt': `${secret}\n` },
    argv: ['--diff'],
  },
  {
    attack: 'contents of a file that is marked secret itself, with --diff',
    tasks: `- copy: {dest: '{{out}}/a', src: a.txt}`,
    files: { 'a.txt': `# zrun: secret\n${secret}\n` },
    argv: ['--diff'],
  },
];

export const secrets: readonly Attack[] = [
  ...stories.flatMap((story): Attack[] => [
    {
      attack: story.attack,
      expected: hidden,
      ...(story.isFast && { isFast: true }),
      observe: (bench) => observeStory(bench, story, ['--output', 'plain']),
    },
  ]),
  ...['oneline', 'ndjson', 'json', 'junit', 'tap', 'tty'].map((output): Attack => ({
    attack: `--output ${output}: a command that fails with a secret`,
    expected: hidden,
    observe: (bench) =>
      observeStory(
        bench,
        {
          attack: '',
          ...secretVars,
          tasks: `- debug: {var: password}\n- command: sh -c 'echo {{password}}; exit 3'`,
          code: 2,
        },
        ['--output', output],
      ),
  })),
  {
    attack: 'zrun inventory and zrun lint, with a secret file',
    expected: hidden,
    async observe(bench) {
      const hosts = bench.write(
        'hosts.yaml',
        'all: {hosts: {box: {ansible_become_pass: "Hunter2-xyzzy"}}}\n',
      );
      bench.write('group_vars/all.yaml', marked);
      bench.write('secret.yaml', marked);
      const play = bench.playbook(`- command: echo {{password}}`, 'vars_files: [secret.yaml]');
      const ends = [
        await bench.zrun(['inventory', '-i', hosts, '--list']),
        await bench.zrun(['inventory', '-i', hosts, '--host', 'box', '--yaml']),
        await bench.zrun(['lint', play, '-i', hosts]),
      ];
      return ends.map((ended) => leakOf(bench, ended)).find((leak) => leak !== undefined) ?? hidden;
    },
  },
  {
    attack: 'processes are watched while secrets are written to files',
    expected: 'no argv and no environment holds them',
    async observe(bench) {
      const server = await bench.sshd();
      bench.write('secret.yaml', marked);
      bench.write('a.hbs', 'x {{password}}\n');
      const out = bench.write('out/.keep', '').replace(/\/\.keep$/, '');
      const tasks = `- copy: {dest: '${out}/a', content: '{{password}}'}
- template: {dest: '${out}/b', src: a.hbs}
- lineinfile: {path: '${out}/b', line: '{{password}}'}
- blockinfile: {path: '${out}/b', block: '{{password}} {{item}}'}
  loop: [1, 2, 3, 4, 5, 6, 7, 8]
- command: cat
  args: {stdin: '{{password}}'}`;
      const play = bench.playbook(tasks, 'vars_files: [secret.yaml]');
      const zrun = bench.start([play, '-i', bench.inventory(server), '--output', 'plain']);
      const seen = new Set<string>();
      const timer = setInterval(() => lookAtProcesses(seen), 5);
      const { code, stdout } = await zrun.ended;
      clearInterval(timer);
      if (code !== 0) return `ended with ${code}:\n${stdout}`;
      return seen.size === 0 ? 'no argv and no environment holds them' : [...seen].join('\n');
    },
  },
];

async function observeStory(bench: Bench, story: Story, more: readonly string[]): Promise<string> {
  const { tasks, play, files = {}, argv = [], vars = {}, code = 0, says = /./ } = story;
  const server = await bench.sshd();
  for (const [name, text] of Object.entries(files)) bench.write(name, text);
  const out = bench.write('out/.keep', '').replace(/\/\.keep$/, '');
  const playbook = bench.playbook(tasks, play);
  const hosts = bench.inventory(server, { out, ...vars });
  const ended = await bench.zrun([playbook, '-i', hosts, '-vvvv', ...argv, ...more]);
  if (ended.code !== code || !says.test(ended.stdout + ended.stderr)) return verdict(false, hidden, ended);
  return leakOf(bench, ended) ?? hidden;
}

/** Where a secret was found, as it is or in base64. */
function leakOf(bench: Bench, { stdout, stderr }: Ended): string | undefined {
  const texts = [['stdout', stdout], ['stderr', stderr], ...bench.artefacts()] as const;
  // "unter2-xyzz" without what it shares its base64 digits with, for each place in a group of three bytes.
  const shown = /unter2-xyzz|73519842|dW50ZXIyLXh5en|VudGVyMi14eXp6|1bnRlcjIteHl6e/;
  for (const [name, text] of texts) {
    const line = text.split('\n').find((each) => shown.test(each));
    if (line !== undefined) return `in ${name}: ${line.slice(0, 400)}`;
  }
  return undefined;
}

function lookAtProcesses(seen: Set<string>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    for (const file of ['cmdline', 'environ'])
      try {
        const text = readFileSync(`/proc/${pid}/${file}`, 'latin1');
        if (text.includes(secret)) seen.add(`${file}: ${text.replaceAll('\0', ' ').slice(0, 300)}`);
      } catch {
        // It is over.
      }
}
