/** Flags that choose among tasks and give variables, as stories. */
import type { Story } from './story.js';

const three = `
    - {name: one, debug: {msg: x}, tags: a}
    - {name: two, debug: {msg: x}, tags: [b]}
    - {name: three, debug: {msg: x}, tags: [a, c]}`;

export const flagStories: readonly Story[] = [
  {
    keyword: '--tags',
    title: 'only these, several with commas or by repeating',
    args: ['--tags', 'b,c', '-t', 'b'],
    tasks: three,
    lines: ['ok | two | x', 'ok | three | x'],
  },
  {
    keyword: '--skip-tags',
    title: 'all but these',
    args: ['--skip-tags', 'a'],
    tasks: three,
    lines: ['ok | two | x'],
  },
  {
    keyword: '--start-at-task',
    title: 'passes over everything before',
    args: ['--start-at-task', 'two'],
    tasks: three,
    lines: ['ok | two | x', 'ok | three | x'],
  },
  {
    keyword: '--tags',
    title: 'tagged are those with a tag, but never those that run only when they are asked for',
    args: ['--tags', 'tagged'],
    tasks: `
    - {name: one, debug: {msg: x}, tags: a}
    - {name: two, debug: {msg: x}}
    - {name: three, debug: {msg: x}, tags: [never, a]}`,
    lines: ['ok | one | x'],
  },
  {
    keyword: '--start-at-task',
    title: 'a name with wildcards, as Ansible has it',
    args: ['--start-at-task', 'th*e'],
    tasks: three,
    lines: ['ok | three | x'],
  },
  {
    keyword: '--start-at-task',
    title:
      'passes over plays, their facts and what the engine itself does; later plays run on all their hosts',
    args: ['--start-at-task', 'start'],
    hosts: ['a', 'b'],
    playbook: `
- {hosts: all, tasks: [{name: early, debug: {msg: x}}, {meta: end_play}]}
- hosts: a
  gather_facts: false
  tasks:
    - {meta: end_play}
    - {name: before, debug: {msg: x}}
    - {name: start, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: later, debug: {msg: x}}]}
`,
    lines: { a: ['ok | start | x', 'ok | later | x'], b: ['ok | later | x'] },
  },
  {
    keyword: '--start-at-task',
    title:
      "a role's task by its own name or the role's too; an include whose file is known is looked through",
    args: ['--start-at-task', 'inner'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: [{name: after, debug: {msg: x}}]
`,
    files: {
      'roles/r/tasks/main.yml': '- {name: outer, debug: {msg: x}}\n- include_tasks: more.yml\n',
      'roles/r/tasks/more.yml': '- {name: first, debug: {msg: x}}\n- {name: inner, debug: {msg: x}}\n',
    },
    lines: ['ok | r : include_tasks: more.yml | included', 'ok | r : inner | x', 'ok | after | x'],
  },
  {
    keyword: '--start-at-task',
    title: 'in each batch',
    args: ['--start-at-task', 'two'],
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: one, debug: {msg: x}}, {name: two, debug: {msg: x}}]
`,
    lines: { a: ['ok | two | x'], b: ['ok | two | x'] },
  },
  {
    keyword: '--extra-vars',
    title: 'k=v, JSON and files; the last one wins',
    args: ['-e', 'a=1 b="two words"', '-e', '{"c": [3], "a": 0}', '-e', '@more.yaml'],
    tasks: `
    - {name: tell, debug: {msg: "{{a}} {{b}} {{c.[0]}} {{d}}"}}`,
    files: { 'more.yaml': 'd: four\n' },
    lines: ['ok | tell | 0 two words 3 four'],
  },
  {
    keyword: '--force-handlers',
    title: 'as the keyword does for one play',
    args: ['--force-handlers'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, command: "true", notify: h}
    - {name: break, command: /bin/false}
  handlers: [{name: h, debug: {msg: handled}}]
`,
    lines: [
      'changed | one | run true',
      'failed | break | `/bin/false` ended with exit code 1',
      'ok | h | handled',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
];
