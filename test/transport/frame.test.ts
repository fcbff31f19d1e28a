import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { createScanner, frameText, makeNonce } from '../../src/transport/frame.js';

const first = 'a'.repeat(32);
const second = `${'a'.repeat(31)}b`;

/** Feeds chunks to a scanner that waits for these nonces, two marks each, and says what it heard. */
function scan(chunks: readonly string[], nonces: readonly string[]): readonly string[] {
  const heard: string[] = [];
  const marks = nonces.flatMap((nonce) => [nonce, nonce]);
  const feed = createScanner({
    expected: () => marks[0],
    text: (chunk) => heard.push(chunk.toString('latin1')),
    mark(word) {
      marks.shift();
      heard.push(`<${word}>`);
    },
  });
  for (const chunk of chunks) feed(Buffer.from(chunk, 'latin1'));
  return heard;
}

describe('createScanner', () => {
  const stream = `noise${first}+\nout\n\0ÿ${first}-0\n${second}+\n${'a'.repeat(40)}${second}-143\nafter`;

  it('tells output from marks', () => {
    expect(scan([stream], [first, second]).join('|')).to.equal(
      `noise|<+>|out\n\0ÿ|<-0>|<+>|${'a'.repeat(40)}|<-143>|after`,
    );
  });

  it('says the same however the stream is cut', () => {
    const whole = scan([stream], [first, second]).join('');
    for (let size = 1; size < 80; size++) {
      const chunks = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(scan(chunks, [first, second]).join(''), `chunks of ${size}`).to.equal(whole);
    }
  });

  it('holds back nothing but what may be the beginning of a mark', () => {
    expect(scan([`${first}+\n`, 'a line\n', 'aaa'], [first])).to.deep.equal(['<+>', 'a line\n']);
    expect(scan([`${first}+\n`, 'aaa', 'b'], [first])).to.deep.equal(['<+>', 'aaab']);
  });

  it('hands on everything where no mark can come', () => {
    expect(scan(['aaa', 'bbb'], [])).to.deep.equal(['aaa', 'bbb']);
  });

  it('takes 20 MB in chunks of one byte less than a mark, without looking at a byte twice', () => {
    const chunk = Buffer.alloc(31, 'a');
    let length = 0;
    const feed = createScanner({
      expected: () => second,
      text: (text) => (length += text.length),
      mark: () => undefined,
    });
    for (let i = 0; i < 20_000; i++) feed(chunk);
    expect(length).to.be.within(20_000 * 31 - 31, 20_000 * 31);
  });
});

describe('frameText', () => {
  const send = (nonce: string, script: string, stdin?: Uint8Array, cut = 0): string => {
    const text = [...frameText(nonce, script, stdin)].join('');
    return execFileSync('sh', {
      input: text.slice(0, text.length - cut),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  };

  it('is answered between marks', () => {
    expect(send(first, 'echo hello; exit 3')).to.equal(`${first}+\nhello\n${first}-3\n`);
  });

  // A connection may break anywhere. Half of a script, or a script on half of its input, must never run.
  for (const [title, stdin] of [
    ['no input', undefined],
    ['a small input', Buffer.from('input that must be whole')],
    ['a large input', Buffer.alloc(300_000, 'x')],
  ] as const) {
    it(`runs whole or not at all, wherever it is cut: ${title}`, () => {
      const script = `n=$(wc -c); echo "ran with $((n))"; echo 'it''s whole'`;
      const whole = `ran with ${stdin?.length ?? 0}\nits whole\n`;
      const length = [...frameText(first, script, stdin)].join('').length;
      const step = length > 10_000 ? 9 : 1;
      const cuts = [
        ...[...Array(200).keys()].filter((cut) => cut % step === 0),
        1_000,
        length - 500,
        length - 10,
      ].filter((cut) => cut < length);
      for (const cut of cuts) {
        const answer = (() => {
          try {
            return send(first, script, stdin, cut);
          } catch (error) {
            // sh says that the text ends too early.
            return error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
          }
        })();
        // What stands between the two marks; the second may be missing, or half of it.
        const [ran = ''] = (answer.split(`${first}+\n`)[1] ?? '').split(first);
        expect(ran, `${cut} bytes short`).to.be.oneOf(['', whole]);
      }
    }).timeout(60_000);
  }

  it('never has the same nonce twice', () => {
    const nonces = new Set(Array.from({ length: 1000 }, makeNonce));
    expect(nonces.size).to.equal(1000);
    for (const nonce of nonces) expect(nonce).to.match(/^[0-9a-f]{32}$/);
  });
});
