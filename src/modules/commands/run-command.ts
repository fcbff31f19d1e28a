/**
 * Owns what `command` and `shell` have in common: when they run at all, how they run, and what they return. Knows
 * nothing of how the command was written down.
 */
import * as z from 'zod';
import { formatBytes } from '../../core/bytes.js';
import { UnchangedError, type Plan, type TaskContext, type Write } from '../../core/module.js';
import { type Effect, type Read, unknownState } from '../../core/probe.js';
import { shorten } from '../../core/secret.js';
import { type ShellText, lines, sh } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { fileKind, presenceProbe } from '../host/file.js';
import { hostPath } from '../host/path.js';
import { everyStatus } from '../host/status.js';
import { planBackground, runInBackground } from './background.js';
import { resultOf, stripEnd } from './command-result.js';

/** Ansible expands wildcards here. A pattern that is taken for a name would never be there. */
const onePath = (description: string): z.ZodString =>
  hostPath(description).refine(
    (text) => !/[*?]|\[.*\]/.test(text),
    'names one path: a pattern with *, ? or [] is not expanded',
  );

export const commandParams = {
  chdir: hostPath('The directory to run in.').optional(),
  creates: onePath('A path: where something is there already, nothing is run.').optional(),
  removes: onePath('A path: where nothing is there (any more), nothing is run.').optional(),
  stdin: z.string().optional().describe('Text for its standard input. Left out: the input is empty.'),
  stdin_add_newline: z.boolean().default(true).describe('Ends `stdin` with a line break if it has none.'),
  strip_empty_ends: z
    .boolean()
    .default(true)
    .describe('Takes line breaks off the ends of stdout and stderr.'),
};

interface CommandParams {
  readonly chdir?: string | undefined;
  readonly creates?: string | undefined;
  readonly removes?: string | undefined;
  readonly stdin?: string | undefined;
  readonly stdin_add_newline: boolean;
  readonly strip_empty_ends: boolean;
}

/** When a command is run at all. */
type CommandConditions = Pick<CommandParams, 'creates' | 'removes'>;

/** One exchange where `creates` or `removes` is given or it runs in the background, none otherwise. */
export async function planCommand(
  read: Read,
  { creates, removes }: CommandConditions,
  argv: readonly string[],
  shown: string,
  context: TaskContext,
): Promise<Plan<readonly string[]>> {
  const [created, removable] = await Promise.all([
    creates === undefined ? undefined : read(presenceProbe(creates)),
    removes === undefined ? undefined : read(presenceProbe(removes)),
  ]);
  const reason =
    created && created.type !== 'absent'
      ? `${creates ?? ''} exists`
      : removable?.type === 'absent'
        ? `${removes ?? ''} does not exist`
        : undefined;
  if (reason !== undefined)
    return { change: 'none', reason, result: { ...resultOf(shown, 0, '', ''), msg: reason } };
  const waiting = new Unknown(context.task);
  const inBackground = await planBackground(read, context);
  return {
    change: 'some',
    summary: `run ${abbreviate(shown)}${inBackground.summary}`,
    diff: [],
    ...(creates === undefined && removes === undefined && { repeats: true as const }),
    effects: [creates, removes].flatMap((path): Effect[] =>
      path === undefined ? [] : [unknownState(fileKind, path)],
    ),
    detail: argv,
    predicted: {
      rc: waiting,
      stdout: waiting,
      stderr: waiting,
      stdout_omitted: waiting,
      stderr_omitted: waiting,
      msg: waiting,
      stdout_lines: waiting,
      stderr_lines: waiting,
      cmd: shown,
      ...inBackground.predicted,
    },
  };
}

/**
 * Resolves with whatever exit code: what it means is decided by the engine. Throws UnchangedError where there is no such
 * program, unless a shell says that itself.
 */
export async function applyCommand(
  write: Write,
  params: CommandParams,
  argv: readonly string[],
  shown: string,
  context: TaskContext,
): Promise<ValueMap> {
  const { stdin, stdin_add_newline } = params;
  const bytes = stdin === undefined ? undefined : stdinOf(stdin, stdin_add_newline);
  const script = commandScript(params, argv);
  if (context.background) {
    const { strip_empty_ends: stripsEnds } = params;
    return runInBackground(write, { script, stdin: bytes, shown, stripsEnds }, context.background, context);
  }
  const result = await runCommand(write, params, script, bytes, shown, context);
  const [program = ''] = argv;
  if (result['rc'] !== 127 || result['stdout'] !== '' || (await isThere(write, params, program)))
    return result;
  throw new UnchangedError(`the host has no program '${program}'`, resultOf(shown, noSuchFile, '', ''));
}

/** The number of ENOENT, which Ansible gives as `rc`. */
const noSuchFile = 2;

/** What ends with 127 may have looked for another program itself. A word that only a shell knows is none. */
async function isThere(write: Write, { chdir }: CommandParams, program: string): Promise<boolean> {
  const look = lines(
    chdir !== undefined && sh`cd ${chdir} || exit 0`,
    sh`p=${program}`,
    // Of a path, dash says that it is there without a look.
    sh`case $p in */*) ;; *) p=$(command -v "$p") ;; esac`,
    sh`case $p in */*) test -e "$p" ;; *) exit 1 ;; esac`,
  );
  return (await write.run(look, { accept: [1] })).status === 0;
}

/** Runs a script and makes a result of what it answers, whatever its exit code. */
export async function runCommand(
  write: Write,
  params: Pick<CommandParams, 'strip_empty_ends'>,
  script: ShellText,
  stdin: Uint8Array | undefined,
  shown: string,
  { say }: Pick<TaskContext, 'say'>,
): Promise<ValueMap> {
  const output = await write.run(script, {
    ...(stdin && { stdin }),
    accept: everyStatus,
    shownAs: shown,
    keepsEnds: true,
  });
  const { omitted } = output;
  for (const name of ['stdout', 'stderr'] as const)
    if (omitted && omitted[name] > 0)
      say(
        `left ${formatBytes(omitted[name])} of ${name} out of the result; zrun_output_limit says how much is kept`,
      );
  const [stdout, stderr] = [output.stdout.toString(), output.stderr.toString()];
  if (!params.strip_empty_ends) return resultOf(shown, output.status, stdout, stderr, omitted);
  return resultOf(shown, output.status, stripEnd(stdout), stripEnd(stderr), omitted);
}

function commandScript({ chdir }: CommandParams, argv: readonly string[]): ShellText {
  return lines(chdir !== undefined && sh`cd ${chdir} || exit`, sh`exec ${argv}`);
}

function stdinOf(text: string, addsNewline: boolean): Uint8Array {
  return Buffer.from(addsNewline && !text.endsWith('\n') ? `${text}\n` : text);
}

/** The first line, cut where it is long: what fits into a report's line. */
function abbreviate(text: string): string {
  const [first = '', ...rest] = text.trim().split('\n');
  if (first.length > 100) return shorten(first, 100);
  // The first line of a script is hardly ever the one that tells what it is for; the task's name does.
  return rest.length > 0 ? `a script of ${rest.length + 1} lines` : first;
}
