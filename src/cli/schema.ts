/**
 * Owns `zrun schema`: JSON Schemas for editors, on standard output or into a file.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { schemas } from '../config/schema/index.js';
import { nearest, ZrunError } from '../core/errors.js';
import { modules } from '../modules/index.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import { readVerbWords } from './verb-options.js';

const HELP = `Usage: zrun schema ${Object.keys(schemas).join('|')} [-o FILE]

Writes a JSON Schema (draft-07), from which an editor completes keywords, modules
and parameters, explains them, and underlines what is wrong.

${Object.entries(schemas)
  .map(([name, { of }]) => `  ${name.padEnd(12)}for ${of}`)
  .join('\n')}

Options:
  -o, --output <file>  write it there instead of to standard output
  -h, --help           show this

Examples:
  zrun schema playbook -o .vscode/zrun-playbook.json
  zrun schema inventory -o .vscode/zrun-inventory.json
  zrun schema playbook | jq '.definitions["module.copy"]'

VS Code, with the extension "YAML" (redhat.vscode-yaml), in .vscode/settings.json:
  "yaml.schemas": {
    ".vscode/zrun-playbook.json": "playbooks/*.yaml",
    ".vscode/zrun-inventory.json": "hosts.yaml"
  },
  "yaml.customTags": ["!raw", "!cel", "!rules sequence"]
`;

/** Throws ZrunError where an input is wrong. */
export async function writeSchema({ argv, cwd, stdout }: Environment): Promise<number> {
  const words = readVerbWords('schema', argv, { output: { type: 'string', short: 'o' } });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  const [name, ...others] = words.names;
  const schema = name !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (!schema || others.length > 0) throw explainNames(words.names);
  const text = `${JSON.stringify(schema.make(modules), null, 2)}\n`;
  const [file] = words.all('output');
  if (file === undefined) stdout.write(text);
  else await write(path.resolve(cwd, file), file, text);
  return exitCodes.ok;
}

function explainNames([name, ...others]: readonly string[]): ZrunError {
  const known = Object.keys(schemas);
  const list = known.join(', ');
  if (name === undefined) return new ZrunError('usage', 'no schema is named', { hint: `there are ${list}` });
  if (others.length > 0) {
    return new ZrunError('usage', 'one schema at a time', { hint: 'call zrun schema once for each' });
  }
  const near = nearest(name, known);
  const hint = near === undefined ? `there are ${list}` : `did you mean '${near}'?`;
  return new ZrunError('usage', `there is no schema '${name}'`, { hint });
}

async function write(file: string, shown: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'its folder is not there',
      EACCES: 'permission denied',
      EISDIR: 'it is a folder',
    };
    const reason = reasons[String(code)] ?? (error instanceof Error ? error.message : String(error));
    throw new ZrunError('usage', `cannot write ${shown}: ${reason}`, { cause: error });
  }
}
