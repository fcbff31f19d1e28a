import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { copy } from '../../../src/modules/files/copy.js';
import { file } from '../../../src/modules/files/file.js';
import { lineinfile } from '../../../src/modules/files/lineinfile.js';
import { failureOf, perform, performTwice, textIn, withFolder } from '../harness.js';

const [other, third] = [1234, 4321];

describe('files in a folder of another user, as root', () => {
  before(function () {
    if (process.getuid?.() === 0) return;
    console.log('      skipped: only root can make such a folder');
    this.skip();
  });

  async function inFolder(work: (home: string, tmp: string) => Promise<void>): Promise<void> {
    await withFolder(async (tmp) => {
      await chmod(tmp, 0o755);
      const home = `${tmp}/home`;
      await mkdir(home);
      await chown(home, other, other);
      await work(home, tmp);
      const left = (await readdir(tmp, { recursive: true })).filter((name) => name.includes('.zrun-'));
      expect(left, 'nothing is left behind').to.deep.equal([]);
    });
  }

  it('are written, validated, kept and edited as anywhere', () =>
    inFolder(async (home) => {
      await performTwice(copy, { dest: `${home}/-n`, content: 'one\n', owner: `${other}`, mode: '0640' });
      const { result } = await performTwice(copy, {
        dest: `${home}/-n`,
        content: 'two\n',
        backup: true,
        validate: 'grep -q two %s',
      });
      expect(await readFile(textIn(result, 'backup_file'), 'utf8')).to.equal('one\n');
      await performTwice(lineinfile, { path: `${home}/-n`, line: 'three' });
      expect(await readFile(`${home}/-n`, 'utf8')).to.equal('two\nthree\n');
      const { uid, mode } = await stat(`${home}/-n`);
      expect([uid, mode & 0o7777]).to.deep.equal([other, 0o640]);
      const refused = await failureOf(
        perform(copy, { dest: `${home}/-n`, content: 'x', validate: 'false %s' }),
      );
      expect(refused.message).to.match(/refused by its validation/);
      expect(await readFile(`${home}/-n`, 'utf8')).to.equal('two\nthree\n');
    }));

  it('keep their ACL', function () {
    if (!existsSync('/usr/bin/setfacl')) this.skip();
    return inFolder(async (home) => {
      await writeFile(`${home}/n`, 'one\n');
      execFileSync('setfacl', ['-m', `u:${third}:r`, `${home}/n`]);
      await performTwice(lineinfile, { path: `${home}/n`, line: 'two' });
      expect(execFileSync('getfacl', ['-pcn', `${home}/n`]).toString()).to.match(
        new RegExp(`user:${third}:r--`),
      );
    });
  });

  it('get owners and modes, alone and in trees', () =>
    inFolder(async (home) => {
      await mkdir(`${home}/tree/.a/b`, { recursive: true });
      await writeFile(`${home}/tree/.a/b/f`, 'x');
      await writeFile(`${home}/tree/f`, 'x');
      await symlink('/etc/passwd', `${home}/tree/.a/l`);
      await chown(`${home}/tree/.a`, third, third);
      await performTwice(file, { path: `${home}/tree/f`, owner: `${other}`, mode: '0600' });
      await performTwice(file, {
        path: `${home}/tree`,
        state: 'directory',
        recurse: true,
        owner: `${other}`,
        group: `${third}`,
        mode: '0750',
      });
      for (const name of ['tree', 'tree/.a', 'tree/.a/b', 'tree/.a/b/f', 'tree/f']) {
        const { uid, gid, mode, nlink } = await lstat(`${home}/${name}`);
        expect([uid, gid, mode & 0o7777], name).to.deep.equal([other, third, 0o750]);
        if (name.endsWith('f')) expect(nlink).to.equal(1);
      }
      expect((await lstat(`${home}/tree/.a/l`)).uid).to.equal(other);
      expect((await stat('/etc/passwd')).uid).to.equal(0);
    }));

  it('are made: folders, empty files, links, other names; and removed', () =>
    inFolder(async (home) => {
      await performTwice(file, {
        path: `${home}/a/b/c`,
        state: 'directory',
        owner: `${other}`,
        mode: '0700',
      });
      for (const name of ['a', 'a/b', 'a/b/c']) {
        const { uid, mode } = await stat(`${home}/${name}`);
        expect([uid, mode & 0o7777], name).to.deep.equal([other, 0o700]);
      }
      await perform(file, { path: `${home}/a/t`, state: 'touch', owner: `${other}`, mode: '0644' });
      await perform(file, { path: `${home}/a/t`, state: 'touch', mode: '0600' });
      expect((await stat(`${home}/a/t`)).mode & 0o7777).to.equal(0o600);
      await performTwice(file, { path: `${home}/a/l`, state: 'link', src: 't' });
      expect(await readlink(`${home}/a/l`)).to.equal('t');
      await performTwice(file, { path: `${home}/a/h`, state: 'hard', src: `${home}/a/t` });
      expect((await stat(`${home}/a/t`)).nlink).to.equal(2);
      await performTwice(file, { path: `${home}/a`, state: 'absent' });
      expect(existsSync(`${home}/a`)).to.equal(false);
    }));

  it('are copied with their folder, into one that is there and one that is made', () =>
    inFolder(async (home, tmp) => {
      await mkdir(`${tmp}/src/deep`, { recursive: true });
      await writeFile(`${tmp}/src/a`, 'new a');
      await writeFile(`${tmp}/src/deep/b`, 'b');
      for (const dest of [`${home}/x/site`, `${home}/x/site`]) {
        const { result } = await performTwice(copy, {
          src: `${tmp}/src/`,
          dest,
          owner: `${other}`,
          mode: '0640',
          backup: true,
        });
        expect(result['dest']).to.equal(dest);
        await writeFile(`${dest}/a`, 'old a');
        await chmod(`${dest}/deep/b`, 0o666);
        await chown(`${dest}/deep/b`, 0, 0);
      }
      const { result } = await performTwice(copy, {
        src: `${tmp}/src/`,
        dest: `${home}/x/site`,
        owner: `${other}`,
        mode: '0640',
        backup: true,
      });
      const [kept = ''] = result['backup_files'] as string[];
      expect(await readFile(kept, 'utf8')).to.equal('old a');
      expect(await readFile(`${home}/x/site/a`, 'utf8')).to.equal('new a');
      const { uid, mode } = await stat(`${home}/x/site/deep/b`);
      expect([uid, mode & 0o7777]).to.deep.equal([other, 0o640]);
    }));

  it('are reached by links of root, and of that user to what is their own', () =>
    inFolder(async (home, tmp) => {
      await mkdir(`${home}/real`);
      await chown(`${home}/real`, other, other);
      await symlink('real', `${home}/own`);
      await symlink('home/real', `${tmp}/link`);
      for (const way of [`${home}/own`, `${tmp}/link`]) {
        await performTwice(copy, { dest: `${way}/n`, content: `${way}\n` });
        expect(await readFile(`${home}/real/n`, 'utf8')).to.equal(`${way}\n`);
      }
      await symlink('own/n', `${home}/last`);
      await performTwice(lineinfile, { path: `${home}/last`, line: 'more' });
      expect(await readFile(`${home}/real/n`, 'utf8')).to.match(/^more$/m);
      // Where others may write too, whose link it is cannot be told.
      await chmod(home, 0o775);
      const error = await failureOf(perform(copy, { dest: `${home}/own/n`, content: 'x' }));
      expect(error.message).to.match(
        /passes through the link own, in a folder where other users may put links/,
      );
    }));
});
