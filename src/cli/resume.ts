/**
 * Owns `zrun --resume [RUN]`: which hosts an earlier run left undone, and the command that goes on with them. Runs
 * nothing itself.
 */
import path from 'node:path';
import { parseExtraVars } from '../config/index.js';
import { ZrunError } from '../core/errors.js';
import type { EventOf, RunRequest } from '../core/events.js';
import type { Host } from '../core/host.js';
import type { Play } from '../core/plan.js';
import { formatResumeWords } from '../report/recap/going-on.js';
import { ownerOf } from '../report/run-claim.js';
import type { RunFolder } from '../report/run-folder.js';
import { visible, visibleLine } from '../report/visible.js';
import type { Parsed } from './command-line.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { load, type Loaded } from './load.js';
import {
  changedTexts,
  describeRequest,
  isSameWork,
  pathsFrom,
  readOptions,
  rebase,
  type KeptOptions,
} from './request.js';
import { isAnyKeyGiven, openKeys, type KeyOptions } from './secret/keys.js';
import { chooseRun, findDamage, findRuns, formatTime, readRun, readStart } from './runs.js';

interface Resumed {
  readonly command: RunCommand;
  /** With the hosts that are left, and no other. */
  readonly loaded: Loaded;
  readonly request: RunRequest;
  /** The run's id. */
  readonly resumes: string;
  readonly pendingHandlers: ReadonlyMap<string, readonly string[]>;
}

type Started = EventOf<'run-started'>;

/** A run that can be asked for again. */
interface Origin {
  readonly run: RunFolder;
  readonly started: Started;
  readonly request: RunRequest;
  readonly options: KeptOptions;
}

