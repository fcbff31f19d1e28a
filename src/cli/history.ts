/**
 * Owns `zrun history`: which runs there were, and how one of them ended, told again from its journal. Touches no host
 * and changes nothing.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import type { EventOf, HostOutcome, HostSummary } from '../core/events.js';
import { plural } from '../report/describe.js';
import { formatDuration } from '../report/duration.js';
import { formatResumeWords } from '../report/recap/going-on.js';
import { createRecap } from '../report/recap/recap.js';
import { readResult } from '../report/result.js';
import { ownerOf } from '../report/run-claim.js';
import type { RunFolder } from '../report/run-folder.js';
import {
  summariseCutOff,
  summariseGoing,
  type HostStanding,
  type StandingSummary,
} from '../report/run-record.js';
import { choosePaint, type Colour, type Paint } from '../report/style.js';
import { displayWidth, pad, visibleLine } from '../report/visible.js';
import { readEvent, writeSummary } from '../report/written.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import { chooseRun, createDamage, findRuns, formatTime, lastSignOfLife, readRun, readStart } from './runs.js';
import { readVerbWords } from './verb-options.js';

const DEFAULT_COUNT = 20;

const HELP = `Usage: zrun history [RUN] [options]

Lists the runs that this user has made on this machine, the newest first; or
shows one of them: its recap again, also of one that was killed, and where its
files are. Touches no host.

RUN is an id, the beginning of one, or 'last'.

Options:
  -n, --number <count>  how many are listed (default: ${DEFAULT_COUNT})
  --json                the same as JSON
  -h, --help            show this

The newest 100 runs are kept (or as many as ZRUN_KEEP_RUNS says), in
$XDG_STATE_HOME/zrun/runs, which is ~/.local/state/zrun/runs. One that is still
going is never taken away.

Resume what a run left undone:

  zrun --resume [RUN]          hosts that failed, were lost, not tried or cut
                               off. They start over; hosts that are done are
                               left out, and handlers that were notified and
                               not run are run. Options that you give go before
                               those of that run. Of -e only files are kept: a
                               value has to be given again. Passwords and what
                               the playbook prompts for are asked for again. A
                               run that went on with another one counts as one
                               with it.
                               Without RUN: the last one that was no --check
  --limit @FILE                the same hosts for any playbook: FILE is the
                               'retry' in the run's folder

Examples:
  zrun history                 the last runs
  zrun history last            the last one again
  zrun history 20260722T15     the one of that hour
  zrun history --json -n 1     for a script
`;

/**
 * How a run stands. `interrupted`: zrun was killed, or the machine went down. `damaged`: not even the run's start can be read.
 */
type State = 'finished' | 'going' | 'interrupted' | 'never begun' | 'damaged';

interface Glance {
  readonly run: RunFolder;
  readonly started: EventOf<'run-started'> | undefined;
  readonly state: State;
  /** Milliseconds; of a run that is not finished, until now or its last sign of life. */
  readonly ms: number | undefined;
  readonly outcomes: readonly HostStanding[];
}

interface Past extends Glance {
  readonly finished: EventOf<'run-finished'> | undefined;
  readonly hosts: readonly StandingSummary[];
  /** The same of a run that was interrupted, as its recap would have told. */
  readonly cutOff: readonly HostSummary[] | undefined;
  /** What is under way on each host. */
  readonly busy: ReadonlyMap<string, string>;
  /** What is missing of its journal. */
  readonly damage: string | undefined;
}

