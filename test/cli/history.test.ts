/** `zrun history`, over runs that are really made. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from './fake-environment.js';

describe('zrun history', () => {
  let folder = '';
  let runs = '';
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-history-'));
    runs = path.join(folder, '.local/state/zrun/runs');
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
    write('hosts.yaml', 'all: {hosts: {a: , b: }, vars: {ansible_connection: local}}\n');
    write(
      'play.yaml',
      `- hosts: all\n  gather_facts: false\n  tasks: [{name: Break, fail: {msg: "no"}, when: "inventory_hostname == 'b'"}]\n`,
    );
    write('good.yaml', '- hosts: all\n  gather_facts: false\n  tasks: [{ping: {}}]\n');
    await start('play.yaml -i hosts.yaml -l b,a -e x=1');
    await start('good.yaml -i hosts.yaml --check');
    await start('good.yaml -i hosts.yaml');
  });
  after(() => rmSync(folder, { recursive: true }));

  function start(line: string, env: Record<string, string> = {}): Promise<Ended> {
    return zrun(line.split(' '), { cwd: folder, homeFolder: folder, env });
  }
  const ids = (): string[] => readdirSync(runs).sort().reverse();

  it('lists runs, the newest first', async () => {
    const { code, stdout } = await start('history');
    const lines = stdout.split('\n');
    expect(code).to.equal(0);
    expect(lines[0]).to.match(/^RUN +STARTED +TOOK +HOSTS +OUTCOME +PLAYBOOK$/);
    expect(lines.slice(1, 4).map((line) => line.split(' ')[0])).to.deep.equal(ids());
    expect(lines[1]).to.match(/^\S+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +\d+ ms +2 +done +good\.yaml$/);
    expect(lines[2]).to.match(/ 2 +check: done +good\.yaml$/);
    expect(lines[3]).to.match(/ 2 +1 failed +play\.yaml$/);
    const [head, ...rows] = lines.slice(0, 4);
    for (const row of rows) expect(row.slice(0, head?.indexOf('OUTCOME'))).to.match(/ {2}$/);
  });

  it('lists as many as are asked for, and says that there are more', async () => {
    const { stdout } = await start('history -n 1');
    expect(stdout.split('\n')[2]).to.equal('2 older ones: zrun history -n 3');
  });

  it('tells one again, and where its files are', async () => {
    const oldest = ids()[2] ?? '';
    const { stdout } = await start(`history ${oldest}`);
    expect(stdout).to.contain(`run ${oldest}: play.yaml\nstarted `);
    expect(stdout).to.contain(`\ninventory: hosts.yaml; limit: b,a; extra variables: x; in: ${folder}\n`);
    expect(stdout).to.match(/^b : ok=0 +changed=0 +failed=1$/m);
    expect(stdout).to.contain("failed on b, in task 'Break': no\n");
    expect(stdout).to.contain(`to resume this host: zrun --resume ${oldest} -e x=…\n`);
    expect(stdout).to.contain(`\nfiles: ${path.join(runs, oldest)}\n  run.log `);
    expect(stdout).to.match(/^ {2}retry /m);
    expect((await start('history last')).stdout).to.contain(`run ${ids()[0] ?? ''}: good.yaml\n`);
  });

  it('tells of one host what it had printed, and where that was: nothing stands above', async () => {
    const env = { XDG_STATE_HOME: path.join(folder, 'single'), PATH: process.env['PATH'] ?? '' };
    writeFileSync(
      path.join(folder, 'noisy.yaml'),
      '- hosts: a\n  gather_facts: false\n  tasks: [{name: Complain, shell: "echo the disk is full >&2; exit 3"}]\n',
    );
    await start('noisy.yaml -i hosts.yaml', env);
    const { stdout } = await start('history last', env);
    expect(stdout).to.match(
      /^failed on a, in task 'Complain': .*ended with exit code 3\n {2}stderr:.* the disk is full\n {2}at: noisy\.yaml:3:\d+$/m,
    );
  });

  it('writes JSON', async () => {
    const { stdout } = await start('history --json');
    const list = JSON.parse(stdout) as Record<string, unknown>[];
    expect(
      list.map(({ runId, state, check, exitCode }) => ({ runId, state, check, exitCode })),
    ).to.deep.equal([
      { runId: ids()[0], state: 'finished', check: false, exitCode: 0 },
      { runId: ids()[1], state: 'finished', check: true, exitCode: 0 },
      { runId: ids()[2], state: 'finished', check: false, exitCode: 2 },
    ]);
    const one = JSON.parse((await start(`history ${ids()[2] ?? ''} --json`)).stdout) as Record<
      string,
      unknown
    >;
    expect(one).to.deep.equal(list[2]);
    expect(one['hosts']).to.have.nested.property('[1].outcome', 'failed');
  });

  const wrong: readonly (readonly [line: string, message: string])[] = [
    ['history 19', "error: there is no run '19'\n  hint: the newest are "],
    ['history 2', "error: '2' is the beginning of several runs: "],
    ['history -n 0', "error: -n needs a whole number above 0, not '0'\n"],
    ['history last last', 'error: one run is shown at a time, not 2\n'],
    ['history --jsn', 'error: unknown option --jsn\n  hint: did you mean --json?\n'],
  ];
  for (const [line, message] of wrong) {
    it(`refuses: ${line}`, async () => {
      const { code, stdout, stderr } = await start(line);
      expect([code, stdout]).to.deep.equal([4, '']);
      expect(stderr).to.contain(message);
    });
  }

  it('has help, with the way on', async () => {
    const { code, stdout } = await start('history --help');
    expect(code).to.equal(0);
    expect(stdout).to.contain('zrun --resume [RUN]');
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
  });

  it('says where there is nothing to tell', async () => {
    const env = { XDG_STATE_HOME: path.join(folder, 'nothing') };
    expect((await start('history', env)).stdout).to.equal('there is no run yet\n');
    expect((await start('history last', env)).stderr).to.equal('error: there is no run yet\n');
  });

  it('is kept as long as ZRUN_KEEP_RUNS says', async () => {
    expect((await start('good.yaml -i hosts.yaml', { ZRUN_KEEP_RUNS: 'x' })).stderr).to.contain(
      "error: ZRUN_KEEP_RUNS must be a whole number above 0, not 'x'",
    );
    expect(ids()).to.have.length(3);
    await start('good.yaml -i hosts.yaml', { ZRUN_KEEP_RUNS: '2' });
    expect(ids()).to.have.length(2);
    expect((await start('history last')).stdout).to.contain(': good.yaml\n');
  });
});