/** What is left of a run, and of those that went on with it. */
interface Left {
  /** Pending handlers of each host that is not done, in the run's order. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly done: ReadonlySet<string>;
  readonly of: number;
}

/**
 * Says on standard error what is resumed. Undefined where nothing is left, which is said on standard output. Throws
 * ZrunError or ZrunErrors, before any host is touched.
 */
export async function prepareResume(
  { run: words, command, given }: Extract<Parsed, { type: 'resume' }>,
  environment: Environment,
): Promise<Resumed | undefined> {
  const { cwd, stdout, stderr } = environment;
  const runs = findRuns(environment);
  const origin = await findOrigin(runs, words);
  const { started, request, options } = origin;
  checkPlaybooks(command, given, origin, cwd);
  const left = await findLeft(runs, origin);
  if (left.hosts.size === 0) {
    stdout.write(
      `nothing is left of run ${started.runId}: ${left.of === 1 ? 'its host is' : `all ${left.of} hosts are`} done\n`,
    );
    return undefined;
  }

  const from = pathsFrom(request, cwd);
  const asked: RunCommand = {
    ...command,
    ...override(rebase(request, options, cwd), command, given),
    playbooks: started.playbooks.map(from),
    extraVars: [...request.extraVarsFiles.map((file) => `@${from(file)}`), ...command.extraVars],
  };
  await checkExtraVars(command.extraVars, asked.keys, origin, environment);
  // The journal knows the hosts by name: what the limit was made of (a file, a group) may be another now.
  const loadedAll = await load(
    { ...asked, limit: given.has('limit') ? command.limit : undefined },
    environment,
  );
  const { loaded, taken } = keepHosts(loadedAll, left);
  if (taken.length === 0)
    throw nothingTaken(started.runId, left, given.has('limit') ? command.limit : undefined);
  const now = await describeRequest(asked, loaded, environment);
  const pendingHandlers = new Map(
    taken.flatMap((host) => {
      const handlers = left.hosts.get(host) ?? [];
      return handlers.length === 0 ? [] : [[host, handlers] as const];
    }),
  );
  stderr.write(visible(describeResume(origin, taken, left, pendingHandlers)));
  const damage = await findDamage(origin.run);
  return {
    command: asked,
    loaded: {
      ...loaded,
      warnings: [
        ...loaded.warnings,
        ...(damage === undefined ? [] : [damage]),
        ...findOddities(origin, now, left, loaded),
      ],
    },
    request: now,
    resumes: started.runId,
    pendingHandlers,
  };
}

/** Where no run is named, a check is passed over: one goes on with work, not with a look at it. */
async function findOrigin(runs: readonly RunFolder[], words: string): Promise<Origin> {
  const named = chooseRun(runs, words);
  const run = words === 'last' ? ((await findNewestWork(runs)) ?? named) : named;
  const started = await readStart(run);
  if (!started) {
    refuseGoing(run);
    const damage = await findDamage(run);
    if (damage !== undefined)
      throw new ZrunError('file-unreadable', `run ${run.id} cannot be resumed: ${damage}`, {
        hint: 'run the playbook itself',
      });
    throw new ZrunError('usage', `run ${run.id} was interrupted before it began: no host was touched`, {
      hint: 'run the playbook itself',
    });
  }
  const options = started.request && readOptions(started.request);
  if (!started.request || !options) {
    throw new ZrunError(
      'usage',
      `run ${run.id} cannot be resumed: it was written by zrun ${started.version}`,
      {
        hint: `run the playbook itself: zrun ${started.playbooks.join(' ')}`,
      },
    );
  }
  return { run, started, request: started.request, options };
}

async function findNewestWork(runs: readonly RunFolder[]): Promise<RunFolder | undefined> {
  for (const run of runs) {
    const started = await readStart(run);
    if (started && !started.check) return run;
    if (!started) refuseGoing(run);
  }
  return undefined;
}

function refuseGoing(run: RunFolder, of: RunFolder = run): void {
  const owner = ownerOf(run.claim);
  if (owner === undefined) return;
  const message =
    run === of
      ? `run ${run.id} is still going, in ${owner}`
      : `run ${of.id} is already being resumed by run ${run.id}, in ${owner}`;
  throw new ZrunError('usage', message, {
    hint: 'wait for its end, or stop it with Ctrl-C where it runs; zrun history lists runs',
  });
}

/** Playbooks may be named, as where `--resume` is put behind an old command; but only the run's own. */
function checkPlaybooks(
  { playbooks }: RunCommand,
  given: ReadonlySet<keyof RunCommand>,
  { started, request }: Origin,
  cwd: string,
): void {
  if (!given.has('playbooks')) return;
  const own = started.playbooks.map((file) => path.resolve(request.cwd, file));
  const named = playbooks.map((file) => path.resolve(cwd, file));
  if (own.length === named.length && own.every((file, i) => file === named[i])) return;
  throw new ZrunError(
    'usage',
    `run ${started.runId} is one of ${started.playbooks.join(' ')}, not of ${playbooks.join(' ')}`,
    { hint: 'leave out the playbook, or name the run behind --resume; zrun history lists runs' },
  );
}

/** Values that may be secret are not written down, so that they have to be given again. */
async function checkExtraVars(
  extraVars: readonly string[],
  keyOptions: KeyOptions,
  { started, request }: Origin,
  environment: Environment,
): Promise<void> {
  const keys = await openKeys(keyOptions, environment);
  const now = await parseExtraVars(extraVars, { cwd: environment.cwd, keys });
  const missing = request.extraVarsNames.filter((name) => !now.has(name));
  if (missing.length === 0) return;
  throw new ZrunError(
    'usage',
    `run ${started.runId} was given extra variables whose values are not written down: ${missing.join(', ')}`,
    {
      hint:
        `give them again: zrun --resume ${formatResumeWords(started)}\n` +
        `a list is given by JSON (-e '{"${missing[0] ?? ''}": [1, 2]}'), and a file (-e @file) is read again by itself`,
    },
  );
}

/**
 * Follows runs that went on with others, so that a host which any of them has done is done. Only those count that were
 * to do the same on a host: one with other tags has not done the work.
 */
async function findLeft(runs: readonly RunFolder[], origin: Origin): Promise<Left> {
  const starts = new Map<string, Started>();
  for (const run of runs) {
    const started = await readStart(run);
    if (started) starts.set(run.id, started);
  }
  const isPart = (started: Started): boolean =>
    started.request !== undefined && isSameWork(started.request, origin.request);
  let root = origin.started;
  for (const seen = new Set([root.runId]); root.resumes !== undefined && !seen.has(root.resumes);) {
    seen.add(root.resumes);
    const before = starts.get(root.resumes);
    if (!before || !isPart(before)) break;
    root = before;
  }
  const chain = new Set<string>();
  const hosts = new Map<string, readonly string[]>();
  const done = new Set<string>();
  let of = 0;
  for (const run of [...runs].reverse()) {
    const started = starts.get(run.id);
    if (!started) continue;
    const isRoot = started.runId === root.runId;
    const goesOn = started.resumes !== undefined && chain.has(started.resumes) && isPart(started);
    if (!isRoot && !goesOn) continue;
    chain.add(started.runId);
    refuseGoing(run, run.id === origin.run.id ? run : origin.run);
    const record = await readRun(run);
    for (const [host, { outcome, pendingHandlers }] of record?.hosts ?? []) {
      if (outcome === 'done') {
        hosts.delete(host);
        done.add(host);
      } else {
        hosts.set(host, pendingHandlers);
        done.delete(host);
      }
    }
    if (isRoot) of = started.hosts.length;
  }
  return { hosts, done, of };
}

/** What the user has written now goes before what was asked for then. */
function override(kept: KeptOptions, command: RunCommand, given: ReadonlySet<keyof RunCommand>): KeptOptions {
  const merged: { -readonly [K in keyof KeptOptions]: KeptOptions[K] } = { ...kept };
  const take = <K extends keyof KeptOptions>(into: { [P in K]: KeptOptions[P] }, name: K): void => {
    into[name] = command[name];
  };
  const isKept = (name: keyof RunCommand): name is keyof KeptOptions => Object.hasOwn(kept, name);
  for (const name of given) if (isKept(name)) take(merged, name);
  if (isAnyKeyGiven(command.keys)) merged.keys = command.keys;
  // Both are answers to one question.
  if (given.has('askBecomePassword')) merged.becomePasswordFile = undefined;
  if (given.has('becomePasswordFile')) merged.askBecomePassword = false;
  return merged;
}

/** Of hosts that come while it runs, those are taken that are not done. */
function keepHosts(loaded: Loaded, left: Left): { loaded: Loaded; taken: readonly string[] } {
  const isTaken = ({ name }: Host): boolean =>
    left.hosts.has(name) || (!loaded.inventory.has(name) && !left.done.has(name));
  const taken = new Set<string>();
  const playbooks = loaded.playbooks.map((each) => {
    for (const play of each.playbook.plays)
      for (const host of each.hostsOf(play)) if (isTaken(host)) taken.add(host.name);
    return { ...each, hostsOf: (play: Play) => each.hostsOf(play).filter(isTaken) };
  });
  return { loaded: { ...loaded, playbooks }, taken: [...taken] };
}

function nothingTaken(runId: string, { hosts }: Left, limit: string | undefined): ZrunError {
  const left = someNames([...hosts.keys()]);
  return limit === undefined
    ? new ZrunError('no-hosts', `no play takes any of the hosts that run ${runId} left: ${left}`, {
        hint: 'the inventory or the playbook is another one now; zrun … --list-hosts shows what each play takes',
      })
    : new ZrunError(
        'no-hosts',
        `the limit '${limit}' leaves none of the hosts that run ${runId} left: ${left}`,
      );
}

function describeResume(
  { started }: Origin,
  taken: readonly string[],
  { hosts, of }: Left,
  pending: ReadonlyMap<string, readonly string[]>,
): string {
  const isAll = taken.length === hosts.size;
  const which = isAll
    ? `${hosts.size} of ${of} ${of === 1 ? 'host' : 'hosts'} ${hosts.size === 1 ? 'is' : 'are'} left`
    : `${taken.length} of ${hosts.size} hosts that are left`;
  const about = `${started.playbooks.join(' ')}, ${formatTime(started.at)}${started.check ? ', check mode' : ''}`;
  const lines = [
    `resuming run ${started.runId} (${about}): ${which}: ${someNames(taken)}`,
    `${taken.length === 1 ? 'It starts' : 'They start'} over with the first task: what is done already is found done.`,
  ];
  const byHandlers = new Map<string, string[]>();
  for (const [host, handlers] of pending) {
    const key = handlers.map((handler) => `'${handler}'`).join(', ');
    byHandlers.set(key, [...(byHandlers.get(key) ?? []), host]);
  }
  for (const [handlers, names] of byHandlers)
    lines.push(`Handlers that were notified and have not run: ${handlers}, on ${someNames(names)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function findOddities(
  { started, request }: Origin,
  now: RunRequest,
  { hosts }: Left,
  loaded: Loaded,
): readonly string[] {
  const changed = changedTexts(request, now);
  const gone = [...hosts.keys()].filter((host) => !loaded.inventory.has(host));
  const mayCome = loaded.playbooks.some(({ playbook }) =>
    playbook.plays.some(({ brings }) => brings.length > 0),
  );
  return [
    ...(changed.length === 0
      ? []
      : [
          `${someNames(changed)} ${changed.length === 1 ? 'is' : 'are'} not as in run ${started.runId}: the new text is used`,
        ]),
    ...(gone.length === 0
      ? []
      : [
          mayCome
            ? `left by run ${started.runId}, and not in the inventory: ${someNames(gone)}; what a task brings comes ` +
              'only where that task is run again'
            : `left by run ${started.runId}, but no longer in the inventory: ${someNames(gone)}`,
        ]),
  ];
}

function someNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map(visibleLine).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
