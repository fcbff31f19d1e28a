/**
 * Owns `zrun lint`: what is legal but unwise in playbooks, said as errors are said. Knows no rule.
 */
import path from 'node:path';
import {
  parseExtraVars,
  readInventory,
  type InventoryOptions,
  type InventorySources,
} from '../config/index.js';
import { lintPlaybook, lintRules, type Finding } from '../config/lint/index.js';
import {
  formatProblem,
  lineAndColumn,
  nearest,
  throwAll,
  ZrunError,
  ZrunErrors,
  type Place,
} from '../core/errors.js';
import { mask } from '../core/secret.js';
import { modules } from '../modules/index.js';
import { choosePaint, type Paint } from '../report/style.js';
import { visible } from '../report/visible.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import { untilStopped } from './interrupt.js';
import { programTimeoutMs } from './load.js';
import { keyWords, openKeys, readKeyWords } from './secret/keys.js';
import { findPlaybooks } from './playbooks/find-playbook.js';
import { readVerbWords } from './verb-options.js';

const HELP = `Usage: zrun lint PLAYBOOK... [-i INVENTORY]... [options]

Says what is legal in playbooks but unwise, with its place and what to write
instead. Files that a playbook includes are looked at too. Touches no host.

Options:
  -i, --inventory <file>   whose variables are known; repeatable (or
                           ZRUN_INVENTORY). Without one, a name that nothing
                           defines is let through
  -e, --extra-vars <vars>  k=v, JSON or @file
  --vault-password-file, --ask-vault-pass, --vault-id, --age-identity
                           keys of what is encrypted, as for a run
  --allow <rule>           not this rule; repeatable
  --list-rules             list the rules
  --json                   the findings as JSON
  -h, --help               show this

A comment silences a rule, on the line that the finding names or on a line of
its own above it; say why behind it:

  shell: cat {{files}}  # zrun-lint: allow shell-unquoted - a list of our own

Examples:
  zrun lint site.yaml                       all rules
  zrun lint site.yaml -i hosts.yaml         misspelt variables are found too
  zrun lint *.yaml --allow task-unnamed     all but one rule
  zrun lint site.yaml --json                for an editor or a CI job

Exit codes:
    0  nothing found
    2  something found
    4  wrong command line, inventory or playbook
`;

/** Throws ZrunError or ZrunErrors where an input is wrong. */
export async function lint(environment: Environment): Promise<number> {
  const { argv, cwd, env, stdout } = environment;
  const words = readVerbWords('lint', argv, {
    inventory: { type: 'string', short: 'i', multiple: true },
    'extra-vars': { type: 'string', short: 'e', multiple: true },
    allow: { type: 'string', multiple: true },
    'list-rules': { type: 'boolean' },
    json: { type: 'boolean' },
    ...keyWords,
  });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  if (words.has('list-rules')) {
    stdout.write(formatRules());
    return exitCodes.ok;
  }
  if (words.names.length === 0) {
    throw new ZrunError('usage', 'no playbook is given', {
      hint: 'zrun lint PLAYBOOK; zrun lint --help says more',
    });
  }
  const allowed = words
    .all('allow')
    .flatMap((text) => text.split(','))
    .map(checkRule);
  const keys = await openKeys(readKeyWords(words), environment);
  const extraVars = await parseExtraVars(words.all('extra-vars'), { cwd, keys });
  const inventories = await readInventories(words.all('inventory'), environment, { extraVars, keys });
  const files = findPlaybooks(words.names, environment);
  const findings = await lintAll(files, inventories, { cwd, extraVars, keys });
  const left = findings.filter(({ rule }) => !allowed.includes(rule));
  if (words.has('json')) stdout.write(mask(formatJson(left)));
  else stdout.write(mask(formatFindings(left, files, choosePaint(env, stdout.isTTY === true))));
  return left.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function checkRule(name: string): string {
  const known = lintRules.map(({ id }) => id);
  if (known.includes(name)) return name;
  const near = nearest(name, known);
  throw new ZrunError('usage', `there is no rule '${name}'`, {
    hint: near === undefined ? 'zrun lint --list-rules lists the rules' : `did you mean '${near}'?`,
  });
}

async function readInventories(
  given: readonly string[],
  environment: Environment,
  options: Pick<InventoryOptions, 'extraVars' | 'keys'>,
): Promise<InventorySources | undefined> {
  const { cwd, env } = environment;
  const fromEnvironment = env['ZRUN_INVENTORY'];
  const sources = given.length > 0 || !fromEnvironment ? given : [fromEnvironment];
  if (sources.length === 0) return undefined;
  const programTimeout = programTimeoutMs(env);
  return await untilStopped(environment, (signal) =>
    readInventory(sources, { cwd, programTimeoutMs: programTimeout, signal, ...options }),
  );
}

/** What is wrong in any of the playbooks is said in one go. What several of them include is said once. */
async function lintAll(
  files: readonly string[],
  inventories: InventorySources | undefined,
  options: Omit<Parameters<typeof lintPlaybook>[1], 'modules' | 'inventory' | 'inventoryFor'>,
): Promise<readonly Finding[]> {
  const errors: ZrunError[] = [];
  const found = new Map<string, Finding>();
  for (const file of files) {
    try {
      const inventory = await inventories?.forPlaybooksIn(path.dirname(file));
      const inventoryFor = inventories && ((folder: string) => inventories.forPlaybooksIn(folder));
      for (const finding of await lintPlaybook(file, { ...options, modules, inventory, inventoryFor })) {
        found.set(`${finding.rule} ${finding.at.start} ${finding.at.source.name}`, finding);
      }
    } catch (error) {
      if (error instanceof ZrunError) errors.push(error);
      else if (error instanceof ZrunErrors) errors.push(...error.errors);
      else throw error;
    }
  }
  throwAll(errors);
  return [...found.values()];
}

function formatRules(): string {
  const width = Math.max(...lintRules.map(({ id }) => id.length));
  return lintRules.map(({ id, summary }) => `${id.padEnd(width)}  ${summary}\n`).join('');
}

function formatFindings(findings: readonly Finding[], files: readonly string[], paint: Paint): string {
  if (findings.length === 0) return files.map((file) => `${visible(file)}: ok\n`).join('');
  const texts = findings.map(({ rule, message, hint, at }) => {
    const [first = '', ...rest] = visible(
      formatProblem({ message, at, ...(hint !== undefined && { hint }) }),
    ).split('\n');
    return [`${first} ${paint('dim', `[${rule}]`)}`, ...rest].join('\n');
  });
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
  return `${texts.join('\n\n')}\n\n${count}\n`;
}

function formatJson(findings: readonly Finding[]): string {
  const list = findings.map(({ rule, message, hint, at }) => {
    const { line, column } = lineAndColumn(at);
    const end = lineAndColumn({ ...at, start: at.end } satisfies Place);
    return {
      rule,
      message,
      hint,
      file: at.source.name,
      line,
      column,
      endLine: end.line,
      endColumn: end.column,
    };
  });
  return `${JSON.stringify(list, null, 2)}\n`;
}
