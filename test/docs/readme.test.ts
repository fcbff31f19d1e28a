/**
 * What the README tells people to type: every command exists, every playbook and inventory that it names is fit to run,
 * every setting and exit code is one that the code knows.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import * as z from 'zod';
import { quoteArgv } from '../../src/core/shell.js';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const zrunProgram = ['--import', import.meta.resolve('tsx'), path.join(root, 'src/main.ts')];

async function commandsOf(file: string): Promise<string[]> {
  const text = await readFile(path.join(root, file), 'utf8');
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) => block.split('\n').flatMap((line) => line.split(' && ')));
}

describe('README', () => {
  let folder: string;
  let commands: string[];

  before(async () => {
    commands = (await commandsOf('README.md')).map((line) => line.trim()).filter((line) => line !== '');
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
    const named = commands.flatMap((line) => /^npm (?:run )?([\w:]+)/.exec(line)?.[1] ?? []);
    expect(named).to.include.members(['ci', 'demo', 'test', 'lab']);
    for (const name of named) expect([...Object.keys(scripts), 'ci'], name).to.include(name);
  });

  it('its zrun commands pass --syntax-check with the example inventory', async () => {
    const zrun = commands.filter((line) => /^(npx )?zrun playbooks/.test(line));
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
  }).timeout(120_000);

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
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const { stdout } = await run(process.execPath, [...zrunProgram, 'schema', '--help']);
    const settings = [...stdout.matchAll(/^ +("yaml\.\w+": \[.*\])$/gm)].map((match) => match[1] ?? '');
    expect(settings).to.have.length.greaterThan(0);
    for (const setting of settings) expect(readme).to.contain(setting);
  });

  it('or the example inventory has every setting of the migration', async () => {
    const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');
    const texts = await Promise.all(['playbooks/overlay2.yaml', 'playbooks/vars/overlay2.yaml'].map(read));
    const settings = texts.flatMap((text) =>
      [...text.matchAll(/\(?default (\w+) /g)].map((match) => match[1] ?? ''),
    );
    expect(settings).to.include.members(['batch', 'strategy', 'force_lock']);
    const example = await read('inventory.example.yaml');
    for (const name of settings) expect(example, name).to.match(new RegExp(`#.* ${name}\\b`));
  });

  it('every package of its table is a dependency, and every dependency is in it', async () => {
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')));
    const listed = [...readme.matchAll(/^\| ([@\w/-]+) \| (?!why)/gm)].map((match) => match[1]);
    expect(listed).to.have.members(Object.keys(dependencies));
  });
});
