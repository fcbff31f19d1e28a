/**
 * Owns which variables a task sees on a host: the layers in Ansible's order of precedence, and the magic variables.
 */
import type { Host } from '../core/host.js';
import type { Language, Play, RoleExports } from '../core/plan.js';
import type { Scope, Template, VarsTemplate } from '../core/template.js';
import type { Value, ValueMap } from '../core/value.js';
import type { HostState } from './host-state.js';
import { magicOfRun } from './magic.js';
import type { RunInput } from './settings.js';

/** What the scopes of one play's tasks are made from. */
export interface ScopeSource {
  readonly run: RunInput;
  readonly play: Play;
  /**
   * Every host by its name. Its variables are those of the play's folder, whatever the run knows of it from before. Another
   * map where a task has changed the inventory.
   */
  readonly inventory: ReadonlyMap<string, Host>;
  /** A host that the inventory does not have. Throws where no host can have this name. */
  stranger(name: string): Host;
  readonly language: Language;
  /** Answers to `vars_prompt`. */
  readonly answers: ValueMap;
  /** Hosts that tasks of the play have brought. */
  readonly added: Set<string>;
  /** Every host of the run by its name. */
  readonly states: Map<string, HostState>;
  /** The batch's own magic variables. */
  readonly batchVars: ValueMap;
  /** Of roles that this host has included with `public` in this play, the first first. */
  readonly exported: { readonly [Part in keyof RoleExports]: VarsTemplate[] };
}

/** What is given from outside to the tasks of a role or an include: stronger than what tasks set. */
export interface Params {
  /** From the outermost role. */
  readonly ofRoles: readonly VarsTemplate[];
  /** From the outermost include; stronger than those of roles, wherever the roles stand. */
  readonly ofIncludes: readonly VarsTemplate[];
}

export const noParams: Params = { ofRoles: [], ofIncludes: [] };

interface Layers {
  /** Of roles, from the outermost: weaker than all else. */
  readonly defaults: readonly VarsTemplate[];
  /** Of blocks and the task, from the outermost. */
  readonly vars: readonly VarsTemplate[];
  readonly params: Params;
  /** The loop's item, the failure that a rescue is about. */
  readonly extra: ValueMap;
}

/** The scope of one task on one host, its layers from the weakest: Ansible's order of precedence. */
export function scopeFor(source: ScopeSource, state: HostState, layers: Layers): Scope {
  const { run, play, language, answers, exported } = source;
  return language.scope([
    weakVars(state),
    play.defaults,
    ...exported.defaults,
    ...layers.defaults,
    (source.inventory.get(state.host.name) ?? state.host).vars,
    state.facts,
    play.vars,
    ...exported.vars,
    answers,
    ...layers.vars,
    state.fileVars,
    state.results,
    ...layers.params.ofRoles,
    ...layers.params.ofIncludes,
    run.settings.extraVars,
    layers.extra,
    source.batchVars,
    magicVars(source, state),
  ]);
}

const weak = new WeakMap<HostState, ValueMap>();

/** As in Ansible, a host's address is its name where nothing says otherwise. */
function weakVars(state: HostState): ValueMap {
  const known = weak.get(state) ?? { ansible_host: state.host.name };
  weak.set(state, known);
  return known;
}

const magic = new WeakMap<HostState, { readonly of: ScopeSource['inventory']; readonly vars: ValueMap }>();

/** The same for a host as long as plays are of one folder, and nothing changes the inventory. */
function magicVars(source: ScopeSource, state: HostState): ValueMap {
  const known = magic.get(state);
  if (known?.of === source.inventory) return known.vars;
  const { settings } = source.run;
  const host = source.inventory.get(state.host.name) ?? state.host;
  const vars: ValueMap = {
    inventory_hostname: host.name,
    inventory_hostname_short: host.name.split('.')[0] ?? host.name,
    group_names: groupNames(host),
    groups: source.run.groups(),
    ...magicOfRun(settings),
    hostvars: hostVars(source),
  };
  magic.set(state, { of: source.inventory, vars });
  return vars;
}

function groupNames({ groups }: Host): readonly string[] {
  return groups.filter((group) => group !== 'all').sort();
}

const hostVarsOf = new WeakMap<ScopeSource['states'], WeakMap<ScopeSource['inventory'], ValueMap>>();

/**
 * Every host's variables, by its name: each host and each variable is a getter, so that nothing is rendered before it
 * is asked for. As in Ansible: what belongs to the host, not what the play at hand adds.
 */
function hostVars({ run, language, states, inventory }: ScopeSource): ValueMap {
  const ofRun = hostVarsOf.get(states) ?? new WeakMap<ScopeSource['inventory'], ValueMap>();
  hostVarsOf.set(states, ofRun);
  const known = ofRun.get(inventory);
  if (known) return known;
  const made = lazyMap(inventory.keys(), (name) => {
    const host = inventory.get(name);
    if (!host) return {};
    const state = states.get(name);
    const scope = language.scope([
      host.vars,
      state?.facts ?? {},
      state?.fileVars ?? new Map<string, Template>(),
      state?.results ?? {},
      run.settings.extraVars,
      {
        inventory_hostname: name,
        group_names: groupNames(host),
        groups: run.groups(),
      },
    ]);
    return lazyMap(scope.names(), (variable) => scope.peek(variable) ?? null);
  });
  ofRun.set(inventory, made);
  return made;
}

function lazyMap(keys: Iterable<string>, valueOf: (key: string) => Value): ValueMap {
  const map: Record<string, Value> = {};
  for (const key of keys) Object.defineProperty(map, key, { enumerable: true, get: () => valueOf(key) });
  return map;
}
