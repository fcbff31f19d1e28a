/** Whole runs from the words to the exit code, on this machine as the hosts (local transport, a real sh). */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { readJournal } from '../../src/report/journal.js';
import { zrun, type Ended, type FakeOptions } from './fake-environment.js';

const HOSTS = `all:
  hosts:
    one: {ansible_connection: local}
    two: {ansible_connection: local}
`;

const PLAY = `- name: Try it
  hosts: all
  gather_facts: false
  tasks:
    - name: A file
      copy:
        content: "hello {{inventory_hostname}}\\n"
        dest: FOLDER/out-{{inventory_hostname}}
      tags: [files]
    - name: A word
      debug: {msg: "{{word}}"}
      tags: [words]
  vars:
    word: plain
`;

const play = (...tasks: readonly string[]): string =>
  `- name: P\n  hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`;

describe('a run', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-run-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): void {
    writeFileSync(path.join(folder, name), text.replaceAll('FOLDER', folder));
  }

  function start(line: string, options: FakeOptions = {}): Promise<Ended> {
    if (!existsSync(path.join(folder, 'hosts.yaml'))) write('hosts.yaml', HOSTS);
    if (!existsSync(path.join(folder, 'play.yaml'))) write('play.yaml', PLAY);
    return zrun(line.split(' '), { cwd: folder, homeFolder: folder, ...options });
  }

  const out = (host: string): string => path.join(folder, `out-${host}`);

  it('changes nothing with --check and shows what it would change', async () => {
    const { code, stdout, stderr } = await start('play.yaml -i hosts.yaml --check --diff');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.contain(`would change | A file: create ${out('<host>')}`);
    expect(stdout).to.contain('\n    +hello <host>\n');
    expect(stdout).to.match(/^one, two : ok=2 +changed=1$/m);
    expect(stdout).to.contain('2 hosts: 2 done (2 would change)');
    expect(existsSync(out('one'))).to.equal(false);
  });

  it('makes the changes, and none the second time', async () => {
    expect((await start('play.yaml -i hosts.yaml --verify')).code).to.equal(0);
    expect(readFileSync(out('two'), 'utf8')).to.equal('hello two\n');
    const { stdout } = await start('play.yaml -i hosts.yaml');
    expect(stdout).to.match(/^one, two : ok=2 +changed=0/m);
  });

  it('tells changes by its exit code with --detailed-exitcode', async () => {
    expect((await start('play.yaml -i hosts.yaml --check --detailed-exitcode')).code).to.equal(6);
    expect((await start('play.yaml -i hosts.yaml --detailed-exitcode')).code).to.equal(6);
    expect((await start('play.yaml -i hosts.yaml --detailed-exitcode')).code).to.equal(0);
  });

  it('keeps to limit, tags and extra variables', async () => {
    const { stdout } = await start('play.yaml -i hosts.yaml -l two -t words -e word=other');
    expect(stdout).to.contain('two | ok      | A word\n    other\n');
    expect(stdout).not.to.match(/^one/m);
    expect(existsSync(out('two'))).to.equal(false);
  });

  it('warns of an extra variable that nothing uses, where its name is nearly that of another', async () => {
    const { code, stdout } = await start('play.yaml -i hosts.yaml -C -e wrod=other -e owner=me');
    expect(code).to.equal(0);
    expect([...stdout.matchAll(/^warning: .*/gm)].map(([line]) => line)).to.deep.equal([
      "warning: nothing uses 'wrod' of -e, as far as is known before the run; did you mean 'word'?",
    ]);
  });

  it('takes the inventory from ZRUN_INVENTORY', async () => {
    expect((await start('play.yaml --list-hosts', { env: { ZRUN_INVENTORY: 'hosts.yaml' } })).code).to.equal(
      0,
    );
  });

  it('leaves log, journal and result in its folder', async () => {
    await start('play.yaml -i hosts.yaml', { env: { XDG_STATE_HOME: path.join(folder, 'state') } });
    const runs = path.join(folder, 'state/zrun/runs');
    const [run = ''] = readdirSync(runs);
    expect(run).to.match(/^\d{8}T\d{6}Z-[0-9a-f]{4}$/);
    const read = (name: string): string => readFileSync(path.join(runs, run, name), 'utf8');
    const { events, damaged } = readJournal(read('journal.jsonl'));
    expect(damaged).to.deep.equal([]);
    expect(events[0]).to.include({ type: 'run-started', runId: run });
    expect(events.at(-1)).to.include({ type: 'run-finished', exitCode: 0 });
    expect(events.filter(({ type }) => type === 'task-finished')).to.have.length(4);
    expect(read('run.log')).to.contain('PLAY RECAP');
    expect(JSON.parse(read('result.json'))).to.include({ runId: run, exitCode: 0 });
  });

  it('goes on without a folder where none can be made, and says so', async () => {
    write('file', '');
    const { code, stdout } = await start('play.yaml -i hosts.yaml', {
      env: { XDG_STATE_HOME: path.join(folder, 'file') },
    });
    expect(code).to.equal(0);
    expect(stdout).to.match(/warning: this run leaves no journal and no log: .*a part of its path is a file/);
    const inProc = await start('play.yaml -i hosts.yaml', { env: { XDG_STATE_HOME: '/proc/none' } });
    expect(inProc.stdout).to.contain('cannot write /proc/none/zrun/runs: it cannot be made');
  });

  it('writes nothing but events with --output ndjson, each as the published schema says', async () => {
    write(
      'play.yaml',
      `${PLAY}    - {name: A loop, debug: {msg: "{{item}}"}, loop: [1, {a: 2}]}
    - {name: A failure, command: sh -c 'echo out; echo err >&2; exit 3', ignore_errors: true}
    - block: [{name: Another, fail: }]
      rescue: [{name: Not so bad, ping: }]
`.replace(/ {2}vars:\n {4}word: plain\n/, ''),
    );
    const { code, stdout, stderr } = await start(
      'play.yaml -i hosts.yaml --diff --output ndjson --profile -e word=x',
    );
    expect([code, stderr.includes('A failure')]).to.deep.equal([0, true]);
    const schema = (await start('schema events')).stdout;
    const validate = new Ajv({ strict: false }).compile(JSON.parse(schema) as object);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines)
      expect(validate(JSON.parse(line)), `${line}\n${JSON.stringify(validate.errors)}`).to.equal(true);
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).to.equal('run-started');
    expect(types.at(-1)).to.equal('run-finished');
    const [run = ''] = readdirSync(path.join(folder, '.local/state/zrun/runs'));
    const journal = readFileSync(path.join(folder, '.local/state/zrun/runs', run, 'journal.jsonl'), 'utf8');
    for (const line of journal.trimEnd().split('\n')) expect(validate(JSON.parse(line)), line).to.equal(true);
  });

  for (const [output, begins, ends] of [
    ['oneline', /^(one|two) \| changed \| A file: /, /\ntwo \| recap \| done \| ok=2 {2}changed=1\n$/],
    ['json', /^\{\n "schema": "zrun-report\/1"/, /\n\}\n$/],
    ['junit', /^<\?xml version="1.0"/, /<\/testsuites>\n$/],
    ['tap', /^TAP version 13\nok 1 - (one|two): A file\n/, /\n1\.\.4\n$/],
  ] as const)
    it(`writes nothing else with --output ${output}`, async () => {
      const { code, stdout, stderr } = await start(`play.yaml -i hosts.yaml --output ${output}`);
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(begins);
      expect(stdout).to.match(ends);
    });

  it('lists hosts, tasks and tags as Ansible does, and touches nothing', async () => {
    const head = '\nplaybook: play.yaml\n\n  play #1 (all): Try it\tTAGS: []\n';
    expect((await start('play.yaml -i hosts.yaml --list-hosts')).stdout).to.equal(
      `${head}    pattern: ['all']\n    hosts (2):\n      one\n      two\n`,
    );
    expect((await start('play.yaml -i hosts.yaml --list-tasks')).stdout).to.equal(
      `${head}    tasks:\n      A file\tTAGS: [files]\n      A word\tTAGS: [words]\n`,
    );
    expect((await start('play.yaml -i hosts.yaml --list-tasks -t words')).stdout).to.equal(
      `${head}    tasks:\n      A word\tTAGS: [words]\n`,
    );
    expect((await start('play.yaml -i hosts.yaml --list-tags')).stdout).to.equal(
      `${head}      TASK TAGS: [files, words]\n`,
    );
    writeFileSync(
      path.join(folder, 'tags.yaml'),
      `- {hosts: all, tags: p, tasks: [{ping: , tags: [never, x]}, {meta: noop, tags: m}, {include_tasks: in.yaml, tags: i}]}\n`,
    );
    writeFileSync(path.join(folder, 'in.yaml'), '- {ping: , tags: y}\n- {ping: , tags: [never, z]}\n');
    expect((await start('tags.yaml -i hosts.yaml --list-tags')).stdout).to.contain(
      'TASK TAGS: [i, m, never, p, x, y, z]\n',
    );
    expect((await start('tags.yaml -i hosts.yaml --list-tags -t x,i')).stdout).to.contain(
      'TASK TAGS: [i, never, p, x]\n',
    );
    expect((await start('play.yaml -i hosts.yaml --syntax-check')).stdout).to.equal('play.yaml: ok\n');
    expect(existsSync(out('one'))).to.equal(false);
    expect(existsSync(path.join(folder, '.local'))).to.equal(false);
  });

  it('exits with 2 where a host failed, and shows command, exit code and stderr', async () => {
    write(
      'play.yaml',
      play(`{name: Break, shell: "echo why >&2; exit 7", when: "inventory_hostname == 'two'"}`),
    );
    const { code, stdout } = await start('play.yaml -i hosts.yaml');
    expect(code).to.equal(2);
    expect(stdout).to.match(/^two +\| failed +\| Break: /m);
    expect(stdout).to.contain('`echo why >&2; exit 7` ended with exit code 7\n');
    expect(stdout).to.contain('stderr: why');
    expect(stdout).to.match(/^to resume this host: zrun --resume \d{8}T\d{6}Z-[0-9a-f]{4}$/m);
    expect(stdout).not.to.contain('--limit');
    expect(stdout).to.contain('2 hosts: 1 done (nothing changed), 1 failed');
  });

  it('exits with 3 where a host cannot be reached', async () => {
    // A port that was free a moment ago, so that nothing listens there.
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    write('hosts.yaml', `all: {hosts: {gone: {ansible_host: 127.0.0.1, ansible_port: ${port}}}}\n`);
    write('play.yaml', play('{name: Look, command: "true"}'));
    const env = { PATH: process.env['PATH'] ?? '' };
    const { code, stdout } = await start('play.yaml -i hosts.yaml', { env });
    expect(stdout)
      .to.match(/^gone +\| unreachable \| /m)
      .and.not.contain('tried: ');
    const closely = await start('play.yaml -i hosts.yaml -u me -vvv', { env });
    expect(closely.stdout).to.match(
      new RegExp(`^ +tried: me@127\\.0\\.0\\.1:${port}; keys: \\S.*; known_hosts: \\S+`, 'm'),
    );
    expect(stdout).to.match(/^gone : ok=0 +changed=0 +unreachable=1$/m);
    expect(code).to.equal(3);
  });

  it('stops at the first Ctrl-C: what runs is ended, and the exit code is 130', async () => {
    write('play.yaml', play('{name: Wait long, command: sleep 31557}', '{name: Never, command: "true"}'));
    let interrupt: (() => void) | undefined;
    const running = start('play.yaml -i hosts.yaml -l one', {
      onListen: (send) => (interrupt = () => send('SIGINT')),
    });
    // The journal says when the task has begun.
    const runs = path.join(folder, '.local/state/zrun/runs');
    await until(
      () =>
        existsSync(runs) &&
        readdirSync(runs).some((run) => {
          const journal = path.join(runs, run, 'journal.jsonl');
          return existsSync(journal) && readFileSync(journal, 'utf8').includes('task-started');
        }),
    );
    interrupt?.();
    const { code, stdout } = await running;
    expect(code).to.equal(130);
    expect(stdout).to.contain('stopping: tasks under way are ended on the hosts');
    expect(stdout).to.contain('interrupted on one');
    expect(stdout).not.to.contain('Never');
    expect(commandLines().filter((words) => words.includes('sleep\u000031557'))).to.deep.equal([]);
  });

  it('says which hosts a limit takes that counts them', async () => {
    const { stdout } = await start('play.yaml -i hosts.yaml -l all[001:001] --tags words');
    expect(stdout).to.contain(
      "the limit 'all[001:001]' counts hosts by their place, from 0, as in Ansible; it takes two",
    );
  });

  it('needs no inventory for plays of localhost', async () => {
    write('local.yaml', play('command: echo made here').replace(/hosts: \S+/, 'hosts: localhost'));
    const { code, stdout, stderr } = await start('local.yaml');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/localhost +: ok=1 +changed=1/);
  });

  it('reads the sudo password from a file that is there', async () => {
    const { code, stderr } = await start('play.yaml -i hosts.yaml -b --become-password-file missing');
    expect(code).to.equal(4);
    expect(stderr).to.match(/^error: the password file 'missing' cannot be read: there is no such file\n$/);
  });

  const wrong: readonly (readonly [what: string, line: string, message: RegExp])[] = [
    ['no inventory', 'play.yaml', /no inventory is given\n {2}hint: .*-i hosts\.yaml/],
    [
      'no inventory where a name would have been its',
      'bad.yaml',
      /^error: no inventory is given\n {2}hint: .*Only plays of localhost need none\.\n$/,
    ],
    ['an inventory that is not there', 'play.yaml -i nowhere.yaml', /nowhere\.yaml/],
    ['a playbook that is not there', 'nowhere.yaml -i hosts.yaml', /nowhere\.yaml/],
    ['a limit that matches nothing', 'play.yaml -i hosts.yaml -l three', /three/],
    ['an extra variable that is none', 'play.yaml -i hosts.yaml -e word', /'word' is not an extra variable/],
    [
      'a playbook with mistakes',
      'bad.yaml -i hosts.yaml',
      /bad\.yaml:5:7: .*\n.*5 \|[\s\S]*bad\.yaml:6:14: [\s\S]*\d errors; no host was touched/,
    ],
  ];
  for (const [what, line, message] of wrong) {
    it(`exits with 4 and names ${what}`, async () => {
      write('bad.yaml', play('copyy: {content: x, dest: /x}', 'stat: {pathh: /x}'));
      const { code, stdout, stderr } = await start(line);
      expect(stderr).to.match(message);
      expect([code, stdout]).to.deep.equal([4, '']);
    });
  }
});

/** Of every process that this user may look at. */
function commandLines(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return [];
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
