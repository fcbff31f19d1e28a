/**
 * Owns `zrun PLAYBOOK…`: from the words to hosts and plays, then either a look at them or the run. What a run is made of
 * is loaded only once everything that was given is known to be right.
 */
import type { RunInput, RunOutcome, RunSettings } from '../engine/index.js';
import { mask } from '../core/secret.js';
import { visible } from '../report/visible.js';
import { parseRunCommand, type RunCommand } from './command-line.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import { tellFailure } from './failure.js';
import type { Loaded } from './load.js';
import { formatList } from './list.js';
import { watchInterrupts } from './interrupt.js';
import { createTurns } from './questions.js';

/** Returns the exit code. Throws ZrunError or ZrunErrors for bad input, before any host is touched. */
export async function runPlaybooks(environment: Environment): Promise<number> {
  const { argv, stdout, stderr, version } = environment;
  if (argv.length === 0) {
    const { formatHelp } = await import('./command-line.js');
    stderr.write(formatHelp(version));
    return exitCodes.input;
  }
  const parsed = parseRunCommand(argv, version);
  if (parsed.type === 'text') {
    stdout.write(parsed.text);
    return exitCodes.ok;
  }
  if (parsed.type === 'resume') {
    const { prepareResume } = await import('./resume.js');
    const resumed = await prepareResume(parsed, environment);
    if (!resumed) return exitCodes.ok;
    const { command, loaded } = resumed;
    return isLook(command) ? look(command, loaded, environment) : runLoaded(resumed, environment);
  }
  const { command } = parsed;
  const { load } = await import('./load.js');
  const loaded = await load(command, environment);
  if (isLook(command)) return look(command, loaded, environment);
  const { describeRequest } = await import('./request.js');
  const request = await describeRequest(command, loaded, environment);
  return runLoaded({ command, loaded, request }, environment);
}

/** What is run, and what is known of it from before. */
interface Prepared extends Pick<RunInput, 'request' | 'resumes' | 'pendingHandlers'> {
  readonly command: RunCommand;
  readonly loaded: Loaded;
}

function isLook(command: RunCommand): boolean {
  return command.syntaxCheck || command.list !== undefined;
}

async function look(command: RunCommand, loaded: Loaded, { stdout, stderr }: Environment): Promise<number> {
  for (const warning of loaded.warnings) stderr.write(`warning: ${visible(mask(warning))}\n`);
  if (command.list) {
    const { createTagFilter } = await import('../engine/tags.js');
    // As in Ansible, all tags are listed where none is asked for, `never` among them.
    const isAll = command.list === 'tags' && command.tags.length + command.skipTags.length === 0;
    const filter = createTagFilter(isAll ? ['all', 'never'] : command.tags, command.skipTags);
    stdout.write(
      mask(formatList(loaded.playbooks, { kind: command.list, selects: (tags) => filter.selects(tags) })),
    );
  } else for (const { playbook } of loaded.playbooks) stdout.write(`${playbook.path}: ok\n`);
  return exitCodes.ok;
}

async function runLoaded(prepared: Prepared, environment: Environment): Promise<number> {
  const { command, loaded, ...known } = prepared;
  const { findBecomePassword } = await import('./password.js');
  const { answerPrompts, checkStepping, confirmStep } = await import('./prompts.js');
  if (command.step) checkStepping();
  const becomePassword = await findBecomePassword(command, environment);
  const playbooks = await answerPrompts(loaded);
  const [{ run }, { createTransport }, { startReporting }, { createController }] = await Promise.all([
    import('../engine/index.js'),
    import('../transport/index.js'),
    import('./reporting.js'),
    import('./controller.js'),
  ]);
  const reporting = await startReporting(command, environment, loaded.warnings);
  const settings: RunSettings = {
    runId: reporting.runId,
    version: environment.version,
    check: command.check,
    verify: command.verify,
    forks: command.forks,
    become: {
      ...(command.become && { become: true }),
      ...(command.becomeUser !== undefined && { becomeUser: command.becomeUser }),
    },
    becomePassword,
    connectTimeoutMs: command.connectTimeoutMs,
    taskTimeoutMs: command.taskTimeoutMs,
    tags: command.tags,
    skipTags: command.skipTags,
    startAtTask: command.startAtTask,
    forceHandlers: command.forceHandlers,
    step: command.step,
    extraVars: loaded.extraVars,
    limit: command.limit,
    inventorySources: loaded.inventorySources,
    diff: command.diff,
    verbosity: command.verbosity,
  };
  const interrupts = watchInterrupts(environment, reporting);
  const inTurn = createTurns({
    holdOutput: () => reporting.hold(),
    onInterrupt: () => interrupts.interrupt(),
  });
  const transport = createTransport({
    acceptNewHostKeys: command.acceptNewHostKeys,
    env: environment.env,
    homedir: environment.homeFolder,
  });
  try {
    const outcome = await run({
      playbooks,
      groups: loaded.groups,
      inventory: loaded.live,
      ...known,
      settings,
      connect: transport.connect,
      controller: createController({
        cwd: environment.cwd,
        homeFolder: environment.homeFolder,
        inTurn,
      }),
      emit: interrupts.emit,
      signal: interrupts.signal,
      confirmStep: (task) => inTurn(interrupts.signal, () => confirmStep(task, interrupts.signal)),
      now: () => Date.now(),
    });
    return exitCodeOf(outcome, command);
  } catch (error) {
    await reporting.close();
    return tellFailure(error, environment, reporting.logFile);
  } finally {
    await transport.close();
    interrupts.stop();
    await reporting.close();
  }
}

function exitCodeOf({ exitCode, hosts }: RunOutcome, { detailedExitCode }: RunCommand): number {
  const isChanged = hosts.some(({ counts }) => counts.changed > 0);
  return exitCode === exitCodes.ok && detailedExitCode && isChanged ? exitCodes.changed : exitCode;
}
