import { expect } from 'chai';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { setState } from '../../../src/core/probe.js';
import { createOverlay } from '../../../src/engine/overlay.js';
import { file } from '../../../src/modules/files/file.js';
import { mountsKind, type MountEntry } from '../../../src/modules/host/mountinfo.js';
import { createHost, failureOf, perform, performTwice, planOf, withFolder } from '../harness.js';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

describe('file', () => {
  it('makes a directory with its parents, in two exchanges', () =>
    withFolder(async (tmp) => {
      const params = { path: `${tmp}/a/b/c`, state: 'directory', mode: '0750' };
      const { exchanges, plan } = await performTwice(file, params);
      expect(exchanges).to.equal(2);
      expect(plan.change === 'some' && plan.effects.map(({ key }) => key)).to.deep.equal([
        `${tmp}/a`,
        `${tmp}/a/b`,
        `${tmp}/a/b/c`,
      ]);
      expect(await modeOf(`${tmp}/a/b/c`)).to.equal('750');
    }));

  it('sets the mode of what is there, links followed', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, '', { mode: 0o600 });
      await symlink('a', `${tmp}/link`);
      await performTwice(file, { path: `${tmp}/link`, mode: '0644' });
      expect(await modeOf(`${tmp}/a`)).to.equal('644');
    }));

  it('sets attributes of everything below', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/a/b c`, { recursive: true });
      await writeFile(`${tmp}/a/b c/f`, '', { mode: 0o600 });
      await symlink('/etc/passwd', `${tmp}/a/link`);
      const params = { path: `${tmp}/a`, state: 'directory', mode: '0755', recurse: true };
      const { plan } = await performTwice(file, params);
      expect(plan.change === 'some' && plan.summary).to.match(/1 below it$/);
      expect(await modeOf(`${tmp}/a/b c/f`)).to.equal('755');
    }));

  it('removes a file, a link but not its end, and a directory with all it holds', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/dir/below`, { recursive: true });
      await writeFile(`${tmp}/dir/below/f`, 'x');
      await writeFile(`${tmp}/kept`, 'x');
      await symlink('kept', `${tmp}/link`);
      const link = await performTwice(file, { path: `${tmp}/link`, state: 'absent' });
      expect(link.plan).not.to.have.property('destroys');
      const folder = await performTwice(file, { path: `${tmp}/dir/`, state: 'absent' });
      expect(folder.plan).to.have.property('destroys', `the directory ${tmp}/dir and everything in it`);
      expect(await readdir(tmp)).to.deep.equal(['kept']);
      const regular = await performTwice(file, { path: `${tmp}/kept`, state: 'absent' });
      expect(regular.plan).to.have.property('destroys', `the file ${tmp}/kept (1 bytes)`);
    }));

  for (const path of ['/', '/etc', '/usr/', '/var/lib', '/usr/../usr/lib', '/var/./log', '/proc']) {
    it(`never removes ${path}`, async () => {
      const error = await failureOf(planOf(file, { path, state: 'absent' }, createHost().read));
      expect(error.message).to.match(/directory of the system|is not removed/);
    });
  }

  it('never removes the system by another name', () =>
    withFolder(async (tmp) => {
      await symlink('/usr', `${tmp}/way`);
      const read = createHost().read;
      const error = await failureOf(planOf(file, { path: `${tmp}/way/lib`, state: 'absent' }, read));
      expect(error.message).to.equal('/usr/lib is a directory of the system and is not removed');
    }));

  it('never removes a directory with something mounted in it', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/a/b/mounted`, { recursive: true });
      const entry: MountEntry = {
        id: undefined,
        parent: undefined,
        devno: undefined,
        root: '/',
        target: `${tmp}/a/b/mounted`,
        options: 'rw',
        fstype: 'zfs',
        source: 'tank/docker',
      };
      const overlay = createOverlay();
      overlay.record('mount', { effects: [setState(mountsKind, '', [entry])] });
      const read = overlay.over(createHost().read);
      for (const path of [`${tmp}/a`, `${tmp}/a/b`, `${tmp}/a/b/mounted`]) {
        const error = await failureOf(planOf(file, { path, state: 'absent' }, read));
        expect(error.message).to.include('tank/docker (zfs) is mounted');
      }
      await mkdir(`${tmp}/a/bystander`);
      const beside = await planOf(file, { path: `${tmp}/a/bystander`, state: 'absent' }, read);
      expect(beside.change).to.equal('some');
    }));

  it('makes and turns links', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/one`);
      await mkdir(`${tmp}/two`);
      for (const src of ['one', 'two', `${tmp}/one`]) {
        await performTwice(file, { path: `${tmp}/link`, src, state: 'link' });
        expect(await readlink(`${tmp}/link`)).to.equal(src);
      }
      expect(await readdir(`${tmp}/two`), 'nothing was moved into the link').to.deep.equal([]);
      expect(await readdir(tmp)).to.have.members(['link', 'one', 'two']);
    }));

  it('gives a file another name', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'x');
      await performTwice(file, { path: `${tmp}/b`, src: `${tmp}/a`, state: 'hard' });
      expect((await lstat(`${tmp}/b`)).ino).to.equal((await lstat(`${tmp}/a`)).ino);
    }));

  it('touches: makes an empty file, and leaves an old one with modification_time: preserve', () =>
    withFolder(async (tmp) => {
      const params = { path: `${tmp}/a`, state: 'touch', modification_time: 'preserve' };
      await performTwice(file, params);
      expect(await readFile(`${tmp}/a`, 'utf8')).to.equal('');
      const again = await perform(file, { path: `${tmp}/a`, state: 'touch' });
      expect(again.plan).to.include({ change: 'some', repeats: true });
    }));

  it('puts nothing in the place of what may be needed', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/file`, 'x');
      await mkdir(`${tmp}/dir`);
      const cases = [
        [{ path: `${tmp}/file`, state: 'directory' }, /is a file, not a directory/],
        [{ path: `${tmp}/file/below`, state: 'directory' }, /on the way to .* is a file/],
        [{ path: `${tmp}/dir`, state: 'file' }, /is a directory, not a regular file/],
        [{ path: `${tmp}/none`, mode: '0644' }, /there is nothing at/],
        [{ path: `${tmp}/dir`, state: 'link', src: 'file' }, /is a directory and not a link/],
        [{ path: `${tmp}/file`, state: 'link', src: 'dir' }, /is a file and not a link/],
        [{ path: `${tmp}/link`, state: 'link', src: 'none' }, /where there is nothing/],
        [{ path: `${tmp}/none/x`, state: 'touch' }, /should be, is nothing/],
        [{ path: `${tmp}/hard`, state: 'hard', src: `${tmp}/dir` }, /only a file can have another name/],
      ] as const;
      for (const [params, message] of cases) {
        const error = await failureOf(planOf(file, params, createHost().read));
        expect(error.message).to.match(message);
        expect(error.hint, `hint for: ${error.message}`).to.be.a('string');
      }
    }));

  for (const params of [
    { path: '/a', state: 'link' },
    { path: '/a', src: 'b' },
    { path: '/a', recurse: true },
    { path: '/a', state: 'absent', mode: '0644' },
    { path: '/a', state: 'hard', src: 'relative' },
    { path: 'a' },
  ]) {
    it(`refuses ${JSON.stringify(params)}`, () => {
      expect(() => file.bind(params)).to.throw();
    });
  }
});
