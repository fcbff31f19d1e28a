/**
 * Owns how a run's results tell what is known beforehand of room and downtime. A playbook says it in lines of its own, as
 * `The new volume needs 8 GiB of 93 GiB that tank has`, `Docker is expected to be down for about 20 seconds`.
 */
import { parseBytes } from '../core/bytes.js';

type Expected =
  | { readonly type: 'room'; readonly what: string; readonly needed: number; readonly free: number }
  | { readonly type: 'downtime'; readonly what: string; readonly seconds: number };

const size = String.raw`\d+(?:\.\d+)? ?[KMGTPE]?i?B`;
const needs = new RegExp(`^(?<what>\\S.{0,79}?) needs? (?<needed>${size}) of (?<free>${size})`);
const expects =
  /^(?<what>\S.{0,79}?) (?:is|are) expected to be down for (?:about )?(?<seconds>\d{1,9}) seconds?\b/;

/** Of a message, the lines that say such a thing. */
export function readExpected(message = ''): readonly Expected[] {
  return message.split('\n').flatMap((line) => readLine(line) ?? []);
}

/** Whether a message says such things and nothing else. */
export function isExpected(message: string): boolean {
  return message.split('\n').every((line) => readLine(line) !== undefined);
}

function readLine(line: string): Expected | undefined {
  const room = needs.exec(line)?.groups;
  const [needed, free] = [room?.['needed'], room?.['free']].map((text = '') => parseBytes(text));
  if (room && needed !== undefined && free !== undefined)
    return { type: 'room', what: room['what'] ?? '', needed, free };
  const down = expects.exec(line)?.groups;
  return down && { type: 'downtime', what: down['what'] ?? '', seconds: Number(down['seconds']) };
}
