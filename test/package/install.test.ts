/**
 * One file is all that an installation takes: it brings no package, and its playbooks are found from anywhere, on each
 * release of Node that zrun promises to run on.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import * as z from 'zod';
import { findNode, nodeReleases } from '../build/node-releases.js';
import { skipFor } from '../integration/skip.js';
import { sshdMissing, startSshd } from '../integration/sshd.js';
import { inventoryOf, makeStage, playbookText, type Stage } from './stage.js';

const execute = promisify(execFile);

describe('an installed zrun', function () {
  this.timeout(300_000);
  let stage: Stage;
  let file: string;
  /** Where nothing is. */
  let empty: string;
  let prefix: string;

  before(async () => {
    stage = await makeStage();
    [empty, prefix] = [path.join(stage.folder, 'empty'), path.join(stage.folder, 'prefix')];
    await mkdir(empty);
    // Not with what mocha itself is run with.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = await execute('npm', ['pack', '--json'], { cwd: stage.folder, env });
    const [packed] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(stdout));
    file = path.join(stage.folder, packed?.filename ?? '');
    const begin = performance.now();
    const install = ['install', '--global', '--offline', '--prefix', prefix, file];
    // A cache of its own: what this machine has fetched before does not help.
    await execute('npm', [...install, '--cache', path.join(stage.folder, 'cache')], { cwd: empty, env });
    process.stdout.write(
      `      npm install --global: ${((performance.now() - begin) / 1000).toFixed(1)} s\n`,
    );
  });
  after(() => stage.remove());

  it('is one package, without the net', async () => {
    expect(await readdir(path.join(prefix, 'lib/node_modules'))).to.deep.equal(['zrun']);
    // Whoever adds a package that src uses: npm install --save-dev. The bundle has it inside.
    const manifest = z
      .looseObject({ dependencies: z.undefined().optional() })
      .parse(JSON.parse(await readFile(path.join(prefix, 'lib/node_modules/zrun/package.json'), 'utf8')));
    expect(manifest).not.to.have.property('dependencies');
    expect(existsSync(path.join(prefix, 'lib/node_modules/zrun/node_modules'))).to.equal(false);
  });

  it('has the licenses of what is inside, and a manual page', async () => {
    const home = path.join(prefix, 'lib/node_modules/zrun');
    const licenses = await readFile(path.join(home, 'dist/LICENSES'), 'utf8');
    for (const name of ['ssh2', 'zod', 'handlebars', 'yaml'])
      expect(licenses).to.match(new RegExp(`^${name} \\d`, 'm'));
    const page = path.join(prefix, 'share/man/man1/zrun.1');
    expect((await lstat(page)).isSymbolicLink()).to.equal(true);
    const text = await readFile(page, 'utf8');
    for (const word of ['.SH SYNOPSIS', '\\-\\-check', '.SH ZRUN PLAYBOOKS', '.SH EXIT CODES'])
      expect(text).to.include(word);
  });

  for (const release of nodeReleases) {
    describe(`on Node ${release}`, () => {
      let env: Record<string, string>;

      before(async function () {
        const node = await findNode(release);
        if ('missing' in node) {
          skipFor(this, node.missing);
          return;
        }
        const home = await mkdtemp(path.join(stage.folder, 'home-'));
        env = {
          PATH: `${path.dirname(node.program)}:${process.env['PATH'] ?? ''}`,
          HOME: home,
          NO_COLOR: '1',
        };
        const { stdout } = await execute('node', ['--version'], { env });
        expect(stdout).to.match(new RegExp(`^v${release.replace('.', '\\.')}\\.`));
      });

      const zrun = async (words: readonly string[], cwd = empty) =>
        execute(path.join(prefix, 'bin/zrun'), [...words], { cwd, env });

      it('says its version, its help and its documentation', async () => {
        expect((await zrun(['--version'])).stdout).to.equal(`zrun ${stage.version}\n`);
        expect((await zrun(['--help'])).stdout).to.include('Usage: zrun PLAYBOOK');
        expect((await zrun(['doc', 'copy'])).stdout).to.include('copy');
      });

      it('finds its playbooks from an empty folder, and says where', async () => {
        const { stdout } = await zrun(['playbooks', '--json']);
        const names = z.array(z.object({ name: z.string() })).parse(JSON.parse(stdout));
        expect(names.map(({ name }) => name)).to.include.members(['audit', 'overlay2', 'rollback']);
        for (const { name } of names) {
          const said = await zrun([name, '-i', 'web1,', '--syntax-check']);
          const there = path.join(await realpath(prefix), 'lib/node_modules/zrun/playbooks', `${name}.yaml`);
          expect(said.stdout).to.equal(`${there}: ok\n`);
          expect(said.stderr).to.equal(`playbook ${name} is zrun's own ${there}\n`);
        }
      });

      it('takes a playbook home that runs there by itself', async () => {
        const mine = await mkdtemp(path.join(stage.folder, 'mine-'));
        await zrun(['playbooks', 'copy', 'overlay2'], mine);
        const { stdout } = await zrun(['overlay2', '-i', 'web1,', '--syntax-check'], mine);
        expect(stdout).to.equal('playbooks/overlay2.yaml: ok\n');
        await rm(mine, { recursive: true });
      });

      it('runs on a host', async function () {
        skipFor(this, sshdMissing());
        const sshd = await startSshd();
        try {
          const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-node-'));
          await copyFile(sshd.privateKeyFile, path.join(folder, 'key'));
          await copyFile(sshd.knownHostsFile, path.join(folder, 'known_hosts'));
          await writeFile(path.join(folder, 'hosts.yaml'), inventoryOf(sshd, folder));
          await writeFile(path.join(folder, 'play.yaml'), playbookText);
          const { stdout } = await zrun(['play.yaml', '-i', 'hosts.yaml', '--output', 'plain'], folder);
          expect(stdout).to.include('1 host: 1 done');
          // On a host with neither ZFS nor Docker it ends with a verdict, and touches nothing.
          const audit = await zrun(['audit', '-i', 'hosts.yaml', '--output', 'plain'], folder);
          expect(audit.stdout).to.include('1 host: 1 done');
          await rm(folder, { recursive: true });
        } finally {
          await sshd.stop();
        }
      });
    });
  }
});
