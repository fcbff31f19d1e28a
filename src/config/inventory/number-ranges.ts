/**
 * Owns names that differ in one number, as zrun itself prints them (`report/host-names.ts`) and reads them back:
 * `web[001-006,009].example.org`. Zeros in front count.
 */
const mostNames = 65_536;

/** Undefined where it is something else; a text says what is wrong with it. */
export function namesInRanges(text: string): readonly string[] | string | undefined {
  const [, before = '', list = '', after = ''] = /^([^[\]*?]*)\[(\d[\d,-]*)\]([^[\]*?]*)$/.exec(text) ?? [];
  if (!/[,-]/.test(list)) return undefined;
  const names: string[] = [];
  for (const range of list.split(',')) {
    const numbers = countUp(range, mostNames - names.length);
    if (typeof numbers === 'string') return numbers;
    for (const number of numbers) names.push(`${before}${number}${after}`);
  }
  return names;
}

function countUp(range: string, most: number): readonly string[] | string {
  const [found, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
  if (found === undefined) return 'cannot be read';
  // No number of JavaScript holds all that names do.
  const [from, to] = [BigInt(first), BigInt(last)];
  if (to < from) return 'ends before it begins';
  if (to - from >= BigInt(most)) return `stands for more than ${mostNames} names`;
  const write = (number: bigint): string => String(number).padStart(first.length, '0');
  if (write(to) !== last) return 'must have ends of one width';
  return Array.from({ length: Number(to - from) + 1 }, (_, i) => write(from + BigInt(i)));
}

/** Of a glob, whose brackets hold characters: numbers of several digits were meant. */
export function hasRangeInGlob(glob: string): boolean {
  const lists = glob.matchAll(/\[(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)\]/g);
  return [...lists].some(([, list = '']) => /[,-]/.test(list) && /\d\d/.test(list));
}
