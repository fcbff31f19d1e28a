/**
 * Owns `zrun help`: it says what `--help` says.
 */
import { ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import type { Environment } from '../environment.js';
import { readVerbWords } from '../verb-options.js';

const HELP = `Usage: zrun help [VERB]

Says what zrun --help says, or zrun VERB --help. zrun doc explains modules,
functions, facts and errors.

Options:
  -h, --help  show this

Examples:
  zrun help
  zrun help exec
`;

/** Returns the exit code. Throws ZrunError `usage`. */
export async function showHelp(
  environment: Environment,
  run: (environment: Environment) => Promise<number>,
): Promise<number> {
  const words = readVerbWords('help', environment.argv, {});
  if (words.has('help')) {
    environment.stdout.write(HELP);
    return exitCodes.ok;
  }
  const [verb, second] = words.names;
  if (second !== undefined)
    throw new ZrunError('usage', 'one verb at a time', { hint: `zrun help ${verb ?? ''}` });
  return await run({ ...environment, argv: [...(verb === undefined ? [] : [verb]), '--help'] });
}
