/**
 * Owns how far a command line has come that is being typed: its verb, the options with their values, and what stands where
 * the cursor is.
 */
import type { HelpOption } from './help-options.js';

export interface Line {
  readonly verb: string | undefined;
  /** Words that are no options and no values, the verb aside, before the cursor. */
  readonly operands: readonly string[];
  /** Values of options so far, by their long names. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** The option whose value the cursor is at. */
  readonly option: HelpOption | undefined;
  /** What is typed of the word, or of the value behind `--option=`. */
  readonly partial: string;
  /** `--option=`, where the value stands behind that. */
  readonly before: string;
  /** Everything is a command's from here on. */
  readonly isCommand: boolean;
}

/** As a shell reads them: `words` may have quotes that are not closed yet. */
export function readLine(
  verb: string | undefined,
  words: readonly string[],
  options: readonly HelpOption[],
): Line {
  const bare = words.map(unquote);
  const partial = bare.at(-1) ?? '';
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  const add = ({ names }: HelpOption, value: string): void => {
    const long = names.at(-1) ?? '';
    values.set(long, [...(values.get(long) ?? []), value]);
  };
  let open: HelpOption | undefined;
  const before = bare.slice(0, -1);
  for (const word of before) {
    if (word === '--')
      return { verb, operands, values, option: undefined, partial, before: '', isCommand: true };
    const isOption = word.startsWith('-') && word !== '-';
    if (open && (!open.isOptional || !isOption)) {
      add(open, word);
      open = undefined;
      continue;
    }
    open = undefined;
    if (!isOption) {
      operands.push(word);
      continue;
    }
    const { option, value } = findOption(word, options);
    if (option?.value === undefined) continue;
    if (value === undefined) open = option;
    else add(option, value);
  }
  const line = { verb, operands, values, isCommand: false };
  if (open && (!open.isOptional || !partial.startsWith('-')))
    return { ...line, option: open, partial, before: '' };
  const [, name, rest] = /^(--[\w-]+=)(.*)$/s.exec(partial) ?? [];
  if (name !== undefined && rest !== undefined) {
    const { option } = findOption(name.slice(0, -1), options);
    return { ...line, option, partial: rest, before: name };
  }
  return { ...line, option: undefined, partial, before: '' };
}

/** `--limit=web`, `-lweb`, `-l`, `-CDl`: of short ones together, the last. */
function findOption(
  word: string,
  options: readonly HelpOption[],
): { readonly option: HelpOption | undefined; readonly value: string | undefined } {
  const [, long, value] = /^(--[\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
  if (long !== undefined) return { option: options.find(({ names }) => names.includes(long)), value };
  for (let i = 1; i < word.length; i += 1) {
    const option = options.find(({ names }) => names.includes(`-${word[i] ?? ''}`));
    if (option?.value === undefined) continue;
    const rest = word.slice(i + 1);
    return { option, value: rest === '' ? undefined : rest };
  }
  return { option: undefined, value: undefined };
}

/** Without the quotes and backslashes that a shell would take away. */
function unquote(word: string): string {
  return word.replace(/\\(.)|["']/gs, (_, escaped: string | undefined) => escaped ?? '');
}
