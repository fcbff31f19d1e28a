/**
 * Owns the inventory that is given on the command line: names with commas, `web1,web2,`. One name needs its comma too.
 */
import type { InventoryBuilder } from './builder.js';
import { readHosts } from './names.js';

export function readHostList(text: string, builder: InventoryBuilder): void {
  const source = { name: '--inventory', text };
  let start = 0;
  for (const part of text.split(',')) {
    const name = part.trim();
    const at = { source, start, end: start + part.length };
    start += part.length + 1;
    if (name === '') continue;
    const { names, port } = readHosts(name, at, builder.report);
    for (const host of names) if (!builder.hosts.has(host)) builder.addHost(host, 'ungrouped', at, port);
  }
}
