/**
 * Owns what completion knows of a verb's options: what its own `--help` says of them, so that no option is known to one and
 * not to the other.
 */
import { PassThrough } from 'node:stream';
import type { Environment } from '../environment.js';
import { verbs } from '../verbs.js';

export interface HelpOption {
  /** `-i`, `--inventory`. */
  readonly names: readonly string[];
  /** What stands for its value: `source`. Undefined where it takes none. */
  readonly value: string | undefined;
  /** `--resume [run]` can stand by itself. */
  readonly isOptional: boolean;
  readonly summary: string;
}

/** Of a verb, or of a run where none is named. */
export async function optionsOf(
  verb: string | undefined,
  environment: Environment,
): Promise<readonly HelpOption[]> {
  return parseHelp(await helpOf(verb, environment));
}

async function helpOf(verb: string | undefined, environment: Environment): Promise<string> {
  const found = verb === undefined ? undefined : verbs[verb];
  if (!found) {
    const { formatHelp } = await import('../command-line.js');
    return formatHelp(environment.version);
  }
  const stdout = new PassThrough();
  let text = '';
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const run = await found.load();
  await run({ ...environment, argv: ['--help'], stdout, stderr: new PassThrough() });
  return text;
}

/** `  -l, --limit <pattern>  which hosts`: names of options stand at the beginning of lines, and nowhere else. */
function parseHelp(text: string): readonly HelpOption[] {
  const line = /^ {2}(-\w, )?(--[a-z][\w-]*)(?: ([<[])([\w@|-]+)[>\]])?(?:,.*| {2,}(.*))?$/gm;
  return [...text.matchAll(line)].map(([, short, long = '', bracket, value, summary = '']) => ({
    names: [...(short === undefined ? [] : [short.slice(0, 2)]), long],
    value,
    isOptional: bracket === '[',
    summary,
  }));
}
