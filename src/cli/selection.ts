/**
 * Owns the step between reading and running: which hosts each play takes, and that no option leaves out what was not
 * meant to be left out. Hosts that take part are chosen by pattern and --limit, tasks by --tags, --skip-tags and
 * --start-at-task. A selection that takes nothing would run nothing, and end well.
 */
import {
  countsPlaces,
  selectHosts,
  type Inventory,
  type InventorySources,
  type Limit,
} from '../config/index.js';
import { nearest, throwAll, ZrunError, ZrunErrors } from '../core/errors.js';
import { globToRegex } from '../core/glob.js';
import type { Host } from '../core/host.js';
import { handlersIn, stepsOf, type Play, type Playbook } from '../core/plan.js';
import type { PlaybookRun } from '../engine/index.js';
import type { RunCommand } from './run-options.js';

/** What a run needs of a playbook, but for the answers of the user. */
export type LoadedPlaybook = Omit<PlaybookRun, 'answersOf'>;

type PlaybookWithHosts = Pick<PlaybookRun, 'playbook' | 'hostsOf' | 'isOpen'>;

type Parts = Pick<RunCommand, 'startAtTask' | 'step' | 'tags' | 'skipTags'>;

/** The hosts of each play. What is wrong is added to `errors`, so that all of it is reported at once. */
export async function chooseHosts(
  playbooks: readonly Playbook[],
  sources: InventorySources,
  limit: Limit | undefined,
  errors: ZrunError[],
): Promise<readonly LoadedPlaybook[]> {
  const chosen: LoadedPlaybook[] = [];
  const brought: string[] = [];
  for (const playbook of playbooks) {
    try {
      chosen.push(await chooseHostsOf(playbook, sources, limit, brought));
    } catch (error) {
      // What is wrong with the limit, each play says.
      errors.push(
        ...errorsIn(error).filter((one, i, all) => ![...errors, ...all.slice(0, i)].some(isAlike(one))),
      );
    }
    for (const { brings } of playbook.plays) brought.push(...brings);
  }
  return chosen;
}

function isAlike({ message, at }: ZrunError): (other: ZrunError) => boolean {
  return (other) =>
    other.message === message && other.at?.source === at?.source && other.at?.start === at?.start;
}

/** What is odd about a selection but does no harm, and the hosts that it takes. */
interface Selection {
  readonly hosts: readonly Host[];
  readonly warnings: readonly string[];
}

/**
 * Throws ZrunError `no-hosts` or `usage` for a selection that would run nothing, or a part of what has to be run as a
 * whole. A mere look (--list-…, --syntax-check) may find nothing.
 */
export async function checkSelection(
  playbooks: readonly LoadedPlaybook[],
  inventories: readonly Inventory[],
  sources: readonly string[],
  command: RunCommand,
  limit: Limit | undefined,
): Promise<Selection> {
  if (command.list === undefined && !command.syntaxCheck) {
    refuseNoHosts(playbooks, inventories, sources, command.limit);
    refuseParts(playbooks, command);
  }
  const odd = checkTags(playbooks, command);
  if (command.startAtTask !== undefined) await checkStart(playbooks, command.startAtTask, command);
  const hosts = playbooks.flatMap((each) => each.playbook.plays.flatMap((play) => each.hostsOf(play)));
  return { hosts, warnings: [...odd, ...tellCounted(limit, hosts)] };
}

