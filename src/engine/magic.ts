/**
 * Owns Ansible's magic variables that say how zrun was called. Where Ansible leaves one out
 * (`ansible_limit` without a limit), it is null, so that a condition can ask for it.
 */
import type { ValueMap } from '../core/value.js';
import type { RunSettings } from './settings.js';

export function magicOfRun(settings: RunSettings): ValueMap {
  return {
    ansible_check_mode: settings.check,
    ansible_diff_mode: settings.diff,
    ansible_forks: settings.forks,
    ansible_inventory_sources: [...settings.inventorySources],
    ansible_limit: settings.limit ?? null,
    ansible_run_tags: settings.tags.length === 0 ? ['all'] : [...settings.tags],
    ansible_skip_tags: [...settings.skipTags],
    ansible_verbosity: settings.verbosity,
    ansible_version: versionOf(settings.version),
    zrun_run_id: settings.runId,
  };
}

/** zrun's own version in the shape of Ansible's: what zrun can do follows from no version of Ansible. */
function versionOf(version: string): ValueMap {
  const [major = 0, minor = 0, revision = 0] = (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '')
    .split('.')
    .map(Number);
  return { full: version, string: `zrun ${version}`, major, minor, revision };
}
