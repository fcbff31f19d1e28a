/** `copy` of a folder: what it costs, what it leaves alone, what it refuses, and that no file is ever half there. */
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { gatherInput } from '../../../src/core/host.js';
import { copy } from '../../../src/modules/files/copy.js';
import { stat as statModule } from '../../../src/modules/files/stat.js';
import { createTar } from '../../../src/modules/files/tar.js';
import {
  createCheck,
  createHost,
  failureOf,
  localRun,
  perform,
  performTwice,
  planOf,
  withFolder,
} from '../harness.js';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(file.slice(0, file.lastIndexOf('/')), { recursive: true });
    await writeFile(file, text);
  }
}

describe('copy of a folder', () => {
  it('a thousand files cost two exchanges, and one when they are there', () =>
    withFolder(async (tmp) => {
      const files = Array.from({ length: 1000 }, (_, i) => [`${tmp}/src/d${i % 10}/f${i}`, `file ${i}\n`]);
      await write(Object.fromEntries(files) as Record<string, string>);
      const { exchanges, plan, result } = await performTwice(copy, {
        src: `${tmp}/src/`,
        dest: `${tmp}/dest`,
      });
      expect(exchanges).to.equal(2);
      expect(plan.change === 'some' && plan.summary).to.equal(
        `create 1000 of 1000 files in ${tmp}/dest, make 10 folders in ${tmp}/dest`,
      );
      expect(result['files']).to.have.length(1000);
      expect(await readFile(`${tmp}/dest/d7/f997`, 'utf8')).to.equal('file 997\n');
      expect(await readdir(`${tmp}/dest`), 'nothing is left behind').to.have.length(10);
    }));

  it('a slash at its end means what is in it, none means the folder itself', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/site/a`]: 'a', [`${tmp}/site/sub/b`]: 'b' });
      await mkdir(`${tmp}/site/empty`);
      await performTwice(copy, { src: `${tmp}/site`, dest: `${tmp}/one` });
      await performTwice(copy, { src: `${tmp}/site/`, dest: `${tmp}/two/deep` });
      expect(await readdir(`${tmp}/one`)).to.deep.equal(['site']);
      for (const folder of [`${tmp}/one/site`, `${tmp}/two/deep`])
        expect((await readdir(folder)).sort()).to.deep.equal(['a', 'empty', 'sub']);
    }));

  it('leaves alone what is there besides, and writes only what differs', () =>
    withFolder(async (tmp) => {
      await write({
        [`${tmp}/src/same`]: 'same',
        [`${tmp}/src/differs`]: 'new',
        [`${tmp}/src/sub/new`]: 'new',
        [`${tmp}/dest/same`]: 'same',
        [`${tmp}/dest/differs`]: 'old',
        [`${tmp}/dest/own`]: 'own',
      });
      await chmod(`${tmp}/dest/differs`, 0o640);
      const before = (await stat(`${tmp}/dest/same`)).ino;
      const { plan, result } = await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest` });
      expect(plan.change === 'some' && plan.diff).to.deep.equal([
        {
          type: 'fields',
          subject: `${tmp}/dest/differs`,
          fields: [
            {
              name: 'content',
              before: '3 bytes, sha256 cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4',
              after: '3 bytes, sha256 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437',
            },
          ],
        },
        {
          type: 'fields',
          subject: `${tmp}/dest/sub`,
          fields: [{ name: 'state', before: 'absent', after: 'directory' }],
        },
        { type: 'text', path: `${tmp}/dest/sub/new`, before: undefined, after: 'new' },
      ]);
      expect(result['files']).to.deep.equal([`${tmp}/dest/differs`, `${tmp}/dest/sub/new`]);
      expect((await stat(`${tmp}/dest/same`)).ino).to.equal(before);
      expect(await readFile(`${tmp}/dest/differs`, 'utf8')).to.equal('new');
      expect(await modeOf(`${tmp}/dest/differs`), 'the mode of what it replaces').to.equal('640');
      expect(await readFile(`${tmp}/dest/own`, 'utf8')).to.equal('own');
    }));

  it('sets modes: of files, and of folders that it makes', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/src/sub/a`]: 'a', [`${tmp}/src/b`]: 'b', [`${tmp}/dest/b`]: 'b' });
      await chmod(`${tmp}/dest`, 0o711);
      await chmod(`${tmp}/dest/b`, 0o600);
      const params = { src: `${tmp}/src/`, dest: `${tmp}/dest`, mode: '0644', directory_mode: '0750' };
      const { plan } = await performTwice(copy, params);
      expect(plan.change === 'some' && plan.summary).to.equal(
        `create 1, change owner or mode of 1 of 2 files in ${tmp}/dest, make 1 folder in ${tmp}/dest`,
      );
      const modes = await Promise.all(
        ['', '/b', '/sub', '/sub/a'].map((name) => modeOf(`${tmp}/dest${name}`)),
      );
      expect(modes).to.deep.equal(['711', '644', '750', '644']);
    }));

  it('sets owners, set-user-id included', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can give files away');
      this.skip();
    }
    return withFolder(async (tmp) => {
      await write({ [`${tmp}/src/sub/a`]: 'a', [`${tmp}/src/b`]: 'b' });
      const params = {
        src: `${tmp}/src/`,
        dest: `${tmp}/dest`,
        owner: '12345',
        group: '54321',
        mode: '4755',
      };
      await performTwice(copy, params);
      for (const name of ['', '/b', '/sub', '/sub/a']) {
        const { uid, gid } = await stat(`${tmp}/dest${name}`);
        expect([uid, gid], name).to.deep.equal([12345, 54321]);
      }
      expect(await modeOf(`${tmp}/dest/b`)).to.equal('4755');
      await performTwice(copy, { ...params, owner: '12346' });
      expect([(await stat(`${tmp}/dest/b`)).uid, await modeOf(`${tmp}/dest/b`)]).to.deep.equal([
        12346,
        '4755',
      ]);
    });
  });

  it('follows links of the controller, and says so of one that leads back', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/src/a`]: 'a', [`${tmp}/other/b`]: 'b' });
      await symlink(`${tmp}/other`, `${tmp}/src/linked`);
      await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest` });
      expect((await lstat(`${tmp}/dest/linked`)).isDirectory()).to.equal(true);
      expect(await readFile(`${tmp}/dest/linked/b`, 'utf8')).to.equal('b');
      await mkdir(`${tmp}/round`);
      await symlink(`${tmp}/round`, `${tmp}/round/again`);
      const error = await failureOf(perform(copy, { src: `${tmp}/round/`, dest: `${tmp}/x` }));
      expect(error.message).to.contain('is a link back to a folder that holds it');
    }));

  it('takes names of every kind, and long ones', () =>
    withFolder(async (tmp) => {
      const long = `${'a folder with a long name '.repeat(5)}/${'x'.repeat(120)}`;
      const odd = [`it's $odd`, '-rf', 'ümläut', '*', ' leading', long];
      await write(Object.fromEntries(odd.map((name) => [`${tmp}/src/${name}`, name])));
      await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/de st'` });
      for (const name of odd) expect(await readFile(`${tmp}/de st'/${name}`, 'utf8')).to.equal(name);
      await write({ [`${tmp}/bad/line\nbreak`]: 'x' });
      const error = await failureOf(perform(copy, { src: `${tmp}/bad/`, dest: `${tmp}/x` }));
      expect(error.message).to.contain('line break');
    }));

  it('keeps what it replaces with backup, and leaves what is there with force: false', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/src/a`]: 'new', [`${tmp}/src/b`]: 'b', [`${tmp}/dest/a`]: 'old' });
      const kept = await perform(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest`, force: false });
      expect(kept.result['files']).to.deep.equal([`${tmp}/dest/b`]);
      expect(await readFile(`${tmp}/dest/a`, 'utf8')).to.equal('old');
      const { result } = await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest`, backup: true });
      const [backup = ''] = result['backup_files'] as string[];
      expect(await readFile(backup, 'utf8')).to.equal('old');
      expect(await readFile(`${tmp}/dest/a`, 'utf8')).to.equal('new');
    }));

  const ways: readonly (readonly [title: string, before: string, message: RegExp, more?: object])[] = [
    ['a file where the folder belongs', 'echo x >dest', /dest is a file, not a folder/],
    [
      'a folder where a file belongs',
      'mkdir -p dest/a',
      /dest\/a is a folder on the host, where a file belongs/,
    ],
    [
      'a file where a folder belongs',
      'mkdir dest; echo x >dest/sub',
      /dest\/sub is a file .* where a folder belongs/,
    ],
    [
      'a link to another content',
      'mkdir dest; echo x >t; ln -s ../t dest/a',
      /dest\/a is a link/,
      { follow: true },
    ],
    ['validate', ':', /`validate` is for one file/, { validate: 'true %s' }],
  ];
  for (const [title, before, message, more] of ways) {
    it(`refuses ${title}, before anything is changed`, () =>
      withFolder(async (tmp) => {
        await write({ [`${tmp}/src/a`]: 'a', [`${tmp}/src/sub/b`]: 'b' });
        execFileSync('sh', ['-c', before], { cwd: tmp });
        const listing = (): string => execFileSync('ls', ['-lR', tmp]).toString();
        const seen = listing();
        const error = await failureOf(perform(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest`, ...more }));
        expect(error.message).to.match(message);
        expect(listing()).to.equal(seen);
      }));
  }

  it('replaces a link with follow: false', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/src/a`]: 'a', [`${tmp}/target`]: 'kept', [`${tmp}/dest/x`]: 'x' });
      await symlink('../target', `${tmp}/dest/a`);
      await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest`, follow: false });
      expect((await lstat(`${tmp}/dest/a`)).isFile()).to.equal(true);
      expect(await readFile(`${tmp}/target`, 'utf8')).to.equal('kept');
    }));

  it('in check mode, later tasks see the files', () =>
    withFolder(async (tmp) => {
      await write({ [`${tmp}/src/sub/a`]: 'hello' });
      const check = createCheck(createHost());
      const params = { src: `${tmp}/src/`, dest: `${tmp}/dest` };
      expect((await check(copy, params)).change).to.equal('some');
      expect(existsSync(`${tmp}/dest`)).to.equal(false);
      const seen = await check(statModule, { path: `${tmp}/dest/sub/a` });
      expect(seen.change === 'none' && seen.result['stat']).to.deep.include({ exists: true, size: 5 });
    }));

  it('broken off at any command, each file is the old one or the new one, and the next run mends all', () =>
    withFolder(async (tmp) => {
      await write({
        [`${tmp}/src/a`]: 'new a',
        [`${tmp}/src/b`]: 'new b',
        [`${tmp}/src/sub/c`]: 'new c',
      });
      let script = '';
      let stdin: Uint8Array | undefined;
      const spy = createHost(async (text, bytes) => {
        if (bytes && text.shellText.includes('tar -x')) {
          script = text.shellText;
          stdin = bytes;
          throw new Error('seen');
        }
        return localRun()(text, bytes);
      });
      const plan = await planOf(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest` }, spy.read);
      if (plan.change !== 'some') throw new Error('nothing planned');
      await plan.apply(spy.write).catch(() => undefined);
      const lines = script.split('\n');
      expect(lines.length).to.be.greaterThan(8);
      for (let cut = 1; cut < lines.length; cut++) {
        execFileSync('rm', ['-rf', `${tmp}/dest`]);
        await write({ [`${tmp}/dest/a`]: 'old a' });
        // A power cut runs no trap.
        const broken = [...lines.slice(0, cut), 'kill -9 $$'].join('\n');
        await localRun()({ shellText: broken }, stdin);
        const a = await readFile(`${tmp}/dest/a`, 'utf8');
        expect(['old a', 'new a'], `after line ${cut}`).to.include(a);
        for (const [name, text] of [
          ['b', 'new b'],
          ['sub/c', 'new c'],
        ] as const)
          if (existsSync(`${tmp}/dest/${name}`))
            expect(await readFile(`${tmp}/dest/${name}`, 'utf8'), `after line ${cut}`).to.equal(text);
      }
      await performTwice(copy, { src: `${tmp}/src/`, dest: `${tmp}/dest` });
      expect(await readFile(`${tmp}/dest/sub/c`, 'utf8')).to.equal('new c');
    }));
});

describe('a tar', () => {
  const readers: readonly (readonly [string, readonly string[]])[] = [
    ['tar', ['tar']],
    ['busybox', ['busybox', 'tar']],
  ];
  for (const [name, [program = '', ...args]] of readers) {
    it(`is read by ${name}`, function () {
      try {
        execFileSync('sh', ['-c', `command -v ${program}`]);
      } catch {
        console.log(`      skipped: no ${program} on this machine`);
        this.skip();
      }
      return withFolder(async (tmp) => {
        const long = `${'f'.repeat(99)}/${'n'.repeat(150)}`;
        const tar = createTar([
          { type: 'directory', path: 'f'.repeat(99), mode: 0o750 },
          { type: 'file', path: long, mode: 0o640, content: Buffer.alloc(1500, 7) },
          { type: 'file', path: 'empty', mode: 0o600, content: Buffer.alloc(0) },
        ]);
        execFileSync(program, [...args, '-xpof', '-', '-C', tmp], { input: await gatherInput(tar) });
        expect((await readFile(`${tmp}/${long}`)).equals(Buffer.alloc(1500, 7))).to.equal(true);
        expect([await modeOf(`${tmp}/${long}`), await modeOf(`${tmp}/${'f'.repeat(99)}`)]).to.deep.equal([
          '640',
          '750',
        ]);
        expect((await stat(`${tmp}/empty`)).size).to.equal(0);
      });
    });
  }
});
