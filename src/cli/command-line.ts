/**
 * Owns the command line of a run: its flags, their help, and what is made of them. Ansible's flags keep their names and
 * their meaning. Reads no file.
 */
import { Command, Option } from 'commander';
import { ZrunError } from '../core/errors.js';
import { exitCodes } from '../core/exit-codes.js';
import { parseWords } from './parse-words.js';
import { reportKindOf } from './report/report-kind.js';

export type OutputKind = 'tty' | 'plain' | 'json';

/** What the user asked for, checked as far as the words alone allow. */
export interface RunCommand {
  readonly playbooks: readonly string[];
  readonly inventory: readonly string[];
  readonly limit: string | undefined;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly startAtTask: string | undefined;
  readonly step: boolean;
  /** As given: `k=v …`, JSON or YAML, or `@file`. */
  readonly extraVars: readonly string[];
  readonly check: boolean;
  readonly diff: boolean;
  readonly verify: boolean;
  readonly forks: number;
  readonly forceHandlers: boolean;
  readonly become: boolean;
  readonly becomeUser: string | undefined;
  readonly askBecomePassword: boolean;
  readonly becomePasswordFile: string | undefined;
  readonly user: string | undefined;
  readonly privateKey: string | undefined;
  readonly connectTimeoutMs: number;
  readonly taskTimeoutMs: number;
  readonly acceptNewHostKeys: boolean;
  readonly list: 'hosts' | 'tasks' | 'tags' | undefined;
  readonly syntaxCheck: boolean;
  readonly verbosity: number;
  readonly output: OutputKind | undefined;
  readonly detailedExitCode: boolean;
  readonly profile: boolean;
  /** Files that the run is reported in when it ends; of each, the suffix says the kind. */
  readonly report: readonly string[];
}

export type Parsed =
  | { readonly type: 'run'; readonly command: RunCommand }
  /** An earlier run is resumed. */
  | {
      readonly type: 'resume';
      /** Its id, the beginning of it, or `last`. */
      readonly run: string;
      readonly command: RunCommand;
      /** What of the command the user has written, rather than left to its default. */
      readonly given: ReadonlySet<keyof RunCommand>;
    }
  /** Text for standard output. */
  | { readonly type: 'text'; readonly text: string };

const COLUMNS = 80;
const DEFAULT_FORKS = 50;
const DEFAULT_CONNECT_SECONDS = 10;
const DEFAULT_TASK_SECONDS = 3600;

/** Flags of ansible-playbook's that are not here, and what there is instead. */
const insteadOf: Readonly<Record<string, string>> = {
  '-k': 'zrun logs in with keys or an ssh agent, never with a password',
  '--ask-pass': 'zrun logs in with keys or an ssh agent, never with a password',
  '-c': 'the connection is set in the inventory: ansible_connection: local, or ssh',
  '--connection': 'the connection is set in the inventory: ansible_connection: local, or ssh',
  '-M': "modules are zrun's own: zrun doc lists them",
  '--module-path': "modules are zrun's own: zrun doc lists them",
  '--flush-cache': 'nothing is cached between runs: it is not needed',
  '--become-method': 'sudo is the only one',
  '--ask-vault-pass': 'there is no vault; keep secrets in a file of their own and give it as -e @file',
  '--vault-id': 'there is no vault; keep secrets in a file of their own and give it as -e @file',
  '--vault-password-file': 'there is no vault; keep secrets in a file of their own and give it as -e @file',
  '--ssh-common-args': 'options of ssh are read from ~/.ssh/config',
  '--ssh-extra-args': 'options of ssh are read from ~/.ssh/config',
};

/** Throws ZrunError `usage`. */
export function parseRunCommand(argv: readonly string[], version: string): Parsed {
  const program = createProgram(version);
  const text = parseWords(program, argv, 'zrun --help shows all options', insteadOf);
  if (text !== undefined) return { type: 'text', text };
  const command = toRunCommand(program);
  const { resume } = program.opts<Options>();
  if (resume === undefined) return { type: 'run', command };
  return { type: 'resume', run: resume === true ? 'last' : resume, command, given: givenOf(program) };
}

/** The whole of `zrun --help`. */
export function formatHelp(version: string): string {
  const program = createProgram(version);
  let text = '';
  program.configureOutput({ writeOut: (piece) => (text += piece) });
  program.outputHelp();
  return text;
}

