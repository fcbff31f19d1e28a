/**
 * Owns the values that can be completed, kind by kind: hosts and groups of the inventory that the line names, tags and
 * tasks of its playbooks, runs, modules, and so on. What cannot be read has none: nobody wants an error behind Tab.
 */
import path from 'node:path';
import { createNameUse, loadPlaybook, readInventory, type Inventory } from '../../config/index.js';
import { stepsOf, handlersIn, type Play, type Step } from '../../core/plan.js';
import type { Topic } from '../doc/entries.js';
import type { Environment } from '../environment.js';
import type { Named } from './help-options.js';
import type { Line } from './line.js';

/** `files` and `folders` are the shell's own affair. */
export type Kind =
  | 'files'
  | 'folders'
  | 'nothing'
  | 'verbs and playbooks'
  | 'verbs'
  | 'actions'
  | 'playbooks'
  | 'patterns'
  | 'hosts'
  | 'groups'
  | 'facts'
  | 'tags'
  | 'tasks'
  | 'runs'
  | 'modules'
  | 'parameters'
  | 'documented'
  | readonly string[];

/** Milliseconds that a program which is an inventory has. */
const patience = 3000;
const mostRuns = 30;

/** `verbs`, and a verb's own `actions`: as their helps have them. Never throws. */
export async function candidatesOf(
  kind: Kind,
  line: Line,
  environment: Environment,
  { verbs, actions }: { readonly verbs: readonly Named[]; readonly actions: readonly Named[] },
): Promise<readonly Named[]> {
  try {
    if (kind === 'verbs') return verbs;
    if (kind === 'actions') return actions;
    if (kind === 'verbs and playbooks') return [...verbs, ...(await listPlaybooks(environment))];
    return await findCandidates(kind, line, environment);
  } catch {
    return [];
  }
}

async function findCandidates(
  kind: Exclude<Kind, 'verbs and playbooks' | 'verbs' | 'actions'>,
  line: Line,
  environment: Environment,
): Promise<readonly Named[]> {
  if (typeof kind !== 'string') return kind.map((value) => ({ value, summary: '' }));
  switch (kind) {
    case 'files':
    case 'folders':
    case 'nothing':
      return [];
    case 'playbooks':
      return await listPlaybooks(environment);
    case 'patterns':
      return await listPatterns(line, environment);
    case 'hosts':
      return namesOf([...(await inventoryOf(line, environment)).hosts.keys()], 'host');
    case 'groups':
      return namesOf([...(await inventoryOf(line, environment)).groups.keys()], 'group');
    case 'facts': {
      const { factPaths } = await import('../doc/facts.js');
      return namesOf(factPaths(), '');
    }
    case 'tags':
      return namesOf([...new Set((await playsOf(line, environment)).flatMap(tagsOf))].sort(), '');
    case 'tasks':
      return namesOf([...new Set((await playsOf(line, environment)).flatMap(taskNamesOf))], '');
    case 'runs':
      return await listRuns(environment);
    case 'modules': {
      const { modules } = await import('../../modules/index.js');
      return [...modules.values()].map(({ name, summary }) => ({ value: name, summary }));
    }
    case 'parameters':
      return await listParameters(line);
    case 'documented':
      return await listDocumented(line);
  }
}

function namesOf(names: readonly string[], summary: string): readonly Named[] {
  return names.map((value) => ({ value, summary }));
}

async function listPlaybooks(environment: Environment): Promise<readonly Named[]> {
  const { listOwnPlaybooks } = await import('../playbooks/own-playbooks.js');
  return listOwnPlaybooks(environment).map(({ name, summary }) => ({ value: name, summary }));
}

/** Hosts and groups behind what stands before them in the pattern: `web:!` is followed by any of them. */
async function listPatterns(line: Line, environment: Environment): Promise<readonly Named[]> {
  const [, before = ''] = /^((?:.*[,:])?[!&]?)/s.exec(line.partial) ?? [];
  const inventory = await inventoryOf(line, environment).catch(() => undefined);
  const groups = [...(inventory?.groups.keys() ?? ['all'])].filter((name) => name !== 'ungrouped');
  const hosts = new Set([...(inventory?.hosts.keys() ?? []), 'localhost']);
  return [...namesOf(groups, 'group'), ...namesOf([...hosts], 'host')].map(({ value, summary }) => ({
    value: before + value,
    summary,
  }));
}

