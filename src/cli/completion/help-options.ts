/**
 * Owns what completion knows of zrun: its verbs, and their options, as `--help` says them, so that nothing is known to one
 * and not to the other.
 */
import { PassThrough } from 'node:stream';
import type { Environment } from '../environment.js';

/** All of zrun, from the words to the exit code. */
export type RunZrun = (environment: Environment) => Promise<number>;

export interface Named {
  readonly value: string;
  readonly summary: string;
}

export interface HelpOption {
  /** `-i`, `--inventory`. */
  readonly names: readonly string[];
  /** What stands for its value: `source`. Undefined where it takes none. */
  readonly value: string | undefined;
  /** `--resume [run]` can stand by itself. */
  readonly isOptional: boolean;
  readonly summary: string;
}

/** Of a verb, or of zrun itself where none is named. */
export async function helpOf(
  verb: string | undefined,
  environment: Environment,
  run: RunZrun,
): Promise<string> {
  const stdout = new PassThrough();
  let text = '';
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const argv = [...(verb === undefined ? [] : [verb]), '--help'];
  await run({ ...environment, argv, stdout, stderr: new PassThrough() });
  return text;
}

/** The list below a heading, as `Verbs`. */
export function namedBelow(heading: 'Verbs' | 'Actions', help: string): readonly Named[] {
  const [, section = ''] = new RegExp(`^${heading}\\b.*\\n((?: .*\\n)*)`, 'm').exec(help) ?? [];
  return [...section.matchAll(/^ {2}(\S+) +(.*)$/gm)].map(([, value = '', summary = '']) => ({
    value,
    summary,
  }));
}

/** `  -l, --limit <pattern>  which hosts`: names of options stand at the beginning of lines, and nowhere else. */
export function optionsIn(text: string): readonly HelpOption[] {
  const line = /^ {2}(-\w, )?(--[a-z][\w-]*)(?: ([<[])([\w@|-]+)[>\]])?(?:,.*| {2,}(.*))?$/gm;
  return [...text.matchAll(line)].map(([, short, long = '', bracket, value, summary = '']) => ({
    names: [...(short === undefined ? [] : [short.slice(0, 2)]), long],
    value,
    isOptional: bracket === '[',
    summary,
  }));
}
