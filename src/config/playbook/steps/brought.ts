/**
 * Owns what is known before a run of the hosts and groups that its tasks may bring (`add_host`, `group_by`,
 * `meta: refresh_inventory`): names that later plays may then use.
 */
import type { Module } from '../../../core/module.js';
import type { Site } from '../reading/site.js';
import type { MapEntry, YamlNode } from '../../yaml/yaml.js';

/** Of one task: names as globs, a star for each template in them. */
export function foreseeBrought(
  { brings }: Pick<Module, 'brings'>,
  entries: ReadonlyMap<string, MapEntry>,
  site: Site,
): void {
  const names = brings.flatMap((parameter) => {
    const entry = entries.get(parameter);
    return entry ? namesIn(entry.value) : [];
  });
  site.play.brings.push(...names);
  site.context.bring(names);
}

/** Whatever an inventory that is read again may hold. */
export function foreseeAll({ play, context }: Site): void {
  play.brings.push('*');
  context.bring('anything');
}

function namesIn(node: YamlNode): readonly string[] {
  if (node.kind === 'list') return node.items.flatMap(namesIn);
  if (node.kind === 'map' || node.cel) return ['*'];
  const starred = node.text.text.replaceAll(/\{\{\{?[\s\S]*?\}?\}\}/g, '*');
  if (/\{\{/.test(starred)) return ['*'];
  // Of a port behind a host's name, a comma between groups, and spaces, which group_by makes dashes of.
  return starred.split(',').map((name) =>
    name
      .trim()
      .replace(/:(?:\d+|\*)$/, '')
      .replaceAll(' ', '-'),
  );
}
