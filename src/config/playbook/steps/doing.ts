/**
 * Owns what a step is told to do: which of its keys names a module or an action of the language, and what is said where
 * none does, or two do.
 */
import { nearest, type Place } from '../../../core/errors.js';
import type { Module } from '../../../core/module.js';
import { errorAt } from '../../source/findings.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';
import type { PlaybookContext } from '../reading/context.js';
import {
  actions,
  isKeyword,
  isKeywordOfPlays,
  namesOf,
  otherActions,
  type Action,
} from '../reading/keywords.js';

/** What a step is told to do: by a module, or by the language itself. */
export type Doing =
  | { readonly module: Module; readonly entry: MapEntry }
  | { readonly action: Action; readonly entry: MapEntry };

/** The key of a task that names what it does; else which keys are to blame, after that is reported. */
export function findDoing(
  task: MapNode,
  { modules, report }: PlaybookContext,
): Doing | { readonly blamed: readonly string[] } {
  const candidates = [...task.entries.values()].filter(
    ({ key }) => !isKeyword(key) || (isKeywordOfPlays(key) && modules.has(key)),
  );
  const named = candidates.flatMap((entry): Doing[] => {
    const module = moduleNamed(entry.key, modules);
    if (module) return [{ module, entry }];
    const action = actions.find((one) => one === bareName(entry.key));
    return action ? [{ action, entry }] : [];
  });
  const [first, second] = named;
  if (second) {
    report(
      errorAt(
        second.entry.keyAt,
        'playbook-invalid',
        `this task has two modules, '${first?.entry.key ?? ''}' and '${second.entry.key}'`,
        "begin a task of its own with '- ' before it",
      ),
    );
    return { blamed: named.map(({ entry }) => entry.key) };
  }
  if (first) return first;
  const other = candidates.find(({ key }) => Object.hasOwn(otherActions, bareName(key)));
  if (other) {
    const hint = otherActions[bareName(other.key)];
    report(errorAt(other.keyAt, 'keyword-unsupported', `a task cannot do '${other.key}' in zrun`, hint));
    return { blamed: [other.key] };
  }
  // What is nearer to a keyword than to a module is taken for the keyword.
  const unknown = candidates.find(({ key }) => nearest(key, namesOf('task')) === undefined) ?? candidates[0];
  if (unknown) report(unknownModule({ key: unknown.key, at: unknown.keyAt, task, modules }));
  else {
    const at = [...task.entries.values()][0]?.keyAt ?? task.at;
    report(
      errorAt(
        at,
        'playbook-invalid',
        'this task names no module',
        "add what it is to do, as in 'command: …'",
      ),
    );
  }
  return { blamed: unknown ? [unknown.key] : [] };
}

/** The collections that come with Ansible, whose modules zrun has under the same names. */
export function moduleNamed(key: string, modules: ReadonlyMap<string, Module>): Module | undefined {
  return modules.get(key.replace(/^(?:ansible\.(?:builtin|legacy|posix)|community\.general)\./, ''));
}

function bareName(key: string): string {
  return key.replace(/^ansible\.(?:builtin|legacy)\./, '');
}

/** Modules of Ansible's that zrun has under another name. (Its `rsync` copies from folder to folder on a host.) */
const otherNames: Readonly<Record<string, string>> = {
  service: 'systemd_service',
  systemd: 'systemd_service',
  synchronize: 'copy',
  raw: 'shell',
  gather_facts: 'setup',
};

/** `key`: as it is written, in a task or elsewhere. */
export function unknownModule({
  key,
  at,
  task,
  modules,
}: {
  readonly key: string;
  readonly at?: Place;
  readonly task?: MapNode;
  readonly modules: ReadonlyMap<string, Module>;
}): ReturnType<typeof errorAt> {
  const bare = key.replace(/^[\w]+\.[\w]+\./, '');
  const other = Object.hasOwn(otherNames, bare) ? otherNames[bare] : undefined;
  // What a collection has is named after what it is about, as many modules are: only a slip of the pen is near.
  const near = nearest(bare, modules.keys(), bare === key ? undefined : 2);
  // `whn: …` beside nothing that is a module may be a keyword's misspelling rather than a module's.
  let hint: string | undefined = "'zrun doc' lists the modules";
  if (other !== undefined && modules.has(other)) hint = `zrun's is called '${other}'`;
  else if (bare !== key && modules.has(bare)) hint = `zrun has a '${bare}' of its own: write '${bare}:'`;
  else if (near !== undefined) hint = `did you mean '${near}'?`;
  else if (task && task.entries.size > 1)
    hint = `'zrun doc' lists the modules; a command is run by 'command: …'`;
  return errorAt(at, 'module-unknown', `there is no module '${key}'`, hint);
}
