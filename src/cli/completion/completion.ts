/**
 * Owns `zrun completion`: the script that a shell needs, and what that asks zrun at each Tab.
 */
import { nearest, ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import { sourceFile } from '../../core/source-files.js';
import { visibleLine } from '../../report/visible.js';
import type { Environment } from '../environment.js';
import type { RunZrun } from './help-options.js';
import { readVerbWords } from '../verb-options.js';

const shells = ['bash', 'zsh', 'fish'] as const;

const HELP = `Usage: zrun completion ${shells.join('|')}

Writes a script that has the shell complete verbs, options, playbooks, tags,
modules, runs, and the hosts and groups of the inventory that -i names (or
ZRUN_INVENTORY).

Options:
  -h, --help  show this

For this shell, and for all to come:
  bash  source <(zrun completion bash)
        zrun completion bash > ~/.local/share/bash-completion/completions/zrun
  zsh   source <(zrun completion zsh)       (behind compinit, in ~/.zshrc)
  fish  zrun completion fish | source
        zrun completion fish > ~/.config/fish/completions/zrun.fish
`;

/** Throws ZrunError `usage`. */
export async function showCompletion(environment: Environment, run: RunZrun): Promise<number> {
  const { argv, stdout } = environment;
  const [first, ...words] = argv;
  if (first === '--words') {
    stdout.write(await formatCandidates(words, environment, run));
    return exitCodes.ok;
  }
  const given = readVerbWords('completion', argv, {});
  if (given.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  const [shell, ...others] = given.names;
  const known = shells.find((each) => each === shell);
  if (known === undefined || others.length > 0) throw explain(given.names);
  stdout.write(sourceFile(`cli/completion/zrun.${known}`));
  return exitCodes.ok;
}

/** A line for each: the value, a tab, and what it is. Lines with a colon are for the shell itself. */
async function formatCandidates(
  words: readonly string[],
  environment: Environment,
  run: RunZrun,
): Promise<string> {
  const { complete } = await import('./complete.js');
  const { candidates, own } = await complete(words, environment, run);
  const lines = candidates
    .filter(({ value }) => !/[\t\n]/.test(value) && !value.startsWith(':'))
    .map(({ value, summary }) => `${visibleLine(value)}\t${visibleLine(summary)}`);
  return [...lines, ...(own === undefined ? [] : [`:${own}`])].map((line) => `${line}\n`).join('');
}

function explain([shell, ...others]: readonly string[]): ZrunError {
  const hint = `zrun completion ${shells.join(', or ')}`;
  if (shell === undefined) return new ZrunError('usage', 'no shell is named', { hint });
  if (others.length > 0) return new ZrunError('usage', 'one shell at a time', { hint });
  const near = nearest(shell, shells);
  return new ZrunError('usage', `there is no completion for '${shell}'`, {
    hint: near === undefined ? `there is one for ${shells.join(', ')}` : `did you mean ${near}?`,
  });
}
