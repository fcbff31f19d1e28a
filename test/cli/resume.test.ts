/** Runs that are interrupted, and how they are resumed: stories on this machine, with real processes that are killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from './fake-environment.js';

const root = path.resolve(import.meta.dirname, '../..');

describe('--resume', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-resume-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const at = (name: string): string => path.join(folder, name);
  const write = (name: string, text: string): void => writeFileSync(at(name), text);
  const read = (name: string): string => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
  const start = (line: string, more: { cwd?: string; env?: Record<string, string> } = {}): Promise<Ended> =>
    zrun(line.split(' '), { cwd: more.cwd ?? folder, homeFolder: folder, env: more.env ?? {} });
  const runsFolder = (): string => at('.local/state/zrun/runs');
  const runs = (): string[] => (existsSync(runsFolder()) ? readdirSync(runsFolder()).sort() : []);
  const lastRun = (): string => runs().at(-1) ?? expect.fail('there is no run');
  const journal = (run: string): string => path.join(runsFolder(), run, 'journal.jsonl');

  /** Each host notes what was done to it; `wait` holds a host up while a file of its name is there. */
  const book = `
- hosts: all
  gather_facts: false
  serial: 1
  vars: {word: none}
  tasks:
    - name: Configure
      copy: {content: "{{word}}\\n", dest: "{{dir}}/conf-{{inventory_hostname}}"}
      notify: restart
    - name: Look
      shell: "echo look >> {{dir}}/touched-{{inventory_hostname}}"
    - name: Wait
      shell: "test ! -e {{dir}}/fail-{{inventory_hostname}} && while test -e {{dir}}/hold-{{inventory_hostname}}; do sleep 0.05; done"
      changed_when: false
  handlers:
    - name: restart
      shell: "echo restarted >> {{dir}}/handled-{{inventory_hostname}}"
`;

  function writeBook(hosts: readonly string[], text = book): void {
    write('play.yaml', text);
    const list = hosts.map((host) => `${host}: `).join(', ');
    write('hosts.yaml', `all: {hosts: {${list}}, vars: {ansible_connection: local, dir: '${folder}'}}\n`);
  }

  /** A process of its own, to be killed. Resolves when a line with this text has come. */
  async function startProcess(line: string, until: string): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), path.join(root, 'src/main.ts'), ...line.split(' ')],
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`it ended: ${text}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (text.includes(until)) resolve();
      });
    });
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  it('goes on after SIGKILL during a task: the handler that was notified runs, hosts that were done are left alone', async () => {
    writeBook(['a', 'b', 'c']);
    write('hold-b', '');
    const child = await startProcess('play.yaml -i hosts.yaml --output ndjson', '"task-started"');
    const isWaiting = (): boolean =>
      /"task-started","host":"b","task":\{[^}]*"Wait"/.test(readFileSync(journal(lastRun()), 'utf8'));
    await waitFor(isWaiting);
    const run = lastRun();
    await expectRefusal(`--resume ${run}`, /^error: run \S+ is still going, in process \d+ on \S+$/m);
    await kill(child);
    rmSync(at('hold-b'));
    expect([read('handled-a'), read('handled-b'), read('touched-c')]).to.deep.equal(['restarted\n', '', '']);

    const shown = await start(`history ${run}`);
    expect(shown.stdout).to.match(/^It was interrupted: .* Its last sign of life came after \d/m);
    expect(shown.stdout).to.match(/^a +: ok=4 +changed=3/m);
    expect(shown.stdout).to.contain("interrupted on b: the run was interrupted, in the middle of 'Wait'");
    expect(shown.stdout).to.contain("handlers not run on b: 'restart'");
    expect(shown.stdout).to.contain(`to resume these hosts: zrun --resume ${run}\n`);
    expect((await start('history')).stdout).to.match(
      new RegExp(`^${run} .* 3 +interrupted, 1 done +play.yaml$`, 'm'),
    );

    const resumed = await start('--resume');
    expect(resumed.stderr).to.contain(`resuming run ${run} (play.yaml, `);
    expect(resumed.stderr).to.contain('): 2 of 3 hosts are left: b, c\n');
    expect(resumed.stderr).to.contain("Handlers that were notified and have not run: 'restart', on b\n");
    expect([resumed.code, resumed.stdout.includes('CONFIGURE')]).to.deep.equal([0, false]);
    // b had its configuration already: nothing has notified its handler again, and it has run all the same.
    expect(resumed.stdout).to.match(/^b +\| ok +\| Configure$/m);
    expect(read('handled-b')).to.equal('restarted\n');
    expect(read('touched-c')).to.equal('look\n');
    expect([read('touched-a'), read('handled-a')]).to.deep.equal(['look\n', 'restarted\n']);
    expect(resumed.stdout).not.to.match(/^a /m);

    for (const line of ['--resume', `--resume ${run}`, 'play.yaml -i hosts.yaml --resume']) {
      const again = await start(line);
      expect([again.code, again.stdout], line).to.satisfy(
        ([code, text]: [number, string]) =>
          code === 0 && /^nothing is left of run \S+: all 3 hosts are done\n$/.test(text),
      );
    }
  });

  it('goes on with a second playbook that was not started, on the hosts that lack it', async () => {
    writeBook(['a', 'b', 'c']);
    write('one.yaml', book.replace('hosts: all', "hosts: 'a,b'").replace('  serial: 1\n', ''));
    write(
      'two.yaml',
      "- {hosts: 'b,c', gather_facts: false, tasks: [{shell: 'echo two >> {{dir}}/two-{{inventory_hostname}}'}]}\n",
    );
    write('fail-a', '');
    const first = await start('one.yaml two.yaml -i hosts.yaml');
    expect(first.code).to.equal(2);
    expect(first.stdout).to.contain('two.yaml is not started: the playbook before it did not succeed on a\n');
    expect([read('two-b'), read('two-c')]).to.deep.equal(['', '']);
    rmSync(at('fail-a'));
    const { code, stderr } = await start('--resume');
    expect(stderr).to.contain('3 of 3 hosts are left: a, b, c\n');
    expect([code, read('two-b'), read('two-c')]).to.deep.equal([0, 'two\n', 'two\n']);
  });

  it('a task that was interrupted may have changed something: its handlers run', async () => {
    writeBook(
      ['a'],
      `
- hosts: all
  gather_facts: false
  tasks:
    - name: Slow
      shell: "test -e {{dir}}/made || { touch {{dir}}/made; while test -e {{dir}}/made; do sleep 0.05; done; }"
      changed_when: false
      notify: [later]
  handlers:
    - {name: restart, listen: later, shell: "echo restarted >> {{dir}}/handled"}
`,
    );
    const child = await startProcess('play.yaml -i hosts.yaml --output ndjson', '"task-started"');
    await waitFor(() => existsSync(at('made')));
    await kill(child);
    const resumed = await start('--resume');
    expect(resumed.stderr).to.contain("have not run: 'restart', on a\n");
    expect([resumed.code, read('handled')]).to.deep.equal([0, 'restarted\n']);
  });

  it('reads a journal that is interrupted in mid-line', async () => {
    writeBook(['a', 'b']);
    await start('play.yaml -i hosts.yaml');
    const run = lastRun();
    const text = readFileSync(journal(run), 'utf8');
    // The last line that says that b has ended, and all that follows: gone but for a piece.
    const cut = text.indexOf('{"type":"host-finished","host":"b"');
    writeFileSync(journal(run), text.slice(0, cut + 30));
    rmSync(path.join(runsFolder(), run, 'result.json'));
    const { stderr } = await start(`--resume ${run}`);
    expect(stderr).to.contain('1 of 2 hosts is left: b\n');
    // Not even the start: nothing was touched.
    writeFileSync(journal(run), text.slice(0, 40));
    await expectRefusal(`--resume ${run}`, /was interrupted before it began: no host was touched/);
  });

  it('takes over what the run was asked for, from any folder, unless it is told otherwise', async () => {
    writeBook(['a', 'b', 'c']);
    write('vars.yaml', 'word: from-file\n');
    write('password', 'open sesame\n');
    expect((await start('secret encrypt vars.yaml --vault-password-file password')).code).to.equal(0);
    write('fail-b', '');
    const first = await start(
      'play.yaml -i hosts.yaml -e @vars.yaml --vault-id dev@password -l a,b --skip-tags none',
    );
    expect(first.code).to.equal(2);
    const run = lastRun();
    expect(readFileSync(path.join(runsFolder(), run, 'retry'), 'utf8')).to.equal('b\n');
    rmSync(at('fail-b'));
    writeFileSync(at('conf-b'), 'old\n');
    // A check changes nothing, so that the run is left as it was; and it is not what --resume takes.
    const check = await start(`--resume ${run.slice(0, -2)} --check`, { cwd: '/' });
    expect([check.code, read('conf-b')]).to.deep.equal([0, 'old\n']);
    const listed = await start('--resume --list-hosts', { cwd: '/' });
    expect(listed.stdout).to.contain('hosts (1):\n      b\n');
    const { code, stderr } = await start('--resume -v', { cwd: '/' });
    expect([code, read('conf-b')]).to.deep.equal([0, 'from-file\n']);
    expect(stderr).to.contain(`resuming run ${run} (play.yaml, `);
    expect(existsSync(at('conf-c'))).to.equal(false);
  });

  it('writes down no value of -e, and asks for it again', async () => {
    writeBook(['a']);
    write('fail-a', '');
    const { stdout } = await start('play.yaml -i hosts.yaml -e word=s3cret');
    const run = lastRun();
    expect(stdout).to.contain(`to resume this host: zrun --resume ${run} -e word=…\n`);
    const request = (
      JSON.parse(readFileSync(journal(run), 'utf8').split('\n')[0] ?? '') as { request: unknown }
    ).request;
    expect(JSON.stringify(request)).to.contain('"word"').and.not.to.contain('s3cret');
    await expectRefusal(
      '--resume',
      new RegExp(`not written down: word\n  hint: give them again: zrun --resume ${run} -e word=…`),
    );
    await expectRefusal(
      '--resume',
      / by JSON \(-e '\{"word": \[1, 2\]\}'\), and a file \(-e @file\) is read again/,
    );
    rmSync(at('fail-a'));
    const resumed = await start('--resume -e word=again');
    expect([resumed.code, read('conf-a')]).to.deep.equal([0, 'again\n']);
  });

  it('counts what was done in between, but only where the same was to be done', async () => {
    writeBook(['a', 'b', 'c']);
    for (const host of ['a', 'b', 'c']) write(`fail-${host}`, '');
    await start('play.yaml -i hosts.yaml -f 1');
    const run = lastRun();
    for (const host of ['a', 'b', 'c']) rmSync(at(`fail-${host}`));
    expect((await start(`--resume ${run} -l a`)).code).to.equal(0);
    // With other tags, nothing of the play is done on b.
    expect((await start(`--resume ${run} -l b -t never`)).code).to.equal(0);
    const { stderr } = await start(`--resume ${run} --list-hosts`);
    expect(stderr).to.contain('2 of 3 hosts are left: b, c\n');
    await expectRefusal(
      `--resume ${run} -l a`,
      /the limit 'a' leaves none of the hosts that run \S+ left: b, c/,
    );
  });

  it('says what is another one now: the text, the inventory', async () => {
    writeBook(['a', 'b']);
    write('fail-a', '');
    await start('play.yaml -i hosts.yaml');
    rmSync(at('fail-a'));
    appendFileSync(at('play.yaml'), '# changed\n');
    write('hosts.yaml', `all: {hosts: {a: }, vars: {ansible_connection: local, dir: '${folder}'}}\n`);
    const { code, stdout } = await start('--resume');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^warning: play\.yaml is not as in run \S+: the new text is used$/m);
    expect(stdout).to.match(/^warning: left by run \S+, but no longer in the inventory: b$/m);
  });

  it('refuses what it cannot resume, and says what there is', async () => {
    await expectRefusal('--resume', /^error: there is no run yet$/m);
    writeBook(['a']);
    write('fail-a', '');
    await start('play.yaml -i hosts.yaml');
    const run = lastRun();
    await expectRefusal('--resume 1999', new RegExp(`there is no run '1999'\n  hint: the newest are ${run}`));
    await expectRefusal(`--resume ${run.slice(0, -1)}x`, new RegExp(`did you mean ${run}\\?`));
    await expectRefusal('--resume play.yaml', /there is no run 'play\.yaml'/);
    write('other.yaml', '- hosts: all\n  tasks: []\n');
    await expectRefusal('other.yaml --resume', /run \S+ is one of play\.yaml, not of other\.yaml/);
    const claim = path.join(runsFolder(), run, 'process.json');
    writeFileSync(claim, JSON.stringify({ machine: 'elsewhere' }));
    await expectRefusal('--resume', /is still going, in a process on elsewhere/);
  });

  async function expectRefusal(line: string, message: RegExp): Promise<void> {
    const before = runs();
    const { code, stdout, stderr } = await start(line);
    expect(stderr, line).to.match(message);
    expect([code, stdout], line).to.deep.equal([4, '']);
    expect(runs(), line).to.deep.equal(before);
  }
});

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
