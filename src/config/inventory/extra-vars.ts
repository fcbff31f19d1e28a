/**
 * Owns `-e`: `k=v k2="a b"` (always text), JSON or YAML in braces, and `@file.yaml`.
 */
import { collectFindings, errorAt, type Report } from '../source/findings.js';
import type { Source } from '../../core/errors.js';
import { keepSecret, passwordNames } from '../../core/secret.js';
import { withWritten, type InventoryVariable } from './variable.js';
import { readSource } from '../source/source.js';
import { compileTemplate, isVariableName } from '../template/template.js';
import { noKeys, type Keyring } from '../../secrets/keyring.js';
import { readSealedYaml } from '../yaml/sealed.js';
import { describeNode, type ScalarNode } from '../yaml/yaml.js';

/**
 * Reads all `-e` options, the later ones winning. Values may be templates, as in Ansible. Throws ZrunError or
 * ZrunErrors.
 */
export async function parseExtraVars(
  options: readonly string[],
  { cwd, keys = noKeys }: { readonly cwd: string; readonly keys?: Keyring | undefined },
): Promise<ReadonlyMap<string, InventoryVariable>> {
  const findings = collectFindings();
  const vars = new Map<string, InventoryVariable>();
  for (const option of options) {
    for (const [name, template] of await parseOne(option, cwd, keys, findings.report))
      vars.set(name, template);
  }
  findings.throwAll();
  return vars;
}

async function parseOne(
  option: string,
  cwd: string,
  keys: Keyring,
  report: Report,
): Promise<ReadonlyMap<string, InventoryVariable>> {
  if (option.startsWith('@')) return await readMap(await readSource(cwd, option.slice(1)), keys, report);
  const source = { name: '--extra-vars', text: option };
  if (/^\s*[{[]/.test(option)) return await readMap(source, keys, report);
  const vars = new Map<string, InventoryVariable>();
  for (const match of option.matchAll(/\S+?="(?:[^"\\]|\\.)*"|\S+?='[^']*'|\S+/g)) {
    const [word] = match;
    const equals = word.indexOf('=');
    const at = { source, start: match.index, end: match.index + word.length };
    const name = word.slice(0, equals);
    if (equals < 1 || !isVariableName(name)) {
      const hint =
        equals < 1
          ? (jsonHint(option) ?? 'write name=value; for a file, @ stands before its path')
          : 'a name has letters, digits and _, a letter first';
      report(errorAt(at, 'usage', `'${word}' is not an extra variable`, hint));
      continue;
    }
    const node = textNode(source, match.index + equals + 1, word.slice(equals + 1));
    if (passwordNames.has(name)) keepSecret(node.text.text);
    vars.set(name, withWritten(node, compileTemplate(node, report)));
  }
  return vars;
}

/** `batch=[1, 2]` is cut at the space; what is meant is a list, which a value is not: it is always text. */
function jsonHint(option: string): string | undefined {
  const [, name, value] = /^\s*(\w+)=([[{].*[\]}])\s*$/s.exec(option) ?? [];
  if (name !== undefined && value !== undefined)
    return `a list or a map is written in JSON: -e '{"${name}": ${value}}'`;
  return /=[[{]/.test(option) ? `a list or a map is written in JSON: -e '{"name": [1, 2]}'` : undefined;
}

/** A map of variables, in JSON or YAML. */
async function readMap(
  source: Source,
  keys: Keyring,
  report: Report,
): Promise<ReadonlyMap<string, InventoryVariable>> {
  const vars = new Map<string, InventoryVariable>();
  const root = await readSealedYaml(source, report, { keys });
  if (!root || (root.kind === 'scalar' && root.value === null)) return vars;
  if (root.kind !== 'map') {
    report(
      errorAt(
        { ...root.at, end: root.at.start + 1 },
        'usage',
        `extra variables must be a map, but are ${describeNode(root)}`,
        source.name === '--extra-vars' ? `write '{"name": value}'` : "write 'name: value'",
      ),
    );
    return vars;
  }
  for (const { key, keyAt, value } of root.entries.values()) {
    if (isVariableName(key)) vars.set(key, withWritten(value, compileTemplate(value, report)));
    else {
      const hint = 'use letters, digits and _, a letter first';
      report(errorAt(keyAt, 'usage', `'${key}' cannot be a variable's name`, hint));
    }
  }
  return vars;
}

/** A shell's quotes may still be there, where the whole option was quoted. */
function textNode(source: ScalarNode['at']['source'], start: number, written: string): ScalarNode {
  const isQuoted = /^(?:"[\s\S]*"|'[\s\S]*')$/.test(written);
  const inner = isQuoted ? written.slice(1, -1) : written;
  const value = written.startsWith('"') && isQuoted ? inner.replace(/\\(.)/g, '$1') : inner;
  const from = isQuoted ? start + 1 : start;
  const at = { source, start: from, end: from + inner.length };
  const inside = (first: number, last: number) => ({ source, start: from + first, end: from + last });
  return { kind: 'scalar', at, value, raw: false, plain: false, text: { text: value, at, inside } };
}
