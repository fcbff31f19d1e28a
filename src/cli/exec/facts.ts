/**
 * Owns `zrun facts`: what zrun knows of a host, by the names that playbooks use.
 */
import { formatYaml } from '../../config/index.js';
import { nearest, ZrunError } from '../../core/errors.js';
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import type { Presented } from '../../report/answers/answers.js';
import type { Environment } from '../environment.js';
import { askHosts, firstWord, readAskWords, showText } from './ask-hosts.js';

const EPILOGUE = `
Gathers the facts of a host, in one round trip, and shows them as YAML. A NAME
shows a part of them. Conditions and templates use the same names:
when: facts.os.family == "Debian". zrun doc facts explains them. Much is null
without root: -b becomes it.

Examples:
  zrun facts web1 -i hosts.yaml
  zrun facts web1 -i hosts.yaml -b docker.driver os
  zrun facts all -i hosts.yaml os.kernel            who runs which
  zrun facts localhost --flat | grep version        one name a line`;

interface FactsOptions {
  readonly json?: true;
  readonly flat?: true;
}

/** Returns the exit code. Throws ZrunError or ZrunErrors. */
export async function showFacts(environment: Environment): Promise<number> {
  const read = readAskWords(environment.argv, {
    verb: 'facts',
    usage: 'PATTERN [NAME...] -i INVENTORY [options]',
    epilogue: EPILOGUE,
    addOwn: (program) =>
      void program.optionsGroup('What is shown:').option('--flat', 'a line for each, as facts.os.kernel: …'),
  });
  if ('text' in read) return showText(read.text, environment);
  const { program, command } = read;
  const { json, flat } = program.opts<FactsOptions>();
  const names = program.args.slice(1).map((name) => name.replace(/^facts(?:\.|$)/, ''));
  await checkNames(names);
  const task = {
    verb: 'facts',
    hosts: firstWord(program, 'facts'),
    module: 'setup',
    args: '',
    name: 'facts',
  };
  const formatResult = ({ facts = {} }: ValueMap): string => {
    const parts = names.map((name) => [name, partOf(facts, name)] as const);
    const [only] = parts;
    if (flat)
      return (only ? parts : [['', facts] as const])
        .flatMap(([name, value]) => flatten(pathOf(name), value))
        .join('\n');
    if (!only) return formatYaml({ facts });
    if (parts.length === 1) return isPlain(only[1]) ? String(only[1]) : formatYaml(only[1]);
    return parts.map(([name, value]) => formatYaml({ [pathOf(name)]: value })).join('');
  };
  const present = (result: ValueMap): Presented => ({ headline: '', text: formatResult(result) });
  return askHosts({ command, task, isJson: json === true, present }, environment);
}

/** A misspelt name is said to be one before any host is asked. What is in maps of a host's own keys, nobody knows before. */
async function checkNames(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const [{ factPaths }, { hintForAnsibleFact }] = await Promise.all([
    import('../doc/facts.js'),
    import('../../config/reference.js'),
  ]);
  const known = factPaths();
  const isInner = (name: string): boolean => known.some((each) => each.startsWith(`${name}.`));
  const isKnown = (name: string): boolean =>
    known.some((each) => each === name || (name.startsWith(`${each}.`) && !isInner(each)));
  for (const name of names) {
    if (name === '' || isKnown(name)) continue;
    const [first = '', ...parts] = name.replace(/^ansible_facts\./, '').split('.');
    const ansible = hintForAnsibleFact(`ansible_${first.replace(/^ansible_/, '')}`, parts);
    const near = nearest(name, known);
    throw new ZrunError('usage', `there is no fact '${name}'`, {
      hint: ansible ?? (near === undefined ? 'zrun doc facts lists them' : `did you mean '${near}'?`),
    });
  }
}

function pathOf(name: string): string {
  return name === '' ? 'facts' : `facts.${name}`;
}

function partOf(facts: Value, name: string): Value {
  return name
    .split('.')
    .filter((part) => part !== '')
    .reduce<Value>((value, part) => {
      if (isMap(value)) return (Object.hasOwn(value, part) ? value[part] : null) ?? null;
      return isList(value) ? (value[Number(part)] ?? null) : null;
    }, facts);
}

function isPlain(value: Value): value is string | number | boolean | null {
  return value === null || typeof value !== 'object';
}

/** `facts.host.kernel: 6.1.0`: what is on the left can be written into a condition. */
function flatten(name: string, value: Value): readonly string[] {
  if (isList(value)) {
    if (value.length === 0) return [`${name}: []`];
    return value.flatMap((item, i) => flatten(`${name}[${i}]`, item));
  }
  if (!isMap(value)) return [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`];
  const keys = Object.keys(value).sort();
  if (keys.length === 0) return [`${name}: {}`];
  return keys.flatMap((key) => {
    const inner = /^[A-Za-z_]\w*$/.test(key) ? `${name}.${key}` : `${name}[${JSON.stringify(key)}]`;
    return flatten(inner, value[key] ?? null);
  });
}