/** Throws ZrunError `usage`, `file-unreadable`. */
export async function showHistory(environment: Environment): Promise<number> {
  const { argv, env, stdout } = environment;
  const words = readVerbWords('history', argv, {
    number: { type: 'string', short: 'n' },
    json: { type: 'boolean' },
  });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  const [name, ...more] = words.names;
  if (more.length > 0) {
    throw new ZrunError('usage', `one run is shown at a time, not ${words.names.length}`, {
      hint: 'zrun history RUN; zrun history --help says more',
    });
  }
  const runs = findRuns(environment);
  const paint = choosePaint(env, stdout.isTTY === true);
  if (name !== undefined) {
    const run = chooseRun(runs, name);
    if (words.has('json')) stdout.write(`${JSON.stringify(toJson(await readPast(run)), undefined, 2)}\n`);
    else stdout.write(await formatRun(run, paint));
    return exitCodes.ok;
  }
  const listed = runs.slice(0, readCount(words.all('number').at(-1)));
  if (words.has('json')) {
    const pasts: unknown[] = [];
    for (const run of listed) pasts.push(toJson(await readPast(run)));
    stdout.write(`${JSON.stringify(pasts, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const glances: Glance[] = [];
  for (const run of listed) glances.push(await glanceAt(run));
  stdout.write(formatList(glances, runs.length, paint));
  return exitCodes.ok;
}

function readCount(given: string | undefined): number {
  if (given === undefined) return DEFAULT_COUNT;
  if (/^[1-9]\d*$/.test(given)) return Number(given);
  throw new ZrunError('usage', `-n needs a whole number above 0, not '${given}'`);
}

/** A finished run's result says all that a list needs; journals of large fleets are long. */
async function glanceAt(run: RunFolder): Promise<Glance> {
  const ended = readResult(run.result);
  return ended ? { run, started: await readStart(run), state: 'finished', ...ended } : readPast(run);
}

async function readPast(run: RunFolder, tell?: Parameters<typeof readRun>[1]): Promise<Past> {
  // Asked before the journal is read: a run that ends meanwhile has ended.
  const isGoing = ownerOf(run.claim) !== undefined;
  const damages = createDamage(run, isGoing);
  const record = await readRun(run, tell, damages.note);
  const damage = damages.describe();
  const started = record?.started;
  const finished = record?.finished;
  const unbegun = damage === undefined ? 'never begun' : 'damaged';
  const unfinished = isGoing ? 'going' : started ? 'interrupted' : unbegun;
  const cutOff = record && !finished && !isGoing ? summariseCutOff(record) : undefined;
  const hosts = finished?.hosts ?? cutOff ?? (record ? summariseGoing(record) : []);
  const busy = [...(record?.hosts ?? [])].flatMap(([host, { doing }]) =>
    doing ? [[host, doing.name] as const] : [],
  );
  return {
    run,
    started,
    finished,
    state: finished ? 'finished' : unfinished,
    ms: finished?.ms ?? (started && Math.max(0, lastSignOfLife(run, isGoing) - Date.parse(started.at))),
    outcomes: hosts.map(({ outcome }) => outcome),
    hosts,
    cutOff,
    busy: new Map(busy),
    damage,
  };
}

// --- the list -----------------------------------------------------------------------------------------------------

function formatList(pasts: readonly Glance[], of: number, paint: Paint): string {
  if (pasts.length === 0) return 'there is no run yet\n';
  const rows = pasts.map((past) => ({ past, cells: cellsOf(past) }));
  const heads = ['RUN', 'STARTED', 'TOOK', 'HOSTS', 'OUTCOME', 'PLAYBOOK'];
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map(({ cells }) => displayWidth(cells[i] ?? ''))),
  );
  const line = (cells: readonly string[], colour: Colour = 'dim'): string =>
    cells
      .map((cell, i) => {
        const padded = i === cells.length - 1 ? cell : pad(cell, widths[i] ?? 0);
        return heads[i] === 'OUTCOME' ? paint(colour, padded) : padded;
      })
      .join('  ')
      .trimEnd();
  const lines = [line(heads), ...rows.map(({ past, cells }) => line(cells, colourOf(past)))];
  if (pasts.length < of) lines.push(paint('dim', `${of - pasts.length} older ones: zrun history -n ${of}`));
  return `${lines.join('\n')}\n`;
}

function cellsOf({ run, started, state, ms, outcomes }: Glance): readonly string[] {
  const resumes = started?.resumes === undefined ? '' : ` (resumes ${started.resumes})`;
  return [
    run.id,
    started ? formatTime(started.at) : '',
    ms === undefined ? '' : formatDuration(ms),
    started ? String(started.hosts.length) : '',
    `${started?.check ? 'check: ' : ''}${outcomeOf(state, outcomes)}`,
    started ? `${started.playbooks.map(visibleLine).join(' ')}${resumes}` : '',
  ];
}

function outcomeOf(state: State, outcomes: readonly HostStanding[]): string {
  if (state === 'never begun') return 'interrupted before it began';
  if (state === 'damaged') return 'its journal is damaged';
  const count = (outcome: HostOutcome): number => outcomes.filter((each) => each === outcome).length;
  const done = count('done');
  if (state === 'going') return `still going, ${done} done`;
  if (state === 'interrupted') return `interrupted, ${done} done`;
  if (done === outcomes.length) return 'done';
  const order: readonly HostOutcome[] = [
    'failed',
    'unreachable',
    'unknown',
    'halted',
    'interrupted',
    'not-tried',
  ];
  return order
    .filter((outcome) => count(outcome) > 0)
    .map((outcome) => `${count(outcome)} ${outcome.replace('-', ' ')}`)
    .join(', ');
}

function colourOf({ state, outcomes }: Glance): Colour {
  if (state === 'going') return 'cyan';
  if (state !== 'finished') return 'yellow';
  return outcomes.every((outcome) => outcome === 'done') ? 'green' : 'red';
}

// --- one run ------------------------------------------------------------------------------------------------------

async function formatRun(run: RunFolder, paint: Paint): Promise<string> {
  const recap = createRecap({ paint, verbosity: 0, retryFile: run.retry, followsAccount: false });
  const past = await readPast(run, (event) => recap.tell(readEvent(event)));
  const { started, state, ms = 0, cutOff, damage } = past;
  if (!started) {
    const files = formatFiles(run, paint);
    if (state === 'damaged') return `run ${run.id} cannot be told: ${visibleLine(damage ?? '')}\n${files}`;
    return state === 'going'
      ? `run ${run.id} is just beginning, in ${ownerOf(run.claim) ?? 'a process that has ended'}\n${files}`
      : `run ${run.id} was interrupted before it began: no host was touched\n${files}`;
  }
  if (cutOff)
    recap.tell({ type: 'run-finished', at: started.at, ms, exitCode: exitCodes.interrupted, hosts: cutOff });
  const text = state === 'going' ? formatGoing(past) : recap.format();
  return `${formatHead(past, paint)}${text}\n${formatFiles(run, paint)}`;
}

function formatHead({ run, started, state, ms = 0, damage }: Past, paint: Paint): string {
  if (!started) return '';
  const playbooks = started.playbooks.map(visibleLine).join(' ');
  const resumes = started.resumes === undefined ? '' : `, resuming run ${started.resumes}`;
  const lines = [
    `${paint('bold', `run ${run.id}`)}: ${playbooks}${started.check ? ' (check mode)' : ''}${resumes}`,
    `started ${formatTime(started.at)} by zrun ${visibleLine(started.version)}`,
    ...formatRequest(started),
  ];
  if (state === 'interrupted') {
    lines.push(
      paint(
        'yellow',
        `It was interrupted: zrun was killed, or this machine went down. Its last sign of life came after ${formatDuration(ms)}.`,
      ),
      'Hosts below are as its journal left them. What was under way on a host may have gone on there.',
    );
  }
  if (damage !== undefined) lines.push(`${paint('magenta', 'warning:')} ${visibleLine(damage)}`);
  return `${lines.join('\n')}\n`;
}

/** What it was asked for, so that the reader knows which run that was. */
function formatRequest({ request }: EventOf<'run-started'>): string[] {
  if (!request) return [];
  const { inventory, limit, tags, skipTags } = request.options;
  const list = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(', ') : '');
  const extraVars = [...request.extraVarsFiles.map((file) => `@${file}`), ...request.extraVarsNames];
  const parts = [
    ['inventory', list(inventory)],
    ['limit', typeof limit === 'string' ? limit : ''],
    ['tags', list(tags)],
    ['skipped tags', list(skipTags)],
    ['extra variables', extraVars.join(', ')],
    ['in', request.cwd],
  ] as const;
  const said = parts.filter(([, value]) => value !== '');
  return [said.map(([what, value]) => `${what}: ${visibleLine(value)}`).join('; ')];
}

function formatGoing({ run, hosts, busy }: Past): string {
  const owner = ownerOf(run.claim);
  const done = hosts.filter(({ outcome }) => outcome === 'done').length;
  const tasks = [...busy].map(([host, name]) => `  ${visibleLine(host)}: ${visibleLine(name)}\n`);
  const head = owner === undefined ? 'it has just ended' : `it is still going, in ${owner}`;
  return `${head}: ${done} of ${plural(hosts.length, 'host')} done\n${tasks.join('')}`;
}

function formatFiles(run: RunFolder, paint: Paint): string {
  const files = [
    [run.log, 'everything, with its time'],
    [run.hostLogs, 'the same for each host, with what tasks wrote while they ran'],
    [run.journal, 'every event as a line of JSON'],
    [run.result, 'how it ended'],
    [run.retry, 'the hosts that are left, for --limit @'],
    [run.report, 'a page on it, by zrun report'],
  ] as const;
  const there = files.filter(([file]) => statSync(file, { throwIfNoEntry: false }) !== undefined);
  const lines = there.map(([file, what]) => `  ${path.basename(file).padEnd(15)}${paint('dim', what)}`);
  return [`files: ${visibleLine(run.path)}`, ...lines].map((each) => `${each}\n`).join('');
}

// --- JSON ---------------------------------------------------------------------------------------------------------

function toJson({ run, started, finished, state, ms, hosts }: Past): Readonly<Record<string, unknown>> {
  return {
    runId: run.id,
    state,
    folder: run.path,
    ...(started && {
      startedAt: started.at,
      ms,
      version: started.version,
      check: started.check,
      playbooks: started.playbooks,
      ...(started.resumes !== undefined && { resumes: started.resumes }),
      ...(finished && { finishedAt: finished.at, exitCode: finished.exitCode }),
      ...(started.request && { request: started.request }),
      resume: `zrun --resume ${formatResumeWords(started)}`,
      hosts: hosts.map((host) => writeSummary(host)),
    }),
  };
}
