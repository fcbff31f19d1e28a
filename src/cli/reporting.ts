/**
 * Owns which reporters a run has: one for the user, and the run's own folder. One that breaks does not break the run.
 */
import type { Emit } from '../core/events.js';
import type { Reporter } from '../report/reporter.js';
import { createResultFile, createRunFolder, findRunsFolder, type RunFolder } from '../report/run-folder.js';
import { choosePaint } from '../report/style.js';
import type { OutputKind, RunCommand } from './command-line.js';
import type { Environment } from './environment.js';

export interface Reporting {
  readonly emit: Emit;
  /** Undefined where the folder could not be made. */
  readonly logFile: string | undefined;
  /** Keeps the terminal as it is, for a question, until what it returns is called. Nothing is lost meanwhile. */
  hold(): () => void;
  /** Everything is written when it resolves. Never rejects. */
  close(): Promise<void>;
}

/** `foundBefore`: warnings from before the run, told when it has started. */
export async function startReporting(
  command: RunCommand,
  runId: string,
  environment: Environment,
  foundBefore: readonly string[],
): Promise<Reporting> {
  const warnings = [...foundBefore];
  const folder = makeRunFolder(runId, environment, warnings);
  const reporters: Reporter[] = [await createUserReporter(command, environment, folder?.log)];
  const warn = (message: string): void => emit({ type: 'warning', message });
  const onTrouble = (what: string) => (error: unknown) =>
    warn(`${what} is not written on: ${reasonOf(error)}`);

  /** Events that arise while one is being told wait their turn. */
  const queue: Parameters<Emit>[0][] = [];
  let isTelling = false;
  function emit(event: Parameters<Emit>[0]): void {
    queue.push(event);
    if (isTelling) return;
    isTelling = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      for (const reporter of [...reporters]) {
        try {
          reporter.tell(next);
        } catch (error) {
          // A reporter's bug costs that reporter, never a host.
          reporters.splice(reporters.indexOf(reporter), 1);
          environment.stderr.write(`a reporter broke and is left out from here: ${reasonOf(error)}\n`);
        }
      }
    }
    isTelling = false;
  }

  if (folder) {
    const [{ createJournal }, { createLog }] = await Promise.all([
      import('../report/journal.js'),
      import('../report/log.js'),
    ]);
    try {
      reporters.push(
        createJournal(folder.journal, onTrouble('the journal')),
        createLog(folder.log, onTrouble('the log')),
        createResultFile(folder.result, onTrouble('the result')),
      );
    } catch (error) {
      warnings.push(`this run leaves no journal: ${reasonOf(error)}`);
    }
  }
  let isFirst = true;
  return {
    logFile: folder?.log,
    emit(event) {
      emit(event);
      // After run-started, so that every reporter knows the run that they are about.
      if (isFirst) warnings.forEach(warn);
      isFirst = false;
    },
    hold() {
      const releases = reporters.map((reporter) => reporter.hold?.());
      return () => releases.forEach((release) => release?.());
    },
    async close() {
      await Promise.allSettled(reporters.map((reporter) => reporter.close()));
    },
  };
}

function makeRunFolder(
  runId: string,
  { env, homeFolder }: Environment,
  warnings: string[],
): RunFolder | undefined {
  try {
    return createRunFolder(findRunsFolder(env, homeFolder), runId);
  } catch (error) {
    warnings.push(`this run leaves no journal and no log: ${reasonOf(error)}`);
    return undefined;
  }
}

async function createUserReporter(
  command: RunCommand,
  { stdout, env }: Environment,
  logFile: string | undefined,
): Promise<Reporter> {
  const isTerminal = stdout.isTTY === true;
  const kind = command.output ?? chooseOutput(isTerminal, env);
  const { verbosity, diff } = command;
  const options = { out: stdout, paint: choosePaint(env, isTerminal), verbosity, diff, logFile };
  switch (kind) {
    case 'tty':
      return (await import('../report/tty.js')).createTtyReporter(options);
    case 'plain':
      return (await import('../report/plain.js')).createPlainReporter(options);
    case 'json':
      return (await import('../report/json.js')).createJsonReporter(stdout);
  }
}

/** A live view needs a terminal that can move its cursor. */
function chooseOutput(isTerminal: boolean, env: Environment['env']): OutputKind {
  return isTerminal && env['TERM'] !== 'dumb' ? 'tty' : 'plain';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
