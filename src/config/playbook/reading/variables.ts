/**
 * Owns the names that every playbook may use without defining them, and what a registered result holds.
 */
import type { Module } from '../../../core/module.js';
import type { Loop } from '../../../core/plan.js';
import type { CommonNames, Declarations, DeclaredNames, ShapeSource } from '../../expression/declarations.js';
import type { Inventory } from '../../inventory/inventory.js';
import { hintForAnsibleVariable } from '../../functions/ansible-words.js';
import { ignoreFindings } from '../../source/findings.js';
import {
  anyShape,
  boolShape,
  intShape,
  itemOf,
  listOf,
  mapOf,
  maybe,
  objectOf,
  shapeOfSchema,
  textShape,
  type Shape,
} from '../../expression/shape.js';
import { compiledOf, type CompiledTemplate } from '../../template/template.js';

/** Ansible's magic variables that hold everywhere, as far as the engine sets them. */
const magicNames: DeclaredNames = new Map<string, readonly ShapeSource[]>([
  ['inventory_hostname', [textShape]],
  ['inventory_hostname_short', [textShape]],
  ['group_names', [listOf(textShape)]],
  ['groups', [mapOf(listOf(textShape))]],
  ['hostvars', [{ check: (declared) => mapOf(hostShape(declared)) }]],
  ['ansible_check_mode', [boolShape]],
  ['ansible_play_hosts', [listOf(textShape)]],
  ['ansible_play_hosts_all', [listOf(textShape)]],
  ['ansible_play_batch', [listOf(textShape)]],
  ['zrun_run_id', [textShape]],
  ['playbook_dir', [textShape]],
  ['play_hosts', [listOf(textShape)]],
  ['ansible_play_name', [textShape]],
  ['ansible_play_role_names', [listOf(textShape)]],
  ['role_names', [listOf(textShape)]],
  ['ansible_role_names', [listOf(textShape)]],
  ['ansible_dependent_role_names', [listOf(textShape)]],
  ['ansible_search_path', [listOf(textShape)]],
  ['ansible_host', [textShape]],
  ['vars', [mapOf(anyShape)]],
  ['ansible_limit', [maybe(textShape)]],
  ['ansible_run_tags', [listOf(textShape)]],
  ['ansible_skip_tags', [listOf(textShape)]],
  ['ansible_diff_mode', [boolShape]],
  ['ansible_verbosity', [intShape]],
  ['ansible_forks', [intShape]],
  ['ansible_inventory_sources', [listOf(textShape)]],
  [
    'ansible_version',
    [
      objectOf([
        ['full', textShape],
        ['string', textShape],
        ['major', intShape],
        ['minor', intShape],
        ['revision', intShape],
      ]),
    ],
  ],
]);

export function isMagicName(name: string): boolean {
  return magicNames.has(name);
}

/** Another host has what hosts have, or has not: which one it is, only the run knows. */
function hostShape(declared: Declarations): Shape {
  return objectOf(
    [...declared.names()].map((name) => [name, anyShape] as const),
    { declared: false },
  );
}

/**
 * What a play's tasks may use without defining it. `setByTasks`: what tasks set, in whatever play. `isOpen`: hosts may have
 * other variables than those that are known.
 */
export function commonNames(
  inventories: ReadonlySet<Inventory>,
  setByTasks: DeclaredNames,
  isOpen: boolean,
): Pick<CommonNames, 'base' | 'hosts' | 'explain'> {
  const base = new Map<string, readonly ShapeSource[]>(magicNames);
  for (const names of [namesOfInventories(inventories), setByTasks]) {
    for (const [name, sources] of names) base.set(name, [...(base.get(name) ?? []), ...sources]);
  }
  if (isOpen) base.set('hostvars', [mapOf(mapOf(anyShape))]);
  // Whatever the folder, the hosts are the same; only their variables differ.
  const [inventory] = inventories;
  const hosts = inventory && new Set([...inventory.hosts.keys(), inventory.implicitLocalhost.name]);
  return { base, hosts, explain: explainUnknownName };
}

/** The variables of all hosts together; hosts of one group share its templates. */
function namesOfInventories(inventories: Iterable<Inventory>): DeclaredNames {
  const distinct = new Map<string, Set<ShapeSource>>();
  for (const { hosts, implicitLocalhost } of inventories) {
    for (const host of [...hosts.values(), implicitLocalhost]) {
      for (const [name, template] of compiledOf(host.vars)) {
        const known = distinct.get(name);
        if (known) known.add(template);
        else distinct.set(name, new Set([template]));
      }
    }
  }
  return new Map([...distinct].map(([name, templates]) => [name, [...templates]] as const));
}

