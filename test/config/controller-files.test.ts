/** Files of the controller are read once for all hosts, and anew where they have changed. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createControllerFiles } from '../../src/config/controller-files.js';

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
