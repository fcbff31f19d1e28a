/**
 * Owns how commander reads a command line that has many options, and that what it says of a wrong one is in the words
 * and with the help of the rest of zrun. Knows no option by name.
 */
import { CommanderError, type Command } from 'commander';
import { nearest, ZrunError } from '../core/errors.js';

/**
 * The program holds what it has read then. Returns the help where that was asked for. Throws ZrunError `usage`.
 * @param insteadOf options that there are not, and what there is in their place
 */
export function parseWords(
  program: Command,
  argv: readonly string[],
  seeHelp: string,
  insteadOf: Readonly<Record<string, string>> = {},
): string | undefined {
  let text = '';
  program.configureOutput({ writeOut: (piece) => (text += piece), writeErr: () => undefined });
  try {
    program.parse([...argv], { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return text;
    throw explain(error, program, seeHelp, insteadOf);
  }
}

function explain(
  error: CommanderError,
  program: Command,
  seeHelp: string,
  insteadOf: Readonly<Record<string, string>>,
): ZrunError {
  if (error.code !== 'commander.unknownOption') {
    const message = error.message.replace(/^error: /, '').replace(/\.$/, '');
    return new ZrunError('usage', message, { hint: seeHelp });
  }
  const name = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const near = nearest(
    name,
    program.options.flatMap(({ long }) => long ?? []),
  );
  const hint = insteadOf[name] ?? (near === undefined ? seeHelp : `did you mean ${near}?`);
  return new ZrunError('usage', `unknown option ${name}`, { hint });
}
