import { expect } from 'chai';
import {
  allowedAlgorithms,
  hostKeysInOrder,
  signaturesFor,
  ssh2Algorithms,
  type Algorithms,
} from '../../../src/transport/ssh/algorithms.js';
import { errorOf } from '../../integration/error.js';

const none = {
  kex: undefined,
  ciphers: undefined,
  macs: undefined,
  hostKeys: undefined,
  signatures: undefined,
};
const allow = (settings: Partial<Record<keyof Algorithms, string>>): Algorithms =>
  allowedAlgorithms('web1', { ...none, ...settings });

describe('algorithms', () => {
  it('offers no SHA-1 where nobody asks for it', () => {
    const offered = Object.values(ssh2Algorithms(allow({}), hostKeysInOrder(new Set(), allow({})))).flat();
    expect(offered).to.include('hmac-sha2-256').and.to.include('rsa-sha2-256');
    expect(offered.filter((each) => /sha1|ssh-rsa|md5|cbc/.test(String(each)))).to.deep.equal([]);
    expect(signaturesFor('ssh-rsa', allow({}))).to.deep.equal(['rsa-sha2-256', 'rsa-sha2-512']);
    expect(signaturesFor('ssh-dss', allow({}))).to.deep.equal([]);
  });

  const lists: readonly (readonly [title: string, value: string, macs: readonly string[]])[] = [
    [
      'a list, in its order, without what zrun lacks',
      'umac-64@openssh.com,hmac-sha2-512,hmac-sha1',
      ['hmac-sha2-512', 'hmac-sha1'],
    ],
    [
      'more',
      '+hmac-sha1',
      [
        'hmac-sha2-256-etm@openssh.com',
        'hmac-sha2-512-etm@openssh.com',
        'hmac-sha2-256',
        'hmac-sha2-512',
        'hmac-sha1',
      ],
    ],
    ['fewer, by a pattern', '-*-etm@openssh.com', ['hmac-sha2-256', 'hmac-sha2-512']],
    [
      'another one first',
      '^hmac-sha2-512',
      ['hmac-sha2-512', 'hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256'],
    ],
  ];
  for (const [title, value, macs] of lists)
    it(`a setting names ${title}`, () => expect(allow({ macs: value }).macs).to.deep.equal(macs));

  it('a setting that leaves nothing is an error with what there is', async () => {
    const error = await errorOf(
      Promise.resolve().then(() => allow({ kex: 'sntrup761x25519-sha512@openssh.com' })),
      'connect-failed',
    );
    expect(error.message).to.match(/^KexAlgorithms of the ssh configuration leaves nothing for web1/);
    expect(error.hint).to.contain('curve25519-sha256');
  });

  it('asks for the host keys on record first, of those that are allowed', () => {
    expect(hostKeysInOrder(new Set(['ssh-rsa']), allow({})).slice(0, 3)).to.deep.equal([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect(
      hostKeysInOrder(new Set(['ssh-ed25519']), allow({ hostKeys: 'ecdsa-sha2-nistp256,ssh-ed25519' })),
    ).to.deep.equal(['ssh-ed25519', 'ecdsa-sha2-nistp256']);
  });

  it('signs only as it is allowed to', () => {
    const only = allow({ signatures: 'rsa-sha2-512,ecdsa-sha2-nistp256' });
    expect(signaturesFor('ssh-rsa', only)).to.deep.equal(['rsa-sha2-512']);
    expect(signaturesFor('ssh-ed25519', only)).to.deep.equal([]);
    expect(signaturesFor('ecdsa-sha2-nistp256', only)).to.deep.equal(['ecdsa-sha2-nistp256']);
  });
});
