import { expect } from 'chai';
import {
  authoritiesFor,
  fingerprint,
  indexKnownHosts,
  isAbout,
  judgeHostKey,
  knownHostsLine,
  parseKnownHosts,
  parseRevokedKeys,
  recordedTypes,
  shortKeyType,
} from '../../../src/transport/ssh/known-hosts.js';

/** A blob that begins with its type, as keys do. */
const blob = (type: string, rest: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(rest)]);
};
const ed = blob('ssh-ed25519', 'one');
const otherEd = blob('ssh-ed25519', 'two');
const rsa = blob('ssh-rsa', 'three');
const line = (names: string, key: Buffer, marker = ''): string =>
  `${marker}${names} ${key.toString('latin1', 4, 4 + key.readUInt32BE(0))} ${key.toString('base64')} comment`;
const entries = (...texts: string[]): ReturnType<typeof parseKnownHosts> =>
  parseKnownHosts(texts.join('\n'), 'kh');

describe('known_hosts', () => {
  it('passes over comments, empty and broken lines, and counts them', () => {
    const parsed = entries(
      '# a comment',
      '',
      'half a-line',
      line('web', ed),
      '@unknown x y z',
      `web ssh-ed25519 !!!!`,
      line('db', rsa),
    );
    expect(parsed.map(({ names, at }) => [names, at])).to.deep.equal([
      ['web', 'kh:4'],
      ['db', 'kh:7'],
    ]);
  });

  const names: readonly (readonly [pattern: string, name: string, isAbout: boolean])[] = [
    ['web', 'web', true],
    ['web', 'web1', false],
    ['WEB.example', 'web.example', true],
    ['a,web,b', 'web', true],
    ['web?', 'web1', true],
    ['web?', 'web', false],
    ['*.example', 'web.example', true],
    ['*.example', 'webXexample', false],
    ['*,!web', 'web', false],
    ['!web,*', 'db', true],
    ['[web]:2222', '[web]:2222', true],
    ['[web]:2222', 'web', false],
    ['[10.0.0.*]:22??', '[10.0.0.7]:2222', true],
    ['*', '[web]:2222', true],
    // As ssh-keygen -H makes it of 192.168.1.61.
    ['|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=', '192.168.1.61', true],
    ['|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=', '192.168.1.62', false],
  ];
  for (const [pattern, name, expected] of names) {
    it(`${pattern} is ${expected ? '' : 'not '}about ${name}`, () => {
      const [entry] = entries(line(pattern, ed));
      expect(entry && isAbout(entry, name)).to.equal(expected);
    });
  }

  it('the index finds what a look at every line would, in the order of the file', () => {
    const hashed = '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=';
    const all = entries(
      line('db', rsa),
      line('*.example', ed),
      line('[web.example]:2222', rsa),
      line('WEB.example', otherEd),
      line('a,web.example', rsa, '@revoked '),
      line('*,!web.example', ed),
      line(hashed, ed),
    );
    const find = indexKnownHosts(all);
    const linesOf = (host: string, port: number): readonly string[] => find(host, port).map(({ at }) => at);
    expect(linesOf('web.example', 22)).to.deep.equal(['kh:2', 'kh:4', 'kh:5']);
    // The last pattern but one is about the name with its port, which it does not exclude.
    expect(linesOf('Web.Example', 2222)).to.deep.equal(['kh:2', 'kh:3', 'kh:4', 'kh:5', 'kh:6']);
    expect(linesOf('192.168.1.61', 2222)).to.deep.equal(['kh:6', 'kh:7']);
    expect(linesOf('nobody', 22)).to.deep.equal(['kh:6']);
  });

  const verdicts: readonly (readonly [
    title: string,
    lines: readonly string[],
    port: number,
    expected: object,
  ])[] = [
    ['nothing on record', [], 22, { verdict: 'unknown' }],
    ['another host', [line('db', ed)], 22, { verdict: 'unknown' }],
    ['the key', [line('web', ed)], 22, { verdict: 'known' }],
    ['several keys, one of them the key', [line('web', otherEd), line('web', ed)], 22, { verdict: 'known' }],
    ['another key', [line('db', ed), line('web', otherEd)], 22, { verdict: 'changed', at: ['kh:2'] }],
    ['a key of another type', [line('web', rsa)], 22, { verdict: 'changed', at: ['kh:1'] }],
    ['the key for the port', [line('[web]:2222', ed)], 2222, { verdict: 'known' }],
    ['the key for the name without a port', [line('web', ed)], 2222, { verdict: 'known' }],
    ['another key for the name without a port', [line('web', otherEd)], 2222, { verdict: 'unknown' }],
    [
      'another key for the port, the key without',
      [line('[web]:2222', otherEd), line('web', ed)],
      2222,
      { verdict: 'changed', at: ['kh:1'] },
    ],
    [
      'the key, revoked',
      [line('web', ed), line('*', ed, '@revoked ')],
      22,
      { verdict: 'revoked', at: 'kh:2' },
    ],
    ['another key, revoked', [line('web', ed), line('web', otherEd, '@revoked ')], 22, { verdict: 'known' }],
    ['an authority, which is not heeded', [line('*', ed, '@cert-authority ')], 22, { verdict: 'unknown' }],
  ];
  for (const [title, lines, port, expected] of verdicts) {
    it(`on record: ${title}`, () => {
      expect(judgeHostKey(entries(...lines), 'Web', port, ed)).to.deep.equal(expected);
    });
  }

  it('knows the types on record', () => {
    expect([...recordedTypes([], 'web', 22)]).to.deep.equal([]);
    expect([...recordedTypes(entries(line('web', rsa)), 'web', 22)]).to.deep.equal(['ssh-rsa']);
    const nistp = blob('ecdsa-sha2-nistp384', 'x');
    expect([...recordedTypes(entries(line('[web]:22,[web]:2222', nistp)), 'web', 2222)]).to.deep.equal([
      'ecdsa-sha2-nistp384',
    ]);
  });

  it('names the authorities that vouch for a host', () => {
    const found = entries(line('*', ed, '@cert-authority '), line('other', otherEd, '@cert-authority '));
    expect(authoritiesFor(found, 'web', 2222)).to.deep.equal(['kh:1']);
  });

  it('reads revoked keys, with or without their type, and sees a binary list', () => {
    const one = ed.toString('base64');
    const text = `# stolen\nssh-ed25519 ${one} comment\n\n${rsa.toString('base64')}\nnonsense\n`;
    expect(parseRevokedKeys(text)?.map((key) => key.toString('base64'))).to.deep.equal([
      one,
      rsa.toString('base64'),
    ]);
    expect(parseRevokedKeys('SSHKRL\n\0rest')).to.equal(undefined);
  });

  it('writes lines that it reads', () => {
    for (const [port, hashed] of [
      [22, false],
      [2222, false],
      [22, true],
      [2222, true],
    ] as const) {
      const written = knownHostsLine('web', port, ed, hashed);
      expect(judgeHostKey(entries(written), 'web', port, ed)).to.deep.equal({ verdict: 'known' });
      expect(written.startsWith('|1|')).to.equal(hashed);
    }
    expect(knownHostsLine('web', 2222, ed, false)).to.equal(
      `[web]:2222 ssh-ed25519 ${ed.toString('base64')}`,
    );
  });

  it('says a key as ssh says it', () => {
    // github.com's, as published in its documentation.
    const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64');
    expect(fingerprint(key)).to.equal('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
    expect(shortKeyType(key)).to.equal('ED25519');
  });
});
