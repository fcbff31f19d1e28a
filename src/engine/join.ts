/**
 * Owns looks that a task asks for at the same time: those of a kind that can share a script do. Knows neither hosts nor
 * what is looked at.
 */
import type { Output } from '../core/host.js';
import type { Joined, Probe, ProbeKind, Read } from '../core/probe.js';
import type { ShellText } from '../core/shell.js';

/** Runs a script on the host, with bytes for its standard input. `isTerse`: see Probe. */
type Ask = (script: ShellText, stdin: Uint8Array | undefined, isTerse: boolean) => Promise<Output>;

interface Waiting {
  readonly probe: Probe<unknown>;
  readonly resolve: (state: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Looks that are asked for without waiting in between leave at the end of that moment. */
export function joinLooks(ask: Ask): Read {
  const waiting = new Map<ProbeKind<unknown>, Waiting[]>();

  async function askOne<T>(probe: Probe<T>): Promise<T> {
    return probe.parse(await ask(probe.script, probe.stdin, probe.isTerse === true));
  }

  async function askAll(all: readonly Waiting[], joined: Joined<unknown>): Promise<void> {
    const isTerse = all.every(({ probe }) => probe.isTerse === true);
    try {
      const answers = joined.parse(await ask(joined.script, undefined, isTerse));
      all.forEach(({ resolve, reject }, i) => {
        try {
          resolve(answers[i]?.());
        } catch (error) {
          reject(error);
        }
      });
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }

  function send(kind: ProbeKind<unknown>): void {
    const all = waiting.get(kind) ?? [];
    waiting.delete(kind);
    const joined = all.length > 1 ? kind.join?.(all.map(({ probe }) => probe)) : undefined;
    if (joined) void askAll(all, joined);
    else for (const { probe, resolve, reject } of all) askOne(probe).then(resolve, reject);
  }

  return function read<T>(probe: Probe<T>): Promise<T> {
    if (!probe.of.join) return askOne(probe);
    const kind: ProbeKind<unknown> = probe.of;
    return new Promise((resolve, reject) => {
      // What a kind's script answers for a probe is of that probe's own type.
      const one: Waiting = { probe, resolve: (state) => resolve(state as T), reject };
      const others = waiting.get(kind);
      if (others) {
        others.push(one);
        return;
      }
      waiting.set(kind, [one]);
      queueMicrotask(() => send(kind));
    });
  };
}