function namedInventories({ values }: Line, { env, homeFolder }: Environment): readonly string[] {
  const given = values.get('--inventory') ?? [];
  const fromEnvironment = env['ZRUN_INVENTORY'];
  const named = given.length > 0 || !fromEnvironment ? given : [fromEnvironment];
  return named.map((name) => (name.startsWith('~/') ? path.join(homeFolder, name.slice(2)) : name));
}

async function inventoryOf(line: Line, environment: Environment): Promise<Inventory> {
  const sources = await readInventory(namedInventories(line, environment), {
    cwd: environment.cwd,
    programTimeoutMs: patience,
    signal: AbortSignal.timeout(patience),
  });
  return sources.forPlaybooksIn('.');
}

async function playsOf({ operands }: Line, environment: Environment): Promise<readonly Play[]> {
  const { modules } = await import('../../modules/index.js');
  const { findPlaybook } = await import('../playbooks/find-playbook.js');
  const { cwd } = environment;
  const plays: Play[] = [];
  for (const word of operands) {
    const { file } = findPlaybook(word, environment);
    const playbook = await loadPlaybook(file, { modules, cwd, openNames: true, use: createNameUse() });
    plays.push(...playbook.plays);
  }
  return plays;
}

function tagsOf(play: Play): readonly string[] {
  // The flush at the end of a section is nobody's task.
  const isWritten = (step: Step): boolean => step.type !== 'meta' || step.endsSection !== true;
  const steps = [...stepsOf([...play.tasks, ...handlersIn(play)])].filter(isWritten);
  return [...play.tags, ...steps.flatMap(({ tags }) => tags)];
}

function taskNamesOf(play: Play): readonly string[] {
  return [...stepsOf(play.tasks)].flatMap((step) =>
    step.type === 'task' && step.name !== '' ? [step.name] : [],
  );
}

async function listRuns(environment: Environment): Promise<readonly Named[]> {
  const { findRuns, readStart } = await import('../runs.js');
  const listed: Named[] = [{ value: 'last', summary: 'the newest run' }];
  for (const run of findRuns(environment).slice(0, mostRuns)) {
    const started = await readStart(run);
    listed.push({ value: run.id, summary: started?.playbooks.join(' ') ?? '' });
  }
  return listed;
}

/** `-a 'name='`: of the module that stands with it. */
async function listParameters({ values }: Line): Promise<readonly Named[]> {
  const [{ modules }, { moduleNamed }] = await Promise.all([
    import('../../modules/index.js'),
    import('../../config/reference.js'),
  ]);
  const module = moduleNamed(values.get('--module-name')?.at(-1) ?? 'command', modules);
  return Object.keys(module?.params.shape ?? {}).map((name) => ({ value: `${name}=`, summary: '' }));
}

/** Behind a topic, what it has. Facts go by their whole name, or by a path without `facts.`, as `zrun doc` takes them. */
async function listDocumented({ operands, partial }: Line): Promise<readonly Named[]> {
  const [{ modules }, { entriesOf, topics }] = await Promise.all([
    import('../../modules/index.js'),
    import('../doc/entries.js'),
  ]);
  const entriesIn = (topic: Topic): readonly Named[] =>
    entriesOf(topic).map(({ name, summary }) => ({ value: name, summary }));
  const paths = entriesIn('facts').map(({ value, summary }) => ({
    value: value.replace(/^facts\./, ''),
    summary,
  }));
  const shortFacts = paths.filter(({ value }) => value.includes('.'));
  const topic = topics.find((each) => each === operands[0]);
  if (topic !== undefined)
    return [...entriesIn(topic), ...(topic === 'facts' && partial !== '' ? shortFacts : [])];
  return [
    ...namesOf(topics, 'all of them'),
    ...[...modules.values()].map(({ name, summary }) => ({ value: name, summary })),
    ...topics.flatMap(entriesIn),
    ...(partial.includes('.') ? shortFacts : []),
  ];
}
