/**
 * Owns what tasks, blocks, includes and roles have in common: the keywords that they share, and blocks that nobody wrote.
 */
import type { BecomeSettings, Block, Meta } from '../../../core/plan.js';
import type { Expression, Template } from '../../../core/template.js';
import type { Place } from '../../../core/errors.js';
import { namesWhere, readConditions } from './conditions.js';
import { addNames, namesOfVars, type NameLayer } from '../../expression/declarations.js';
import { isTemplateNode } from './fields.js';
import { readNotify } from './notify.js';
import { readBecome, readSettings } from './settings.js';
import { surround, type Site } from './site.js';
import { compileTemplate, compileVars, type CompiledTemplate } from '../../template/template.js';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from '../../yaml/yaml.js';

/** A block that is no role's. */
export function blockOf(
  { at, when, vars, become, site: { tags } }: Common,
  name: string,
  { tasks, rescue = [], always = [] }: Pick<Block, 'tasks'> & Partial<Pick<Block, 'rescue' | 'always'>>,
): Block {
  return {
    type: 'block',
    role: undefined,
    name,
    at,
    when,
    defaults: new Map(),
    params: new Map(),
    handlers: [],
    vars,
    become,
    tags,
    tasks,
    rescue,
    always,
  };
}

export interface Common {
  /** As written. */
  readonly name: string | undefined;
  /** Where the name is a template. */
  readonly title: Template | undefined;
  readonly at: Place;
  readonly when: readonly Expression[];
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
  readonly become: BecomeSettings;
  /** For what is inside, with all that the step itself says. */
  readonly site: Site;
  /** The names that hold there but for a loop's. */
  readonly outside: NameLayer;
}

/** The keywords that tasks and blocks share. `at`: where the step is if it has no name. `around`: with a loop's names. */
export function readCommon(node: MapNode, site: Site, at: Place, around: NameLayer = site.names): Common {
  const { context, read } = site;
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const vars = readVars(get('vars'), site);
  const ownNames = namesOfVars(vars);
  const layered = (outer: NameLayer): NameLayer => (vars.size === 0 ? outer : addNames(outer, ownNames));
  // A task's variables may use the loop's item.
  const when = readConditions(get('when'), { context, names: layered(around) });
  const names = namesWhere(layered(around), when);
  for (const template of vars.values())
    context.later(names, (declared, report) => void template.check(declared, report));
  const [tags, notify, nameEntry] = [get('tags'), get('notify'), get('name')];
  const ownTags = tags ? read.texts(tags, { split: true }).map(({ text }) => text) : [];
  const isTitle = nameEntry !== undefined && isTemplateNode(nameEntry.value);
  const title = isTitle ? compileTemplate(nameEntry.value, context.report) : undefined;
  if (title) context.later(names, (declared, report) => void title.check(declared, report));
  const become = readBecome(node, { ...site, names });
  const inside: Site = {
    ...site,
    names,
    around: surround(site.around, { ...(vars.size > 0 && { vars }), become }),
    tags: ownTags.length > 0 ? [...new Set([...site.tags, ...ownTags])] : site.tags,
    // As in Ansible, in place of the block's.
    notify: notify ? readNotify(notify, site, names) : site.notify,
    settings: readSettings(node, site, names),
    isConditional: site.isConditional || node.entries.has('when') || node.entries.has('loop'),
  };
  return {
    name: isTitle ? (nameEntry.value as ScalarNode).text.text : nameEntry && read.text(nameEntry),
    title,
    at: nameEntry?.value.at ?? at,
    when,
    vars,
    become,
    site: inside,
    // A list that cannot be had is no failure where a condition says no.
    outside: namesWhere(layered(site.names), when),
  };
}

export function readVars(
  entry: MapEntry | undefined,
  { read, context }: Pick<Site, 'read' | 'context'>,
): Map<string, CompiledTemplate> {
  const map = entry && !isEmpty(entry.value) ? read.map(entry) : undefined;
  return map ? compileVars(map, context.report) : new Map<string, CompiledTemplate>();
}

/** Handlers that wait are run here, whatever tags are chosen. */
export function flushHandlers(at: Place): Meta {
  return {
    type: 'meta',
    action: 'flush_handlers',
    endsSection: true,
    name: 'flush_handlers',
    at,
    when: [],
    vars: new Map(),
    become: {},
    tags: ['always'],
  };
}

export function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
