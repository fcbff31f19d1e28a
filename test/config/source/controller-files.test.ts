/** Files of the controller are read once for all hosts, and anew where they have changed. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createControllerFiles } from '../../../src/config/source/controller-files.js';
import { gatherInput } from '../../../src/core/host.js';
import { errorOf } from '../../integration/error.js';

describe('files of the controller', () => {
  let folder = '';
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'zrun-files-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('are the same bytes for all hosts', async () => {
    const file = path.join(folder, 'a');
    await writeFile(file, 'one');
    const files = createControllerFiles();
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => files.read(file)));
    expect(first?.toString()).to.equal('one');
    for (const other of others) expect(other).to.equal(first);
  });

  it('are read anew where a task has changed them', async () => {
    const file = path.join(folder, 'a');
    const files = createControllerFiles();
    await writeFile(file, 'one');
    expect((await files.read(file)).toString()).to.equal('one');
    await writeFile(file, 'another');
    expect((await files.read(file)).toString()).to.equal('another');
  });

  it('what is small is held, and what is large is hashed once and read where it is sent', async () => {
    const files = createControllerFiles();
    const large = Buffer.alloc(3 * 1024 * 1024, 'large');
    await writeFile(path.join(folder, 'small'), 'abc');
    await writeFile(path.join(folder, 'large'), large);
    const [small, first] = [
      await files.open(path.join(folder, 'small')),
      await files.open(path.join(folder, 'large')),
    ];
    // printf abc | sha256sum
    expect(small.sha256).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(small.bytes?.toString()).to.equal('abc');
    expect([first.bytes, first.size]).to.deep.equal([undefined, large.length]);
    expect(await files.open(path.join(folder, 'large'))).to.equal(first);
    expect(Buffer.compare(await gatherInput(first.input), large)).to.equal(0);
    expect(Buffer.compare(await gatherInput(first.input), large), 'for the next host').to.equal(0);
  });

  for (const [title, change] of [
    ['other bytes', (bytes: Buffer) => Buffer.from(bytes).fill('x', 2_000_000)],
    ['fewer bytes', (bytes: Buffer) => bytes.subarray(1)],
    ['more bytes', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')])],
  ] as const) {
    it(`a large file that changes before it is sent is not sent to its end: ${title}`, async () => {
      const file = path.join(folder, 'a');
      const bytes = Buffer.alloc(3 * 1024 * 1024, 'large');
      await writeFile(file, bytes);
      const { input } = await createControllerFiles().open(file);
      await writeFile(file, change(bytes));
      const error = await errorOf(gatherInput(input), 'file-unreadable');
      expect(error.message).to.equal(`${file} has changed while it was being copied`);
    });
  }

  it('of a folder, large files are not held, and of very many small ones the first', async () => {
    const files = createControllerFiles();
    for (let i = 100; i < 400; i++) await writeFile(path.join(folder, `small${i}`), Buffer.alloc(60_000));
    await writeFile(path.join(folder, 'large'), Buffer.alloc(100_000));
    const { entries = [] } = (await files.readFolder(folder)) ?? {};
    const held = entries.flatMap((entry) => (entry.type === 'file' && entry.content.bytes ? [entry] : []));
    // 16 MiB by 60,000 bytes.
    expect(held.map(({ path: name }) => name)).to.deep.equal(
      Array.from({ length: 279 }, (_, i) => `small${i + 100}`),
    );
  });

  it('a folder is walked once, links followed; what is no folder is none', async () => {
    const files = createControllerFiles();
    await writeFile(path.join(folder, 'a'), 'one');
    await symlink('a', path.join(folder, 'b'));
    const first = await files.readFolder(folder);
    expect(first?.entries.map(({ type, path: name }) => [type, name])).to.deep.equal([
      ['file', 'a'],
      ['file', 'b'],
    ]);
    expect(await files.readFolder(folder)).to.equal(first);
    expect(await files.readFolder(path.join(folder, 'a'))).to.equal(undefined);
  });
});