/** `brought`: globs of the hosts and groups that playbooks before this one may bring. */
async function chooseHostsOf(
  playbook: Playbook,
  sources: InventorySources,
  limit: Limit | undefined,
  brought: readonly string[],
): Promise<LoadedPlaybook> {
  const hosts = new Map<Play, { readonly of: Inventory; readonly hosts: readonly Host[] }>();
  const whole = new Map<Inventory, ReadonlyMap<string, Host>>();
  const open = new Set<Play>();
  const errors: ZrunError[] = [];
  // As in Ansible, a limit is about all plays, whatever each of them can know.
  const ofAll = [...brought, ...playbook.plays.flatMap(({ brings }) => brings)];
  const before = [...brought];
  for (const play of playbook.plays) {
    try {
      const inventory = await sources.forPlaybooksIn(play.folder);
      const mayCome = before.length === 0 ? undefined : nameMatcher(before);
      const limitMayCome = ofAll.length === 0 ? undefined : nameMatcher(ofAll);
      if (mayCome) open.add(play);
      hosts.set(play, {
        of: inventory,
        hosts: selectHosts(inventory, play.hosts, limit, { at: play.at, mayCome, limitMayCome }),
      });
    } catch (error) {
      for (const each of errorsIn(error)) errors.push(each);
    }
    before.push(...play.brings);
  }
  throwAll(errors);
  return {
    playbook,
    isOpen: (play) => open.has(play),
    hostsOf(play) {
      const known = hosts.get(play);
      if (!open.has(play)) return known?.hosts ?? [];
      const inventory = sources.now(play.folder);
      if (known?.of === inventory) return known.hosts;
      // What has not come by now is no mistake any more: the play has no host, which is said.
      const options = { at: play.at, mayCome: () => true, limitMayCome: () => true };
      const chosen = selectHosts(inventory, play.hosts, limit, options);
      hosts.set(play, { of: inventory, hosts: chosen });
      return chosen;
    },
    strangerOf: (play, name) => sources.now(play.folder).stranger(name),
    inventoryOf(play) {
      const inventory = sources.now(play.folder);
      const known = whole.get(inventory);
      if (known) return known;
      const all = withLocalhost(inventory);
      // Of those that are past, nobody asks again.
      whole.clear();
      whole.set(inventory, all);
      return all;
    },
  };
}

function nameMatcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = [...new Set(globs)].map(globToRegex);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** `localhost` is there even where the inventory does not name it, as in Ansible. */
export function withLocalhost({ hosts, implicitLocalhost }: Inventory): ReadonlyMap<string, Host> {
  return hosts.has('localhost') ? hosts : new Map([...hosts, ['localhost', implicitLocalhost]]);
}

/** A run without a host would end well and have done nothing: hardly what was meant. */
function refuseNoHosts(
  playbooks: readonly LoadedPlaybook[],
  inventories: readonly Inventory[],
  sources: readonly string[],
  limit: string | undefined,
): void {
  const plays = playbooks.flatMap((each) => each.playbook.plays.map((play) => each.hostsOf(play)));
  if (plays.length === 0 || plays.some((hosts) => hosts.length > 0)) return;
  throw new ZrunError('no-hosts', 'no play has a host to work on', { hint: hint() });

  function hint(): string {
    if (inventories.every(({ hosts }) => hosts.size === 0))
      return `the inventory is empty: ${sources.join(', ')}`;
    if (limit === undefined) return 'zrun … --list-hosts shows what each play takes';
    return `the limit '${limit}' leaves none of the hosts that the plays name`;
  }
}

/** A misspelt name would run nothing, and end well. Throws ZrunError `usage`. */
async function checkStart(
  playbooks: readonly LoadedPlaybook[],
  name: string,
  { tags, skipTags }: Pick<RunCommand, 'tags' | 'skipTags'>,
): Promise<void> {
  const [{ findStart, noStart }, { createTagFilter }] = await Promise.all([
    import('../engine/start.js'),
    import('../engine/tags.js'),
  ]);
  const plays = playbooks.flatMap((each) =>
    each.playbook.plays.map((play) => ({ play, hosts: each.hostsOf(play) })),
  );
  const filter = createTagFilter(tags, skipTags);
  if (!findStart(plays, name, filter)) throw noStart(plays, name, filter);
}

