/**
 * Folders that are made with those above them, everywhere: where Node's own way never ends, too.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { makeFolder } from '../../src/core/local-files.js';

describe('makeFolder', () => {
  let base = '';
  before(() => {
    base = mkdtempSync(path.join(tmpdir(), 'zrun-folder-'));
    mkdirSync(path.join(base, 'there'));
    writeFileSync(path.join(base, 'file'), '');
    symlinkSync('there', path.join(base, 'link'));
    symlinkSync('nowhere', path.join(base, 'dangling'));
  });
  after(() => rmSync(base, { recursive: true }));

  const rows: readonly (readonly [folder: string, code: string | undefined])[] = [
    ['new', undefined],
    ['deep/er/still', undefined],
    ['there', undefined],
    ['link', undefined],
    ['link/below', undefined],
    ['there/../beside', undefined],
    ['/', undefined],
    ['file', 'EEXIST'],
    ['file/below/that', 'ENOTDIR'],
    ['dangling', 'EEXIST'],
    ['/proc/none', 'ENOENT'],
    ['/proc/none/fleet', 'ENOENT'],
    ['/proc/self/fd/none/fleet', 'ENOENT'],
  ];
  for (const [name, code] of rows) {
    it(`${name}: ${code ?? 'made'}`, () => {
      const folder = path.resolve(base, name);
      if (code === undefined) {
        makeFolder(folder, 0o700);
        expect(statSync(folder).isDirectory()).to.equal(true);
      } else {
        expect(() => makeFolder(folder))
          .to.throw()
          .with.property('code', code);
      }
    });
  }

  it('gives its mode to each that it makes', () => {
    makeFolder(path.join(base, 'a/b'), 0o700);
    for (const name of ['a', 'a/b']) expect(statSync(path.join(base, name)).mode & 0o777).to.equal(0o700);
  });
});
