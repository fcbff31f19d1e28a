/** Tags: which tasks are chosen, through blocks, files and roles. */
import type { PeerStory } from '../grounds.js';

const playbook = `
- hosts: all
  gather_facts: false
  roles: [{role: r, tags: role}]
  tasks:
    - {name: plain, debug: {msg: x}}
    - {name: t, debug: {msg: x}, tags: t}
    - {name: t and u, debug: {msg: x}, tags: [t, u]}
    - {name: always, debug: {msg: x}, tags: always}
    - {name: never, debug: {msg: x}, tags: never}
    - {name: never and t, debug: {msg: x}, tags: [never, t]}
    - {name: always and u, debug: {msg: x}, tags: [always, u]}
    - tags: u
      block:
        - {name: in block, debug: {msg: x}}
        - {name: in block with t, debug: {msg: x}, tags: t}
    - {import_tasks: imported.yaml, tags: t}
    - {name: included, include_tasks: included.yaml, tags: t}
    - {name: included with apply, include_tasks: {file: applied.yaml, apply: {tags: u}}, tags: u}
    - {name: included always, include_tasks: of-always.yaml, tags: always}
    - {name: role included, include_role: {name: q}, tags: u}
`;
const files = {
  'imported.yaml':
    '- {name: imported plain, debug: {msg: x}}\n- {name: imported u, debug: {msg: x}, tags: u}\n',
  'included.yaml':
    '- {name: included plain, debug: {msg: x}}\n- {name: included t, debug: {msg: x}, tags: t}\n- {name: included u, debug: {msg: x}, tags: u}\n',
  'applied.yaml': '- {name: applied plain, debug: {msg: x}}\n- {name: applied t, debug: {msg: x}, tags: t}\n',
  'of-always.yaml':
    '- {name: of always plain, debug: {msg: x}}\n- {name: of always t, debug: {msg: x}, tags: t}\n',
  'roles/r/tasks/main.yml':
    '- {name: role plain, debug: {msg: x}}\n- {name: role t, debug: {msg: x}, tags: t}\n- {name: role never, debug: {msg: x}, tags: never}\n',
  'roles/q/tasks/main.yml': '- {name: q plain, debug: {msg: x}}\n- {name: q u, debug: {msg: x}, tags: u}\n',
};

const choices: readonly (readonly string[])[] = [
  [],
  ['--tags', 't'],
  ['--tags', 'u'],
  ['--tags', 't,u'],
  ['--tags', 'role'],
  ['--tags', 'never'],
  ['--tags', 'tagged'],
  ['--tags', 'untagged'],
  ['--tags', 'all'],
  ['--tags', 'all,never'],
  ['--tags', 'nope'],
  ['--skip-tags', 't'],
  ['--skip-tags', 'u'],
  ['--skip-tags', 'always'],
  ['--skip-tags', 'tagged'],
  ['--skip-tags', 'untagged'],
  ['--tags', 't', '--skip-tags', 'u'],
  ['--tags', 'u', '--skip-tags', 'always'],
];

export const tagStories: readonly PeerStory[] = [
  ...choices.map((args) => ({
    title: `tags: ${args.join(' ') || 'no option'}`,
    playbook,
    files,
    args,
    ...(args.includes('nope') && { differs: 'a tag that no task has is refused' }),
    hosts: ['a'],
  })),
  {
    title: 'tags: of a play, of handlers, and of blocks with always',
    args: ['--tags', 'p'],
    playbook: `
- hosts: all
  gather_facts: false
  tags: p
  tasks:
    - {name: one, debug: {msg: x}, changed_when: true, notify: h}
    - block: [{name: fails, fail: {msg: x}}]
      rescue: [{name: rescue, debug: {msg: x}}]
      always: [{name: always, debug: {msg: x}, tags: q}]
  handlers: [{name: h, debug: {msg: x}}]
- {hosts: all, gather_facts: false, tasks: [{name: other play, debug: {msg: x}}]}
`,
  },
  {
    title: 'tags: handlers run whatever their tags',
    args: ['--tags', 't'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: one, debug: {msg: x}, changed_when: true, notify: [h, i], tags: t}]
  handlers: [{name: h, debug: {msg: x}, tags: other}, {name: i, debug: {msg: x}}]
`,
  },
];
