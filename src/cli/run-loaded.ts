/**
 * Owns what every run on hosts goes through once its input is known to be right: passwords and prompts, the engine with
 * its transport and its reporters, Ctrl-C, and the exit code.
 */
import type { RunInput, RunOutcome, RunSettings } from '../engine/index.js';
import { exitCodes } from '../core/exit-codes.js';
import type { Environment } from './environment.js';
import { tellFailure } from './failure.js';
import { watchInterrupts } from './interrupt.js';
import type { Loaded } from './load.js';
import { createTurns } from './questions.js';
import type { Reporting } from './reporting.js';
import type { RunCommand } from './run-options.js';

/** What is run, and what is known of it from before. */
export interface Prepared extends Pick<RunInput, 'request' | 'resumes' | 'pendingHandlers'> {
  readonly command: RunCommand;
  readonly loaded: Loaded;
  /** Left out: as a playbook's run is reported, and kept in a folder of its own. */
  readonly startReporting?: StartReporting;
  /** See RunSettings. */
  readonly exactOutput?: boolean;
}

/** `foundBefore`: warnings from before the run. */
type StartReporting = (environment: Environment, foundBefore: readonly string[]) => Promise<Reporting>;

/** Returns the exit code. */
export async function runLoaded(prepared: Prepared, environment: Environment): Promise<number> {
  const { command, loaded, startReporting = reportAsRun(command), exactOutput = false, ...known } = prepared;
  const { askPassphrase, findBecomePassword, findLoginPassword } = await import('./password.js');
  const { answerPrompts, checkStepping, confirmStep } = await import('./prompts.js');
  if (command.step) checkStepping();
  const password = await findLoginPassword(command, environment);
  const becomePassword = await findBecomePassword(command, environment, password);
  const playbooks = await answerPrompts(loaded);
  // From here on the terminal is the run's.
  loaded.keys.stopAsking();
  const [{ run }, { createTransport }, { createController }] = await Promise.all([
    import('../engine/index.js'),
    import('../transport/index.js'),
    import('./controller.js'),
  ]);
  const reporting = await startReporting(environment, loaded.warnings);
  const settings: RunSettings = {
    runId: reporting.runId,
    version: environment.version,
    check: command.check,
    verify: command.verify,
    forks: command.forks,
    become: {
      ...(command.become && { become: true }),
      ...(command.becomeUser !== undefined && { becomeUser: command.becomeUser }),
      ...(command.becomeMethod !== undefined && { becomeMethod: command.becomeMethod }),
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
    exactOutput,
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
    password,
    askPassphrase: (file, isAgain) =>
      inTurn(interrupts.signal, () => askPassphrase(file, isAgain, interrupts.signal)),
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

function reportAsRun(command: RunCommand): StartReporting {
  return async (environment, foundBefore) => {
    const { startReporting } = await import('./reporting.js');
    return startReporting(command, environment, foundBefore);
  };
}
