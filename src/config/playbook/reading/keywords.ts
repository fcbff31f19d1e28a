/**
 * Owns the one table of Ansible's playbook keywords: where each may stand, and whether zrun has it.
 */
import { nearest, type Place, type ZrunError } from '../../../core/errors.js';
import { hintForAnsibleKeyword } from '../../functions/ansible-words.js';
import { errorAt, type Report } from '../../source/findings.js';
import type { MapNode } from '../../yaml/yaml.js';

/** Where Ansible documents a keyword. */
type Where = 'play' | 'task' | 'handler' | 'block';

/** What takes keywords: those that Ansible documents, and steps that take some of a task's or a block's. */
type KeywordSite = Where | 'import' | 'include' | 'meta' | 'role' | 'playbook import';

interface Keyword {
  readonly in: readonly Where[];
  readonly status: 'supported' | 'unsupported';
  /** What to do instead, where there is something. */
  readonly instead?: string;
}

const everywhere: readonly Where[] = ['play', 'block', 'task', 'handler'];
const steps: readonly Where[] = ['block', 'task', 'handler'];
const tasks: readonly Where[] = ['task', 'handler'];
const play: readonly Where[] = ['play'];
const block: readonly Where[] = ['block'];

function supported(where: readonly Where[]): Keyword {
  return { in: where, status: 'supported' };
}

function unsupported(where: readonly Where[], instead?: string): Keyword {
  return { in: where, status: 'unsupported', ...(instead !== undefined && { instead }) };
}

/**
 * After Ansible's "Playbook Keywords" (docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html);
 * `between_batches`, `max_fail_total`, what counts the unreachable, and `whole` are zrun's own.
 */
export const keywords: Readonly<Record<string, Keyword>> = {
  action: supported(tasks),
  always: supported(block),
  any_errors_fatal: supported(everywhere),
  args: supported(tasks),
  async: supported(tasks),
  become: supported(everywhere),
  become_exe: unsupported(everywhere),
  become_flags: unsupported(everywhere),
  become_method: supported(everywhere),
  become_user: supported(everywhere),
  between_batches: supported(play),
  block: supported(block),
  changed_when: supported(tasks),
  check_mode: supported(everywhere),
  collections: unsupported(everywhere, "zrun's modules are all built in"),
  connection: supported(everywhere),
  debugger: unsupported(everywhere),
  delay: supported(tasks),
  delegate_facts: supported(steps),
  delegate_to: supported(steps),
  diff: supported(everywhere),
  environment: supported(everywhere),
  fact_path: unsupported(play),
  failed_when: supported(tasks),
  force_handlers: supported(play),
  gather_facts: supported(play),
  gather_subset: unsupported(play, 'all facts are gathered in one round trip'),
  gather_timeout: unsupported(play),
  handlers: supported(play),
  hosts: supported(play),
  ignore_errors: supported(everywhere),
  ignore_unreachable: supported(everywhere),
  listen: supported(['handler']),
  local_action: supported(tasks),
  loop: supported(tasks),
  loop_control: supported(tasks),
  max_fail_percentage: supported(play),
  max_fail_total: supported(play),
  max_unreachable_percentage: supported(play),
  max_unreachable_total: supported(play),
  module_defaults: unsupported(everywhere, 'YAML anchors and << share parameters'),
  name: supported(everywhere),
  no_log: supported(everywhere),
  notify: supported(steps),
  order: supported(play),
  poll: supported(tasks),
  port: unsupported(everywhere, 'set ansible_port in the inventory'),
  post_tasks: supported(play),
  pre_tasks: supported(play),
  register: supported(tasks),
  remote_user: supported(everywhere),
  rescue: supported(block),
  retries: supported(tasks),
  roles: supported(play),
  run_once: supported(everywhere),
  serial: supported(play),
  strategy: supported(play),
  tags: supported(everywhere),
  tasks: supported(play),
  throttle: supported(everywhere),
  timeout: supported(everywhere),
  until: supported(tasks),
  user: unsupported(play, 'write remote_user'),
  validate_argspec: unsupported(play),
  vars: supported(everywhere),
  vars_files: supported(play),
  vars_prompt: supported(play),
  when: supported(steps),
  whole: supported(play),
};

/** What stands where a module does, and is the language's own. */
export const actions = [
  'import_role',
  'import_tasks',
  'include_role',
  'include_tasks',
  'include_vars',
  'meta',
] as const;

export type Action = (typeof actions)[number];

/** What Ansible has in such places besides, and what to do instead. */
export const otherActions: Readonly<Record<string, string>> = {
  import_playbook: 'it stands among the plays of a playbook, not among tasks',
  include: 'write include_tasks, decided about by each host, or import_tasks, read before the run',
};

/** Of what a block takes, an import takes all that is about what is inside. */
const notOfImports: ReadonlySet<string> = new Set(['block', 'rescue', 'always']);

