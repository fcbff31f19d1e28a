/**
 * Owns which tasks `--tags` and `--skip-tags` select, with Ansible's special tags.
 */

export interface TagFilter {
  selects(tags: readonly string[]): boolean;
}

/**
 * As Ansible has them: `always` runs unless it is skipped by name; `never` runs only where it, or another of the task's
 * tags, is asked for by its own name. Both options also know `all`, `tagged` and `untagged`. Nothing asked for means all.
 */
export function createTagFilter(only: readonly string[], skip: readonly string[]): TagFilter {
  const wanted = only.length === 0 ? ['all'] : only;

  function isWanted(tags: readonly string[]): boolean {
    if (tags.includes('always') || isNamed(tags, wanted)) return true;
    const isMeant = wanted.includes('all') || (wanted.includes('tagged') && tags.length > 0);
    return isMeant && !tags.includes('never');
  }

  function isSkipped(tags: readonly string[]): boolean {
    if (skip.includes('all')) return !tags.includes('always') || skip.includes('always');
    return isNamed(tags, skip) || (skip.includes('tagged') && tags.length > 0);
  }

  return { selects: (tags) => isWanted(tags) && !isSkipped(tags) };
}

function isNamed(tags: readonly string[], names: readonly string[]): boolean {
  return tags.length === 0 ? names.includes('untagged') : tags.some((tag) => names.includes(tag));
}
