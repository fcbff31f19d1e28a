/**
 * Owns the one table of Ansible's playbook keywords: where each may stand, and whether zrun has it.
 */
import { nearest, type Place } from '../core/errors.js';
import { errorAt, type Report } from './report.js';
import type { MapNode } from './yaml.js';

type Where = 'play' | 'task' | 'handler' | 'block';

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

/** After Ansible's "Playbook Keywords" (docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html). */
export const keywords: Readonly<Record<string, Keyword>> = {
  action: unsupported(tasks, 'write the module as a key: copy: {…}'),
  always: supported(block),
  any_errors_fatal: unsupported(everywhere),
  args: supported(tasks),
  async: unsupported(tasks, 'tasks have a timeout: instead'),
  become: supported(everywhere),
  become_exe: unsupported(everywhere),
  become_flags: unsupported(everywhere),
  become_method: unsupported(everywhere, 'zrun becomes another user by sudo'),
  become_user: supported(everywhere),
  block: supported(block),
  changed_when: supported(tasks),
  check_mode: supported(everywhere),
  collections: unsupported(everywhere, "zrun's modules are all built in"),
  connection: unsupported(everywhere, 'set ansible_connection in the inventory'),
  debugger: unsupported(everywhere),
  delay: supported(tasks),
  delegate_facts: unsupported(steps),
  delegate_to: unsupported(steps),
  diff: unsupported(everywhere, 'use --diff'),
  environment: unsupported(everywhere, 'set the variables in the command: env NAME=value …'),
  fact_path: unsupported(play),
  failed_when: supported(tasks),
  force_handlers: unsupported(play, 'use --force-handlers'),
  gather_facts: supported(play),
  gather_subset: unsupported(play, 'all facts are gathered in one round trip'),
  gather_timeout: unsupported(play),
  handlers: supported(play),
  hosts: supported(play),
  ignore_errors: supported(everywhere),
  ignore_unreachable: unsupported(everywhere),
  listen: supported(['handler']),
  local_action: unsupported(tasks),
  loop: supported(tasks),
  loop_control: supported(tasks),
  max_fail_percentage: unsupported(play),
  module_defaults: unsupported(everywhere, 'YAML anchors and << share parameters'),
  name: supported(everywhere),
  no_log: supported(everywhere),
  notify: supported(steps),
  order: unsupported(play, "hosts come in the inventory's order"),
  poll: unsupported(tasks),
  port: unsupported(everywhere, 'set ansible_port in the inventory'),
  post_tasks: unsupported(play, 'put the tasks at the end of tasks:'),
  pre_tasks: unsupported(play, 'put the tasks at the beginning of tasks:'),
  register: supported(tasks),
  remote_user: unsupported(everywhere, 'set ansible_user in the inventory, or use -u'),
  rescue: supported(block),
  retries: supported(tasks),
  roles: unsupported(play, 'write the tasks into the play'),
  run_once: unsupported(everywhere),
  serial: supported(play),
  strategy: unsupported(play, 'hosts walk through a play independently of each other'),
  tags: supported(everywhere),
  tasks: supported(play),
  throttle: unsupported(everywhere, 'use --forks, or serial:'),
  timeout: supported(everywhere),
  until: supported(tasks),
  user: unsupported(play, 'set ansible_user in the inventory, or use -u'),
  validate_argspec: unsupported(play),
  vars: supported(everywhere),
  vars_files: supported(play),
  vars_prompt: unsupported(play, 'give the values with -e'),
  when: supported(steps),
};

/** What stands where a module does, in Ansible, but is none. */
export const actions: Readonly<Record<string, string>> = {
  import_playbook: 'name several playbooks on the command line',
  import_role: 'write the tasks into the play',
  import_tasks: 'write the tasks into the play',
  include: 'write the tasks into the play',
  include_role: 'write the tasks into the play',
  include_tasks: 'write the tasks into the play',
  include_vars: 'use vars_files: of the play',
  meta: 'handlers run at the end of the play',
};

export function namesOf(where: Where): readonly string[] {
  return Object.entries(keywords)
    .filter(([, keyword]) => keyword.in.includes(where) && keyword.status === 'supported')
    .map(([name]) => name);
}

export function isKeyword(name: string): boolean {
  return Object.hasOwn(keywords, name) || name.startsWith('with_');
}

/** Reports every key that is no keyword here; `others` are keys that have been dealt with. */
export function checkKeywords(map: MapNode, where: Where, others: ReadonlySet<string>, report: Report): void {
  for (const { key, keyAt } of map.entries.values()) {
    if (others.has(key)) continue;
    const keyword = Object.hasOwn(keywords, key) ? keywords[key] : undefined;
    if (keyword === undefined) report(unknownKeyword(key, keyAt, where));
    else if (!keyword.in.includes(where)) report(misplaced(key, keyAt, where, keyword));
    else if (keyword.status === 'unsupported') {
      report(errorAt(keyAt, 'keyword-unsupported', `zrun does not have '${key}' yet`, keyword.instead));
    }
  }
}

function unknownKeyword(key: string, at: Place, where: Where): Error & ReturnType<typeof errorAt> {
  if (key.startsWith('with_')) {
    const hint =
      key === 'with_items' || key === 'with_list'
        ? 'write loop: with the same list'
        : 'write loop: with a list';
    return errorAt(at, 'keyword-unsupported', `zrun has no '${key}'`, hint);
  }
  const known = namesOf(where);
  const near = nearest(key, known);
  return errorAt(
    at,
    'playbook-invalid',
    `a ${where} has no '${key}'`,
    near === undefined ? `it has ${known.join(', ')}` : `did you mean '${near}'?`,
  );
}

function misplaced(
  key: string,
  at: Place,
  where: Where,
  keyword: Keyword,
): Error & ReturnType<typeof errorAt> {
  const belongs = `a ${keyword.in.join(', ').replace(/, (?=\w+$)/, ' or ')}`;
  const hint = key === 'when' ? 'put it on the tasks, or on a block around them' : undefined;
  return errorAt(at, 'playbook-invalid', `'${key}' belongs to ${belongs}, not to a ${where}`, hint);
}
