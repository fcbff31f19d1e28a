/**
 * Owns numbers of bytes as people write them. Units are powers of 1024 (`GiB`, and `G` as ZFS has it) unless they are
 * written with a plain B (`GB`, powers of 1000).
 */

const prefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** Undefined where the text is no size. Fractions are rounded to whole bytes. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTPE]?)(i?B?)\s*$/i.exec(text);
  if (!match) return undefined;
  const [, digits = '', prefix = '', suffix = ''] = match;
  const base = prefix !== '' && suffix.toUpperCase() === 'B' ? 1000 : 1024;
  return Math.round(Number(digits) * base ** prefixes.indexOf(prefix.toUpperCase()));
}

/** The same of a variable's value, which may be a number already. */
export function bytesOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseBytes(value) : undefined;
}

/** `8589934592` is `8 GiB`; at most one digit after the point. */
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
