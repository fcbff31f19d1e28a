/** Playbooks by their names: those that zrun brings, the user's own before them, and copies to change. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from './fake-environment.js';

const root = path.resolve(import.meta.dirname, '../..');
const mine = '- hosts: localhost\n  tasks: []\n';

describe('playbooks by name', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-playbooks-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ask = (...words: readonly string[]): Promise<Ended> => zrun(words, { cwd: folder });
  const check = (name: string): Promise<Ended> => ask(name, '-i', 'web1,', '--syntax-check');
  const own = (name: string): string => path.join(root, 'playbooks', name);

  it('lists them, each with a sentence', async () => {
    const { code, stdout } = await ask('playbooks');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^audit {5}Says of each host .*\.$/m);
    const named = [...(stdout.split('\n\n')[0] ?? '').matchAll(/^(\w+) +[A-Z].*\.$/gm)].map(
      ([, name]) => name,
    );
    expect(named).to.deep.equal(['audit', 'bench', 'finalize', 'grow', 'overlay2', 'rollback']);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(100);
  });

  describe('which file a name stands for', () => {
    const table: readonly (readonly [word: string, files: readonly string[], meant: string, note: RegExp])[] =
      [
        ['audit', [], own('audit.yaml'), /^playbook audit is zrun's own \//],
        ['audit.yaml', [], own('audit.yaml'), /^playbook audit is zrun's own \//],
        [
          'audit',
          ['audit.yaml'],
          'audit.yaml',
          /^playbook audit is your audit.yaml, not zrun's own of that name\n$/,
        ],
        ['audit', ['audit.yml'], 'audit.yml', /^playbook audit is your audit.yml/],
        [
          'audit',
          ['playbooks/audit.yml'],
          'playbooks/audit.yml',
          /^playbook audit is your playbooks\/audit.yml/,
        ],
        ['audit', ['audit.yaml', 'playbooks/audit.yaml'], 'audit.yaml', /^playbook audit is your audit.yaml/],
        ['audit.yaml', ['playbooks/audit.yaml'], 'playbooks/audit.yaml', /^playbook audit is your playbooks/],
        [
          'site',
          ['playbooks/site.yaml'],
          'playbooks/site.yaml',
          /^playbook site is your playbooks\/site.yaml\n$/,
        ],
        ['audit', ['audit'], 'audit', /^$/],
        ['./audit.yaml', ['audit.yaml'], './audit.yaml', /^$/],
        // A folder is no playbook.
        ['audit', ['audit/of/last-year'], own('audit.yaml'), /^playbook audit is zrun's own/],
      ];
    for (const [word, files, meant, note] of table) {
      it(`${word} where there is ${files.length === 0 ? 'nothing' : files.join(' and ')}`, async () => {
        for (const file of files) {
          await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
          await writeFile(path.join(folder, file), mine);
        }
        const { code, stdout, stderr } = await check(word);
        expect(stderr).to.match(note);
        expect(stdout).to.equal(`${meant}: ok\n`);
        expect(code).to.equal(0);
      });
    }
  });

  it('a word that names none is said to, with what is near', async () => {
    expect((await ask('auditt')).stderr)
      .to.include("no playbook and no verb 'auditt'")
      .and.include('zrun audit');
    expect((await check('overlay3')).stderr).to.match(/^error: .*overlay3/);
    expect((await check('playbooks/none.yaml')).code).to.equal(4);
  });

  describe('copies', () => {
    it('has all that the playbook needs, and nothing of others', async () => {
      for (const name of ['audit', 'bench', 'finalize', 'grow', 'overlay2', 'rollback']) {
        const home = path.join(folder, name);
        await mkdir(home);
        const copied = await zrun(['playbooks', 'copy', name], { cwd: home });
        expect(copied.stderr).to.equal('');
        const files = copied.stdout.trim().split('\n');
        expect(files[0]).to.match(/^playbooks\//);
        expect(await filesIn(home)).to.deep.equal(files);
        for (const file of files)
          expect(await readFile(path.join(home, file), 'utf8')).to.equal(
            await readFile(path.join(root, file), 'utf8'),
          );
        // Where zrun brings nothing, so that what is missing is not found elsewhere.
        const checked = await zrun([name, '-i', 'web1,', '--syntax-check'], { cwd: home, ownFolder: home });
        expect(checked.code, checked.stderr).to.equal(0);
      }
      expect(await filesIn(path.join(folder, 'audit'))).not.to.include('templates/fstab.hbs');
    });

    it('into another folder, a second time too', async () => {
      const first = (await ask('playbooks', 'copy', 'audit.yaml', 'at/home')).stdout.trim().split('\n');
      expect(first[0]).to.equal('at/home/playbooks/audit.yaml');
      await rm(path.join(folder, 'at/home/playbooks/audit.yaml'));
      const again = await ask('playbooks', 'copy', 'audit', 'at/home');
      expect([again.code, again.stdout]).to.deep.equal([
        0,
        `at/home/playbooks/audit.yaml\n${first.length - 1} files were there already\n`,
      ]);
      expect((await ask('playbooks', 'copy', 'audit', 'at/home')).stdout).to.equal(
        `${first.length} files were there already\n`,
      );
    });

    it('never over what differs, unless forced', async () => {
      await mkdir(path.join(folder, 'playbooks'));
      await writeFile(path.join(folder, 'playbooks/audit.yaml'), mine);
      const refused = await ask('playbooks', 'copy', 'audit');
      expect(refused.code).to.equal(4);
      expect(refused.stderr)
        .to.include('nothing was copied: playbooks/audit.yaml would be overwritten')
        .and.include('--force');
      expect(await filesIn(folder)).to.deep.equal(['playbooks/audit.yaml']);
      expect((await ask('playbooks', 'copy', 'audit', '--force')).code).to.equal(0);
      expect(await readFile(path.join(folder, 'playbooks/audit.yaml'), 'utf8')).not.to.equal(mine);
    });

    const wrong: readonly (readonly [words: readonly string[], message: string])[] = [
      [['copy'], 'no playbook is named'],
      [['copy', 'audt'], "did you mean 'audit'?"],
      [['copy', '../secrets'], "zrun brings no playbook '../secrets'"],
      [['copy', 'audit', 'a', 'b'], 'one playbook into one folder'],
      [['list'], "does not know 'list'"],
      [['--jsn'], 'did you mean --json?'],
      [['copy', 'audit', 'file/below'], 'a part of its path is a file'],
      [['copy', 'audit', '/proc/none'], 'its folder cannot be made'],
    ];
    for (const [words, message] of wrong) {
      it(`refuses: playbooks ${words.join(' ')}`, async () => {
        await writeFile(path.join(folder, 'file'), '');
        const { code, stderr } = await ask('playbooks', ...words);
        expect(stderr).to.include(message);
        expect(code).to.equal(4);
      });
    }
  });
});

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}
