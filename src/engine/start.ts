/**
 * Owns `--start-at-task`: which task a run begins at, and what hosts pass over before they come to it. As in Ansible, the
 * tasks of rescues and handlers cannot be begun at, nor what only the run reads (an include whose file a host names); but
 * an include whose file is known before the run is looked through.
 */
import { nearest, ZrunError } from '../core/errors.js';
import { globToRegex } from '../core/glob.js';
import type { Host } from '../core/host.js';
import type { Include, Play, Step, Task } from '../core/plan.js';
import type { TagFilter } from './tags.js';

interface PlayWithHosts {
  readonly play: Play;
  readonly hosts: readonly Host[];
}

export interface Start {
  /** Which of the plays. Those before it are passed over, those after it are run as a whole. */
  readonly play: number;
  readonly step: Task | Include;
  /** The includes that hold it. */
  readonly around: ReadonlySet<Step>;
}

export interface StartGate {
  /** True where the host passes over the step, since it has not come to the first one yet. */
  passesOver(host: string, step: Step): boolean;
  /** The host is through with an include: it has begun, even where a condition kept it from what is inside. */
  leave(host: string, include: Include): void;
}

export function createStartGate({ step: first, around }: Start): StartGate {
  const open = new Set<string>();
  return {
    passesOver(host, step) {
      if (step === first) open.add(host);
      return !open.has(host) && !around.has(step);
    },
    leave(host, include) {
      if (around.has(include)) open.add(host);
    },
  };
}

/**
 * The first task of that name, which may be a glob, in a play that has hosts. `role : name` and `name` both name a
 * role's task.
 */
export function findStart(plays: readonly PlayWithHosts[], name: string, tags: TagFilter): Start | undefined {
  for (const [index, { play, hosts }] of plays.entries()) {
    const way = hosts.length === 0 ? undefined : findIn(play.tasks, name, tags);
    if (way) return { play: index, step: way.step, around: new Set(way.around) };
  }
  return undefined;
}

/** The same for a run, which goes on with another's hosts, perhaps: all of them may be beyond the play by now. */
export function startOf(plays: readonly PlayWithHosts[], name: string, tags: TagFilter): Start {
  const anywhere = plays.map(({ play }) => ({ play, hosts: plays.flatMap(({ hosts }) => hosts) }));
  const found = findStart(plays, name, tags) ?? findStart(anywhere, name, tags);
  if (!found) throw noStart(plays, name, tags);
  return found;
}

interface Way {
  readonly step: Task | Include;
  readonly around: readonly Include[];
}

function findIn(steps: readonly Step[], name: string, tags: TagFilter): Way | undefined {
  const pattern = globToRegex(name);
  const isMeant = ({ name: full, ownName }: Task | Include): boolean =>
    [full, ownName].some((one) => one !== undefined && (one === name || pattern.test(one)));
  for (const { step, around } of waysIn(steps, tags)) if (isMeant(step)) return { step, around };
  return undefined;
}

/** What a host comes to where nothing fails, as far as it is known before the run. */
function* waysIn(
  steps: readonly Step[],
  tags: TagFilter,
  around: readonly Include[] = [],
): Generator<Way, void> {
  for (const step of steps) {
    if (step.type === 'block') yield* waysIn([...step.tasks, ...step.always], tags, around);
    else if (step.type !== 'meta' && tags.selects(step.tags)) {
      yield { step, around };
      if (step.type === 'include') yield* waysIn(step.steps ?? [], tags, [...around, step]);
    }
  }
}

/** Why nothing can be begun at. */
export function noStart(plays: readonly PlayWithHosts[], name: string, tags: TagFilter): ZrunError {
  const withHosts = plays.filter(({ hosts }) => hosts.length > 0);
  const known = withHosts.flatMap(({ play }) => [...waysIn(play.tasks, tags)].map(({ step }) => step));
  return new ZrunError('usage', `there is no task '${name}' to start at`, {
    hint: hintFor(plays, withHosts, name, known),
  });
}

function hintFor(
  plays: readonly PlayWithHosts[],
  withHosts: readonly PlayWithHosts[],
  name: string,
  known: readonly (Task | Include)[],
): string {
  const isThere = (some: readonly PlayWithHosts[]): boolean =>
    some.some(({ play }) => findIn(play.tasks, name, everyTag) !== undefined);
  if (isThere(withHosts)) return '--tags or --skip-tags leave it out';
  if (isThere(plays)) return 'its play has no host to work on';
  const names = known.flatMap((step) => [step.name, step.ownName ?? step.name]);
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean '${near}'?`;
  const isRead = known.every((step) => step.type === 'task' || step.steps !== undefined);
  return isRead
    ? 'zrun … --list-tasks shows the tasks; a run cannot start in a rescue, nor at a handler'
    : 'a run cannot start inside an include whose file only a host names; name the include itself';
}

const everyTag: TagFilter = { selects: () => true };
