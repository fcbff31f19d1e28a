/** Owns how tests run single tasks of the real playbooks on this machine, with programs that stand in for a host's. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { isList, isMap, type Value, type ValueMap } from '../../src/core/value.js';
import { play, type Played } from '../engine/play.js';

const folder = path.resolve(import.meta.dirname, '../../playbooks');

/** A task of a playbook by its name, however deep in blocks. */
export async function taskOf(playbook: string, name: string): Promise<ValueMap> {
  const content = parse(await readFile(path.join(folder, playbook), 'utf8'), {
    customTags: ['!raw', '!cel'].map((tag) => ({ tag, resolve: (text: string) => text })),
    // `!rules` too, which nobody here looks into.
    logLevel: 'error',
  }) as Value;
  const found = tasksIn(content).find((task) => task['name'] === name);
  if (found === undefined) throw new Error(`${playbook} has no task '${name}'`);
  return found;
}

function tasksIn(value: Value | undefined): readonly ValueMap[] {
  if (value === undefined || !isList(value)) return [];
  return value.filter(isMap).flatMap((task) => [
    task,
    ...['tasks', 'block', 'rescue', 'always'].flatMap((section) => tasksIn(task[section])),
  ]);
}

/** @param programs scripts of sh by the names that they stand in for */
export async function playTasks(
  tmp: string,
  tasks: readonly ValueMap[],
  vars: ValueMap,
  programs: Readonly<Record<string, string>>,
): Promise<Played> {
  const bin = path.join(tmp, 'bin');
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries(programs))
    await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return play(stringify([{ hosts: 'all', gather_facts: false, environment, vars, tasks }]), {}, tmp);
}
