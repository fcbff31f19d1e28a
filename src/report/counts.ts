/**
 * Owns how a host's counts are written: Ansible's words. What is zero is left out, but for `ok` and `changed`: that
 * nothing has changed is what a second run is for.
 */
import type { Counts } from '../core/events.js';
import { colourless, type Colour, type Paint } from './style.js';

const colours: Readonly<Record<keyof Counts, Colour>> = {
  ok: 'green',
  changed: 'yellow',
  unreachable: 'red',
  failed: 'red',
  skipped: 'cyan',
  rescued: 'yellow',
  ignored: 'cyan',
  unknown: 'magenta',
};

const names = Object.keys(colours) as (keyof Counts)[];

/** `ok=7  changed=4  failed=1` */
export function formatCounts(counts: Counts, paint: Paint = colourless): string {
  return names
    .filter((name) => counts[name] > 0 || name === 'ok' || name === 'changed')
    .map((name) => {
      const cell = `${name}=${counts[name]}`;
      return counts[name] > 0 ? paint(colours[name], cell) : cell;
    })
    .join('  ');
}
