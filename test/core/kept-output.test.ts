import { expect } from 'chai';
import { createKept, cutText } from '../../src/core/kept-output.js';
import { forgetSecrets, keepSecret } from '../../src/core/secret.js';

/** What is kept of this text, sent in chunks of a size. */
function keep(
  text: string,
  bytes: number,
  chunk: number,
): { readonly text: string; readonly omitted: number } {
  const kept = createKept({ bytes, over: 'cut' });
  const all = Buffer.from(text);
  for (let start = 0; start < all.length; start += chunk) kept.add(all.subarray(start, start + chunk));
  const found = kept.finish();
  return { text: found.bytes.toString(), omitted: found.omitted };
}

describe('createKept', () => {
  it('keeps everything up to the bound, and says nothing of it', () => {
    for (const chunk of [1, 3, 100])
      expect(keep('0123456789', 10, chunk)).to.deep.equal({ text: '0123456789', omitted: 0 });
    expect(createKept({ bytes: 10, over: 'cut' }).finish()).to.deep.equal({
      bytes: Buffer.alloc(0),
      omitted: 0,
    });
  });

  it('keeps the head and the tail of more, however it is cut into chunks', () => {
    const text = Array.from({ length: 1000 }, (_, i) => `line ${i}`).join('\n');
    for (const chunk of [1, 7, 50, 51, 1000, 10_000])
      expect(keep(text, 50, chunk), `chunks of ${chunk}`).to.deep.equal({
        text: `${text.slice(0, 25)}\n[zrun left out ${text.length - 50} bytes here]\n${text.slice(-25)}`,
        omitted: text.length - 50,
      });
  });

  it('puts its line on a line of its own', () => {
    expect(keep('abc\ndefghijkl', 8, 100).text).to.equal('abc\n[zrun left out 5 bytes here]\nijkl');
  });

  it('leaves nothing of a secret that was cut in two', () => {
    keepSecret('hunter2');
    try {
      const text = `ab hunter2 ${'x'.repeat(100)} hunter2 yz`;
      const left = `ab \n[zrun left out ${text.length - 6} bytes here]\n yz`;
      expect(keep(text, 16, 7).text).to.equal(left);
    } finally {
      forgetSecrets();
    }
  });

  it('cuts no character in two', () => {
    for (const character of ['ä', '大', '🚀']) {
      for (let bytes = 20; bytes < 32; bytes++) {
        const { text, omitted } = keep(character.repeat(100), bytes, 3);
        expect(text, `${character} in ${bytes}`).not.to.contain('\ufffd');
        const left = text.replace(/\n.*\n/, '');
        expect(Buffer.byteLength(left) + omitted).to.equal(Buffer.byteLength(character) * 100);
      }
    }
  });

  it('cuts bytes that are no text anywhere', () => {
    const kept = createKept({ bytes: 16, over: 'cut' });
    kept.add(Buffer.alloc(100, 0x80));
    expect(kept.finish().omitted).to.equal(84);
  });

  it('keeps nothing of too much that is only of use as a whole', () => {
    const kept = createKept({ bytes: 4, over: 'refuse' });
    for (let i = 0; i < 4; i++) kept.add(Buffer.from('x'));
    expect(kept.isOver).to.equal(false);
    kept.add(Buffer.from('x'));
    expect(kept.isOver).to.equal(true);
    expect(kept.finish().bytes.length).to.equal(0);
  });

  it('holds single bytes in little memory', () => {
    const before = process.memoryUsage().heapUsed;
    const kept = createKept({ bytes: 1_000_000, over: 'cut' });
    for (let i = 0; i < 1_000_000; i++) kept.add(Buffer.from([i % 256]));
    // As many buffers have some 100 bytes each.
    expect(process.memoryUsage().heapUsed - before).to.be.below(50_000_000);
    expect(kept.finish().bytes.length).to.equal(1_000_000);
  });
});

describe('cutText', () => {
  it('leaves alone what is short, and cuts what is not', () => {
    expect(cutText('äöü', 6)).to.equal('äöü');
    expect(cutText('a'.repeat(10), 4)).to.equal('aa\n[zrun left out 6 bytes here]\naa');
  });
});
