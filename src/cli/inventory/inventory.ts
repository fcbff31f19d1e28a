/**
 * Owns `zrun inventory`: what is in an inventory, in the forms that `ansible-inventory` prints, so that the two can be
 * compared. Touches no host.
 */
import { Command } from 'commander';
import {
  formatJson,
  formatYaml,
  parseExtraVars,
  readInventory,
  readLimit,
  selectHosts,
  type Inventory,
} from '../../config/index.js';
import { nearest, ZrunError } from '../../core/errors.js';
import { mask } from '../../core/secret.js';
import { visible } from '../../report/visible.js';
import type { Environment } from '../environment.js';
import { exitCodes } from '../../core/exit-codes.js';
import { graphGroup, listAsJson, listAsYaml, variablesOfHost, type Listing } from './listing.js';
import { untilStopped } from '../interrupt.js';
import { inventoryNames, programTimeoutMs } from '../load.js';
import { parseWords } from '../parse-words.js';
import { addKeyOptions, openKeys, readKeyOptions, type KeyOptions } from '../secret/keys.js';

interface Options {
  readonly inventory?: string[];
  readonly list?: true;
  readonly host?: string;
  readonly graph?: true;
  readonly vars?: true;
  readonly export?: true;
  readonly yaml?: true;
  readonly limit?: string;
  readonly extraVars?: string[];
  readonly playbookDir?: string;
}

const EPILOGUE = `
Inventories: files in Ansible's YAML or INI, folders of them, programs that
answer --list and --host, and names with commas. With several, the later ones
win. group_vars/ and host_vars/ beside them, or beside the playbook, count too.
A program has 120 s for its answer, or ZRUN_INVENTORY_TIMEOUT.

Examples:
  zrun inventory -i hosts.yaml --graph                who is in which group
  zrun inventory -i hosts.yaml --graph web --vars     one group, with variables
  zrun inventory -i hosts.yaml --host web1            one host's variables
  zrun inventory -i hosts.yaml --list -l 'web:!web3'  some hosts, as JSON
  zrun inventory -i hosts.ini --list --yaml --export  an inventory as YAML
  diff <(zrun inventory -i hosts --list) <(ansible-inventory -i hosts --list)
`;

/** Returns the exit code. Throws ZrunError or ZrunErrors. */
export async function showInventory(environment: Environment): Promise<number> {
  const { argv, stdout, stderr, cwd, env } = environment;
  const parsed = parse(argv);
  if ('text' in parsed) {
    stdout.write(parsed.text);
    return exitCodes.ok;
  }
  const { options, group } = parsed;
  const keys = await openKeys(parsed.keys, environment);
  const extraVars = await parseExtraVars(options.extraVars ?? [], { cwd, keys });
  const sources = await untilStopped(environment, (signal) =>
    readInventory(inventoryNames(options.inventory ?? [], env), {
      cwd,
      keys,
      extraVars,
      programTimeoutMs: programTimeoutMs(env),
      signal,
    }),
  );
  // As ansible-inventory has it: hosts are seen from a playbook in the current folder, groups from none.
  const [ofHosts, ofGroups] = [
    await sources.forPlaybooksIn(options.playbookDir ?? (options.export ? undefined : cwd)),
    await sources.forPlaybooksIn(options.playbookDir),
  ];
  const limit = await readLimit(options.limit, { cwd });
  const chosen = limit && selectHosts(ofHosts, 'all', limit).map((host) => host.name);
  const listing: Listing = {
    hosts: ofHosts,
    groups: ofGroups,
    isChosen: chosen ? (host) => chosen.includes(host) : () => true,
    isExport: options.export ?? false,
    extraVars: Object.fromEntries([...extraVars].map(([name, { written }]) => [name, written])),
  };
  for (const warning of ofHosts.warnings) stderr.write(`warning: ${visible(mask(warning))}\n`);
  stdout.write(mask(await format(options, group, listing, cwd)));
  return exitCodes.ok;
}

async function format(
  options: Options,
  group: string | undefined,
  listing: Listing,
  cwd: string,
): Promise<string> {
  if (options.graph)
    return graphGroup(findGroup(listing.groups, group ?? 'all'), listing, options.vars ?? false);
  if (options.host !== undefined) {
    const vars = variablesOfHost(await findHost(listing.hosts, options.host, cwd), listing);
    return options.yaml ? formatYaml(vars) : `${formatJson(vars)}\n`;
  }
  return options.yaml ? formatYaml(listAsYaml(listing)) : `${formatJson(listAsJson(listing))}\n`;
}

function findGroup(inventory: Inventory, name: string): string {
  if (inventory.groups.has(name)) return name;
  const near = nearest(name, inventory.groups.keys());
  throw new ZrunError('no-hosts', `there is no group '${name}'`, {
    hint: near === undefined ? 'zrun inventory --graph shows all groups' : `did you mean '${near}'?`,
  });
}

async function findHost(inventory: Inventory, pattern: string, cwd: string): Promise<string> {
  await readLimit(pattern, { cwd });
  const hosts = selectHosts(inventory, pattern);
  const [only, ...others] = hosts;
  if (only && others.length === 0) return only.name;
  throw new ZrunError('usage', `--host takes one host, but '${pattern}' matches ${hosts.length}`, {
    hint: 'zrun inventory --list -l PATTERN shows several',
  });
}

function parse(
  argv: readonly string[],
):
  | { readonly options: Options; readonly keys: KeyOptions; readonly group: string | undefined }
  | { readonly text: string } {
  const program = createProgram();
  const text = parseWords(program, argv, 'zrun inventory --help shows all options');
  if (text !== undefined) return { text };
  const options = program.opts<Options>();
  const [group] = program.args;
  const actions = [options.list, options.host !== undefined, options.graph].filter(Boolean);
  if (actions.length !== 1) {
    const message =
      actions.length === 0 ? 'nothing to show is named' : 'only one thing can be shown at a time';
    throw new ZrunError('usage', message, { hint: 'give one of --list, --host NAME, --graph' });
  }
  if (group !== undefined && !options.graph) {
    throw new ZrunError('usage', `'${group}' stands where nothing belongs`, {
      hint: 'a group is named with --graph, a host with --host, several with -l; an inventory with -i',
    });
  }
  return { options, keys: readKeyOptions(program), group };
}

function createProgram(): Command {
  const collect = (value: string, previous: readonly string[] | undefined): string[] => [
    ...(previous ?? []),
    value,
  ];
  const program = new Command('zrun inventory')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ helpWidth: 80 })
    .usage('-i INVENTORY --list | --host NAME | --graph [GROUP]')
    .argument('[group]', 'with --graph: this one alone')
    .option('-i, --inventory <source>', 'the hosts; repeatable (or ZRUN_INVENTORY)', collect)
    .option('--list', 'all groups, and the variables of all hosts')
    .option('--host <name>', 'the variables of one host')
    .option('--graph', 'groups and hosts as a tree')
    .option('--vars', 'with --graph: their variables too')
    .option('--export', 'with --list: groups keep their variables, hosts have their own alone')
    .option('-y, --yaml', 'YAML in place of JSON')
    .option('-l, --limit <pattern>', 'only these hosts')
    .option('-e, --extra-vars <vars>', 'k=v, JSON or @file; overrides all other variables', collect)
    .option('--playbook-dir <folder>', 'as seen from a playbook there (default: here)');
  return addKeyOptions(program).helpOption('-h, --help', 'show this').addHelpText('after', EPILOGUE);
}
