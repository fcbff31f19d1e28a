/**
 * `remount`, and what it asks of mounts elsewhere, against this machine's kernel, in mount namespaces of the test's own.
 * Needs root, which a run without it says.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { holdersScript, parseHolders } from '../../../src/modules/host/holders.js';
import { elsewhereProbe } from '../../../src/modules/storage/mounts-elsewhere.js';
import { remount } from '../../../src/modules/storage/remount.js';
import {
  createCheck,
  createHost,
  failureOf,
  localRun,
  perform,
  performTwice,
  type Host,
} from '../harness.js';

const canUnshare = spawnSync('unshare', ['-m', 'true']).status === 0;

describe('remount, for real', function () {
  let folder: string;
  let root: string;
  let keeper: ChildProcess;
  let host: Host;
  const started: ChildProcess[] = [];

  before(function () {
    if (canUnshare) return;
    console.log('      not tried: making a mount namespace needs root and unshare(1)');
    this.skip();
  });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-remount-'));
    root = `${folder}/the root`;
    // What lies above is shared, as systemd has it.
    keeper = await keep(
      ['unshare', '-m'],
      `mount -t tmpfs above '${folder}' && mount --make-shared '${folder}'
mkdir '${root}' '${folder}/sftp' && mount -t tmpfs data '${root}' && mkdir -p '${root}/volumes/a/_data' && touch '${root}/volumes/a/_data/f'`,
    );
    host = createHost(localRun(['nsenter', '-t', String(keeper.pid), '-m', 'sh']));
  });
  afterEach(async () => {
    for (const each of started.splice(0)) {
      each.kill('SIGKILL');
      if (each.exitCode === null && each.signalCode === null) await once(each, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  });

  /** A process that lasts, in the namespace of the host or one made from it. */
  async function keep(argv: readonly string[], script: string): Promise<ChildProcess> {
    const child = spawn('env', [...argv, 'sh', '-c', `${script}\necho ready; exec sleep 600`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    await once(child.stdout, 'data');
    return child;
  }
  const inHost = (...argv: readonly string[]) => ['nsenter', '-t', String(keeper.pid), '-m', ...argv];
  const sh = async (shellText: string): Promise<string> => {
    const { status, stdout, stderr } = await host.run({ shellText });
    if (status !== 0) throw new Error(stderr.toString());
    return stdout.toString();
  };
  const readOnly = (more = {}) => ({ path: root, state: 'read_only', ...more });

  it('lets nothing be written to it, and everything again', async () => {
    expect((await createCheck(host)(remount, readOnly())).change).to.equal('some');
    await performTwice(remount, readOnly(), host);
    await sh(`! touch '${root}/volumes/a/_data/g' 2>/dev/null`);
    await performTwice(remount, { path: root, state: 'writable' }, host);
    await sh(`touch '${root}/volumes/a/_data/g'`);
    await perform(remount, { path: '/nonexistent', state: 'writable' }, host);
  });

  it('fails as long as a file is open for writing, and says who has it', async () => {
    const writer = await keep(inHost(), `exec 3>>'${root}/volumes/a/_data/f'`);
    const error = await failureOf(perform(remount, readOnly({ timeout: 0 }), host));
    expect(error.message).to.equal(`${root} could not be made read-only`);
    expect(error.problem.stderr).to.contain(
      `process ${writer.pid} (sleep) has ${root}/volumes/a/_data/f open for writing`,
    );
    await sh(`touch '${root}/volumes/a/_data/g'`);
  });

  it('is not unmounted while processes use it, which are named', async () => {
    const reader = await keep(inHost(), `exec 3<'${root}/volumes/a/_data/f'`);
    const worker = await keep(inHost(), `cd '${root}/volumes'`);
    await keep(inHost(), `cd '${folder}'`);
    const said = await host.run(holdersScript(root));
    expect(
      parseHolders(said.stdout.toString().split('\n')).map(({ pid, program, path }) => [pid, program, path]),
    )
      .to.have.deep.members([
        [reader.pid, 'sleep', `${root}/volumes/a/_data/f`],
        [worker.pid, 'sleep', `${root}/volumes`],
      ])
      .and.to.have.length(2);
  });

  it('waits for what is written just now', async () => {
    spawn('nsenter', [
      '-t',
      String(keeper.pid),
      '-m',
      'sh',
      '-c',
      `sleep 1.5 3>>'${root}/volumes/a/_data/f'`,
    ]);
    await sh('sleep 0.3');
    await performTwice(remount, readOnly(), host);
  });

  it('lets pass the namespaces that follow the host, and what is mounted in them of others', async () => {
    await keep(inHost('unshare', '-m', '--propagation', 'slave'), ':');
    await keep(
      inHost('unshare', '-m', '--propagation', 'slave'),
      `mount --make-rshared '${folder}'; mount -t tmpfs x '${folder}/sftp'`,
    );
    await keep(inHost('unshare', '-m', '--propagation', 'shared'), ':');
    expect(await host.read(elsewhereProbe(root))).to.deep.equal([]);
    await performTwice(remount, readOnly(), host);
    await sh(`umount '${root}'`);
    for (const { pid } of started)
      expect(spawnSync('grep', ['-c', ' data ', `/proc/${pid}/mountinfo`]).stdout.toString()).to.equal('0\n');
  });

  for (const { what, make, argv, at, here } of [
    {
      what: 'a bind mount',
      argv: [],
      make: 'mount --bind "$1/volumes/a/_data" "$2/sftp"',
      at: 'sftp',
      here: true,
    },
    {
      what: 'a namespace that follows nobody',
      argv: ['unshare', '-m', '--propagation', 'private'],
      make: ':',
      at: 'the root',
    },
    {
      what: 'a service with BindPaths',
      argv: ['unshare', '-m', '--propagation', 'slave'],
      make: 'mount --bind "$1/volumes/a/_data" "$2/sftp"',
      at: 'sftp',
    },
    {
      what: 'a service with ReadWritePaths',
      argv: ['unshare', '-m', '--propagation', 'slave'],
      make: 'mount --bind "$1/volumes/a/_data" "$1/volumes/a/_data"',
      at: 'the root/volumes/a/_data',
    },
  ]) {
    it(`refuses ${what}`, async () => {
      const other = await keep(inHost(...argv), `set -- '${root}' '${folder}'; ${make}`);
      const seen = at === 'the root' ? root : `${root}/volumes/a/_data`;
      const [found, ...more] = await host.read(elsewhereProbe(root));
      expect(more).to.deep.equal([]);
      expect(found).to.deep.include({
        what: seen,
        at: `${folder}/${at}`,
        pid: here ? null : other.pid,
        program: here ? null : 'sleep',
      });
      const error = await failureOf(perform(remount, readOnly(), host));
      expect(error.message).to.contain(
        `${seen} is mounted at ${folder}/${at}${here ? ': unmount it' : ` in the mount namespace of process ${other.pid} (sleep`}`,
      );
      await sh(`touch '${root}/volumes/a/_data/g'`);
    });
  }

  describe('of a folder of a larger file system', () => {
    let below: string;
    const folderOnly = (more = {}) => ({ path: below, folder: true, state: 'read_only', ...more });

    beforeEach(async () => {
      below = `${folder}/a folder`;
      await sh(`mkdir -p '${below}/volumes/a/_data' && touch '${below}/volumes/a/_data/f'`);
    });

    it('lets nothing be written to it, and goes on with the rest', async () => {
      expect((await createCheck(host)(remount, folderOnly())).change).to.equal('some');
      await keep(inHost(), `exec 3>>'${folder}/other'`);
      await keep(inHost(), `exec 3<'${below}/volumes/a/_data/f'`);
      await performTwice(remount, folderOnly(), host);
      await sh(`! touch '${below}/volumes/a/_data/g' 2>/dev/null && touch '${folder}/more'`);
      expect(await host.read(elsewhereProbe(below)), 'while it is read-only').to.deep.equal([]);
      await performTwice(remount, folderOnly({ state: 'writable' }), host);
      await sh(`touch '${below}/volumes/a/_data/g' && mv '${below}' '${folder}/renamed'`);
    });

    for (const [what, script, said] of [
      [
        'has a file open for writing',
        (at: string) => `exec 3>>'${at}/volumes/a/_data/f'`,
        'open for writing',
      ],
      ['works in it', (at: string) => `cd '${at}/volumes'`, 'works in'],
    ] as const) {
      it(`fails as long as a process ${what}, and leaves it writable`, async () => {
        const user = await keep(inHost(), script(below));
        const error = await failureOf(perform(remount, folderOnly({ timeout: 0 }), host));
        expect(error.problem.stderr).to.match(new RegExp(`process ${user.pid} \\(sleep\\).*${said}`));
        await sh(`touch '${below}/volumes/a/_data/g' && mv '${below}' '${folder}/renamed'`);
      });
    }

    it('lets pass the namespaces that follow the host', async () => {
      await keep(inHost('unshare', '-m', '--propagation', 'slave'), ':');
      await keep(inHost('unshare', '-m', '--propagation', 'shared'), `mount -t tmpfs x '${folder}/sftp'`);
      // Neither what lies beside it, nor a mount of its own that hides it.
      await keep(inHost('unshare', '-m', '--propagation', 'private'), `mount -t tmpfs x '${folder}'`);
      await sh(`mkdir '${folder}/beside' && mount --bind '${folder}/beside' '${folder}/sftp'`);
      expect(await host.read(elsewhereProbe(below))).to.deep.equal([]);
      await performTwice(remount, folderOnly(), host);
    });

    for (const { what, argv, make, seen, at, here } of [
      {
        what: 'a bind mount of a volume',
        argv: [],
        make: 'mount --bind "$1/volumes/a/_data" "$2/sftp"',
        seen: '/volumes/a/_data',
        at: 'sftp',
        here: true,
      },
      {
        what: 'a namespace that follows nobody',
        argv: ['unshare', '-m', '--propagation', 'private'],
        make: ':',
        seen: '',
        at: 'a folder',
      },
      {
        what: 'a service with BindPaths',
        argv: ['unshare', '-m', '--propagation', 'slave'],
        make: 'mount --bind "$1" "$2/sftp"',
        seen: '',
        at: 'sftp',
      },
      {
        what: 'a service with ReadWritePaths',
        argv: ['unshare', '-m', '--propagation', 'slave'],
        make: 'mount --bind "$1/volumes/a/_data" "$1/volumes/a/_data"',
        seen: '/volumes/a/_data',
        at: 'a folder/volumes/a/_data',
      },
      {
        what: 'a mount of all of it that hears of no other',
        argv: [],
        make: 'mount --bind "$2" "$2/sftp" && mount --make-private "$2/sftp"',
        seen: '',
        at: 'sftp/a folder',
        here: true,
      },
    ]) {
      it(`refuses ${what}`, async () => {
        const other = await keep(inHost(...argv), `set -- '${below}' '${folder}'; ${make}`);
        expect(await host.read(elsewhereProbe(below))).to.deep.equal([
          {
            what: `${below}${seen}`,
            at: `${folder}/${at}`,
            pid: here ? null : other.pid,
            program: here ? null : 'sleep',
            unit: null,
          },
        ]);
        const error = await failureOf(perform(remount, folderOnly(), host));
        expect(error.message).to.contain(`${below}${seen} is mounted at ${folder}/${at}`);
        await sh(`touch '${below}/volumes/a/_data/g'`);
      });
    }
  });
});
