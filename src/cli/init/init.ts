/**
 * Owns `zrun init`: a project from a few questions, or from options. It writes what is not there, and never over what is.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadInventory } from '../../config/index.js';
import { ZrunError, ZrunErrors } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import { codeOf, makeFolder, unwritable } from '../../core/local-files.js';
import { quote, quoteArgv } from '../../core/shell.js';
import { visibleLine } from '../../report/visible.js';
import type { Environment } from '../environment.js';
import { ask } from '../terminal.js';
import { readVerbWords } from '../verb-options.js';
import type { Answers } from './project.js';

const HELP = `Usage: zrun init [FOLDER] [options]

Makes a project: an inventory (hosts.yaml), a playbook that does no harm
(site.yaml), completion for VS Code (.vscode/), and a .gitignore. Asks which
hosts there are, unless options say so. A file that is there already stays as
it is.

Options:
  --hosts <names>  with commas between them; web[1:9] is nine
  --group <name>   the group that they are in (default: servers)
  --user <name>    log in as (default: as ssh does)
  --become         tasks run as root, by sudo
  -y, --yes        ask nothing; without --hosts, the host is this machine
  -h, --help       show this

Examples:
  zrun init                              asks, and makes it in this folder
  zrun init fleet --hosts web1,web2 --user admin --become
`;

/** Throws ZrunError `usage`, `inventory-invalid`, `interrupted`. Nothing is written then, or nothing more. */
export async function init({ argv, cwd, stdout }: Environment): Promise<number> {
  const words = readVerbWords('init', argv, {
    hosts: { type: 'string', multiple: true },
    group: { type: 'string' },
    user: { type: 'string' },
    become: { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
  });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  const [folder = '.', second] = words.names;
  if (second !== undefined) {
    const hosts = words.names.slice(1).join(',');
    const hint = second.startsWith('-')
      ? 'what stands behind -- is no option: put options before it'
      : `hosts are named by --hosts: zrun init ${quoteArgv([folder, '--hosts', hosts])}`;
    throw new ZrunError('usage', 'a project has one folder', { hint });
  }
  if (folder === '')
    throw new ZrunError('usage', "the folder's name is empty", { hint: 'leave it out for the current one' });
  const given: Answers = {
    hosts: splitNames(words.all('hosts').join(',')),
    group: words.all('group').at(-1) ?? 'servers',
    user: words.all('user').at(-1),
    become: words.has('become'),
  };
  const isAsked = words.all('hosts').length === 0 && !words.has('yes');
  // A script whose variable is empty means no other hosts by that, and surely not this machine.
  if (words.all('hosts').length > 0 && given.hosts.length === 0)
    throw new ZrunError('usage', '--hosts names no host', {
      hint: 'leave it out to be asked, or for this machine',
    });
  if (given.user?.trim() === '')
    throw new ZrunError('usage', '--user is empty', { hint: 'leave it out to log in as ssh does' });
  const answers = isAsked ? await askAll(given, cwd) : given;
  await checkHosts(answers, cwd);
  stdout.write(await write(answers, folder, cwd));
  return exitCodes.ok;
}

function splitNames(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}

/** As an inventory reads them. Throws ZrunError or ZrunErrors. */
async function checkHosts({ hosts, group }: Answers, cwd: string): Promise<void> {
  const refuseGroup = (hint: string): ZrunError =>
    new ZrunError('usage', `'${group}' cannot be a group's name`, { hint });
  if (!/^[A-Za-z_]\w*$/.test(group)) throw refuseGroup('use letters, digits and _, a letter first');
  if (group === 'all' || group === 'ungrouped')
    throw refuseGroup(`there is a group '${group}' in every inventory, which zrun fills by itself`);
  for (const host of hosts) {
    const [, user = '', name = ''] = /^([^@]*)@(.*)$/.exec(host) ?? [];
    if (host.includes('@'))
      throw new ZrunError('usage', `'${host}' is a user and a host, and hosts are named by themselves`, {
        hint: `--hosts ${quote(name)} --user ${quote(user)}; in hosts.yaml, each host can have its own ansible_user`,
      });
  }
  if (hosts.length === 0) return;
  const inventory = await loadInventory([`${hosts.join(',')},`], { cwd }).catch((error: unknown) => {
    throw asOfOption(error);
  });
  if (inventory.hosts.has(group)) throw refuseGroup('one of the hosts has that name');
}

/** What an inventory says of its own option is said of ours. */
function asOfOption(error: unknown): unknown {
  const rename = (each: ZrunError): ZrunError => {
    const { at } = each.problem;
    if (!at) return each;
    const place = { ...at, source: { ...at.source, name: '--hosts' } };
    return new ZrunError(each.code, each.message, { ...each.problem, at: place, cause: each });
  };
  if (error instanceof ZrunError) return rename(error);
  if (!(error instanceof ZrunErrors)) return error;
  const [first, ...others] = error.errors;
  return new ZrunErrors([rename(first), ...others.map(rename)]);
}

const otherwise =
  'Say it in options: --hosts web1,web2, or --yes for this machine; zrun init --help has all.';

/** A wrong answer is asked for again. */
async function askAll(given: Answers, cwd: string): Promise<Answers> {
  const put = (text: string): Promise<string> => ask({ text, echo: true, about: 'your hosts', otherwise });
  let hosts: readonly string[] = [];
  for (let note = ''; ;) {
    hosts = splitNames(await put(`${note}Hosts, with commas between them (empty: this machine): `));
    try {
      await checkHosts({ ...given, hosts }, cwd);
      break;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      note = `${visibleLine(error.message)}\r\n`;
    }
  }
  if (hosts.length === 0) return { ...given, hosts };
  const user = given.user ?? (await put('Log in as (empty: as ssh does): ')).trim();
  const become = given.become || /^y/i.test((await put('Run tasks as root, by sudo? (y/N): ')).trim());
  return { ...given, hosts, become, user: user === '' ? undefined : user };
}

/** Returns what is said of it. Throws ZrunError `usage` where a file cannot be written. */
async function write(answers: Answers, folder: string, cwd: string): Promise<string> {
  const { filesOf } = await import('./project.js');
  const lines: string[] = [];
  const files = filesOf(answers);
  const width = Math.max(...files.map((file) => path.join(folder, file.path).length));
  for (const { path: name, purpose, text } of files) {
    const shown = path.join(folder, name);
    const isNew = await writeNew(path.resolve(cwd, shown), shown, text);
    lines.push(
      `${isNew ? 'made' : 'kept'}  ${shown.padEnd(width)}  ${isNew ? purpose : 'was there already'}`,
    );
  }
  const isHere = path.resolve(cwd, folder) === path.resolve(cwd);
  const enter = isHere ? '' : `  cd ${visibleLine(quote(folder.startsWith('-') ? `./${folder}` : folder))}\n`;
  return `${lines.map((line) => `${visibleLine(line)}\n`).join('')}
Next:
${enter}  zrun ping all -i hosts.yaml
  zrun facts all -i hosts.yaml os
  zrun site.yaml -i hosts.yaml --check --diff
`;
}

/** False where something is there, a link that leads nowhere included. */
async function writeNew(file: string, shown: string, text: string): Promise<boolean> {
  try {
    makeFolder(path.dirname(file));
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') {
      const isFile = await isThere(file);
      if (isFile) return false;
    }
    throw unwritable(shown, error, { ENOENT: 'its folder cannot be made' });
  }
}

/** mkdir says EEXIST too where a file stands in the place of a folder. */
async function isThere(file: string): Promise<boolean> {
  const { lstat } = await import('node:fs/promises');
  return lstat(file).then(
    () => true,
    () => false,
  );
}
