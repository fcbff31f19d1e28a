/**
 * Owns how a run's results tell what was measured on a host: downtime, or something before and after. A playbook says it in
 * a message of its own, so that whoever reads the output sees it too: `Build time: 93.2 s before, 4.1 s after`.
 */
import { readDowntime } from './downtime.js';

export type Measure =
  | { readonly kind: 'downtime'; readonly what: string; readonly seconds: number }
  | {
      readonly kind: 'change';
      readonly what: string;
      readonly unit: 'seconds' | 'bytes' | 'count';
      readonly before: number;
      readonly after: number;
    };

const what = String.raw`(?<what>\S.{0,79}?)`;
const number = String.raw`\d{1,12}(?:\.\d+)?`;
const changed = new RegExp(
  `^${what}: (?<before>${number}) ?(?<unit>[A-Za-z]{1,7}) before, (?<after>${number}) ?(?<unitAfter>[A-Za-z]{1,7}) after\\.?$`,
);

/** By what one of them is in seconds or bytes. */
const seconds: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  second: 1,
  seconds: 1,
  min: 60,
  minutes: 60,
};
const bytes: Readonly<Record<string, number>> = {
  B: 1,
  bytes: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const counts: Readonly<Record<string, number>> = { call: 1, calls: 1, file: 1, files: 1, time: 1, times: 1 };

/** Undefined where the message says something else. */
export function readMeasure(message: string | undefined): Measure | undefined {
  if (message === undefined || message.length > 200) return undefined;
  const downtime = readDowntime(message);
  if (downtime) return { kind: 'downtime', ...downtime };
  const found = changed.exec(message)?.groups;
  if (!found) return undefined;
  for (const [unit, sizes] of [
    ['seconds', seconds],
    ['bytes', bytes],
    ['count', counts],
  ] as const) {
    const [one, other] = [sizes[found['unit'] ?? ''], sizes[found['unitAfter'] ?? '']];
    if (one === undefined || other === undefined) continue;
    const [before, after] = [Number(found['before']) * one, Number(found['after']) * other];
    return { kind: 'change', what: found['what'] ?? '', unit, before, after };
  }
  return undefined;
}
