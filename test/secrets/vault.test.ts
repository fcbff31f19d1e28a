/**
 * The format of ansible-vault, against the real one: what it writes is read, and what zrun writes it reads.
 */
import { expect } from 'chai';
import { decryptVault, encryptVault, readVaultEnvelope } from '../../src/secrets/vault.js';
import { createSecretFolder, type SecretFolder } from './tools.js';

describe('ansible-vault', () => {
  let there: SecretFolder;
  before(() => {
    there = createSecretFolder();
    there.write('password', 'swordfish\n');
  });
  after(() => there.remove());

  const contents: readonly (readonly [name: string, text: string])[] = [
    ['a word', 'canary'],
    ['lines with an end', 'a: 1\nb: 2\n'],
    ['as long as the padding is', 'x'.repeat(16)],
    ['letters of everywhere', 'pässwörd ☃ 𝄞\n'],
    ['many lines', 'line\n'.repeat(2000)],
  ];
  const ids: readonly (readonly [args: readonly string[], label: string | undefined])[] = [
    [['--vault-password-file', 'password'], undefined],
    [['--vault-id', 'dev@password'], 'dev'],
  ];
  for (const [args, label] of ids) {
    // The label changes the first line alone.
    const some = label === undefined ? contents : contents.slice(0, 1);
    it(`writes what zrun reads: ${args.join(' ')}`, () => {
      for (const [name, text] of some) {
        const written = there.run('ansible-vault', ['encrypt', ...args, '--output', '-', '-'], text);
        const envelope = readVaultEnvelope(written);
        if (typeof envelope === 'string') throw new Error(envelope);
        expect(envelope.label, name).to.equal(label);
        expect(decryptVault(envelope, 'swordfish')?.toString('utf8'), name).to.equal(text);
        expect(decryptVault(envelope, 'Swordfish'), name).to.equal(undefined);
      }
    });

    it(`reads what zrun writes: ${args.join(' ')}`, () => {
      for (const [name, text] of some) {
        const written = encryptVault(Buffer.from(text), 'swordfish', label);
        expect(
          there.run('ansible-vault', ['decrypt', ...args, '--output', '-', '-'], written),
          name,
        ).to.equal(text);
      }
    });
  }

  const whole = encryptVault(Buffer.from('canary'), 'swordfish', undefined);
  const damaged: readonly (readonly [name: string, text: string, says: RegExp])[] = [
    ['an older version', whole.replace('1.1', '1.0'), /version 1\.0 of the format/],
    ['another cipher', whole.replace('AES256', 'AES'), /encrypted with AES,/],
    ['nothing behind the header', '$ANSIBLE_VAULT;1.1;AES256\n', /damaged/],
    ['a digit too few', whole.trimEnd().slice(0, -1), /damaged/],
    ['something that is no digit', whole.replace(/\n./, '\nz'), /damaged/],
    ['its second half gone', whole.slice(0, whole.length / 2), /damaged/],
  ];
  for (const [name, text, says] of damaged)
    it(`is said to be unreadable: ${name}`, () => expect(readVaultEnvelope(text)).to.match(says));

  it('does not open where a single digit is another one', () => {
    const digits = whole.trimEnd();
    const changed = `${digits.slice(0, -1)}${digits.endsWith('1') ? '2' : '1'}`;
    const envelope = readVaultEnvelope(changed);
    expect(typeof envelope === 'string' ? undefined : decryptVault(envelope, 'swordfish')).to.equal(
      undefined,
    );
  });
});
