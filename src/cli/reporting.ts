/**
 * Owns which reporters a run has: one for the user, and the run's own folder. One that breaks does not break the run.
 */
import { randomInt } from 'node:crypto';
import { ZrunError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { whyUnwritable } from '../core/local-files.js';
import { mask } from '../core/secret.js';
import type { RunReport } from '../report/document/report.js';
import type { Reporter } from '../report/reporter.js';
import type { Claim } from '../report/run-claim.js';
import {
  createRunFolder,
  createRunId,
  defaultKept,
  findRunsFolder,
  pruneRuns,
  type RunFolder,
} from '../report/run-folder.js';
import { choosePaint, showsUtf8, wrapsOldLines } from '../report/style.js';
import type { OutputKind, RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { createEmitter } from './emitter.js';
import { openTelemetry } from './report/telemetry.js';
import { visible } from '../report/visible.js';

export interface Reporting {
  readonly runId: string;
  readonly emit: Emit;
  /** Undefined where the folder could not be made. */
  readonly logFile: string | undefined;
  /** Keeps the terminal as it is, for a question, until what it returns is called. Nothing is lost meanwhile. */
  hold(): () => void;
  /** Everything is written when it resolves. Never rejects. */
  close(): Promise<void>;
}

/**
 * Gives the run its id and its folder. `foundBefore`: warnings from before the run, told when it has started. Throws
 * ZrunError `usage`.
 */
export async function startReporting(
  command: RunCommand,
  environment: Environment,
  foundBefore: readonly string[],
): Promise<Reporting> {
  environment.outliveOutput();
  const warnings = [...foundBefore];
  let isFirst = true;
  let isOver = false;
  const kept = readKept(environment.env);
  /** Those that are known before the run wait for its start, and later ones are told past reporters that are closed. */
  const warn = (message: string): void => {
    if (isFirst) warnings.push(message);
    else if (isOver) environment.stderr.write(`warning: ${visible(mask(message))}\n`);
    else emit({ type: 'warning', message });
  };
  if (command.report.length > 0)
    (await import('./report/report-files.js')).tryReportFiles(command.report, environment);
  const telemetry = await openTelemetry(command, environment, warn);
  const made = makeRunFolder(environment, warnings);
  const folder = made?.folder;
  const ofFolder = folder ? await createFolderReporters(folder, warn, warnings) : [];
  if (command.report.length > 0 && ofFolder.length === 0) {
    made?.claim.release();
    await Promise.allSettled(telemetry.map((reporter) => reporter.close()));
    throw new ZrunError('usage', `cannot write ${command.report.join(', ')}: ${warnings.at(-1) ?? ''}`, {
      hint: 'a report is made of the journal; XDG_STATE_HOME names another folder for it',
    });
  }
  const reporters: Reporter[] = [await createUserReporter(command, environment, folder)];
  if (command.profile) reporters.push(await createProfileReporter(command, environment));
  reporters.push(...telemetry);
  const emit = createEmitter({
    reporters,
    diff: command.diff,
    onBroken: (error) =>
      environment.stderr.write(`a reporter broke and is left out from here: ${reasonOf(error)}\n`),
  });
  reporters.push(...ofFolder);
  return {
    runId: folder?.id ?? createRunId(new Date(), randomDigit()),
    logFile: folder?.log,
    emit(event) {
      emit(event);
      if (!isFirst) return;
      isFirst = false;
      // After run-started, so that every reporter knows the run that they are about.
      warnings.forEach(warn);
    },
    hold() {
      const releases = reporters.map((reporter) => reporter.hold?.());
      return () => releases.forEach((release) => release?.());
    },
    async close() {
      if (isOver) return;
      isOver = true;
      await Promise.allSettled(reporters.map((reporter) => reporter.close()));
      if (folder && command.report.length > 0) {
        const { writeReports } = await import('./report/report-files.js');
        await writeReports(command.report, folder, environment);
      }
      try {
        made?.claim.release();
        pruneRuns(findRunsFolder(environment.env, environment.homeFolder), kept);
      } catch (error) {
        environment.stderr.write(`warning: old runs are not taken away: ${reasonOf(error)}\n`);
      }
    },
  };
}

/** ZRUN_KEEP_RUNS: how many runs are kept, this one among them. */
function readKept(env: Environment['env']): number {
  const given = env['ZRUN_KEEP_RUNS'];
  if (given === undefined || given === '') return defaultKept;
  if (/^[1-9]\d*$/.test(given)) return Number(given);
  throw new ZrunError('usage', `ZRUN_KEEP_RUNS must be a whole number above 0, not '${given}'`);
}

function randomDigit(): string {
  return randomInt(16).toString(16);
}

function makeRunFolder(
  { env, homeFolder }: Environment,
  warnings: string[],
): { readonly folder: RunFolder; readonly claim: Claim } | undefined {
  const runs = findRunsFolder(env, homeFolder);
  try {
    return createRunFolder(runs, () => new Date(), randomDigit);
  } catch (error) {
    const why = whyUnwritable(error, { ENOENT: 'it cannot be made' });
    warnings.push(`this run leaves no journal and no log: cannot write ${runs}: ${why}`);
    return undefined;
  }
}

/**
 * Those that write into the run's own folder; none where it cannot be written to, which `warnings` takes. `warn`: tells
 * what goes wrong later.
 */
async function createFolderReporters(
  folder: RunFolder,
  warn: (message: string) => void,
  warnings: string[],
): Promise<readonly Reporter[]> {
  const [{ createJournal }, { createLog }, { createHostLogs }, { createResultFile }, { createRetryFile }] =
    await Promise.all([
      import('../report/journal.js'),
      import('../report/log.js'),
      import('../report/host-log.js'),
      import('../report/result.js'),
      import('../report/retry.js'),
    ]);
  const onTrouble = (what: string) => (error: unknown) =>
    warn(`${what} is not written on: ${reasonOf(error)}`);
  try {
    return [
      createJournal(folder.journal, onTrouble('the journal')),
      createRetryFile(folder.retry, onTrouble('the list of hosts that are left')),
      createHostLogs({
        folder: folder.hostLogs,
        onTrouble: onTrouble("the hosts' logs"),
        onLittleRoom: warn,
      }),
      createLog(folder.log, onTrouble('the log'), folder.retry),
      createResultFile(folder.result, onTrouble('the result')),
    ];
  } catch (error) {
    warnings.push(`this run leaves no journal: ${reasonOf(error)}`);
    return [];
  }
}

async function createUserReporter(
  command: RunCommand,
  { stdout, env }: Environment,
  folder: RunFolder | undefined,
): Promise<Reporter> {
  const isTerminal = stdout.isTTY === true;
  const kind = command.output ?? chooseOutput(isTerminal, env);
  const { verbosity, diff } = command;
  const paint = choosePaint(env, isTerminal);
  const options = {
    out: stdout,
    paint,
    verbosity,
    diff,
    logFile: folder?.log,
    retryFile: folder?.retry,
  };
  switch (kind) {
    case 'tty':
      return (await import('../report/tty.js')).createTtyReporter({
        ...options,
        isUtf8: showsUtf8(env),
        isWrapping: wrapsOldLines(env),
      });
    case 'plain':
      return (await import('../report/plain.js')).createPlainReporter(options);
    case 'oneline':
      return (await import('../report/stream/oneline.js')).createOnelineReporter(options);
    case 'ndjson':
      return (await import('../report/stream/ndjson.js')).createNdjsonReporter(stdout);
    case 'tap':
      return (await import('../report/stream/tap.js')).createTapReporter(stdout);
    case 'json':
      return createWhole(stdout, (await import('../report/document/json-report.js')).writeJsonReport);
    case 'junit':
      return createWhole(stdout, (await import('../report/document/junit-report.js')).writeJunitReport);
  }
}

async function createWhole(
  out: Environment['stdout'],
  writeDocument: (report: RunReport) => Iterable<string>,
): Promise<Reporter> {
  return (await import('../report/stream/whole.js')).createWholeReporter(out, writeDocument);
}

/** What only programs read has standard output for itself. */
const forPrograms: ReadonlySet<OutputKind | undefined> = new Set(['ndjson', 'json', 'junit', 'tap']);

async function createProfileReporter(
  command: RunCommand,
  { stdout, stderr, env }: Environment,
): Promise<Reporter> {
  const { createProfile } = await import('../report/profile.js');
  const out = forPrograms.has(command.output) ? stderr : stdout;
  return createProfile({ out, paint: choosePaint(env, out.isTTY === true) });
}

/** A live view needs a terminal that can move its cursor. */
function chooseOutput(isTerminal: boolean, env: Environment['env']): OutputKind {
  return isTerminal && env['TERM'] !== 'dumb' ? 'tty' : 'plain';
}

function reasonOf(error: unknown): string {
  return mask(whyUnwritable(error));
}
