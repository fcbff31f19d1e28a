/**
 * What a user reads when an input is wrong: every message whole, with its file, line, column, caret and hint. The
 * expected texts are files in `golden/`; UPDATE_GOLDEN=1 writes them anew, to be read aloud before they are kept.
 */
import { chmod, mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { formatProblem, ZrunError, ZrunErrors } from '../../src/core/errors.js';
import {
  checkConnections,
  loadInventory,
  loadPlaybook,
  parseExtraVars,
  readLimit,
  selectHosts,
} from '../../src/config/index.js';
import { wrongInputs, type WrongInput } from './wrong-inputs.js';
import { testModules } from './modules.js';

const goldenFolder = path.join(import.meta.dirname, 'golden');

const goodInventory = `all:
  hosts:
    web1:
    web2:
  children:
    databases:
      hosts:
        db1:
          size: 8
`;

describe('wrong inputs', () => {
  it('are many', () => {
    expect(wrongInputs.length).to.be.at.least(24);
    expect(new Set(wrongInputs.map(({ name }) => name)).size).to.equal(wrongInputs.length);
  });

  for (const input of wrongInputs) {
    it(input.name, async () => {
      const said = await inFolder(input, (folder) => complaint(input, folder));
      const golden = path.join(
        goldenFolder,
        `${input.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.txt`,
      );
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(golden, said);
      expect(said).to.equal(await readFile(golden, 'utf8'));
    });
  }
});

async function inFolder<T>(input: WrongInput, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-config-'));
  try {
    for (const [name, text] of Object.entries({ 'hosts.yaml': goodInventory, ...input.files })) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    for (const name of input.executable ?? []) await chmod(path.join(folder, name), 0o755);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Everything that is said, problems apart by empty lines. */
async function complaint(input: WrongInput, cwd: string): Promise<string> {
  try {
    const extraVars = await parseExtraVars(input.extraVars ?? [], { cwd });
    const inventory = await loadInventory(input.inventory ?? ['hosts.yaml'], {
      cwd,
      extraVars,
      programTimeoutMs: input.programTimeoutMs,
    });
    checkConnections(inventory.hosts.values());
    if (input.pattern !== undefined)
      selectHosts(inventory, input.pattern, await readLimit(input.limit, { cwd }));
    if (input.files?.['play.yaml'] !== undefined) {
      await loadPlaybook('play.yaml', { modules: testModules, cwd, inventory, extraVars });
    }
  } catch (error) {
    const errors = error instanceof ZrunErrors ? error.errors : [error];
    return errors
      .map((one) => {
        if (!(one instanceof ZrunError)) throw one;
        return `[${one.code}]\n${formatProblem(one.problem)}\n`;
      })
      .join('\n');
  }
  throw new Error('nothing was said');
}
