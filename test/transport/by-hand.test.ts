/** The login that a hint names: what a person can paste, and what is left out of it. */
import { expect } from 'chai';
import type { SshTarget } from '../../src/core/host.js';
import { Secret } from '../../src/core/secret.js';
import { loginByHand } from '../../src/transport/ssh/by-hand.js';

describe('a login by hand', () => {
  const rows: readonly {
    readonly what: string;
    readonly target: Partial<SshTarget>;
    readonly configJump?: string;
    readonly jumpKey?: string;
    readonly line: string | undefined;
  }[] = [
    { what: 'leaves what the ssh configuration says to ssh', target: {}, line: 'ssh me@web1' },
    { what: 'names user and port', target: { user: 'root', port: 2222 }, line: 'ssh -p 2222 root@web1' },
    {
      what: 'quotes what a shell would read otherwise',
      target: { privateKeyFile: '/k/my key', user: 'it$' },
      line: "ssh -i '/k/my key' 'it$@web1'",
    },
    {
      what: 'trusts the same host keys',
      target: { knownHostsFile: '/k/known' },
      line: 'ssh -o UserKnownHostsFile=/k/known me@web1',
    },
    {
      what: 'goes through the jump hosts of the inventory',
      target: { proxyJump: 'a@b:22,c' },
      jumpKey: 'me@c:22 via a@b:22',
      line: 'ssh -J a@b:22,c me@web1',
    },
    {
      what: 'leaves jump hosts of the ssh configuration to ssh',
      target: {},
      configJump: 'b',
      jumpKey: 'me@b:22',
      line: 'ssh me@web1',
    },
    {
      what: 'of a second jump host, through the first',
      target: {},
      jumpKey: 'me@b:22',
      line: 'ssh -J me@b:22 me@web1',
    },
    { what: 'of a third jump host is none', target: {}, jumpKey: 'me@c:22 via me@b:22', line: undefined },
    {
      what: 'with a ProxyCommand of the inventory is none: it may hold a secret',
      target: { proxyCommand: 'connect --password canary %h' },
      line: undefined,
    },
    { what: 'holds no password', target: { password: new Secret('canary') }, line: 'ssh me@web1' },
  ];
  for (const { what, target, configJump, jumpKey, line } of rows)
    it(what, () => {
      const whole: SshTarget = { transport: 'ssh', address: 'web1', ...target };
      expect(loginByHand(whole, { user: 'me', proxyJump: configJump }, jumpKey)).to.equal(line);
    });
});
