/**
 * Host keys against a real sshd: only a key on record is trusted, and a new one only where the user has asked for it.
 */
import { execFileSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { sh } from '../../src/core/shell.js';
import { createTransport } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import { generateKey, sshdMissing, startSshd, type Sshd } from './sshd.js';

describe('host keys', function () {
  let server: Sshd | undefined;
  const sshd = (): Sshd => {
    if (server === undefined) throw new Error('no sshd');
    return server;
  };
  before(async function () {
    skipFor(this, sshdMissing());
    server = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa'] });
  });
  after(() => server?.stop());

  let count = 0;
  /** Connects with a known_hosts file of this content, runs something, and says what the file holds then. */
  const connect = async (
    knownHosts: string | undefined,
    acceptNewHostKeys = false,
    file = path.join(sshd().folder, `known-${++count}`, 'known_hosts'),
  ): Promise<string> => {
    if (knownHosts !== undefined) {
      execFileSync('mkdir', ['-p', path.dirname(file)]);
      await writeFile(file, knownHosts);
    }
    const transport = createTransport({ env: process.env, acceptNewHostKeys });
    const signal = new AbortController().signal;
    try {
      const host = sshd().host({ knownHostsFile: file });
      const connection = await transport.connect(host, { connectTimeoutMs: 15_000, signal });
      expect((await connection.run(sh`echo in`)).stdout.toString()).to.equal('in\n');
      await connection.close();
    } finally {
      await transport.close();
    }
    return readFile(file, 'utf8');
  };
  const name = (): string => `[127.0.0.1]:${sshd().port}`;
  const ed25519 = (): string => sshd().hostKeys[0] ?? '';
  const ecdsa = (): string => sshd().hostKeys[1] ?? '';
  const otherKey = async (): Promise<string> => {
    const file = path.join(sshd().folder, `other-${++count}`);
    await generateKey(file);
    return (await readFile(`${file}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  };
  /** As ssh-keygen says it. */
  const fingerprintOf = (type: string): string =>
    execFileSync('ssh-keygen', ['-lf', path.join(sshd().folder, `host_${type}.pub`)], {
      encoding: 'utf8',
    }).split(' ')[1] ?? '';

  it('a key on record is trusted', async () => {
    await connect(`${name()} ${ed25519()}\n`);
  });

  it('is asked for by the type that is on record', async () => {
    await connect(`${name()} ${ecdsa()}\n`);
  });

  it('is found under a hashed name, as ssh-keygen -H writes it', async () => {
    const file = path.join(sshd().folder, 'hashed');
    await writeFile(file, `${name()} ${ed25519()}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const hashed = await readFile(file, 'utf8');
    expect(hashed).to.match(/^\|1\|/);
    await connect(hashed);
  });

  it('is found under a pattern, and under the name without its port', async () => {
    await connect(`[127.0.0.*]:* ${ed25519()}\n`);
    await connect(`127.0.0.1 ${ed25519()}\n`);
  });

  it('an unknown key is refused, with its fingerprint and what to do', async () => {
    for (const content of [undefined, '', `[127.0.0.1]:1 ${await otherKey()}\n`]) {
      const error = await errorOf(connect(content), 'host-key-unknown');
      expect(error.message).to.contain(fingerprintOf('ed25519')).and.to.contain('known_hosts');
      expect(error.hint)
        .to.contain(`ssh-keyscan -p ${sshd().port} 127.0.0.1`)
        .and.to.contain('--accept-new-host-keys');
    }
  });

  it('an unknown key is recorded where the user has asked for it, and is known from then on', async () => {
    const recorded = await connect(undefined, true);
    expect(recorded.trimEnd().split('\n')).to.have.length(1);
    await connect(recorded);
    const after = await connect('# mine\nother.example ssh-ed25519 AAAA', true);
    expect(after.split('\n').slice(0, 2)).to.deep.equal(['# mine', 'other.example ssh-ed25519 AAAA']);
    await connect(after);
    expect(after).to.equal(await connect(after, true));
  });

  it('the file that is made for it is the owner’s alone', async () => {
    await connect(undefined, true);
    const file = path.join(sshd().folder, `known-${count}`, 'known_hosts');
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect((await stat(path.dirname(file))).mode & 0o777).to.equal(0o700);
  });

  it('one that cannot be recorded is refused: nothing would know it the next time', async () => {
    const error = await errorOf(connect(undefined, true, '/proc/none/known_hosts'), 'host-key-unknown');
    expect(error.message).to.match(
      /cannot be written to \/proc\/none\/known_hosts: its folder is not there$/,
    );
  });

  it('a changed key is never accepted, and the line on record is named', async () => {
    const other = await otherKey();
    for (const acceptNew of [false, true]) {
      const error = await errorOf(connect(`# first\n${name()} ${other}\n`, acceptNew), 'host-key-changed');
      expect(error.message).to.match(/known_hosts:2: it shows ED25519 SHA256:/);
      expect(error.message).to.contain(fingerprintOf('ed25519'));
      expect(error.hint).to.contain('ssh-keygen -R');
    }
  });

  it('a revoked key is refused, though it is on record too', async () => {
    const content = `${name()} ${ed25519()}\n@revoked * ${ed25519()}\n`;
    const error = await errorOf(connect(content, true), 'host-key-changed');
    expect(error.message).to.match(/revoked at .*known_hosts:2/);
  });
});
