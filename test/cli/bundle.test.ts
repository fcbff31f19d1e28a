/**
 * What `npm run build` makes does what the source does, with no package beside it. Types are checked elsewhere, so only
 * its second half runs here.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compilePart } from '../../src/cli/bundle.js';
import { fileOf, partNames } from '../../src/cli/own/parts.js';
import { startReceiver, type Receiver } from '../report/telemetry/receiver.js';
import { sshdMissing, startSshd, type Sshd } from '../integration/sshd.js';

const root = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

describe('the bundle', () => {
  let folder: string;
  let complaints: string;

  before(async () => {
    // Far from node_modules: what is not in the bundle is not found.
    folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-bundle-'));
    await copyFile(path.join(root, 'package.json'), path.join(folder, 'package.json'));
    const outdir = `--outdir=${path.join(folder, 'dist')}`;
    ({ stderr: complaints } = await execute('npm', ['run', '--silent', 'bundle', '--', outdir], {
      cwd: root,
    }));
  });
  after(() => rm(folder, { recursive: true }));

  async function zrun(...args: readonly string[]): Promise<string> {
    const { stdout } = await execute(process.execPath, [path.join(folder, 'dist/main.js'), ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  it("says package.json's version", async () => {
    expect(await zrun('--version')).to.match(/^zrun \d+\.\d+\.\d+\n$/);
  });

  it('reads the flagship', async () => {
    const flagship = 'playbooks/overlay2.yaml';
    expect(await zrun(flagship, '-i', 'localhost,', '--syntax-check')).to.equal(`${flagship}: ok\n`);
  });

  it('has every verb', async () => {
    expect(await zrun('doc', 'copy')).to.include('copy');
    expect(JSON.parse(await zrun('schema', 'playbook'))).to.be.an('object');
    expect(await zrun('inventory', '-i', 'localhost,', '--list')).to.include('localhost');
    expect(await zrun('lint', 'test/cli/fixtures/nothing.yaml')).to.be.a('string');
    expect(await zrun('history')).to.be.a('string');
  });

  async function runThere(): Promise<string> {
    await using sshd = await startDisposableSshd();
    const hosts = path.join(folder, 'hosts.yaml');
    const vars = {
      ansible_host: '127.0.0.1',
      ansible_port: sshd.port,
      ansible_user: sshd.user,
      ansible_ssh_private_key_file: sshd.privateKeyFile,
      zrun_known_hosts_file: sshd.knownHostsFile,
    };
    await writeFile(hosts, JSON.stringify({ all: { hosts: { there: vars } } }));
    const playbook = path.join(folder, 'play.yaml');
    await writeFile(
      playbook,
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - command: echo hello\n      changed_when: false\n',
    );
    return await zrun(playbook, '-i', hosts, '--output', 'plain');
  }

  it('runs over ssh, with a log and a journal', async function () {
    if (sshdMissing() !== undefined) this.skip();
    const said = await runThere();
    expect(said).to.include('1 host: 1 done');
    const log = /^log: (.*)$/m.exec(said)?.[1] ?? '';
    expect(await readFile(log, 'utf8')).to.include('there');
    expect(await readFile(path.join(path.dirname(log), 'journal.jsonl'), 'utf8')).to.include('run-finished');
  });

  it('sends traces', async () => {
    await using receiver = await startDisposableReceiver();
    const argv = ['test/cli/fixtures/nothing.yaml', '-i', 'localhost,', '--output', 'plain'];
    await execute(process.execPath, [path.join(folder, 'dist/main.js'), ...argv], {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: folder, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    });
    expect(receiver.spans.map(({ name }) => name)).to.include('test/cli/fixtures/nothing.yaml');
  });

  it('is compiled beforehand, for the release of Node that it is built with', async () => {
    expect(complaints).to.equal('');
    for (const name of partNames) {
      const file = path.join(folder, 'dist', fileOf(name));
      const compiled = await readFile(`${file}.compiled`);
      const script = compilePart({
        file,
        source: () => readFileSync(file, 'utf8'),
        compiled: () => compiled.subarray(0, compiled.lastIndexOf('\n')),
        keepCompiled: () => undefined,
        readMap: () => '',
      });
      expect(script.cachedDataRejected).to.equal(false);
    }
  });

  it('reads what no run over ssh needs only where it is needed', async function () {
    if (sshdMissing() !== undefined) this.skip();
    const rest = path.join(folder, 'dist', fileOf('rest'));
    await rename(rest, `${rest}.away`);
    try {
      expect(await zrun('playbooks/overlay2.yaml', '-i', 'localhost,', '--list-hosts')).to.include(
        'localhost',
      );
      expect(await runThere()).to.include('1 host: 1 done');
      await zrun('doc', 'copy').then(
        () => expect.fail('doc does not need it either'),
        (error: unknown) => expect(String(error)).to.include('ENOENT'),
      );
    } finally {
      await rename(`${rest}.away`, rest);
    }
  });

  it('runs as well where what was compiled is damaged, or is not there', async () => {
    const compiled = path.join(folder, 'dist', `${fileOf('start')}.compiled`);
    const bytes = await readFile(compiled);
    try {
      const end = bytes.lastIndexOf('\n');
      const build = bytes.toString('utf8', end + 1);
      expect(build).to.include(process.version);
      const others = [
        bytes.subarray(0, 1000),
        Buffer.alloc(0),
        Buffer.from('of another release'),
        Buffer.from(`of this one\n${build}`),
        // Of another build, which V8 may take for its own and be ended by.
        Buffer.concat([bytes.subarray(0, end), Buffer.from(`\n${build}0`)]),
      ];
      for (const other of others) {
        await writeFile(compiled, other);
        expect(await zrun('doc', 'copy')).to.include('copy');
      }
      await rm(compiled);
      expect(await zrun('doc', 'copy')).to.include('copy');
    } finally {
      await writeFile(compiled, bytes);
    }
  });

  it('tells where in the source it broke', async () => {
    const broken = 'data:text/javascript,Object.hasOwn = undefined';
    const run = execute(process.execPath, [
      '--import',
      broken,
      path.join(folder, 'dist/main.js'),
      'play.yaml',
    ]);
    const { stderr } = await run.then(
      () => ({ stderr: '' }),
      (error: unknown) => error as { stderr: string },
    );
    expect(stderr).to.match(/TypeError[^]*src\/cli\/main\.ts:\d+:\d+/);
  });
});

async function startDisposableSshd(): Promise<Sshd & AsyncDisposable> {
  const sshd = await startSshd();
  return { ...sshd, [Symbol.asyncDispose]: () => sshd.stop() };
}

async function startDisposableReceiver(): Promise<Receiver & AsyncDisposable> {
  const receiver = await startReceiver();
  return { ...receiver, [Symbol.asyncDispose]: () => receiver.close() };
}
