/**
 * Owns `zrun exec`: one module, or one command, on many hosts.
 */
import { formatYaml, type AdHocTask } from '../../config/index.js';
import { ZrunError } from '../../core/errors.js';
import { shorten } from '../../core/secret.js';
import { quoteArgv } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import type { Presented } from '../../report/answers/answers.js';
import type { Environment } from '../environment.js';
import { askHosts, firstWord, readAskWords, showText } from './ask-hosts.js';

const EPILOGUE = `
What it does:
  -- COMMAND         one word is read by a shell on the host; several words are
                     a program and its arguments, each taken as it is
  -m MODULE -a ARGS  any module, with name=value or JSON, as in Ansible.
                     Templates work: -a 'dest=/etc/{{inventory_hostname}}'

Equal answers are shown once, with all their hosts. Of one host alone, a
command's output comes at once and whole, into a file or a pipe byte for byte
(but for secrets), and all else that is to be said on standard error; on a
terminal, what could act on it is shown as \\x1b. Of several hosts, 256 KiB of
each are shown (zrun_output_limit). zrun history does not list it.

Examples:
  zrun exec all -i hosts.yaml -- uptime
  zrun exec 'web:!web3' -i hosts.yaml -- 'df -h / | tail -n 1'
  zrun exec web1 -i hosts.yaml -b -- systemctl is-active docker
  zrun exec db1 -i hosts.yaml -- 'pg_dump shop | gzip' >shop.sql.gz
  zrun exec all -i hosts.yaml -m file -a 'path=/srv/app state=directory' -C -D
  zrun exec web -i hosts.yaml -b -m copy -a 'src=motd dest=/etc/motd'
  zrun exec localhost -m stat -a '{"path": "/etc/hosts"}'

Exit codes: 0 all well, 2 a command failed, 3 unreachable, 4 wrong input.`;

/** Returns the exit code. Throws ZrunError or ZrunErrors. */
export async function execute(environment: Environment): Promise<number> {
  const { argv } = environment;
  const end = argv.indexOf('--');
  const [words, given] = end < 0 ? [argv, undefined] : [argv.slice(0, end), argv.slice(end + 1)];
  const read = readAskWords(words, {
    verb: 'exec',
    usage:
      'PATTERN -i INVENTORY [options] -- COMMAND...\n       zrun exec PATTERN -i INVENTORY -m MODULE [-a ARGS] [options]',
    epilogue: EPILOGUE,
    isChanging: true,
    addOwn: (program) =>
      void program
        .optionsGroup('The task:')
        .option('-m, --module-name <module>', 'the module (default: command)')
        .option('-a, --args <args>', 'its arguments: name=value ..., or JSON'),
  });
  if ('text' in read) return showText(read.text, environment);
  const { program, command } = read;
  const options = program.opts<{ moduleName?: string; args?: string; json?: true }>();
  const hosts = firstWord(program, 'exec');
  refuseRest(program.args.slice(1), hosts);
  const task: AdHocTask = { verb: 'exec', hosts, ...taskOf(options, given, hosts) };
  return askHosts({ command, task, isJson: options.json === true, present }, environment);
}

function refuseRest(rest: readonly string[], hosts: string): void {
  const [first] = rest;
  if (first === undefined) return;
  const isArgument = /^\w+=/.test(first);
  throw new ZrunError('usage', `'${first}' stands where nothing belongs`, {
    hint: isArgument
      ? `arguments of a module are one word: -a '${rest.join(' ')}'`
      : `a command stands behind --: zrun exec ${hosts} -- ${rest.join(' ')}; several hosts have commas between them`,
  });
}

/** Throws ZrunError `usage` where that is not one thing to do. */
function taskOf(
  { moduleName, args }: { readonly moduleName?: string; readonly args?: string },
  words: readonly string[] | undefined,
  hosts: string,
): Pick<AdHocTask, 'module' | 'args' | 'name'> {
  if (words && (moduleName !== undefined || args !== undefined)) {
    throw new ZrunError('usage', 'a module and a command are given at once', {
      hint: 'use -m and -a, or -- COMMAND',
    });
  }
  if (words) return commandTask(words);
  if (moduleName === undefined && args === undefined) {
    throw new ZrunError('usage', 'nothing to do is given', {
      hint: `zrun exec ${hosts} -- COMMAND, or zrun exec ${hosts} -m MODULE -a ARGS`,
    });
  }
  const module = moduleName ?? 'command';
  return { module, args: args ?? '', name: shorten(`${module} ${args ?? ''}`.trim(), 60) };
}

function commandTask(words: readonly string[]): Pick<AdHocTask, 'module' | 'args' | 'name'> {
  const [first, ...others] = words;
  if (first === undefined || first.trim() === '')
    throw new ZrunError('usage', 'no command stands behind --', { hint: 'zrun exec PATTERN -- COMMAND' });
  const name = shorten(others.length > 0 ? quoteArgv(words) : first, 60);
  // A word that no shell would read otherwise is a program: that it is not there is then said as it is.
  const isProgram = others.length > 0 || /^[\w./+-]+$/.test(first);
  return isProgram
    ? { module: 'command', args: { argv: words }, name }
    : { module: 'shell', args: { cmd: first }, name };
}

/** What a module found out. */
function present(result: ValueMap, summary: string): Presented {
  const isEmpty = Object.keys(result).length === 0;
  return { headline: summary === '' ? 'ok' : `ok: ${summary}`, text: isEmpty ? '' : formatYaml(result) };
}
