/** Text that keeps every byte, however it is cut. */
import { expect } from 'chai';
import { createExactDecoder, exactBytes, showBytes } from '../../src/core/exact-text.js';
import { createRandom, seedOf, type Random } from '../fuzz/random.js';

function decode(pieces: readonly Buffer[]): string {
  const decoder = createExactDecoder();
  return [...pieces.map((piece) => decoder.write(piece)), decoder.end()].join('');
}

function cut(bytes: Buffer, random: Random): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.int(5);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

const odd: readonly (readonly [what: string, bytes: readonly number[], shown: string])[] = [
  ['plain text', [0x61, 0x0a], 'a\n'],
  ['a letter of two bytes', [0xc3, 0xa4], 'ä'],
  ['one of four', [0xf0, 0x9f, 0x92, 0x80], '💀'],
  ['its first half', [0xf0, 0x9f, 0x61], '\\xf0\\x9fa'],
  ['half of one at the end', [0x61, 0xe2, 0x82], 'a\\xe2\\x82'],
  ['a byte of Latin-1', [0xff, 0xc3, 0xa4], '\\xffä'],
  ['a surrogate', [0xed, 0xb2, 0x80], '\\xed\\xb2\\x80'],
  ['more bytes than it needs', [0xc0, 0xaf], '\\xc0\\xaf'],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
];

describe('text that keeps every byte', () => {
  for (const [what, bytes, shown] of odd)
    it(`has ${what}, whole and byte by byte`, () => {
      const given = Buffer.from(bytes);
      const text = decode([given]);
      expect(showBytes(text)).to.equal(shown);
      expect(decode(bytes.map((byte) => Buffer.from([byte])))).to.equal(text);
      expect(exactBytes(text).equals(given)).to.equal(true);
    });

  it('gives back any bytes, and plain UTF-8 as everybody reads it', () => {
    for (let i = 0; i < 400; i += 1) {
      const random = createRandom(seedOf(3, i));
      const bytes = Buffer.concat(
        random.many(0, 60, () =>
          random.chance(0.5)
            ? Buffer.from(random.pick(['ä', '💀', 'a', '€', '\n']))
            : Buffer.from([random.int(256)]),
        ),
      );
      expect(exactBytes(decode(cut(bytes, random))).equals(bytes), bytes.toString('hex')).to.equal(true);
      const text = random.many(0, 60, () => random.pick(['ä', '💀', 'a', '€', '\n'])).join('');
      expect(decode(cut(Buffer.from(text), random))).to.equal(text);
    }
  });
});
