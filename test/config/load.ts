/**
 * Owns the small folders of files that playbooks are loaded from in tests, and what is said of those that are wrong.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadInventory, loadPlaybook, parseExtraVars } from '../../src/config/index.js';
import { formatPlace, ZrunError, ZrunErrors } from '../../src/core/errors.js';
import type { Playbook, Step } from '../../src/core/plan.js';
import { testModules } from './modules.js';

export interface Around {
  readonly files?: Readonly<Record<string, string>>;
  readonly hosts?: string;
  readonly extraVars?: readonly string[];
}

/** A folder of its own, gone when the work is done; `books/play.yaml` is the playbook. */
export async function withPlaybook<T>(
  text: string,
  { files = {}, hosts = 'all: {hosts: {web1: {size: 8}}}', extraVars = [] }: Around,
  work: (playbook: Playbook, folder: string) => T | Promise<T>,
): Promise<T> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-playbook-'));
  try {
    const all = { 'hosts.yaml': hosts, 'books/play.yaml': text, ...files };
    for (const [name, content] of Object.entries(all)) {
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), content);
    }
    const given = await parseExtraVars(extraVars, { cwd });
    const inventory = await loadInventory(['hosts.yaml'], { cwd, extraVars: given });
    const options = { modules: testModules, cwd, inventory, extraVars: given };
    return await work(await loadPlaybook('books/play.yaml', options), cwd);
  } finally {
    await rm(cwd, { recursive: true });
  }
}

/** Everything that is wrong with a playbook, each as `file:line:column: message (hint)`. */
export async function complaintsOf(text: string, around: Around = {}): Promise<readonly string[]> {
  return await complaintsAbout(() => withPlaybook(text, around, () => undefined));
}

export async function complaintsAbout(work: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    const errors = error instanceof ZrunErrors ? error.errors : [error];
    return errors.map((one) => {
      if (!(one instanceof ZrunError)) throw one;
      const hint = one.hint === undefined ? '' : ` (${one.hint})`;
      return `${one.at ? `${formatPlace(one.at)}: ` : ''}${one.message}${hint}`;
    });
  }
}

/** Tasks of a play that is right around them. */
export function tasks(text: string): string {
  return `- hosts: all\n  tasks:\n${text.replace(/^(?=.)/gm, '    ')}`;
}

/** Steps as an outline: a task's or an include's name, a block's with what is in it. */
type Outline = string | readonly [string, ...Outline[]];

export function outline(steps: readonly Step[]): readonly Outline[] {
  return steps.map((step): Outline => {
    if (step.type === 'block') {
      return [step.name, ...outline([...step.tasks, ...step.rescue, ...step.always])];
    }
    if (step.type === 'include') return [`include ${step.name}`, ...outline(step.steps ?? [])];
    return step.type === 'meta' ? `meta ${step.action}` : step.name;
  });
}
