/**
 * The executable needs no Node and none of zrun's files: it runs in a root folder that has nothing but the libraries that
 * Node's own program is linked with (glibc, libstdc++, libgcc). For a login, the user database knows root, as for ssh.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { writeExecutable } from '../build/executable.js';
import { executableRelease, findNode } from '../build/node-releases.js';
import { skipFor } from '../integration/skip.js';
import { sshdMissing, startSshd } from '../integration/sshd.js';
import { inventoryOf, makeStage, playbookText, type Stage } from './stage.js';

const execute = promisify(execFile);

describe('the executable', function () {
  this.timeout(300_000);
  let stage: Stage | undefined;
  let version: string;
  /** Becomes `/`. */
  let top: string;

  before(async function () {
    const node = await findNode(executableRelease);
    if ('missing' in node) {
      skipFor(this, node.missing);
      return;
    }
    skipFor(this, process.getuid?.() === 0 ? undefined : 'only root may change its root folder');
    stage = await makeStage();
    version = stage.version;
    top = path.join(stage.folder, 'top');
    await mkdir(top);
    await writeExecutable(path.join(top, 'zrun'), { dist: stage.dist, node: node.program, version });
    const { stdout } = await execute('ldd', [path.join(top, 'zrun')]);
    const libraries = [...stdout.matchAll(/\/\S+/g)].map(([file]) => file);
    expect(libraries.length).to.be.within(1, 8);
    for (const file of libraries) {
      await mkdir(path.join(top, path.dirname(file)), { recursive: true });
      await copyFile(file, path.join(top, file));
    }
  });
  after(() => stage?.remove());

  /** In the empty root folder, with no environment at all. */
  const zrun = (...words: readonly string[]) =>
    execute('/usr/sbin/chroot', [top, '/zrun', ...words], { env: {} });

  it('says its version and its help', async () => {
    expect((await zrun('--version')).stdout).to.equal(`zrun ${version}\n`);
    expect((await zrun('--help')).stdout).to.include('Usage: zrun PLAYBOOK');
    expect((await zrun('doc', 'copy')).stdout).to.include('copy');
  });

  it('checks each playbook that it brings', async () => {
    for (const name of ['audit', 'bench', 'finalize', 'grow', 'overlay2', 'rollback'])
      expect((await zrun(name, '-i', 'web1,', '--syntax-check')).stdout).to.match(
        /^\/\.cache\/zrun\/own-.*: ok\n$/,
      );
  });

  it('unpacks them again where somebody has changed them', async () => {
    const [own = ''] = await readdir(path.join(top, '.cache/zrun'));
    const file = path.join(top, '.cache/zrun', own, 'playbooks/audit.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, '- hosts: all\n  tasks: [{command: echo planted}]\n');
    await zrun('audit', '-i', 'web1,', '--list-tasks');
    expect(await readFile(file, 'utf8')).to.equal(text);
    expect(await readdir(path.join(top, '.cache/zrun'))).to.deep.equal([own]);
  });

  it('says what to do where it cannot unpack them', async () => {
    await writeFile(path.join(top, 'no-folder'), '');
    const failed = await execute('/usr/sbin/chroot', [top, '/zrun', 'playbooks'], {
      env: { XDG_CACHE_HOME: '/no-folder' },
    }).catch((error: unknown) => error as { code: number; stderr: string });
    expect(failed).to.include({ code: 4 });
    expect(failed.stderr).to.match(
      /^error: zrun's own playbooks cannot be unpacked: (?!E[A-Z]+).+\n {2}hint: Set XDG_CACHE_HOME/,
    );
  });

  it('tells lines of the source where it breaks', async () => {
    await writeFile(path.join(top, 'broken.js'), 'Object.hasOwn = undefined;\n');
    const broken = await execute('/usr/sbin/chroot', [top, '/zrun', 'play.yaml'], {
      env: { NODE_OPTIONS: '--require=/broken.js' },
    }).catch((error: unknown) => error as { stderr: string });
    expect(broken.stderr).to.match(/TypeError[^]*src\/cli\/main\.ts:\d+:\d+/);
  });

  it('runs on a host', async function () {
    skipFor(this, sshdMissing());
    const sshd = await startSshd();
    const home = await mkdtemp(path.join(top, 'home-'));
    const inside = `/${path.basename(home)}`;
    await mkdir(path.join(top, 'etc'));
    await writeFile(path.join(top, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
    try {
      await copyFile(sshd.privateKeyFile, path.join(home, 'key'));
      await copyFile(sshd.knownHostsFile, path.join(home, 'known_hosts'));
      await writeFile(path.join(home, 'hosts.yaml'), inventoryOf(sshd, inside));
      await writeFile(path.join(home, 'play.yaml'), playbookText);
      const run = (name: string) => zrun(name, '-i', `${inside}/hosts.yaml`, '--output', 'plain');
      expect((await run(`${inside}/play.yaml`)).stdout).to.include('1 host: 1 done');
      expect((await run('audit')).stdout).to.include('1 host: 1 done');
    } finally {
      await rm(home, { recursive: true });
      await sshd.stop();
    }
  });
});
