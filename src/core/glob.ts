/**
 * Owns names with wildcards, as Ansible has them for hosts and tasks.
 */

/** As Python's fnmatch: `*`, `?`, `[a-c]`, `[!a-c]`; a bracket that is never closed is a plain one. */
export function globToRegex(glob: string): RegExp {
  const pieces = glob.matchAll(/\*|\?|\[(!?)(\]?[^\]]*)\]|[\s\S]/g);
  const source = [...pieces].map(([piece, sign, body]) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    return body === undefined ? escapeRegex(piece) : classOf(sign === '!', body);
  });
  return new RegExp(`^${source.join('')}$`, 's');
}

/** A range whose end stands before its beginning holds nothing. */
function classOf(isNegated: boolean, body: string): string {
  const members = [...body.matchAll(/([\s\S])-([\s\S])|[\s\S]/g)].flatMap(([piece, first, last]) => {
    if (first === undefined || last === undefined) return escapeRegex(piece);
    return first <= last ? `${escapeRegex(first)}-${escapeRegex(last)}` : [];
  });
  if (members.length === 0) return isNegated ? '.' : '(?!)';
  return `[${isNegated ? '^' : ''}${members.join('')}]`;
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