/** Throws ZrunError `usage` where a play that is run has `whole: true`, and an option would leave out tasks of it. */
function refuseParts(playbooks: readonly PlaybookWithHosts[], parts: Parts): void {
  const option = optionOf(parts);
  if (option === undefined) return;
  for (const { playbook, hostsOf, isOpen } of playbooks) {
    const play = playbook.plays.find(
      (each) => each.whole && (hostsOf(each).length > 0 || isOpen?.(each) === true),
    );
    if (!play) continue;
    throw new ZrunError('usage', `the play '${play.name}' is run as a whole, and not with ${option}`, {
      at: play.at,
      hint:
        'its tasks guard each other (whole: true). --limit takes some of the hosts, --check only looks, and --resume ' +
        'goes on where a run ended',
    });
  }
}

function optionOf({ startAtTask, step, tags, skipTags }: Parts): string | undefined {
  if (startAtTask !== undefined) return '--start-at-task';
  if (step) return '--step';
  if (tags.length > 0) return '--tags';
  return skipTags.length > 0 ? '--skip-tags' : undefined;
}

/** What stands for no task's own tag. */
const specialTags: ReadonlySet<string> = new Set(['all', 'always', 'never', 'tagged', 'untagged']);

/**
 * A misspelt tag would run nothing, and end well. Throws ZrunError `usage` where no task has one of `tags`; where a file
 * that only a host names may have it, that is a warning, and so is one of `skipTags`: scripts skip on many playbooks what
 * only some of them have.
 */
function checkTags(
  playbooks: readonly PlaybookWithHosts[],
  { tags, skipTags }: Pick<Parts, 'tags' | 'skipTags'>,
): readonly string[] {
  if (tags.length + skipTags.length === 0) return [];
  const { known, isAllRead } = tagsIn(playbooks);
  const unknown = (option: string, names: readonly string[]): readonly ZrunError[] =>
    names
      .filter((name) => !specialTags.has(name) && !known.has(name))
      .map((name) => {
        const near = nearest(name, known);
        const hint = near === undefined ? 'zrun … --list-tags shows the tags' : `did you mean '${near}'?`;
        return new ZrunError('usage', `no task has the tag '${name}' of ${option}`, { hint });
      });
  const wanted = unknown('--tags', tags);
  if (isAllRead) throwAll(wanted);
  const certainty = isAllRead ? '' : ', as far as is known before the run';
  return [...wanted, ...unknown('--skip-tags', skipTags)].map(
    ({ message, hint = '' }) => `${message}${certainty}; ${hint}`,
  );
}

interface KnownTags {
  readonly known: ReadonlySet<string>;
  /** False where there is an include whose file only a host names. */
  readonly isAllRead: boolean;
}

function tagsIn(playbooks: readonly PlaybookWithHosts[]): KnownTags {
  const plays = playbooks.flatMap(({ playbook }) => playbook.plays);
  const steps = plays.flatMap((play) => [
    ...stepsOf([...play.tasks, ...handlersIn(play), ...play.betweenBatches]),
  ]);
  return {
    known: new Set([...plays, ...steps].flatMap(({ tags }) => tags)),
    isAllRead: steps.every((step) => step.type !== 'include' || step.steps !== undefined),
  };
}

/** `web[1:3]` counts among the hosts of web, as in Ansible; who means the names web1 to web3 must see that. */
function tellCounted(limit: Limit | undefined, chosen: readonly Host[]): readonly string[] {
  if (!limit || !countsPlaces(limit)) return [];
  const names = [...new Set(chosen.map(({ name }) => name))];
  const shown =
    names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
  return [
    `the limit '${limit.written}' counts hosts by their place, from 0, as in Ansible; it takes ${shown || 'none'}`,
  ];
}

/** What is no ZrunError is a bug and goes on as one. */
export function errorsIn(thrown: unknown): readonly ZrunError[] {
  if (thrown instanceof ZrunError) return [thrown];
  if (thrown instanceof ZrunErrors) return thrown.errors;
  throw thrown;
}
