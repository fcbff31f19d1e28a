/**
 * Owns the arithmetic of a rolling run: the order of hosts, their batches, and whether so much has gone wrong that no
 * other host may be begun. No I/O.
 */
import type { Amount, Budget, HostOrder } from '../core/plan.js';
import type { HostOutcome } from '../core/events.js';

/** What has gone wrong among `of` hosts so far. */
export interface Tally {
  failed: number;
  unreachable: number;
  /** Nothing is wrong with them, but they were stopped since others failed. */
  halted: number;
  readonly of: number;
}

export function createTally(of: number): Tally {
  return { failed: 0, unreachable: 0, halted: 0, of };
}

/** Counts a host that has left. */
export function addTo(tally: Tally, outcome: HostOutcome): void {
  // A host that was lost during a task may be half done: that is no better than failed.
  if (outcome === 'failed' || outcome === 'unknown') tally.failed++;
  if (outcome === 'unreachable') tally.unreachable++;
  if (outcome === 'halted') tally.halted++;
}

/** Why no other host may be begun; undefined while the budget lasts. An amount must be exceeded, as in Ansible. */
export function overspent(
  budget: Budget,
  { failed, unreachable, of }: Tally,
  names: { readonly failed: string; readonly unreachable: string; readonly among: string },
): string | undefined {
  if (exceeds(budget.failed, failed, of))
    return `${failed} of ${of} hosts ${names.among} failed, and ${names.failed} allows ${amountText(budget.failed)}`;
  if (exceeds(budget.unreachable, unreachable, of))
    return `${unreachable} of ${of} hosts ${names.among} could not be reached, and ${names.unreachable} allows ${amountText(budget.unreachable)}`;
  return undefined;
}

function exceeds(amount: Amount | undefined, count: number, of: number): boolean {
  if (amount === undefined || count === 0) return false;
  return amount.unit === 'hosts' ? count > amount.value : count * 100 > amount.value * of;
}

function amountText(amount: Amount | undefined): string {
  if (amount === undefined) return 'any';
  return amount.unit === 'percent' ? `${amount.value} %` : String(amount.value);
}

/** Batches by `serial`: the last size holds for all that follow. A percentage is of all hosts, and at least one. */
export function inBatches<T>(hosts: readonly T[], serial: readonly Amount[]): readonly (readonly T[])[] {
  const batches: T[][] = [];
  for (let start = 0; start < hosts.length;) {
    const amount = serial[Math.min(batches.length, serial.length - 1)];
    const size = amount === undefined ? hosts.length : sizeOf(amount, hosts.length);
    batches.push(hosts.slice(start, start + size));
    start += size;
  }
  return batches;
}

/** As Ansible rounds: down, but never to none. */
function sizeOf(amount: Amount, of: number): number {
  const size = amount.unit === 'percent' ? Math.floor((amount.value * of) / 100) : amount.value;
  return Math.max(1, size);
}

export function inOrder<T extends { readonly host: { readonly name: string } }>(
  hosts: readonly T[],
  order: HostOrder,
): readonly T[] {
  const byName = (a: T, b: T): number => (a.host.name < b.host.name ? -1 : a.host.name > b.host.name ? 1 : 0);
  switch (order) {
    case 'inventory':
      return hosts;
    case 'reverse_inventory':
      return [...hosts].reverse();
    case 'sorted':
      return [...hosts].sort(byName);
    case 'reverse_sorted':
      return [...hosts].sort(byName).reverse();
    case 'shuffle':
      return shuffled(hosts);
  }
}

function shuffled<T>(hosts: readonly T[]): T[] {
  const drawn = hosts.map((host) => ({ host, lot: Math.random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ host }) => host);
}
