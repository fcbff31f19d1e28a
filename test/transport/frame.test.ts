import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  collectedText,
  createScanner,
  frameText,
  helpers,
  inputText,
  largeFrameText,
  makeNonce,
  takesBytes,
} from '../../src/transport/frame.js';

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

describe('a frame', () => {
  /** What sh says of a text that ends there. */
  const send = (text: string): string => {
    try {
      return execFileSync('sh', { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
    } catch (error) {
      // sh says that the text ends too early.
      return error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    }
  };
  /** What stands between the two marks; the second may be missing, or half of it. */
  const ran = (answer: string): string =>
    ((answer.split(`${first}+\n`)[1] ?? '').split(first)[0] ?? '').trim();

  it('is answered between marks', () => {
    expect(send(`${helpers()}${frameText(first, 'echo hello; exit 3', undefined)}`)).to.equal(
      `${first}+\nhello\n${first}-3\n`,
    );
  });

  it('is answered by its end alone where nothing else can speak', () => {
    const text = frameText(first, 'echo hello; exit 3', undefined, 'end');
    expect(send(`${text}echo "$#"\n`)).to.equal(`hello\n${first}-3\n0\n`);
  });

  // A connection may break anywhere. Half of a script, or a script on half of its input, must never run.
  const script = `n=$(wc -c); echo "ran with $((n))"; echo 'it''s whole'`;
  const whole = (length: number): string => `ran with ${length}\nits whole`;
  for (const [title, stdin, marks] of [
    ['no input', undefined, 'all'],
    ['a small input', Buffer.from('input that must be whole'), 'all'],
    ['nothing before it', Buffer.from('input that must be whole'), 'bare'],
  ] as const) {
    it(`runs whole or not at all, wherever it is cut: ${title}`, () => {
      const text = frameText(first, script, stdin, marks);
      expect(ran(send(`${helpers()}${text}`))).to.equal(whole(stdin?.length ?? 0));
      for (let cut = 1; cut < text.length; cut++)
        expect(ran(send(`${helpers()}${text.slice(0, -cut)}`)), `${cut} bytes short`).to.be.oneOf([
          '',
          whole(stdin?.length ?? 0),
        ]);
    });
  }

  /** Answers the mark that asks for the input, and ends after so many bytes of it. */
  const sendLarge = async (bytes: Buffer, length: number, env = process.env): Promise<string> => {
    const child = spawn('sh', { stdio: ['pipe', 'pipe', 'ignore'], env });
    child.stdin.on('error', () => undefined);
    let said = '';
    let isAnswered = false;
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (isAnswered || !said.includes(first)) return;
      isAnswered = true;
      if (said.includes(first + takesBytes)) child.stdin.end(bytes.subarray(0, length));
      else {
        const texts = [...inputText(bytes.subarray(0, length))];
        if (length === bytes.length) texts.push(collectedText(first, script, length));
        child.stdin.end(texts.join(''));
      }
    });
    child.stdin.write(helpers() + largeFrameText(first, script, bytes.length));
    await once(child, 'close');
    return said;
  };
  const large = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));

  it('runs whole or not at all, wherever it is cut: a large input', async () => {
    for (const length of [0, 1, 70_000, 262_144, 299_999])
      expect(ran(await sendLarge(large, length)), `after ${length} bytes`).to.equal('');
    expect(ran(await sendLarge(large, large.length))).to.equal(whole(300_000));
  });

  it('gets a large input as commands where the host has no head', async () => {
    const bin = await mkdtemp(path.join(os.tmpdir(), 'zrun-no-head-'));
    try {
      for (const name of ['sh', 'wc', 'rm', 'mktemp', 'cat'])
        await symlink(
          execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
          path.join(bin, name),
        );
      const env = { PATH: bin };
      expect(ran(await sendLarge(large, large.length, env))).to.equal(whole(300_000));
      expect(ran(await sendLarge(large, 250_000, env))).to.equal('');
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it('never reads an input as commands, though head breaks off', async () => {
    const bin = await mkdtemp(path.join(os.tmpdir(), 'zrun-bad-head-'));
    try {
      await writeFile(path.join(bin, 'head'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const trap = Buffer.from(`touch ${path.join(bin, 'ran')}\n`.repeat(10_000));
      await sendLarge(trap, trap.length, { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
      expect(existsSync(path.join(bin, 'ran'))).to.equal(false);
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it('never has the same nonce twice', () => {
    const nonces = new Set(Array.from({ length: 1000 }, makeNonce));
    expect(nonces.size).to.equal(1000);
    for (const nonce of nonces) expect(nonce).to.match(/^[0-9a-f]{32}$/);
  });
});
