/**
 * `copy` of what is large, over a real sshd: it arrives whole, a second run sees that it is there, and the controller
 * holds little of it at any time.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Connection } from '../../src/core/host.js';
import type { Write } from '../../src/core/module.js';
import { joinLooks } from '../../src/engine/join.js';
import { copy } from '../../src/modules/files/copy.js';
import { createTransport, type Transport } from '../../src/transport/index.js';
import { planOf } from '../modules/harness.js';
import { watchHeld } from './held.js';
import { skipFor } from './skip.js';
import { sshdMissing, startSshd, type Sshd } from './sshd.js';

const MiB = 1024 * 1024;

/** A file of so many MiB, no two of them alike. */
async function writeLarge(file: string, size: number): Promise<void> {
  await using handle = await open(file, 'w');
  for (let i = 0; i < size; i++) await handle.write(Buffer.alloc(MiB, `${file} ${i} \0ÿ`));
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  const pieces: AsyncIterable<Buffer> = createReadStream(file);
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** Bytes in buffers: each copy is of more than twice as much. */
const allowed = 48 * MiB;

describe('copy of what is large', () => {
  let server: Sshd | undefined;
  let transport: Transport | undefined;
  let connection: Connection | undefined;
  let folder = '';

  before(async function () {
    skipFor(this, sshdMissing());
    server = await startSshd();
    folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-large-'));
    transport = createTransport({ env: process.env });
    const options = { connectTimeoutMs: 15_000, signal: new AbortController().signal };
    connection = await transport.connect(server.host(), options);
  });
  after(async () => {
    await connection?.close();
    await transport?.close();
    await server?.stop();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  /** Runs the task; says whether it changed anything, and how much more memory it took for bytes at most. */
  async function perform(
    src: string,
    dest: string,
  ): Promise<{ readonly changed: boolean; readonly most: number }> {
    const host = connection;
    if (!host) throw new Error('not connected');
    const write: Pick<Write, 'run'> = {
      async run(script, { stdin } = {}) {
        const output = await host.run(script, { stdin });
        expect(output.status, output.stderr.toString()).to.equal(0);
        return output;
      },
    };
    const held = watchHeld(allowed);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, held())), 50);
    try {
      const read = joinLooks((script, stdin) => host.run(script, { stdin }));
      const plan = await planOf(copy, { src, dest }, read);
      if (plan.change === 'some')
        await plan.apply({ ...write, reconnect: () => Promise.reject(new Error('not asked for')) });
      return { changed: plan.change === 'some', most };
    } finally {
      clearInterval(timer);
    }
  }

  it('a file of 128 MiB', async () => {
    const [src, dest] = [path.join(folder, 'large'), path.join(folder, 'copied')];
    await writeLarge(src, 128);
    const { changed, most } = await perform(src, dest);
    expect(changed).to.equal(true);
    expect(most, 'bytes held').to.be.at.most(allowed);
    expect(await hashOf(dest)).to.equal(await hashOf(src));
    expect((await perform(src, dest)).changed, 'a second run').to.equal(false);
  });

  it('a folder of large and small files', async () => {
    const [src, dest] = [path.join(folder, 'src'), path.join(folder, 'dest')];
    await mkdir(path.join(src, 'sub'), { recursive: true });
    for (const name of ['one', 'sub/two', 'sub/three']) await writeLarge(path.join(src, name), 40);
    for (let i = 0; i < 300; i++) await writeFile(path.join(src, `small${i}`), `small ${i}`);
    const { changed, most } = await perform(`${src}/`, dest);
    expect(changed).to.equal(true);
    expect(most, 'bytes held').to.be.at.most(allowed);
    expect(await readdir(dest)).to.have.length(302);
    for (const name of ['one', 'sub/two', 'sub/three', 'small299'])
      expect(await hashOf(path.join(dest, name)), name).to.equal(await hashOf(path.join(src, name)));
    expect((await perform(`${src}/`, dest)).changed, 'a second run').to.equal(false);
  });
});
