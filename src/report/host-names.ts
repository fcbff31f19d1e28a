/**
 * Owns how the names of many hosts are written: the first few of them, or all in lines.
 */
import { displayWidth } from './visible.js';

/** Hosts that a grouped line names when it does not matter much which they are. */
const NAMED_HOSTS = 4;

/** The first few names, and how many more. */
export function someOf(names: readonly string[]): string {
  if (names.length <= NAMED_HOSTS) return names.join(', ');
  return `${names.slice(0, NAMED_HOSTS - 1).join(', ')} and ${names.length - NAMED_HOSTS + 1} more`;
}

/** All names, in lines of a bearable length. */
export function wrapNames(names: readonly string[], columns = 100): string[] {
  const lines: string[] = [];
  let line = '';
  names.forEach((name, i) => {
    const piece = i === names.length - 1 ? name : `${name},`;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(piece) > columns) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  });
  return line === '' ? lines : [...lines, line];
}
