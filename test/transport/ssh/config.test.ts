import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createSshConfig } from '../../../src/transport/ssh/config.js';
import type { SshSettings } from '../../../src/transport/ssh/settings.js';
import { errorOf } from '../../integration/error.js';

describe('the ssh configuration', () => {
  let home = '';
  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'zrun-home-'));
    await mkdir(path.join(home, '.ssh'));
  });
  after(() => rm(home, { recursive: true }));

  const ask = async (
    config: string,
    query: { address: string; user?: string; port?: number },
    ssh?: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<SshSettings> => {
    await writeFile(path.join(home, '.ssh', 'config'), config);
    return createSshConfig({ env: { PATH: process.env['PATH'], ...env }, homedir: home, ssh })(query);
  };

  for (const [how, ssh] of [
    ['by ssh -G', undefined],
    ['by the package', '/nonexistent/ssh'],
  ] as const) {
    it(`${how}: names, ports, files and jumps`, async () => {
      const settings = await ask(
        'Host web*\n  HostName %h.example\n  Port 2222\n  User deploy\n  IdentityFile ~/.ssh/%r_key\n' +
          '  IdentitiesOnly yes\n  ProxyJump bastion\n  UserKnownHostsFile ~/.ssh/kh1 ~/.ssh/kh2\n  HostKeyAlias alias\n' +
          '  IdentityAgent ~/.ssh/agent\n  HashKnownHosts yes\n',
        { address: 'web1' },
        ssh,
      );
      expect(settings).to.deep.include({
        hostName: 'web1.example',
        port: 2222,
        user: 'deploy',
        identitiesOnly: true,
        proxyJump: 'bastion',
        hostKeyAlias: 'alias',
        hashKnownHosts: true,
        userKnownHostsFiles: [path.join(home, '.ssh', 'kh1'), path.join(home, '.ssh', 'kh2')],
        agentSocket: path.join(home, '.ssh', 'agent'),
      });
      expect(settings.identityFiles[0]).to.equal(path.join(home, '.ssh', 'deploy_key'));
    });

    it(`${how}: what nobody has set`, async () => {
      const settings = await ask('', { address: 'web1' }, ssh, { SSH_AUTH_SOCK: '/tmp/sock' });
      expect(settings).to.deep.include({
        hostName: 'web1',
        port: 22,
        user: userInfo().username,
        proxyJump: undefined,
        hostKeyAlias: undefined,
        agentSocket: '/tmp/sock',
      });
      expect(settings.userKnownHostsFiles[0]).to.equal(path.join(home, '.ssh', 'known_hosts'));
      expect(settings.identityFiles).to.include(path.join(home, '.ssh', 'id_ed25519'));
    });

    it(`${how}: what was asked for goes first`, async () => {
      const settings = await ask(
        'Host *\n  User deploy\n  Port 2222\n',
        { address: 'web1', user: 'me', port: 22 },
        ssh,
      );
      expect([settings.user, settings.port]).to.deep.equal(['me', 22]);
    });

    it(`${how}: no agent, no jump`, async () => {
      const settings = await ask(
        'Host *\n  IdentityAgent none\n  ProxyJump none\n',
        { address: 'web1' },
        ssh,
        {
          SSH_AUTH_SOCK: '/tmp/sock',
        },
      );
      expect([settings.agentSocket, settings.proxyJump]).to.deep.equal([undefined, undefined]);
    });
  }

  it('is asked once for all addresses where it does not tell them apart', async () => {
    const counted = path.join(home, 'ssh');
    const calls = path.join(home, 'calls');
    await writeFile(counted, `#!/bin/sh\necho call >> ${calls}\nexec ssh "$@"\n`, { mode: 0o755 });
    const count = async (config: string): Promise<number> => {
      await writeFile(calls, '');
      await writeFile(path.join(home, '.ssh', 'config'), config);
      const configOf = createSshConfig({ env: { PATH: process.env['PATH'] }, homedir: home, ssh: counted });
      const settings = await Promise.all(['a', 'b', 'c'].map((address) => configOf({ address })));
      expect(settings.map(({ hostName }) => hostName)).to.deep.equal(['a', 'b', 'c']);
      return (await readFile(calls, 'utf8')).split('\n').length - 1;
    };
    expect(await count('Host *\n  User deploy\n')).to.equal(1);
    expect(await count('Host a\n  User deploy\n')).to.equal(3);
    expect(await count('Match host b\n  User deploy\n')).to.equal(3);
  });

  it('an address that looks like an option is none', async () => {
    const settings = await ask('', { address: '-oProxyCommand=touch /tmp/x' }).catch(() => undefined);
    if (settings !== undefined) expect(settings.hostName).to.equal('-oProxyCommand=touch /tmp/x');
  });

  it('a file that ssh does not understand is an error with its words', async () => {
    const error = await errorOf(ask('Host *\n  NoSuchKeyword yes\n', { address: 'web1' }), 'connect-failed');
    expect(error.problem.stderr).to.contain('nosuchkeyword');
  });
});
