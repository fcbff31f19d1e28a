/**
 * Owns how `vars_prompt` is read: what the user is asked for before the run.
 */
import { nearest } from '../../core/errors.js';
import type { VarsPrompt } from '../../core/plan.js';
import type { FieldReader } from './reading/fields.js';
import { errorAt, type Report } from '../source/findings.js';
import { isVariableName } from '../template/template.js';
import { describeNode, type MapEntry, type MapNode } from '../yaml/yaml.js';

const fields = ['name', 'prompt', 'default', 'private', 'confirm', 'unsafe'];
/** Ansible hashes the answer there. */
const hashing = ['encrypt', 'salt', 'salt_size'];

export function readPrompts(
  entry: MapEntry | undefined,
  read: FieldReader,
  report: Report,
): readonly VarsPrompt[] {
  if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return [];
  const list = read.list(entry);
  return (list?.items ?? []).flatMap((node) => {
    if (node.kind === 'map') return readPrompt(node, read, report) ?? [];
    const message = `each item of 'vars_prompt' must be a map, but this is ${describeNode(node)}`;
    report(errorAt(node.at, 'playbook-invalid', message, "write '- name: …' and, below it, 'prompt: …'"));
    return [];
  });
}

function readPrompt(node: MapNode, read: FieldReader, report: Report): VarsPrompt | undefined {
  for (const { key, keyAt } of node.entries.values()) {
    if (fields.includes(key)) continue;
    if (hashing.includes(key)) {
      report(errorAt(keyAt, 'keyword-unsupported', `zrun does not have '${key}' of vars_prompt yet`));
      continue;
    }
    const near = nearest(key, fields);
    const hint = near === undefined ? `it has ${fields.join(', ')}` : `did you mean '${near}'?`;
    report(errorAt(keyAt, 'playbook-invalid', `vars_prompt has no '${key}'`, hint));
  }
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const [nameEntry, text, otherwise] = [get('name'), get('prompt'), get('default')];
  const [isPrivate, confirm] = [get('private'), get('confirm')];
  const name = nameEntry && read.text(nameEntry);
  if (!nameEntry) {
    const at = [...node.entries.values()][0]?.keyAt ?? node.at;
    report(errorAt(at, 'playbook-invalid', 'this names no variable', "add 'name: …'"));
  }
  if (!nameEntry || name === undefined) return undefined;
  if (!isVariableName(name)) {
    const message = `'${name}' cannot be a variable's name`;
    report(
      errorAt(nameEntry.value.at, 'playbook-invalid', message, 'use letters, digits and _, a letter first'),
    );
    return undefined;
  }
  return {
    name,
    at: nameEntry.value.at,
    text: (text && read.text(text)) ?? name,
    isPrivate: (isPrivate && read.boolean(isPrivate)) ?? true,
    default: otherwise && read.text(otherwise),
    confirm: (confirm && read.boolean(confirm)) ?? false,
  };
}
