/**
 * Owns the command line of a run: its flags, their help, and what is made of them. Ansible's flags keep their names and
 * their meaning. Reads no file.
 */
import { Command, Option } from 'commander';
import { ZrunError } from '../core/errors.js';
import { exitCodes } from '../core/exit-codes.js';
import { parseWords } from './parse-words.js';
import { verbs } from './verbs.js';
import { reportKindOf } from './report/report-kind.js';
import {
  addBecomeOptions,
  addChangeOptions,
  addConnectionOptions,
  addHostOptions,
  addOutputOptions,
  addSecretOptions,
  collect,
  insteadOf,
  toRunCommand,
  outputKinds,
  type OutputKind,
  type RunCommand,
  type RunOptions,
} from './run-options.js';

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
/** Throws ZrunError `usage`. */
export function parseRunCommand(argv: readonly string[], version: string): Parsed {
  const program = createProgram(version);
  const text = parseWords(program, argv, 'zrun --help shows all options', insteadOf);
  if (text !== undefined) return { type: 'text', text };
  const command = commandOf(program);
  const { resume } = program.opts<RunOptions>();
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
  const program = new Command('zrun')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ helpWidth: COLUMNS })
    .usage(
      'PLAYBOOK... -i INVENTORY [options]\n       zrun --resume [RUN] [options]\n       zrun VERB [options]',
    )
    .argument('[playbook...]');

  addHostOptions(program);
  addChangeOptions(program)
    .option('--verify', 'after each change, prove it complete')
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
    .option('--list-tags', 'list all tags');
  addConnectionOptions(program);
  addBecomeOptions(program);
  addSecretOptions(program);
  return addOutputOptions(program)
    .addOption(
      new Option('--output <kind>', `${outputKinds.join(', ')} (default: tty or plain)`).argParser(
        outputKind,
      ),
    )
    .addOption(
      new Option('--report <file>', 'at the end; .html .json .xml .md; repeatable').argParser(reportFile),
    )
    .option('--metrics <file>', 'numbers for a collector, every 5 s (OpenMetrics)')
    .option('--profile', 'at the end, time and round trips of each task')
    .option('--detailed-exitcode', `exit with ${exitCodes.changed} where anything changed`)
    .helpOption('-h, --help', 'show this')
    .version(`zrun ${version}`, '--version', 'show the version')
    .addHelpText('after', EPILOGUE);
}

function listVerbs(): string {
  return Object.entries(verbs)
    .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
    .join('\n');
}

const EPILOGUE = `
Verbs (zrun VERB --help says more):
${listVerbs()}

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
  zrun exec web -i hosts.yaml -- uptime          a command on many hosts
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

function reportFile(value: string, previous: readonly string[] | undefined): string[] {
  reportKindOf('--report', value);
  return collect(value, previous);
}

function outputKind(text: string): OutputKind {
  const kind = outputKinds.find((each) => each === text);
  if (kind) return kind;
  throw new ZrunError('usage', `--output is one of ${outputKinds.join(', ')}, not '${text}'`);
}

function commandOf(program: Command): RunCommand {
  const options = program.opts<RunOptions>();
  if (program.args.length === 0 && options.resume === undefined) {
    throw new ZrunError('usage', 'no playbook is given', {
      hint: 'zrun PLAYBOOK -i INVENTORY; zrun --help shows all options',
    });
  }
  return toRunCommand(options, program.args);
}

/** Where an option of the command line has another name in what is made of it. */
const commandKeys: Partial<Record<keyof RunOptions, keyof RunCommand>> = {
  askBecomePass: 'askBecomePassword',
  askPass: 'askPassword',
  connPassFile: 'connectionPasswordFile',
  timeout: 'connectTimeoutMs',
  taskTimeout: 'taskTimeoutMs',
  detailedExitcode: 'detailedExitCode',
  verbose: 'verbosity',
  listHosts: 'list',
  listTasks: 'list',
  listTags: 'list',
};

function givenOf(program: Command): ReadonlySet<keyof RunCommand> {
  const command = commandOf(program);
  const isKey = (name: string): name is keyof RunCommand => Object.hasOwn(command, name);
  const isOption = (name: string): name is keyof RunOptions => Object.hasOwn(program.opts(), name);
  const given = new Set<keyof RunCommand>();
  for (const name of Object.keys(program.opts())) {
    if (program.getOptionValueSource(name) !== 'cli') continue;
    const key = (isOption(name) ? commandKeys[name] : undefined) ?? name;
    if (isKey(key)) given.add(key);
  }
  if (program.args.length > 0) given.add('playbooks');
  return given;
}
