/**
 * Owns what of a command line is written into a run's journal, and how it becomes a command again. Of extra variables
 * that were given by value only the names are kept, since their values may be secret; nor is any password.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { parseExtraVars } from '../config/index.js';
import type { Source } from '../core/errors.js';
import { becomeMethods } from '../core/host.js';
import type { RunRequest } from '../core/events.js';
import { handlersIn, stepsOf } from '../core/plan.js';
import type { ValueMap } from '../core/value.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import type { Loaded } from './load.js';
import { renameKeyFiles } from './secret/keys.js';

/**
 * What a run takes over from the one that it goes on with. The rest of a command is its own: how much is shown, what is
 * only looked at; and extra variables, which are kept apart. An option that is new in RunCommand does not compile before
 * it stands in one of both.
 */
export type KeptOptions = Omit<
  RunCommand,
  | 'playbooks'
  | 'extraVars'
  | 'list'
  | 'syntaxCheck'
  | 'verbosity'
  | 'output'
  | 'detailedExitCode'
  | 'profile'
  | 'report'
  | 'metrics'
>;

const texts = z.array(z.string());
const text = z.string().optional();
const flag = z.boolean().default(false);

const keptOptions = z.object({
  inventory: texts,
  limit: text,
  tags: texts.default([]),
  skipTags: texts.default([]),
  startAtTask: text,
  step: flag,
  check: flag,
  diff: flag,
  verify: flag,
  forks: z.number(),
  forceHandlers: flag,
  become: flag,
  becomeUser: text,
  becomeMethod: z.enum(becomeMethods).optional(),
  askBecomePassword: flag,
  becomePasswordFile: text,
  // Which files and questions, not what they say.
  keys: z
    .object({
      vaultPasswordFiles: texts,
      askVaultPassword: z.boolean(),
      vaultIds: texts,
      ageIdentities: texts,
    })
    .default({ vaultPasswordFiles: [], askVaultPassword: false, vaultIds: [], ageIdentities: [] }),
  askPassword: flag,
  connectionPasswordFile: text,
  user: text,
  privateKey: text,
  connectTimeoutMs: z.number(),
  taskTimeoutMs: z.number(),
  acceptNewHostKeys: flag,
});

/** Throws ZrunError for extra variables that are no such, as `load` does before. */
export async function describeRequest(
  command: RunCommand,
  loaded: Loaded,
  { cwd, env }: Environment,
): Promise<RunRequest> {
  const byValue = command.extraVars.filter((each) => !each.startsWith('@'));
  const names = await parseExtraVars(byValue, { cwd });
  const fromEnvironment = env['ZRUN_INVENTORY'];
  const {
    playbooks: _playbooks,
    extraVars: _extraVars,
    list: _list,
    syntaxCheck: _syntaxCheck,
    verbosity: _verbosity,
    output: _output,
    detailedExitCode: _detailedExitCode,
    profile: _profile,
    report: _report,
    metrics: _metrics,
    ...options
  } = command;
  const kept: KeptOptions = {
    ...options,
    inventory: command.inventory.length > 0 || !fromEnvironment ? command.inventory : [fromEnvironment],
  };
  return {
    cwd,
    options: withoutGaps(kept),
    extraVarsFiles: command.extraVars.filter((each) => each.startsWith('@')).map((each) => each.slice(1)),
    extraVarsNames: [...names.keys()],
    texts: hashTexts(loaded),
  };
}

function withoutGaps(kept: KeptOptions): ValueMap {
  return Object.fromEntries(
    Object.entries({ ...kept, keys: { ...kept.keys } }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
}

/** The files in which the plays' steps stand, as far as they are known before the run. */
function hashTexts({ playbooks }: Loaded): Readonly<Record<string, string>> {
  const sources = new Map<string, Source>();
  const add = (source: Source): void => void sources.set(source.name, source);
  for (const { playbook } of playbooks) {
    for (const play of playbook.plays) {
      add(play.at.source);
      for (const step of stepsOf([...play.tasks, ...handlersIn(play), ...play.betweenBatches]))
        add(step.at.source);
    }
  }
  return Object.fromEntries(
    [...sources].map(([name, source]) => [name, createHash('sha256').update(source.text).digest('hex')]),
  );
}

/** Undefined where another zrun wrote what this one does not understand. */
export function readOptions({ options }: RunRequest): KeptOptions | undefined {
  const { success, data } = keptOptions.safeParse(options);
  if (!success) return undefined;
  const {
    limit,
    startAtTask,
    becomeUser,
    becomeMethod,
    becomePasswordFile,
    connectionPasswordFile,
    user,
    privateKey,
    ...rest
  } = data;
  const files = { becomePasswordFile, connectionPasswordFile, privateKey };
  return { ...rest, limit, startAtTask, becomeUser, becomeMethod, user, ...files };
}

/** Seen from another folder, what was relative to the old one is absolute. */
export function rebase(request: RunRequest, options: KeptOptions, cwd: string): KeptOptions {
  const from = pathsFrom(request, cwd);
  const { inventory, privateKey, becomePasswordFile, connectionPasswordFile, keys } = options;
  const moved = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : from(file);
  return {
    ...options,
    // With a comma it is a list of hosts.
    inventory: inventory.map((each) => (each.includes(',') ? each : from(each))),
    privateKey: moved(privateKey),
    becomePasswordFile: moved(becomePasswordFile),
    connectionPasswordFile: moved(connectionPasswordFile),
    keys: renameKeyFiles(keys, from),
  };
}

/** How a path of the request is called in `cwd`. */
export function pathsFrom(request: RunRequest, cwd: string): (name: string) => string {
  if (cwd === request.cwd) return (name) => name;
  return (name) => (name.startsWith('~') ? name : path.resolve(request.cwd, name));
}

/** Files of steps whose text is another one now, by the names of today. */
export function changedTexts(before: RunRequest, now: RunRequest): readonly string[] {
  const known = new Map(
    Object.entries(before.texts).map(([name, hash]) => [path.resolve(before.cwd, name), hash]),
  );
  return Object.entries(now.texts)
    .filter(([name, hash]) => known.get(path.resolve(now.cwd, name)) !== hash)
    .map(([name]) => name);
}

/**
 * True where both runs, done on a host, have done the same there. (Which hosts, how many at a time and what was shown
 * does not matter.)
 */
export function isSameWork(a: RunRequest, b: RunRequest): boolean {
  const [one, other] = [readOptions(a), readOptions(b)];
  if (!one || !other) return false;
  const work = ({ tags, skipTags, startAtTask, check }: KeptOptions): string =>
    JSON.stringify([tags, skipTags, startAtTask ?? null, check]);
  return work(one) === work(other);
}