/** What a task knows of the loop that it is in, besides the item. */
const extendedFields: readonly (readonly [string, Shape])[] = [
  ['index', intShape],
  ['index0', intShape],
  ['revindex', intShape],
  ['revindex0', intShape],
  ['first', boolShape],
  ['last', boolShape],
  ['length', intShape],
  ['previtem', maybe(anyShape)],
  ['nextitem', maybe(anyShape)],
];
const extendedLoop = objectOf([...extendedFields, ['allitems', listOf(anyShape)]]);
const extendedLoopAlone = objectOf(extendedFields);

/** The names that hold in a loop. */
export function loopNames(
  item: ShapeSource,
  loop: {
    readonly variable: string;
    readonly indexVariable: string | undefined;
    readonly isExtended: boolean;
    readonly hasAllItems: boolean;
  },
): DeclaredNames {
  const names = new Map<string, readonly ShapeSource[]>([
    [loop.variable, [item]],
    ['ansible_loop_var', [textShape]],
  ]);
  if (loop.isExtended) names.set('ansible_loop', [loop.hasAllItems ? extendedLoop : extendedLoopAlone]);
  if (loop.indexVariable !== undefined) {
    names.set(loop.indexVariable, [intShape]);
    names.set('ansible_index_var', [textShape]);
  }
  return names;
}

const failedTask = objectOf(
  [
    ['name', textShape],
    ['action', textShape],
  ],
  { open: true },
);
const failedResult = objectOf([['msg', textShape]], { open: true });

/** What a block's rescue knows besides. */
export const rescueNames: DeclaredNames = new Map<string, readonly ShapeSource[]>([
  ['ansible_failed_task', [failedTask]],
  ['ansible_failed_result', [failedResult]],
]);

/** What its `always` knows besides: null where nothing failed. */
export const alwaysNames: DeclaredNames = new Map<string, readonly ShapeSource[]>([
  ['ansible_failed_task', [maybe(failedTask)]],
  ['ansible_failed_result', [maybe(failedResult)]],
]);

const resultFields: readonly (readonly [string, Shape])[] = [
  ['changed', boolShape],
  ['failed', boolShape],
  ['skipped', boolShape],
  ['unreachable', boolShape],
  ['msg', maybe(anyShape)],
];

/** What a task's keywords add to its result. */
export interface ResultParts {
  /** It may be tried again. */
  readonly isTried: boolean;
  /** It has `failed_when`. */
  readonly isJudged: boolean;
  /** It has `async`. */
  readonly isAsync?: boolean;
}

/** Of a task with `async`. */
const jobFields = [
  ['ansible_job_id', textShape],
  ['started', intShape],
  ['finished', intShape],
  ['results_file', textShape],
] as const;

/** What `register` gets from a module, once or from a loop. */
export function resultShape(
  module: Module,
  loop: Pick<Loop, 'variable' | 'indexVariable'> | undefined,
  { isTried, isJudged, isAsync = false }: ResultParts,
): Shape {
  const returned = shapeOfSchema(module.returns);
  const fields = new Map<string, Shape>(returned.type === 'object' ? returned.fields : []);
  if (isTried) fields.set('attempts', maybe(intShape));
  if (isJudged) fields.set('failed_when_result', maybe(boolShape));
  if (isAsync) for (const [name, shape] of jobFields) fields.set(name, maybe(shape));
  const open = returned.type !== 'object' || returned.open;
  if (!loop) return objectOf([...resultFields, ...fields], { open });
  const { variable, indexVariable } = loop;
  const names: readonly (readonly [string, Shape])[] = [
    [variable, anyShape],
    ['ansible_loop_var', textShape],
    ...(indexVariable === undefined
      ? []
      : ([
          [indexVariable, intShape],
          ['ansible_index_var', textShape],
        ] as const)),
  ];
  const item = objectOf([...resultFields, ...names, ...fields], { open });
  return objectOf([...resultFields, ['results', listOf(item)]]);
}

/** What `register` gets from an include. */
export function includeResult(loop: Loop | undefined): Shape {
  const results = listOf(objectOf(resultFields, { open: true }));
  return objectOf([...resultFields, ...(loop ? ([['results', results]] as const) : [])]);
}

/** The item of a loop over what a template renders to. */
export function loopItem(loop: CompiledTemplate): ShapeSource {
  return { check: (declared) => itemOf(loop.check(declared, ignoreFindings)) };
}

/** Why a name may be missing, where more can be said than that. */
function explainUnknownName(name: string, parts: readonly string[]): string | undefined {
  if (name === 'facts')
    return "facts are there unless 'gather_facts: false' says no; take that out, or add a task 'setup:'";
  return hintForAnsibleVariable(name, parts);
}
