/**
 * Owns how a host is looked at. A probe is a read-only script with a parser; its kind and key say what it looks at, so
 * that check mode can answer it from what earlier tasks would have left (predicted state).
 */
import type { Output } from './host.js';
import type { ShellText } from './shell.js';

/** A kind of thing that can be looked at: `file`, `dataset`, `mounts`, … `T` is what is known about one of them. */
export interface ProbeKind<T> {
  readonly kind: string;
  /** Sees so much (all facts of a host) that in check mode any predicted change makes its answer unknown. */
  readonly isBroad?: true;
  /**
   * One script for several probes of the kind, in their order: fewer processes on the host. Undefined where they cannot
   * be put together.
   */
  join?(probes: readonly Probe<T>[]): Joined<T> | undefined;
  /** Only for the type checker: ties effects on this kind to its state. */
  readonly state?: T;
}

export interface Joined<T> {
  readonly script: ShellText;
  /** What each of them says; it throws as `Probe.parse` does. */
  parse(output: Output): readonly (() => T)[];
}

export interface Probe<T> {
  readonly of: ProbeKind<T>;
  /** Which one: a path, a dataset's name; empty where there is only one. */
  readonly key: string;
  /** Runs in a subshell as the task's user. Must not change anything on the host. */
  readonly script: ShellText;
  /** Bytes for the script's standard input. */
  readonly stdin?: Uint8Array;
  /**
   * The script leaves nothing running, and what it writes to standard error matters only where its status is not 0: the
   * transport then needs fewer marks for it.
   */
  readonly isTerse?: true;
  /** Throws ZrunError `output-unexpected` or `command-failed` where the answer makes no sense. */
  parse(output: Output): T;
}

/**
 * The handle that a plan looks through. It cannot write. Probes that are asked without waiting in between
 * (`Promise.all`) travel together: one round trip, and one script where their kind can do that.
 * Throws UnknownValueError in check mode where the answer rests on what was not done.
 */
export type Read = <T>(probe: Probe<T>) => Promise<T>;

/** What a change leaves behind, in terms of the probes that would see it. Made by `setState` and its like. */
export interface Effect {
  readonly kind: string;
  readonly key: string;
  /** Also for every key below this one (paths, dataset names: `key/…`). */
  readonly andBelow: boolean;
  readonly update: Update;
}

type Update =
  /** This is the new state, whatever was there. */
  | { readonly type: 'set'; readonly state: unknown }
  /** The new state follows from the old one, which is asked from the host. */
  | { readonly type: 'map'; readonly map: (before: unknown) => unknown }
  /** Nobody can say. */
  | { readonly type: 'unknown' };

export function setState<T>(of: ProbeKind<T>, key: string, state: T): Effect {
  return { kind: of.kind, key, andBelow: false, update: { type: 'set', state } };
}

/** The same state for a key and everything below it: what a fresh mount hides, what a destroyed dataset took along. */
export function setStateBelow<T>(of: ProbeKind<T>, key: string, state: T): Effect {
  return { kind: of.kind, key, andBelow: true, update: { type: 'set', state } };
}

export function mapState<T>(of: ProbeKind<T>, key: string, map: (before: T) => T): Effect {
  // The overlay hands back only what a probe of this same kind has parsed; `kind` is what makes that so.
  return { kind: of.kind, key, andBelow: false, update: { type: 'map', map: (before) => map(before as T) } };
}

export function unknownState(of: ProbeKind<unknown>, key: string, andBelow = false): Effect {
  return { kind: of.kind, key, andBelow, update: { type: 'unknown' } };
}
