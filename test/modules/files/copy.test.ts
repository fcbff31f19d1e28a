import { expect } from 'chai';
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
import { stat as statModule } from '../../../src/modules/files/stat.js';
import { template } from '../../../src/modules/files/template.js';
import { contentLimit } from '../../../src/modules/host/file.js';
import { createCheck, createHost, failureOf, perform, performTwice, planOf, withFolder } from '../harness.js';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

describe('copy', () => {
  it('writes a new file, once', () =>
    withFolder(async (tmp) => {
      const { exchanges, result } = await performTwice(copy, {
        content: 'x\n',
        dest: `${tmp}/a`,
        mode: '0640',
      });
      expect(exchanges).to.equal(2);
      expect(await readFile(`${tmp}/a`, 'utf8')).to.equal('x\n');
      expect(await modeOf(`${tmp}/a`)).to.equal('640');
      expect(result).to.include({ dest: `${tmp}/a`, size: 2, mode: '0640' });
      expect(await readdir(tmp), 'nothing is left behind').to.deep.equal(['a']);
    }));

  it('is 8-bit clean and takes odd names', () =>
    withFolder(async (tmp) => {
      const bytes = Buffer.from([...Array(256).keys()]);
      await writeFile(`${tmp}/source`, bytes);
      const dest = `${tmp}/it's $odd\n name`;
      await performTwice(copy, { src: `${tmp}/source`, dest });
      expect((await readFile(dest)).equals(bytes)).to.equal(true);
    }));

  it('keeps the mode of the file that it replaces', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'a longer old content');
      await chmod(`${tmp}/a`, 0o4751);
      const { plan } = await performTwice(copy, { content: 'new', dest: `${tmp}/a` });
      expect(plan.change === 'some' && plan.diff).to.deep.equal([
        { type: 'text', path: `${tmp}/a`, before: 'a longer old content', after: 'new' },
      ]);
      expect(await readFile(`${tmp}/a`, 'utf8')).to.equal('new');
      expect(await modeOf(`${tmp}/a`)).to.equal('4751');
    }));

  it('keeps the owner of the file that it replaces, and sets the one that is asked for', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can give files away');
      this.skip();
    }
    return withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'old');
      await chown(`${tmp}/a`, 1234, 5678);
      await performTwice(copy, { content: 'new', dest: `${tmp}/a` });
      expect(await stat(`${tmp}/a`)).to.include({ uid: 1234, gid: 5678 });
      const { plan } = await performTwice(copy, {
        content: 'new',
        dest: `${tmp}/a`,
        owner: 'root',
        group: '0',
      });
      expect(plan.change === 'some' && plan.diff[0]).to.have.deep.property('fields', [
        { name: 'owner', before: '1234', after: 'root' },
        { name: 'group', before: '5678', after: '0' },
      ]);
      expect(await stat(`${tmp}/a`)).to.include({ uid: 0, gid: 0 });
    });
  });

  it('changes the mode alone without writing the file anew', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'x', { mode: 0o600 });
      const { ino } = await stat(`${tmp}/a`);
      const { plan } = await performTwice(copy, { content: 'x', dest: `${tmp}/a`, mode: '0644' });
      expect(plan.change === 'some' && plan.summary).to.equal(`change mode of ${tmp}/a`);
      expect(await stat(`${tmp}/a`)).to.have.property('ino', ino);
      expect(await modeOf(`${tmp}/a`)).to.equal('644');
    }));

  it('writes to the end of a link where told to, else in its place', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/real`, 'old');
      await symlink('real', `${tmp}/link`);
      const { result } = await performTwice(copy, { content: 'new', dest: `${tmp}/link`, follow: true });
      expect(result['dest']).to.equal(`${tmp}/real`);
      expect(await readlink(`${tmp}/link`)).to.equal('real');
      expect(await readFile(`${tmp}/real`, 'utf8')).to.equal('new');
      await performTwice(copy, { content: 'third', dest: `${tmp}/link` });
      expect((await lstat(`${tmp}/link`)).isFile()).to.equal(true);
      expect(await readFile(`${tmp}/real`, 'utf8')).to.equal('new');
    }));

  it('puts a file into the folder that a link leads to, and never in the place of such a link', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/real`);
      await symlink('real', `${tmp}/link`);
      await writeFile(`${tmp}/source`, 'x');
      await performTwice(copy, { src: `${tmp}/source`, dest: `${tmp}/link` });
      expect(await readFile(`${tmp}/real/source`, 'utf8')).to.equal('x');
      const error = await failureOf(perform(copy, { content: 'x', dest: `${tmp}/link` }));
      expect(error.message).to.match(/is a link to a directory/);
    }));

  it('puts the file into a directory under its own name', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/source`, 'x');
      await mkdir(`${tmp}/dir`);
      for (const dest of [`${tmp}/dir`, `${tmp}/dir/`]) {
        const { result } = await perform(copy, { src: `${tmp}/source`, dest });
        expect(result['dest']).to.equal(`${tmp}/dir/source`);
      }
      await performTwice(template, { src: 'conf.hbs', dest: `${tmp}/dir` });
      expect(await readdir(`${tmp}/dir`)).to.have.members(['source', 'conf']);
    }));

  it('leaves an existing file with force: false', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'mine');
      const { changed } = await perform(copy, { content: 'x', dest: `${tmp}/a`, force: false });
      expect(changed).to.equal(false);
    }));

  it('keeps a backup where asked', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'old');
      const { result } = await performTwice(copy, { content: 'new', dest: `${tmp}/a`, backup: true });
      const kept = result['backup_file'];
      if (typeof kept !== 'string') throw new Error('no backup was named');
      expect(kept).to.match(/\/a\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{12}~$/);
      expect(await readFile(kept, 'utf8')).to.equal('old');
    }));

  it('leaves the old file where the new one is refused', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'old');
      const params = { content: 'if', dest: `${tmp}/a`, validate: 'sh -n %s' };
      const error = await failureOf(perform(copy, params));
      expect(error.message).to.match(/was refused by its validation/);
      expect(error.problem.status).to.equal(2);
      expect(error.problem.command).to.match(/^sh -n /);
      expect(error.problem.stderr).to.match(/yntax/);
      expect(await readFile(`${tmp}/a`, 'utf8')).to.equal('old');
      expect(await readdir(tmp)).to.deep.equal(['a']);
    }));

  it('says what is wrong before it touches anything', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/dir`);
      await symlink('none/file', `${tmp}/dangling`);
      const cases = [
        [{ dest: `${tmp}/none/a` }, /none, where .*none\/a should be, does not exist/],
        [{ dest: `${tmp}/dir` }, /is a directory, not a file/],
        [{ dest: `${tmp}/dangling`, follow: true }, /is a link to none\/file, whose folder does not exist/],
        [{ dest: `${tmp}/a`, owner: 'no-such-user' }, /has no user 'no-such-user'/],
        [{ dest: `${tmp}/a`, group: 'no-such-group' }, /has no group 'no-such-group'/],
        [{ dest: `${tmp}/dir/` }, /the file has no name/],
      ] as const;
      for (const [params, message] of cases) {
        const error = await failureOf(planOf(copy, { content: 'x', ...params }, createHost().read));
        expect(error.message).to.match(message);
        expect(error.hint, `hint for: ${error.message}`).to.be.a('string');
      }
    }));

  for (const [params, message] of [
    [{ content: 'x' }, /dest/],
    [{ dest: '/a' }, /either `src` or `content`/],
    [{ dest: 'relative', content: 'x' }, /absolute path/],
    [{ dest: '/a', content: 'x', mode: 644 }, /must be quoted/],
    [{ dest: '/a', content: 'x', mode: 'u=rw' }, /symbolic/],
    [{ dest: '/a', content: { a: 1 } }, /must be text/],
    [{ dest: '/a', content: 'x', validate: 'true' }, /%s/],
    [{ dest: '/a', content: 'x', validate: 'true | cat %s' }, /plain command/],
  ] as const) {
    it(`refuses ${JSON.stringify(params)}`, () => {
      expect(() => copy.bind(params)).to.throw(message);
    });
  }

  it('shows no diff of what is binary or large, but says how large', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/source`, Buffer.alloc(contentLimit + 1));
      await writeFile(`${tmp}/a`, 'text');
      const read = createHost().read;
      const plan = await planOf(copy, { src: `${tmp}/source`, dest: `${tmp}/a` }, read);
      if (plan.change === 'none') throw new Error('there is a difference');
      const [diff] = plan.diff;
      if (diff?.type !== 'fields') throw new Error('a diff of fields was expected');
      expect(diff.fields[0]?.before).to.match(/^4 bytes, sha256 982d9e3e/);
      expect(diff.fields[0]?.after).to.match(/^binary, 131073 bytes, sha256 /);
    }));

  it('compares a large file by its checksum', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/source`, Buffer.alloc(contentLimit * 3, 'x'));
      await performTwice(copy, { src: `${tmp}/source`, dest: `${tmp}/a` });
    }));

  it('predicts in check mode what later tasks then find', () =>
    withFolder(async (tmp) => {
      const host = createHost();
      const check = createCheck(host);
      const steps = [
        [file, { path: `${tmp}/new/dir`, state: 'directory' }, 'some'],
        [copy, { dest: `${tmp}/new/dir/a`, content: 'one', mode: '0600' }, 'some'],
        [copy, { dest: `${tmp}/new/dir/a`, content: 'one' }, 'none'],
        [file, { path: `${tmp}/new/dir/a`, mode: '0600' }, 'none'],
        [file, { path: `${tmp}/new/dir/a`, mode: '0644' }, 'some'],
        [copy, { dest: `${tmp}/new/dir/a`, content: 'two' }, 'some'],
        [file, { path: `${tmp}/link`, src: 'new/dir/a', state: 'link' }, 'some'],
        [copy, { dest: `${tmp}/link`, content: 'two', follow: true }, 'none'],
        [file, { path: `${tmp}/new`, state: 'absent' }, 'some'],
        [file, { path: `${tmp}/new/dir`, state: 'absent' }, 'none'],
      ] as const;
      for (const [module, params, expected] of steps) {
        const plan = await check(module, params);
        expect(plan.change, `${module.name} ${JSON.stringify(params)}`).to.equal(expected);
      }
      const { result } = { result: await check(statModule, { path: `${tmp}/new/dir/a` }) };
      expect(result.change === 'none' && result.result['stat']).to.include({ exists: false });
      expect(await readdir(tmp), 'the host is as it was').to.deep.equal([]);
      for (const [module, params, expected] of steps.slice(0, 8)) {
        const { plan } = await perform(module, params, host);
        expect(plan.change, `for real: ${module.name} ${JSON.stringify(params)}`).to.equal(expected);
      }
    }));
});
