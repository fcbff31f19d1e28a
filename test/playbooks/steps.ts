/** Owns how tests run single tasks of the real playbooks on this machine, with programs that stand in for a host's. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { isList, isMap, type Value, type ValueMap } from '../../src/core/value.js';
import { play, type Played } from '../engine/play.js';

const folder = path.resolve(import.meta.dirname, '../../playbooks');

/** A task of a playbook by its name, however deep in blocks. */
export async function taskOf(playbook: string, name: string): Promise<ValueMap> {
  const content = await contentOf(playbook);
  const found = tasksIn(content).find((task) => task['name'] === name);
  if (found === undefined) throw new Error(`${playbook} has no task '${name}'`);
  return found;
}

/** What a file of variables has: expressions as templates, which `play` takes. */
export async function varsOf(file: string): Promise<ValueMap> {
  const content = await contentOf(file);
  if (!isMap(content)) throw new Error(`${file} is no map`);
  return content;
}

async function contentOf(file: string): Promise<Value> {
  const quoted = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`);
  return parse(await readFile(path.join(folder, file), 'utf8'), {
    customTags: [
      // No template: the text of an expression that is one.
      {
        tag: '!raw',
        resolve: (text: string) => (text.includes('{{') ? `{{cel "r'${text.trim()}'"}}` : text),
      },
      { tag: '!cel', resolve: (text: string) => `{{cel ${quoted(text.trim())}}}` },
    ],
    // `!rules` too, which nobody here looks into.
    logLevel: 'error',
  }) as Value;
}

function tasksIn(value: Value | undefined): readonly ValueMap[] {
  if (value === undefined || !isList(value)) return [];
  return value
    .filter(isMap)
    .flatMap((task) => [
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