function createProgram(version: string): Command {
  return new Command('zrun')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ helpWidth: COLUMNS })
    .usage(
      'PLAYBOOK... -i INVENTORY [options]\n       zrun --resume [RUN] [options]\n       zrun history [RUN]\n       zrun report [RUN] [-o FILE]\n       zrun doc [MODULE]\n       zrun inventory -i INVENTORY --list|--host NAME|--graph\n       zrun lint PLAYBOOK... [-i INVENTORY]\n       zrun schema playbook|inventory [-o FILE]',
    )
    .argument('[playbook...]')

    .optionsGroup('Hosts:')
    .addOption(
      new Option('-i, --inventory <source>', 'the hosts; repeatable (or ZRUN_INVENTORY)').argParser(collect),
    )
    .option('-l, --limit <pattern>', 'hosts, groups: web1,db* or web:!web3 or @file')
    .addOption(
      new Option('-f, --forks <number>', 'hosts worked on at a time')
        .argParser(positiveNumber('--forks', true))
        .default(DEFAULT_FORKS),
    )

    .optionsGroup('What is done:')
    .option('-C, --check', 'change nothing; show what a run would change')
    .option('-D, --diff', 'show how things differ before and after')
    .option('--verify', 'after each change, prove it complete')
    .addOption(
      new Option('-e, --extra-vars <vars>', 'k=v, JSON or @file; overrides all other variables').argParser(
        collect,
      ),
    )
    .addOption(new Option('-t, --tags <tags>', 'only tasks with one of these tags').argParser(collect))
    .addOption(new Option('--skip-tags <tags>', 'no tasks with one of these tags').argParser(collect))
    .option('--start-at-task <name>', 'pass over all tasks before this one, named or by a glob')
    .option('--step', 'ask before each task')
    .option('--force-handlers', 'notified handlers run after a failure too')
    .option('--resume [run]', 'resume the hosts that a run left undone')

    .optionsGroup('Only look, touch no host:')
    .option('--syntax-check', 'check playbooks and inventory')
    .option('--list-hosts', "list each play's hosts")
    .option('--list-tasks', "list each play's tasks")
    .option('--list-tags', 'list all tags')

    .optionsGroup('Connection:')
    .option('-u, --user <name>', 'log in as; ansible_user overrides it')
    .option('--private-key <file>', 'log in with this key')
    .option('--accept-new-host-keys', 'trust new hosts, never changed keys')
    .addOption(
      new Option('-T, --timeout <seconds>', 'limit for connecting')
        .argParser(positiveNumber('--timeout', false))
        .default(DEFAULT_CONNECT_SECONDS),
    )
    .addOption(
      new Option('--task-timeout <seconds>', 'limit for a task without one')
        .argParser(positiveNumber('--task-timeout', false))
        .default(DEFAULT_TASK_SECONDS),
    )

    .optionsGroup('Other users:')
    .option('-b, --become', 'run tasks through sudo')
    .option('--become-user <name>', 'run them as (default: root)')
    .option('-K, --ask-become-pass', "ask for sudo's password")
    .option('--become-password-file <file>', 'read it (or ZRUN_BECOME_PASSWORD_FILE)')

    .optionsGroup('Output:')
    .addOption(
      new Option('-v, --verbose', 'reasons, output (-vv: results, -vvv: time)')
        .argParser((_: string, previous: number) => previous + 1)
        .default(0, 'none'),
    )
    .addOption(new Option('--output <kind>', 'tty, plain or json (default: what fits)').argParser(outputKind))
    .addOption(
      new Option('--report <file>', 'at the end; .html .json .xml .md; repeatable').argParser(reportFile),
    )
    .option('--profile', 'at the end, time and round trips of each task')
    .option('--detailed-exitcode', `exit with ${exitCodes.changed} where anything changed`)
    .helpOption('-h, --help', 'show this')
    .version(`zrun ${version}`, '--version', 'show the version')
    .addHelpText('after', EPILOGUE);
}

const EPILOGUE = `
Examples:
  zrun site.yaml -i hosts.yaml --check --diff    what would change, and how
  zrun site.yaml -i hosts.yaml -l web1 -b -K     one host, through sudo
  zrun site.yaml -i hosts.yaml -e size=20G       with a variable
  zrun site.yaml -i hosts.yaml --list-tasks      touch nothing, list
  zrun site.yaml -i hosts.yaml --profile         where the time goes
  zrun site.yaml -i hosts.yaml --report run.html a page on it when it has ended
  zrun report                                    the same of the last run
  zrun --resume                                  go on where the last run ended
  zrun --resume 20260722T1530 -l web1            one host of what that run left
  zrun doc                                       all modules
  zrun doc copy                                  one module
  zrun inventory -i hosts.yaml --graph           who is in which group
  zrun ./doc -i hosts.yaml                       a playbook named like a verb

Exit codes:
  ${String(exitCodes.ok).padStart(3)}  all well
  ${String(exitCodes.internal).padStart(3)}  a bug in zrun, or trouble on this machine
  ${String(exitCodes.failed).padStart(3)}  at least one host failed
  ${String(exitCodes.unreachable).padStart(3)}  hosts could not be reached (none failed)
  ${String(exitCodes.input).padStart(3)}  wrong command line, inventory or playbook; no host was touched
  ${String(exitCodes.unknown).padStart(3)}  a connection was lost during a task: look at the host first
  ${String(exitCodes.changed).padStart(3)}  all well, and something changed (only with --detailed-exitcode)
  ${exitCodes.interrupted}  interrupted`;

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function reportFile(value: string, previous: readonly string[] | undefined): string[] {
  reportKindOf('--report', value);
  return collect(value, previous);
}

