/**
 * Owns the options that all verbs have in common which work on hosts, and what a run makes of them. Ansible's flags keep
 * their names and their meaning. Reads no file.
 */
import { Option, type Command } from 'commander';
import { ZrunError } from '../core/errors.js';
import { becomeMethodNamed, becomeMethods, type BecomeMethod } from '../core/host.js';
import { addKeyOptions, keyOptionsOf, type KeyOptions, type KeyWords } from './secret/keys.js';

export const outputKinds = ['tty', 'plain', 'oneline', 'ndjson', 'json', 'junit', 'tap'] as const;

export type OutputKind = (typeof outputKinds)[number];

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
  readonly becomeMethod: BecomeMethod | undefined;
  readonly askBecomePassword: boolean;
  /** For the login itself. */
  readonly askPassword: boolean;
  readonly connectionPasswordFile: string | undefined;
  readonly becomePasswordFile: string | undefined;
  readonly user: string | undefined;
  readonly privateKey: string | undefined;
  readonly connectTimeoutMs: number;
  readonly taskTimeoutMs: number;
  readonly acceptNewHostKeys: boolean;
  readonly keys: KeyOptions;
  readonly list: 'hosts' | 'tasks' | 'tags' | undefined;
  readonly syntaxCheck: boolean;
  readonly verbosity: number;
  readonly output: OutputKind | undefined;
  readonly detailedExitCode: boolean;
  readonly profile: boolean;
  /** Files that the run is reported in when it ends; of each, the suffix says the kind. */
  readonly report: readonly string[];
  /** A file that holds the run's numbers while it goes on. */
  readonly metrics: string | undefined;
}

const DEFAULT_FORKS = 50;
const DEFAULT_CONNECT_SECONDS = 10;
const DEFAULT_TASK_SECONDS = 3600;

/** Flags of ansible-playbook's that are not here, and what there is instead. */
export const insteadOf: Readonly<Record<string, string>> = {
  '-c': 'the connection is set in the inventory: ansible_connection: local, or ssh',
  '--connection': 'the connection is set in the inventory: ansible_connection: local, or ssh',
  '-M': "modules are zrun's own: zrun doc lists them",
  '--module-path': "modules are zrun's own: zrun doc lists them",
  '--flush-cache': 'nothing is cached between runs: it is not needed',
  '--ssh-common-args': 'options of ssh are read from ~/.ssh/config',
  '--ssh-extra-args': 'options of ssh are read from ~/.ssh/config',
};

export function addHostOptions(program: Command): Command {
  return program
    .optionsGroup('Hosts:')
    .addOption(
      new Option('-i, --inventory <source>', 'the hosts; repeatable (or ZRUN_INVENTORY)').argParser(collect),
    )
    .option('-l, --limit <pattern>', 'hosts, groups: web1,db* or web:!web3 or @file')
    .addOption(
      new Option('-f, --forks <number>', 'hosts worked on at a time')
        .argParser(positiveNumber('--forks', true))
        .default(DEFAULT_FORKS),
    );
}

export function addChangeOptions(program: Command): Command {
  program
    .optionsGroup('What is done:')
    .option('-C, --check', 'change nothing; show what a run would change')
    .option('-D, --diff', 'show how things differ before and after');
  return addVariableOptions(program);
}

/** All that is left of `addChangeOptions` for verbs that change nothing. */
export function addVariableOptions(program: Command): Command {
  return program.addOption(
    new Option('-e, --extra-vars <vars>', 'k=v, JSON or @file; overrides all other variables').argParser(
      collect,
    ),
  );
}

/** For those verbs: what a habit writes, and what there is to say of it. */
export const insteadOfChanges: Readonly<Record<string, string>> = {
  '-C': 'this verb changes nothing: leave it out',
  '--check': 'this verb changes nothing: leave it out',
  '-D': 'this verb changes nothing: leave it out',
  '--diff': 'this verb changes nothing: leave it out',
};

export function addConnectionOptions(program: Command): Command {
  return program
    .optionsGroup('Connection:')
    .option('-u, --user <name>', 'log in as; ansible_user overrides it')
    .option('--private-key <file>', 'log in with this key')
    .option('-k, --ask-pass', 'ask for the password to log in with')
    .option('--connection-password-file <file>', 'read it (or ZRUN_CONNECTION_PASSWORD_FILE)')
    .addOption(new Option('--conn-pass-file <file>').hideHelp())
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
    );
}

