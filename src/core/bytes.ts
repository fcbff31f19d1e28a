/**
 * Owns numbers of bytes as people, ZFS and Ansible write them. Units are powers of 1024 whatever their spelling: `8G`,
 * `8GB` and `8GiB` are all 8 × 2³⁰. Sources: zfs(8), "-V size"; ansible.module_utils.common.text.formatters,
 * human_to_bytes.
 */

const prefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** Undefined where it is no size, or more than a number holds exactly. Fractions are rounded to whole bytes. */
export function parseBytes(size: string | number): number | undefined {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTPE]?)(?:i?B)?\s*$/i.exec(size);
  if (!match) return undefined;
  const [, digits = '', prefix = ''] = match;
  const bytes = Math.round(Number(digits) * 1024 ** prefixes.indexOf(prefix.toUpperCase()));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The same of a variable's value. */
export function bytesOf(value: unknown): number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? parseBytes(value) : undefined;
}

/** `8589934592` is `8 GiB`: for sentences. At most one digit after the point, so not for comparing. */
export function formatBytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < prefixes.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const prefix = prefixes[unit] ?? '';
  return `${Number(value.toFixed(1))} ${prefix === '' ? 'B' : `${prefix}iB`}`;
}