function positiveNumber(flag: string, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value > 0 && (!whole || Number.isInteger(value)))
      return value;
    const kind = whole ? 'a whole number' : 'a number of seconds';
    throw new ZrunError('usage', `${flag} needs ${kind} above 0, not '${text}'`);
  };
}

function outputKind(text: string): OutputKind {
  const kind = (['tty', 'plain', 'json'] as const).find((each) => each === text);
  if (kind) return kind;
  throw new ZrunError('usage', `--output is tty, plain or json, not '${text}'`);
}

/** Commander's own view of the options: what `createProgram` declares, by its long names in camel case. */
interface Options {
  readonly inventory?: string[];
  readonly limit?: string;
  readonly forks: number;
  readonly check?: true;
  readonly diff?: true;
  readonly verify?: true;
  readonly extraVars?: string[];
  readonly tags?: string[];
  readonly skipTags?: string[];
  readonly startAtTask?: string;
  readonly step?: true;
  readonly forceHandlers?: true;
  /** True where no run is named. */
  readonly resume?: string | true;
  readonly syntaxCheck?: true;
  readonly listHosts?: true;
  readonly listTasks?: true;
  readonly listTags?: true;
  readonly user?: string;
  readonly privateKey?: string;
  readonly acceptNewHostKeys?: true;
  readonly timeout: number;
  readonly taskTimeout: number;
  readonly become?: true;
  readonly becomeUser?: string;
  readonly askBecomePass?: true;
  readonly becomePasswordFile?: string;
  readonly verbose: number;
  readonly output?: OutputKind;
  readonly detailedExitcode?: true;
  readonly profile?: true;
  readonly report?: string[];
}

function toRunCommand(program: Command): RunCommand {
  const options = program.opts<Options>();
  if (program.args.length === 0 && options.resume === undefined) {
    throw new ZrunError('usage', 'no playbook is given', {
      hint: 'zrun PLAYBOOK -i INVENTORY; zrun --help shows all options',
    });
  }
  if (options.limit?.trim() === '') {
    throw new ZrunError('usage', 'the limit is empty', {
      hint: 'An empty --limit means no host, which is hardly meant; leave it out to take all hosts.',
    });
  }
  if (options.askBecomePass && options.becomePasswordFile !== undefined) {
    throw new ZrunError('usage', "sudo's password is asked for and read from a file at once", {
      hint: 'Use one of --ask-become-pass and --become-password-file.',
    });
  }
  return {
    playbooks: program.args,
    inventory: options.inventory ?? [],
    limit: options.limit,
    tags: splitTags(options.tags),
    skipTags: splitTags(options.skipTags),
    startAtTask: options.startAtTask,
    step: options.step ?? false,
    extraVars: options.extraVars ?? [],
    check: options.check ?? false,
    diff: options.diff ?? false,
    verify: options.verify ?? false,
    forks: options.forks,
    forceHandlers: options.forceHandlers ?? false,
    become: options.become ?? false,
    becomeUser: options.becomeUser,
    askBecomePassword: options.askBecomePass ?? false,
    becomePasswordFile: options.becomePasswordFile,
    user: options.user,
    privateKey: options.privateKey,
    connectTimeoutMs: options.timeout * 1000,
    taskTimeoutMs: options.taskTimeout * 1000,
    acceptNewHostKeys: options.acceptNewHostKeys ?? false,
    list: options.listHosts ? 'hosts' : options.listTasks ? 'tasks' : options.listTags ? 'tags' : undefined,
    syntaxCheck: options.syntaxCheck ?? false,
    verbosity: options.verbose,
    output: options.output,
    detailedExitCode: options.detailedExitcode ?? false,
    profile: options.profile ?? false,
    report: options.report ?? [],
  };
}

/** Where an option of the command line has another name in what is made of it. */
const commandKeys: Partial<Record<keyof Options, keyof RunCommand>> = {
  askBecomePass: 'askBecomePassword',
  timeout: 'connectTimeoutMs',
  taskTimeout: 'taskTimeoutMs',
  detailedExitcode: 'detailedExitCode',
  verbose: 'verbosity',
  listHosts: 'list',
  listTasks: 'list',
  listTags: 'list',
};

function givenOf(program: Command): ReadonlySet<keyof RunCommand> {
  const command = toRunCommand(program);
  const isKey = (name: string): name is keyof RunCommand => Object.hasOwn(command, name);
  const isOption = (name: string): name is keyof Options => Object.hasOwn(program.opts(), name);
  const given = new Set<keyof RunCommand>();
  for (const name of Object.keys(program.opts())) {
    if (program.getOptionValueSource(name) !== 'cli') continue;
    const key = (isOption(name) ? commandKeys[name] : undefined) ?? name;
    if (isKey(key)) given.add(key);
  }
  if (program.args.length > 0) given.add('playbooks');
  return given;
}

/** `-t a,b -t c`: as in Ansible, each may be a list. */
function splitTags(given: readonly string[] | undefined): string[] {
  return (given ?? [])
    .flatMap((text) => text.split(','))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
