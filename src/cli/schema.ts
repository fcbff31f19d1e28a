/**
 * Owns `zrun schema`: JSON Schemas for editors, and for programs that read what zrun writes, on standard output or into a
 * file.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { schemas } from '../config/schema/index.js';
import { nearest, ZrunError } from '../core/errors.js';
import { modules } from '../modules/index.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import { unwritable } from '../core/local-files.js';
import { readVerbWords } from './verb-options.js';

/** Of what zrun writes itself. */
const outputs: Readonly<Record<string, { readonly of: string; make(): Promise<object> }>> = {
  events: {
    of: 'each line of --output ndjson',
    make: async () => (await import('../report/stream/events-schema.js')).makeEventsSchema(),
  },
  report: {
    of: '--output json, and reports that end in .json',
    make: async () => (await import('../report/document/json-schema.js')).makeJsonSchema(),
  },
};

const all: readonly string[] = [...Object.keys(schemas), ...Object.keys(outputs)];

const listOf = (found: Readonly<Record<string, { readonly of: string }>>): string =>
  Object.entries(found)
    .map(([name, { of }]) => `  ${name.padEnd(12)}for ${of}`)
    .join('\n');

/** Tags of zrun's own, in the words of VS Code's extension. */
export const editorTags = ['!raw', '!cel', '!rules sequence'] as const;

const HELP = `Usage: zrun schema ${all.join('|')} [-o FILE]

Writes a JSON Schema (draft-07), from which an editor completes keywords,
modules and parameters, explains them, and underlines what is wrong.

${listOf(schemas)}

And those of what zrun writes itself, for programs that read it. Such a text
names its schema, as in "schema": "zrun-events/1"; the number changes where a
reader has to change.

${listOf(outputs)}

Options:
  -o, --output <file>  write it there instead of to standard output
  -h, --help           show this

Examples:
  zrun schema playbook -o .vscode/zrun-playbook.json
  zrun schema inventory -o .vscode/zrun-inventory.json
  zrun schema playbook | jq '.definitions["module.copy"]'
  zrun schema events -o zrun-events.json

VS Code, with the extension "YAML" (redhat.vscode-yaml): .vscode/settings.json
  "yaml.schemas": {
    ".vscode/zrun-playbook.json": "playbooks/*.yaml",
    ".vscode/zrun-inventory.json": "hosts.yaml"
  },
  "yaml.customTags": [${editorTags.map((tag) => `"${tag}"`).join(', ')}]
`;

/** Throws ZrunError where an input is wrong. */
export async function writeSchema({ argv, cwd, stdout }: Environment): Promise<number> {
  const words = readVerbWords('schema', argv, { output: { type: 'string', short: 'o' } });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  const [name, ...others] = words.names;
  const schema = name === undefined || others.length > 0 ? undefined : await makeSchema(name);
  if (!schema) throw explainNames(words.names);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  const [file] = words.all('output');
  if (file === undefined) stdout.write(text);
  else await write(path.resolve(cwd, file), file, text);
  return exitCodes.ok;
}

/** Undefined if no schema has that name. */
async function makeSchema(name: string): Promise<object | undefined> {
  if (!all.includes(name)) return undefined;
  return schemas[name]?.make(modules) ?? outputs[name]?.make();
}

function explainNames([name, ...others]: readonly string[]): ZrunError {
  const list = all.join(', ');
  if (name === undefined) return new ZrunError('usage', 'no schema is named', { hint: `there are ${list}` });
  if (others.length > 0) {
    return new ZrunError('usage', 'one schema at a time', { hint: 'call zrun schema once for each' });
  }
  const near = nearest(name, all);
  const hint = near === undefined ? `there are ${list}` : `did you mean '${near}'?`;
  return new ZrunError('usage', `there is no schema '${name}'`, { hint });
}

async function write(file: string, shown: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw unwritable(shown, error);
  }
}
