/**
 * Owns predicted state: what the tasks of a check run would have left, kept apart for each host, and how a probe is
 * answered through it. Knows no kind of probe by name.
 */
import type { Change } from '../core/module.js';
import type { Effect, Probe, Read } from '../core/probe.js';
import { UnknownValueError } from '../core/value.js';

export interface Overlay {
  /** Remembers what a planned change would leave behind. */
  record(task: string, change: Pick<Change<unknown>, 'effects' | 'bringsMore'>): void;
  /** A reader that answers from what was recorded, and from the host for the rest. */
  over(read: Read): Read;
  /** The first task that leaves more behind than anybody can tell. */
  readonly openedBy: string | undefined;
}

interface Recorded {
  readonly task: string;
  readonly effect: Effect;
}

export function createOverlay(): Overlay {
  const recorded: Recorded[] = [];
  let lastChange: string | undefined;
  let openedBy: string | undefined;

  async function answer<T>(probe: Probe<T>, read: Read): Promise<T> {
    if (probe.of.isBroad && lastChange !== undefined) throw new UnknownValueError(lastChange);
    const relevant = recorded.filter(({ effect }) => matches(effect, probe));
    const lastSet = relevant.findLastIndex(({ effect }) => effect.update.type === 'set');
    const standing = relevant.slice(Math.max(lastSet, 0));
    const unknown = standing.find(({ effect }) => effect.update.type === 'unknown');
    if (unknown) throw new UnknownValueError(unknown.task);
    // The host is asked only where nothing has replaced the whole state.
    let state: unknown = lastSet === -1 ? await read(probe) : undefined;
    for (const { effect } of standing) {
      if (effect.update.type === 'set') state = effect.update.state;
      if (effect.update.type === 'map') state = effect.update.map(state);
    }
    // Effects are made by setState and its like for this very kind of probe: that is what ties T to the state.
    return state as T;
  }

  return {
    record(task, change) {
      lastChange = task;
      if (change.bringsMore) openedBy ??= task;
      recorded.push(...change.effects.map((effect) => ({ task, effect })));
    },
    over(read) {
      return (probe) => answer(probe, read);
    },
    get openedBy() {
      return openedBy;
    },
  };
}

function matches(effect: Effect, probe: Probe<unknown>): boolean {
  if (effect.kind !== probe.of.kind) return false;
  if (effect.key === probe.key) return true;
  return effect.andBelow && probe.key.startsWith(effect.key.endsWith('/') ? effect.key : `${effect.key}/`);
}
