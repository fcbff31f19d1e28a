/**
 * Logging in to a real sshd: keys, the agent, the ssh configuration.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Connection, SshTarget } from '../../src/core/host.js';
import { sh } from '../../src/core/shell.js';
import { createTransport, type TransportOptions } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import { generateKey, makeUser, sshdMissing, startSshd, usersMissing, type Sshd } from './sshd.js';

describe('logging in', function () {
  let server: Sshd | undefined;
  const sshd = (): Sshd => {
    if (server === undefined) throw new Error('no sshd');
    return server;
  };
  const agents: ChildProcess[] = [];
  before(async function () {
    skipFor(this, sshdMissing());
    server = await startSshd();
  });
  after(async () => {
    for (const agent of agents) agent.kill();
    await server?.stop();
  });

  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env['SSH_AUTH_SOCK'];

  /** Connects, runs something and closes. */
  const logIn = async (target: SshTarget, options: Partial<TransportOptions> = {}): Promise<void> => {
    const transport = createTransport({ env, homedir: sshd().folder, ...options });
    let connection: Connection | undefined;
    try {
      const host = { ...sshd().host(), target };
      connection = await transport.connect(host, {
        connectTimeoutMs: 15_000,
        signal: new AbortController().signal,
      });
      expect((await connection.run(sh`echo in`)).stdout.toString()).to.equal('in\n');
    } finally {
      await connection?.close();
      await transport.close();
    }
  };
  const key = async (name: string, passphrase = ''): Promise<string> => {
    const file = path.join(sshd().folder, name);
    if (!existsSync(file)) await generateKey(file, { passphrase });
    return file;
  };
  const withoutKey = (): SshTarget => {
    const { transport, address, port, user, knownHostsFile } = sshd().target();
    return {
      transport,
      address,
      ...(port && { port }),
      ...(user && { user }),
      ...(knownHostsFile && { knownHostsFile }),
    };
  };

  it('a key that the host does not know is refused, and named', async () => {
    const file = await key('stranger');
    const error = await errorOf(logIn(sshd().target({ privateKeyFile: file })), 'auth-failed');
    expect(error.message).to.contain(`user ${sshd().user}`).and.to.contain(`${file} (ED25519 SHA256:`);
    const { address, port = 22, user = '', knownHostsFile = '' } = sshd().target();
    expect(error.problem.tried)
      .to.match(new RegExp(`^${user}@${address}:${port}; keys: ${file} \\(ED25519 SHA256:`))
      .and.to.contain(`; known_hosts: ${knownHostsFile}`);
    // The same with ssh itself: it is refused there too, and not for another reason.
    const [, line = ''] = /Try: (ssh .* true)$/m.exec(error.hint ?? '') ?? [];
    const byHand = spawnSync('sh', ['-c', line.replace('ssh', 'ssh -o BatchMode=yes')], { encoding: 'utf8' });
    expect(byHand.stderr).to.contain('Permission denied');
    const fitting = line.replace(file, sshd().privateKeyFile).replace('ssh', 'ssh -o BatchMode=yes');
    expect(spawnSync('sh', ['-c', fitting]).status).to.equal(0);
  });

  it('a user that does not exist is refused', async () => {
    await errorOf(logIn(sshd().target({ user: 'no-such-user-here' })), 'auth-failed');
  });

  it('a key file that is not there, or is no key, or has a passphrase', async () => {
    const missing = path.join(sshd().folder, 'missing');
    const absent = await errorOf(logIn(sshd().target({ privateKeyFile: missing })), 'key-unreadable');
    expect(absent.message).to.contain(missing);
    expect(absent.hint).to.equal('Check --private-key, or ansible_ssh_private_key_file in the inventory.');
    const noKey = path.join(sshd().folder, 'no-key');
    await writeFile(noKey, 'hello\n');
    await errorOf(logIn(sshd().target({ privateKeyFile: noKey })), 'key-unreadable');
    await errorOf(logIn(sshd().target({ privateKeyFile: `${sshd().privateKeyFile}.pub` })), 'key-unreadable');
    const locked = await key('locked', 'a passphrase');
    const error = await errorOf(logIn(sshd().target({ privateKeyFile: locked })), 'key-unreadable');
    expect(error.hint).to.contain(`ssh-add ${locked}`);
  });

  it('no key at all', async () => {
    const error = await errorOf(logIn(withoutKey()), 'auth-failed');
    expect(error.message).to.contain('there was none to offer');
  });

  it('the default keys of the home directory, those with a passphrase passed over', async () => {
    const home = path.join(sshd().folder, 'home-keys');
    await mkdir(path.join(home, '.ssh'), { recursive: true });
    await generateKey(path.join(home, '.ssh', 'id_rsa'), { passphrase: 'secret', type: 'ecdsa' });
    const error = await errorOf(logIn(withoutKey(), { homedir: home }), 'auth-failed');
    expect(error.message).to.contain('id_rsa (has a passphrase');
    execFileSync('cp', [sshd().privateKeyFile, path.join(home, '.ssh', 'id_ed25519')]);
    await logIn(withoutKey(), { homedir: home });
  });

  describe('with an agent', () => {
    let socket = '';
    before(async () => {
      socket = path.join(sshd().folder, 'agent');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      agents.push(agent);
      while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    const add = (file: string, extra: NodeJS.ProcessEnv = {}): void =>
      void execFileSync('ssh-add', ['-q', file], {
        env: { ...process.env, ...extra, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      });

    it('offers its keys', async () => {
      add(await key('stranger'));
      await errorOf(logIn(withoutKey(), { env: { ...env, SSH_AUTH_SOCK: socket } }), 'auth-failed');
      add(sshd().privateKeyFile);
      await logIn(withoutKey(), { env: { ...env, SSH_AUTH_SOCK: socket } });
    });

    it('stands in for a key file with a passphrase', async () => {
      const locked = await key('locked', 'a passphrase');
      const askpass = path.join(sshd().folder, 'askpass');
      await writeFile(askpass, "#!/bin/sh\necho 'a passphrase'\n", { mode: 0o755 });
      add(locked, { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' });
      execFileSync('sh', ['-c', `cat ${locked}.pub >> ${sshd().authorizedKeysFile}`]);
      await logIn(sshd().target({ privateKeyFile: locked }), { env: { ...env, SSH_AUTH_SOCK: socket } });
    });

    it('that has a certificate alone is said before a connection', async () => {
      const own = path.join(sshd().folder, 'certified-agent');
      agents.push(spawn('ssh-agent', ['-D', '-a', own], { stdio: 'ignore' }));
      while (!existsSync(own)) await new Promise((resolve) => setTimeout(resolve, 10));
      const [ca, file] = [await key('ca'), await key('certified')];
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'me', '-n', 'root', `${file}.pub`]);
      const inAgent = { env: { ...env, SSH_AUTH_SOCK: own } };
      execFileSync('ssh-add', ['-q', file], { ...inAgent, stdio: 'ignore' });
      execFileSync('ssh-add', ['-q', '-d', `${file}.pub`], { ...inAgent, stdio: 'ignore' });
      const listed = execFileSync('ssh-add', ['-L'], { ...inAgent, encoding: 'utf8' });
      expect(listed).to.match(/^ssh-ed25519-cert-v01@openssh\.com [^\n]+\n$/);
      const before = sshd().log();
      const error = await errorOf(logIn(withoutKey(), inAgent), 'key-unreadable');
      expect(error.message).to.match(/the agent has a user certificate \(ssh-ed25519-cert-v01@openssh\.com/);
      expect(sshd().log()).to.equal(before);
    });

    it('that is gone is said, not fatal', async () => {
      const gone = { ...env, SSH_AUTH_SOCK: '/nonexistent/agent' };
      await logIn(sshd().target(), { env: gone });
      const error = await errorOf(logIn(withoutKey(), { env: gone }), 'auth-failed');
      expect(error.message).to.contain('the agent at /nonexistent/agent');
    });
  });

  describe('the ssh configuration', () => {
    const programs: readonly { title: string; ssh: string | undefined }[] = [
      { title: 'read by ssh -G', ssh: undefined },
      { title: 'read without OpenSSH', ssh: '/nonexistent/ssh' },
    ];
    for (const { title, ssh } of programs) {
      it(`gives an alias its address, port, user, key and known_hosts, ${title}`, async function () {
        const home = path.join(sshd().folder, 'home-config');
        await mkdir(path.join(home, '.ssh'), { recursive: true });
        await writeFile(
          path.join(home, '.ssh', 'config'),
          `Host other\n  HostName nowhere.invalid\n\n` +
            `Host al*\n  HostName 127.0.0.1\n  Port ${sshd().port}\n  User ${sshd().user}\n` +
            `  IdentityFile ~/../id\n  UserKnownHostsFile ${sshd().knownHostsFile}\n`,
        );
        await logIn({ transport: 'ssh', address: 'alias' }, { homedir: home, ssh });
        // What the inventory says goes before it.
        await errorOf(
          logIn({ transport: 'ssh', address: 'alias', user: 'no-such-user-here' }, { homedir: home, ssh }),
          'auth-failed',
        );
      });
    }

    describe('ProxyCommand', () => {
      const through = `${process.execPath} -e "const s = require('net').connect(+process.argv[2], process.argv[1]); process.stdin.pipe(s).pipe(process.stdout)" %h %p`;
      const withCommand = async (command: string): Promise<string> => {
        const home = path.join(
          sshd().folder,
          `home-command-${Buffer.from(command).toString('hex').slice(-12)}`,
        );
        await mkdir(path.join(home, '.ssh'), { recursive: true });
        await writeFile(path.join(home, '.ssh', 'config'), `Host *\n  ProxyCommand ${command}\n`);
        return home;
      };

      it('is the way to a host, and ends with the connection', async () => {
        await logIn(sshd().target(), { homedir: await withCommand(`${through} zrun-proxy`) });
        await logIn(sshd().target({ proxyCommand: `${through} zrun-proxy` }));
        const left = (): string =>
          execFileSync('sh', ['-c', 'pgrep -f "%[h] %[p] zrun-prox[y]" || :']).toString();
        expect(left()).to.equal('');
      });

      it('that fails is said with its own words, at once', async () => {
        const home = await withCommand(`sh -c 'echo no way >&2; exit 3'`);
        const error = await errorOf(logIn(sshd().target(), { homedir: home }), 'connect-failed');
        expect(error.message).to.match(/the ProxyCommand of .* ended \(exit code 3\)/);
        expect(error.problem.stderr).to.equal('no way');
      });

      it('never gets a name that a shell would read more into', async () => {
        const target = {
          ...sshd().target({ proxyCommand: `${through} %n` }),
          address: '127.0.0.1;touch /tmp/zrun-x',
        };
        const error = await errorOf(logIn(target), 'connect-failed');
        expect(error.message).to.match(/a shell would read more into it|cannot/);
        expect(existsSync('/tmp/zrun-x')).to.equal(false);
      });
    });
  });

  it('a login shell that runs nothing', async function () {
    skipFor(this, usersMissing());
    const user = makeUser('zrun-nologin', { shell: '/usr/sbin/nologin' });
    try {
      const error = await errorOf(logIn(sshd().target({ user: user.name })), 'connect-failed');
      expect(error.message).to.contain('login shell');
    } finally {
      user.remove();
    }
  });
});
