/**
 * Owns how a word is looked for in all that is documented: names before what is said of them, whole names first.
 */
import { modules } from '../../modules/index.js';
import { entriesOf, parameterEntries, topics } from './entries.js';
import { formatList } from './layout.js';

interface Found {
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
}

/** More than this is nobody's answer. */
const MOST = 60;

/** All words must be there. Undefined where nothing is found. */
export function searchFor(words: readonly string[]): string | undefined {
  const wanted = words.flatMap((word) => word.toLowerCase().split(/\s+/)).filter((word) => word !== '');
  const found = everything()
    .map((entry) => ({ entry, rank: rankOf(entry, wanted) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank);
  if (found.length === 0) return undefined;
  const shown = found
    .slice(0, MOST)
    .map(({ entry: { kind, name, summary } }) => [`${kind} ${name}`, summary] as const);
  const left = found.length - shown.length;
  return `${formatList(shown)}${left > 0 ? `and ${left} more: search for more words\n` : ''}`;
}

function everything(): readonly Found[] {
  const all = [...modules.values()].map(({ name, summary }) => ({ kind: 'module', name, summary }));
  return [...all, ...topics.flatMap(entriesOf), ...parameterEntries()];
}

function rankOf({ name, summary }: Found, wanted: readonly string[]): number {
  const [low, said] = [name.toLowerCase(), summary.toLowerCase()];
  const ranks = wanted.map((word) => {
    if (low === word || low.endsWith(`.${word}`)) return 0;
    if (low.includes(word)) return 1;
    return said.includes(word) ? 2 : Infinity;
  });
  return Math.max(...ranks);
}
