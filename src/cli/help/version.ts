/**
 * Owns `zrun version`: the same as `--version`.
 */
import { ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import type { Environment } from '../environment.js';
import { readVerbWords } from '../verb-options.js';

const HELP = `Usage: zrun version

Shows the version, as zrun --version does.

Options:
  -h, --help  show this
`;

/** Returns the exit code. Throws ZrunError `usage`. */
export function showVersion({ argv, stdout, version }: Environment): Promise<number> {
  const words = readVerbWords('version', argv, {});
  const [first] = words.names;
  if (first !== undefined) throw new ZrunError('usage', `'${first}' stands where nothing belongs`);
  stdout.write(words.has('help') ? HELP : `zrun ${version}\n`);
  return Promise.resolve(exitCodes.ok);
}
