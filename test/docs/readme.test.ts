/**
 * What the papers tell people to type: every command exists, every playbook and inventory that they name is fit to run,
 * every setting, exit code, link and file is one that is there.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import * as z from 'zod';
import { quoteArgv } from '../../src/core/shell.js';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const zrunProgram = ['--import', import.meta.resolve('tsx'), path.join(root, 'src/main.ts')];

const papers = [
  'README.md',
  'playbooks/README.md',
  'src/README.md',
  'test/README.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  'CHANGELOG.md',
] as const;

const textOf = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');

async function commandsOf(file: string): Promise<string[]> {
  const text = await textOf(file);
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) => block.split('\n').flatMap((line) => line.split(' && ')));
}

describe('the papers', () => {
  let folder: string;
  let commands: string[];

  before(async () => {
    commands = (await Promise.all(papers.map(commandsOf)))
      .flat()
      .map((line) => line.trim())
      .filter((line) => line !== '');
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-readme-'));
    await copyFile(path.join(root, 'inventory.example.yaml'), path.join(folder, 'hosts.yaml'));
    for (const name of ['playbooks', 'templates'])
      await symlink(path.join(root, name), path.join(folder, name));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('names only scripts that package.json has', async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')));
    const texts = await Promise.all(papers.map(textOf));
    const inText = texts.flatMap((text) =>
      [...text.matchAll(/`npm\s+(?:run\s+)?([\w:]+)/g)].map((match) => match[1] ?? ''),
    );
    const named = [...commands.flatMap((line) => /^npm (?:run )?([\w:]+)/.exec(line)?.[1] ?? []), ...inText];
    expect(named).to.include.members(['ci', 'demo', 'test', 'lab']);
    for (const name of named)
      expect([...Object.keys(scripts), 'ci', 'pack', 'install'], name).to.include(name);
  });

  for (const paper of papers) {
    it(`${paper} links to what is there, and names files that are there`, async () => {
      const text = await textOf(paper);
      const folders = [
        '',
        path.dirname(paper),
        ...(paper === 'src/README.md' ? ['src/config/playbook', 'src/config'] : []),
      ];
      const isThere = (name: string): boolean =>
        folders.some((folder) => existsSync(path.join(root, folder, name)));
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
      expect(links.filter((link) => !existsSync(path.join(root, path.dirname(paper), link)))).to.deep.equal(
        [],
      );
      const files = [...text.matchAll(/`([\w.-]+\/[\w./-]+\.(?:ts|yaml|sh))`/g)].map(
        (match) => match[1] ?? '',
      );
      expect(files.filter((file) => !isThere(file) && file !== 'system/hostname.ts')).to.deep.equal([]);
    });
  }

  it('has a front page that is read in one go', async () => {
    expect((await textOf('README.md')).split('\n').length).to.be.at.most(121);
  });

  it('its zrun commands pass --syntax-check with the example inventory', async () => {
    const zrun = commands.filter((line) => /^(npx )?zrun [\w-]+ .*-i /.test(line));
    expect(zrun).to.have.length.greaterThan(3);
    for (const line of zrun) {
      // As a shell reads it, quotes and all.
      const words = line.replace(/^(npx )?zrun /, '');
      const command = `${quoteArgv([process.execPath, ...zrunProgram])} ${words} --syntax-check`;
      const { stdout } = await run('sh', ['-c', command], {
        cwd: folder,
      }).catch((error: unknown) => expect.fail(`${line}: ${String(error)}`));
      expect(stdout, line).to.match(/: ok$/m);
    }
  }).timeout(600_000);

  it('lists the exit codes that --help lists', async () => {
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const { stdout } = await run(process.execPath, [...zrunProgram, '--help']);
    const codes = [...(stdout.split('Exit codes:')[1] ?? '').matchAll(/^ +(\d+) /gm)].map(
      (match) => match[1],
    );
    expect(codes).to.have.length.greaterThan(6);
    const section = readme.split('## Exit codes')[1]?.split('## ')[0] ?? '';
    for (const code of codes)
      expect(section, `exit code ${code ?? ''}`).to.match(new RegExp(`\\b${code ?? ''} `));
  });

  it('configures VS Code as schema --help does', async () => {
    const readme = await textOf('playbooks/README.md');
    const { stdout } = await run(process.execPath, [...zrunProgram, 'schema', '--help']);
    const settings = [...stdout.matchAll(/^ +("yaml\.\w+": \[.*\])$/gm)].map((match) => match[1] ?? '');
    expect(settings).to.have.length.greaterThan(0);
    for (const setting of settings) expect(readme).to.contain(setting);
  });

  it('or the example inventory has every setting of the migration', async () => {
    const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');
    const files = [
      'overlay2.yaml',
      ...['overlay2', 'health', 'bench', 'soak'].map((name) => `vars/${name}.yaml`),
    ];
    const texts = await Promise.all(files.map((file) => read(`playbooks/${file}`)));
    const settings = texts.flatMap((text) =>
      [...text.matchAll(/\(?default (\w+) /g)].map((match) => match[1] ?? ''),
    );
    expect(settings).to.include.members(['batch', 'strategy', 'force_lock']);
    const example = await read('inventory.example.yaml');
    for (const name of settings) expect(example, name).to.match(new RegExp(`#.* ${name}\\b`));
  });

  it('every package that the sources import is in its table, and no other', async () => {
    const table = (await textOf('src/README.md')).split('## Packages')[1] ?? '';
    const imported = new Set<string>();
    for (const file of await readdir(path.join(root, 'src'), { recursive: true })) {
      if (!file.endsWith('.ts')) continue;
      const text = await textOf(path.join('src', file));
      for (const [, name = ''] of text.matchAll(
        /\b(?:from|import\() ?'(?!node:)((?:@[\w-]+\/)?[\w-][\w.-]*)[/']/g,
      ))
        imported.add(name);
    }
    const listed = [...table.matchAll(/^\| ([@\w/-]+) \| (?!why)/gm)].map((match) => match[1]);
    expect(listed).to.have.members([...imported]);
  });
});
