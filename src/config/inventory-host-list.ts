/**
 * Owns the inventory that is given on the command line: names with commas, `web1,web2,`. One name needs its comma too.
 */
import { expandHosts } from './host-ranges.js';
import type { RawGroup, RawHost } from './inventory.js';
import type { Report } from './report.js';

export function parseHostList(text: string, report: Report): readonly RawGroup[] {
  const source = { name: '--inventory', text };
  const hosts = new Map<string, RawHost>();
  let start = 0;
  for (const part of text.split(',')) {
    const name = part.trim();
    const at = { source, start, end: start + part.length };
    start += part.length + 1;
    if (name === '') continue;
    for (const host of expandHosts(name, at, report)) hosts.set(host, { at, vars: new Map() });
  }
  return [{ name: 'all', at: undefined, hosts, children: [], vars: new Map() }];
}
