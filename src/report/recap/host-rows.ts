/**
 * Owns the rows of a recap, once for all hosts that ended alike, and the one line that sums a run up.
 */
import type { HostOutcome, HostSummary } from '../../core/events.js';
import { formatCounts } from '../counts.js';
import { outcomeColours, outcomeWords, plural } from '../describe.js';
import { formatDuration } from '../duration.js';
import { foldNames, wrapNames } from '../hosts/names.js';
import type { Paint } from '../style.js';
import { displayWidth, pad, visibleLine } from '../visible.js';

/** Columns that the hosts' names take at most before they get lines of their own. */
const WIDEST_LABEL = 40;

export function formatHostRows(hosts: readonly HostSummary[], paint: Paint): string[] {
  const rows = new Map<string, { readonly like: HostSummary; readonly names: string[] }>();
  for (const summary of hosts) {
    const key = JSON.stringify([summary.outcome, summary.counts]);
    const row = rows.get(key);
    if (row) row.names.push(visibleLine(summary.host));
    else rows.set(key, { like: summary, names: [visibleLine(summary.host)] });
  }
  const labelled = [...rows.values()].map(({ like, names }) => {
    const label = foldNames(names).join(', ');
    const isShort = names.length === 1 || displayWidth(label) <= WIDEST_LABEL;
    return { like, label: isShort ? label : plural(names.length, 'host'), below: isShort ? [] : names };
  });
  const width = Math.max(...labelled.map(({ label }) => displayWidth(label)), 0);
  return labelled.flatMap(({ like: { outcome, counts }, label, below }) => {
    const colour = outcome === 'done' ? (counts.changed > 0 ? 'yellow' : 'green') : outcomeColours[outcome];
    const word = paint(colour, outcomeWords[outcome]);
    // The counts are of tasks: of a host that was stopped between two, none says how it stands.
    const tally: Readonly<Partial<Record<HostOutcome, number>>> = counts;
    const isCounted = outcome === 'done' || (tally[outcome] ?? 0) > 0;
    const said =
      outcome === 'not-tried' ? word : `${formatCounts(counts, paint)}${isCounted ? '' : `  ${word}`}`;
    return [
      `${paint(colour, pad(label, width))} : ${said}`.trimEnd(),
      ...wrapNames(below).map((line) => `    ${line}`),
    ];
  });
}

/** `50 hosts: 46 done (12 changed), 3 failed, 1 unreachable; 2 min 05 s` */
export function formatSummary(hosts: readonly HostSummary[], ms: number, check: boolean): string {
  const count = (outcome: HostOutcome): number => hosts.filter((host) => host.outcome === outcome).length;
  const changed = hosts.filter((host) => host.outcome === 'done' && host.counts.changed > 0).length;
  const parts = (Object.keys(outcomeWords) as HostOutcome[]).flatMap((outcome) => {
    const number = count(outcome);
    if (number === 0) return [];
    if (outcome !== 'done') return [`${number} ${outcomeWords[outcome]}`];
    const change = changed === 0 ? 'nothing changed' : `${changed} ${check ? 'would change' : 'changed'}`;
    return [`${number} done (${change})`];
  });
  return `${plural(hosts.length, 'host')}: ${parts.join(', ')}; ${formatDuration(ms)}`;
}
