/**
 * Owns sizes as people and ZFS write them. Pure.
 */

const powers: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4, P: 5 };

/**
 * Bytes of `8GiB`, `8G`, `1.5T`, `8589934592`. Units are powers of 1024 whatever their spelling (`G`, `GB`, `GiB`), as
 * zfs(8) has them. Undefined where it is no size.
 */
export function parseSize(size: string | number): number | undefined {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTP]?)(?:i?B)?$/i.exec(size.trim());
  if (!match) return undefined;
  const bytes = Number(match[1]) * 1024 ** (powers[(match[2] ?? '').toUpperCase()] ?? 0);
  const whole = Math.round(bytes);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/** `8 GiB`, `1.5 GiB`, `512 B`: for sentences. At most one decimal, so not for comparing. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = Number.isInteger(value) ? String(value) : value.toFixed(1);
  return `${text.replace(/\.0$/, '')} ${units[unit] ?? 'B'}`;
}
