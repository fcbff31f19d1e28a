/** Files that a user named: there whole or not at all, and as they were but for what is in them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { tryWholeFile, writeWholeFile } from '../../src/core/whole-file.js';
import { skipFor } from '../integration/skip.js';

describe('a file that the user named', () => {
  let folder = '';
  const at = (name: string): string => path.join(folder, name);
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  const modeOf = (name: string): string => (statSync(at(name)).mode & 0o777).toString(8);
  const write = (name: string, mode = 0o600): void => {
    tryWholeFile(at(name));
    writeWholeFile(at(name), ['ne', 'w'], mode);
  };
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-whole-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made with its mode, less the umask', () => {
    const before = process.umask(0o022);
    try {
      write('own');
      write('others', 0o666);
    } finally {
      process.umask(before);
    }
    expect([modeOf('own'), modeOf('others')]).to.deep.equal(['600', '644']);
  });

  for (const mode of ['644', '640', '600', '444'])
    it(`keeps its mode ${mode}`, () => {
      writeFileSync(at('page'), 'old');
      chmodSync(at('page'), mode);
      write('page');
      expect([read('page'), modeOf('page')]).to.deep.equal(['new', mode]);
    });

  it('keeps its owner', function () {
    skipFor(this, process.geteuid?.() === 0 ? undefined : 'needs root');
    writeFileSync(at('page'), 'old');
    chownSync(at('page'), 33, 34);
    write('page');
    const { uid, gid } = statSync(at('page'));
    expect([uid, gid]).to.deep.equal([33, 34]);
  });

  it('stays whole for who has opened it', () => {
    writeFileSync(at('page'), 'old');
    const opened = openSync(at('page'), 'r');
    write('page');
    expect(readFileSync(opened, 'utf8')).to.equal('old');
    closeSync(opened);
  });

  it('is what a link leads to', () => {
    mkdirSync(at('deep'));
    writeFileSync(at('target'), 'old');
    chmodSync(at('target'), 0o644);
    symlinkSync('../target', at('deep/link'));
    symlinkSync('deep/link', at('page'));
    write('page');
    expect([read('target'), modeOf('target')]).to.deep.equal(['new', '644']);
    expect([readlinkSync(at('page')), readlinkSync(at('deep/link'))]).to.deep.equal([
      'deep/link',
      '../target',
    ]);
  });

  it('is made where a link leads to nothing yet', () => {
    symlinkSync('target', at('page'));
    write('page');
    expect(lstatSync(at('page')).isSymbolicLink()).to.equal(true);
    expect([read('target'), modeOf('target')]).to.deep.equal(['new', '600']);
  });

  const refused: readonly (readonly [what: string, reason: RegExp, make: (page: string) => void])[] = [
    ['a folder', /^it is a folder$/, (page) => mkdirSync(page)],
    ['a FIFO', /^it is no regular file$/, (page) => execFileSync('mkfifo', [page])],
    ['a link to a device', /^it is no regular file$/, (page) => symlinkSync('/dev/null', page)],
    ['a link to itself', /ELOOP/, (page) => symlinkSync('page', page)],
    ['a link into a folder that is not there', /ENOENT/, (page) => symlinkSync('gone/page', page)],
  ];
  for (const [what, reason, make] of refused)
    it(`is never ${what}`, () => {
      make(at('page'));
      const before = lstatSync(at('page'));
      expect(() => tryWholeFile(at('page'))).to.throw(reason);
      expect(() => writeWholeFile(at('page'), ['new'], 0o600)).to.throw(reason);
      expect(lstatSync(at('page')).mode).to.equal(before.mode);
      expect(readdirSync(folder)).to.deep.equal(['page']);
    });

  it('is not what others have planted in a folder of all users', function () {
    skipFor(this, process.geteuid?.() === 0 ? undefined : 'needs root');
    mkdirSync(at('all'));
    chmodSync(at('all'), 0o777);
    writeFileSync(at('precious'), 'precious');
    symlinkSync(at('precious'), at('all/link'));
    execFileSync('chown', ['-h', '33', at('all/link')]);
    expect(() => writeWholeFile(at('all/link'), ['new'], 0o600)).to.throw("another user's link");
    writeFileSync(at('all/page'), 'readable');
    chmodSync(at('all/page'), 0o666);
    chownSync(at('all/page'), 33, 33);
    write('all/page');
    expect([read('precious'), modeOf('all/page'), statSync(at('all/page')).uid]).to.deep.equal([
      'precious',
      '600',
      0,
    ]);
  });
});
