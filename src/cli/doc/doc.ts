/**
 * Owns `zrun doc`: the reference of modules, read off the modules themselves, for a terminal or as Markdown.
 */
import { nearest, ZrunError } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import { choosePaint } from '../../report/style.js';
import { modules } from '../../modules/index.js';
import type { Environment } from '../environment.js';
import { exitCodes } from '../../core/exit-codes.js';
import { formatIndex, formatMarkdown, formatModule, formatReference, sortedModules } from './modules.js';

const HELP = `Usage: zrun doc [MODULE...] [--markdown]

Shows what modules there are, or what the named ones take, do and return.

Options:
  --markdown  as Markdown; without a name, the whole reference
  -h, --help  show this
`;

export function showDocumentation({ argv, stdout, env }: Environment): Promise<number> {
  const flags = argv.filter((word) => word.startsWith('-'));
  const names = argv.filter((word) => !word.startsWith('-'));
  const known = ['--markdown', '--help', '-h'];
  for (const flag of flags) {
    if (known.includes(flag)) continue;
    const near = nearest(flag, known);
    throw new ZrunError('usage', `unknown option ${flag}`, {
      hint: near === undefined ? 'zrun doc --help shows all options' : `did you mean ${near}?`,
    });
  }
  const markdown = flags.includes('--markdown');
  const found = names.map(findModule);
  if (flags.includes('--help') || flags.includes('-h')) stdout.write(HELP);
  else if (markdown) {
    stdout.write(found.length > 0 ? found.map(formatMarkdown).join('\n') : formatReference(sortedModules()));
  } else if (found.length === 0) stdout.write(formatIndex(sortedModules()));
  else {
    const paint = choosePaint(env, stdout.isTTY === true);
    stdout.write(found.map((module) => formatModule(module, paint)).join('\n'));
  }
  return Promise.resolve(exitCodes.ok);
}

function findModule(name: string): Module {
  const module = modules.get(name);
  if (module) return module;
  const near = nearest(name, modules.keys());
  throw new ZrunError('module-unknown', `there is no module '${name}'`, {
    hint: near === undefined ? 'zrun doc lists all modules' : `did you mean '${near}'?`,
  });
}