export function addBecomeOptions(program: Command): Command {
  return program
    .optionsGroup('Other users:')
    .option('-b, --become', 'run tasks as another user')
    .option('--become-user <name>', 'run them as (default: root)')
    .addOption(
      new Option('--become-method <method>', 'by sudo, su or doas (default: sudo)').argParser(becomeMethod),
    )
    .option('-K, --ask-become-pass', 'ask for the password of sudo or su')
    .option('--become-password-file <file>', 'read it (or ZRUN_BECOME_PASSWORD_FILE)');
}

export function addSecretOptions(program: Command): Command {
  return addKeyOptions(program.optionsGroup('What is encrypted (zrun secret --help):'));
}

export function addOutputOptions(program: Command): Command {
  return program
    .optionsGroup('Output:')
    .addOption(
      new Option('-v, --verbose', 'reasons, output (-vv: results, -vvv: time)')
        .argParser((_: string, previous: number) => previous + 1)
        .default(0, 'none'),
    );
}

export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function becomeMethod(text: string): BecomeMethod {
  const method = becomeMethodNamed(text);
  if (method) return method;
  throw new ZrunError('usage', `--become-method is ${becomeMethods.join(', ')}, not '${text}'`);
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

/** Commander's own view of the options: what the groups above and the verbs declare, by its long names in camel case. */
export interface RunOptions extends KeyWords {
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
  readonly becomeMethod?: BecomeMethod;
  readonly askBecomePass?: true;
  readonly askPass?: true;
  readonly connectionPasswordFile?: string;
  readonly connPassFile?: string;
  readonly becomePasswordFile?: string;
  readonly verbose: number;
  readonly output?: OutputKind;
  readonly detailedExitcode?: true;
  readonly profile?: true;
  readonly report?: string[];
  readonly metrics?: string;
}

/** `options`: as commander has read them. Throws ZrunError `usage` for those that exclude each other. */
export function toRunCommand(options: RunOptions, playbooks: readonly string[]): RunCommand {
  refuseEmpty(options);
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
  if (options.askPass && (options.connectionPasswordFile ?? options.connPassFile) !== undefined) {
    throw new ZrunError('usage', 'the password to log in with is asked for and read from a file at once', {
      hint: 'Use one of --ask-pass and --connection-password-file.',
    });
  }
  return {
    playbooks,
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
    becomeMethod: options.becomeMethod,
    askBecomePassword: options.askBecomePass ?? false,
    askPassword: options.askPass ?? false,
    connectionPasswordFile: options.connectionPasswordFile ?? options.connPassFile,
    becomePasswordFile: options.becomePasswordFile,
    user: options.user,
    privateKey: options.privateKey,
    connectTimeoutMs: options.timeout * 1000,
    taskTimeoutMs: options.taskTimeout * 1000,
    acceptNewHostKeys: options.acceptNewHostKeys ?? false,
    keys: keyOptionsOf(options),
    list: options.listHosts ? 'hosts' : options.listTasks ? 'tasks' : options.listTags ? 'tags' : undefined,
    syntaxCheck: options.syntaxCheck ?? false,
    verbosity: options.verbose,
    output: options.output,
    detailedExitCode: options.detailedExitcode ?? false,
    profile: options.profile ?? false,
    report: options.report ?? [],
    metrics: options.metrics,
  };
}

/** A script whose variable is empty does not mean what zrun does without the option. Throws ZrunError `usage`. */
function refuseEmpty(options: RunOptions): void {
  const given: readonly (readonly [option: string, value: string | undefined, without: string])[] = [
    ['--user', options.user, 'to log in as ssh does'],
    ['--become-user', options.becomeUser, 'to become root'],
    ['--private-key', options.privateKey, 'to use the keys that ssh uses'],
    ['--start-at-task', options.startAtTask, 'to begin with the first task'],
    ['--tags', emptyTags(options.tags), 'to run all tasks'],
    ['--skip-tags', emptyTags(options.skipTags), 'to run all tasks'],
  ];
  for (const [option, value, without] of given)
    if (value?.trim() === '')
      throw new ZrunError('usage', `${option} is empty`, { hint: `Leave it out ${without}.` });
}

function emptyTags(given: readonly string[] | undefined): '' | undefined {
  return given !== undefined && splitTags(given).length === 0 ? '' : undefined;
}

/** `-t a,b -t c`: as in Ansible, each may be a list. */
function splitTags(given: readonly string[] | undefined): string[] {
  return (given ?? [])
    .flatMap((text) => text.split(','))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
