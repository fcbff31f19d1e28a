/**
 * Two runs on one host: the second is told who holds it, and gets it when the first has gone, however that went.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

const root = path.resolve(import.meta.dirname, '../..');
const main = path.join(root, 'src/main.ts');

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

describe('host_lock', () => {
  if (process.getuid?.() !== 0) {
    it('skipped: only root can lock a host');
    return;
  }
  let folder: string;
  const name = `test-${process.pid}`;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-lock-'));
    await writeFile(
      path.join(folder, 'lock.yaml'),
      `- hosts: all
  gather_facts: false
  tasks:
    - name: lock
      host_lock:
        name: ${name}
        timeout: "{{cel 'int(patience)'}}"
        force: "{{bool (default force false)}}"
    - name: again
      host_lock:
        name: ${name}
    - name: hold
      wait_for:
        path: ${folder}/{{until}}
`,
    );
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await rm(`/run/zrun-${name}.lock`, { force: true });
  });

  function start(until: string, patience = 0, ...more: readonly string[]): Run {
    const args = [path.join(folder, 'lock.yaml'), '-i', 'localhost,', '-e', 'ansible_connection=local'];
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', main, ...args, '-e', `until=${until} patience=${patience}`, ...more],
      { cwd: root, env: { ...process.env, XDG_STATE_HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    child.stderr.on('data', (chunk) => (text += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, output: () => text, ended };
  }

  async function says(run: Run, wanted: RegExp): Promise<void> {
    while (!wanted.test(run.output())) {
      expect(run.child.exitCode, run.output()).to.equal(null);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('tells the second run who holds the host, and lets it in when the first has ended', async () => {
    await writeFile(path.join(folder, 'now'), '');
    const first = start('first');
    await says(first, /ok +\| again/);

    const second = start('now');
    expect(await second.ended, second.output()).to.equal(2);
    expect(second.output()).to.match(/the run \S+, from \S+@\S+, has held the lock test-\d+ for \d+ s/);

    const patient = start('now', 100);
    await writeFile(path.join(folder, 'first'), '');
    expect(await first.ended, first.output()).to.equal(0);
    expect(await patient.ended, patient.output()).to.equal(0);

    const atOnce = start('now');
    expect(await atOnce.ended, atOnce.output()).to.equal(0);
  });

  it('lets go when the controller is killed and its task has ended', async () => {
    const first = start('killed');
    await says(first, /ok +\| again/);
    first.child.kill('SIGKILL');
    await first.ended;
    await writeFile(path.join(folder, 'killed'), '');
    const second = start('now', 100);
    expect(await second.ended, second.output()).to.equal(0);
  });

  it('is not given to a second name of one machine', async () => {
    const run = start('named', 0, '-i', 'other,');
    await says(
      run,
      /failed +\| lock: this machine is (localhost|other) of this run already: (other|localhost) is another name of it/,
    );
    await writeFile(path.join(folder, 'named'), '');
    expect(await run.ended, run.output()).to.equal(2);
  });

  it('is taken by force from a run that holds it', async () => {
    const first = start('never');
    await says(first, /ok +\| again/);
    const second = start('now', 0, '-e', 'force=true');
    expect(await second.ended, second.output()).to.equal(0);
    first.child.kill('SIGKILL');
    await first.ended;
  });
});