/** As Ansible has it: what is inside an include takes over its vars and nothing else. */
const ofIncludes: ReadonlySet<string> = new Set([
  'args',
  'ignore_errors',
  'loop',
  'loop_control',
  'name',
  'register',
  'run_once',
  'tags',
  'vars',
  'when',
]);

const ofMeta: ReadonlySet<string> = new Set(['name', 'tags', 'vars', 'when']);
const ofPlaybookImports: ReadonlySet<string> = new Set(['name', 'tags', 'vars', 'when']);

function takes(site: KeywordSite, name: string, keyword: Keyword): boolean {
  switch (site) {
    case 'play':
    case 'task':
    case 'handler':
    case 'block':
      return keyword.in.includes(site);
    case 'import':
      return (keyword.in.includes('block') && !notOfImports.has(name)) || name === 'args';
    case 'role':
      return keyword.in.includes('block') && !notOfImports.has(name);
    case 'include':
      return ofIncludes.has(name);
    case 'meta':
      return ofMeta.has(name);
    case 'playbook import':
      return ofPlaybookImports.has(name);
  }
}

export function namesOf(site: KeywordSite): readonly string[] {
  return Object.entries(keywords)
    .filter(([name, keyword]) => takes(site, name, keyword) && keyword.status === 'supported')
    .map(([name]) => name);
}

export function isKeyword(name: string): boolean {
  return Object.hasOwn(keywords, name) || name.startsWith('with_');
}

/** A keyword of plays alone: among a task's keys it may be a module's name, as `user` is. */
export function isKeywordOfPlays(name: string): boolean {
  return Object.hasOwn(keywords, name) && keywords[name]?.in.every((where) => where === 'play') === true;
}

/** What a role's entry may say of itself; all other keys are the role's parameters. */
export function isKeywordOfRole(name: string): boolean {
  const keyword = Object.hasOwn(keywords, name) ? keywords[name] : undefined;
  return keyword !== undefined && takes('role', name, keyword);
}

/**
 * Reports every key that is no keyword here; `others` are keys that have been dealt with. `explain`: what a person can do
 * about a key that is no keyword anywhere.
 */
export function checkKeywords(
  map: MapNode,
  site: KeywordSite,
  others: ReadonlySet<string>,
  report: Report,
  explain: (key: string) => string | undefined = () => undefined,
): void {
  for (const { key, keyAt } of map.entries.values()) {
    if (others.has(key)) continue;
    const keyword = Object.hasOwn(keywords, key) ? keywords[key] : undefined;
    if (keyword === undefined) report(unknownKeyword(key, keyAt, site, explain(key)));
    else if (keyword.status === 'unsupported' && (takes(site, key, keyword) || site === 'include')) {
      const instead = site === 'role' ? "a role's parameter of that name goes below vars:" : keyword.instead;
      report(errorAt(keyAt, 'keyword-unsupported', `zrun does not have '${key}' yet`, instead));
    } else if (!takes(site, key, keyword)) report(misplaced(key, keyAt, site, keyword));
  }
}

const nouns: Readonly<Record<KeywordSite, string>> = {
  play: 'a play',
  task: 'a task',
  handler: 'a handler',
  block: 'a block',
  import: 'an import',
  include: 'an include',
  meta: "'meta'",
  role: 'a role',
  'playbook import': 'an import of a playbook',
};

function unknownKeyword(
  key: string,
  at: Place,
  site: KeywordSite,
  explanation: string | undefined,
): ZrunError {
  if (key.startsWith('with_')) {
    return errorAt(at, 'keyword-unsupported', `zrun has no '${key}'`, hintForAnsibleKeyword(key));
  }
  const known = namesOf(site);
  const near = nearest(key, known);
  const hint = explanation ?? hintForAnsibleKeyword(key);
  return errorAt(
    at,
    'playbook-invalid',
    `${nouns[site]} has no '${key}'`,
    hint ?? (near === undefined ? `it has ${known.join(', ')}` : `did you mean '${near}'?`),
  );
}

function misplaced(key: string, at: Place, site: KeywordSite, keyword: Keyword): ZrunError {
  const belongs = `a ${keyword.in.join(', ').replace(/, (?=\w+$)/, ' or ')}`;
  const message = `'${key}' belongs to ${belongs}, not to ${nouns[site]}`;
  return errorAt(at, 'playbook-invalid', message, misplacedHint(key, site, keyword));
}

function misplacedHint(key: string, site: KeywordSite, keyword: Keyword): string | undefined {
  if (key === 'when') return 'put it on the tasks, or on a block around them';
  if (site === 'include' && keyword.in.includes('block')) {
    return 'to give it to the tasks inside, write it below apply:, or import them';
  }
  if (site === 'import' && key.startsWith('loop')) {
    return 'an import is read before the run; an include can have a loop';
  }
  return undefined;
}
