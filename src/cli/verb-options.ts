/**
 * Owns how the words of a verb (`zrun lint …`) become options and names. Runs have a command line of their own.
 */
import { parseArgs } from 'node:util';
import { nearest, ZrunError } from '../core/errors.js';
import { codeOf } from '../core/local-files.js';

interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
}

export interface VerbWords {
  /** What is no option. */
  readonly names: readonly string[];
  has(option: string): boolean;
  /** Every value that was given, in order. */
  all(option: string): readonly string[];
}

/** `-h` and `--help` are always there. Throws ZrunError `usage`. */
export function readVerbWords(
  verb: string,
  argv: readonly string[],
  options: Readonly<Record<string, Option>>,
): VerbWords {
  const known: Readonly<Record<string, Option>> = { ...options, help: { type: 'boolean', short: 'h' } };
  const seeHelp = `zrun ${verb} --help shows all options`;
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: known, allowPositionals: true });
    const all = (option: string): readonly string[] => {
      const value = values[option];
      return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
    };
    return { names: positionals, has: (option) => values[option] === true, all };
  } catch (error) {
    const code = codeOf(error);
    if (!(error instanceof Error) || code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    const name = /'(-{1,2}[\w-]+)/.exec(error.message)?.[1] ?? '';
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      const takesValue = known[name.replace(/^--/, '')]?.type !== 'boolean';
      const message = takesValue ? `${name} needs a value` : `${name} takes no value`;
      throw new ZrunError('usage', message, { hint: seeHelp });
    }
    const near = nearest(
      name,
      Object.keys(known).map((one) => `--${one}`),
    );
    throw new ZrunError('usage', `unknown option ${name}`, {
      hint: near === undefined ? seeHelp : `did you mean ${near}?`,
    });
  }
}
