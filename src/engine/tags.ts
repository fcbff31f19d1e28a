/**
 * Owns which tasks `--tags` and `--skip-tags` select, with Ansible's special tags.
 */

export interface TagFilter {
  selects(tags: readonly string[]): boolean;
}

/**
 * `always` runs unless it is skipped by name; `never` runs only where one of its tags is asked for. `--tags` also knows
 * `all`, `tagged` and `untagged`. Nothing asked for means all.
 */
export function createTagFilter(only: readonly string[], skip: readonly string[]): TagFilter {
  const wanted = only.length === 0 ? ['all'] : only;
  return {
    selects(tags) {
      const hits = (names: readonly string[]): boolean =>
        names.some(
          (name) =>
            tags.includes(name) ||
            (name === 'tagged' && tags.length > 0) ||
            (name === 'untagged' && tags.length === 0),
        );
      if (hits(skip) || (skip.includes('all') && !tags.includes('always'))) return false;
      if (hits(wanted)) return true;
      if (tags.includes('always')) return true;
      return wanted.includes('all') && !tags.includes('never');
    },
  };
}
