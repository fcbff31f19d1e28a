/** `meta` with each of its words, as stories. */
import type { Story } from './story.js';

export const metaStories: readonly Story[] = [
  {
    keyword: 'meta: flush_handlers',
    title: 'handlers run here, and not again',
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, command: "true", notify: h}
    - meta: flush_handlers
    - {name: two, debug: {msg: x}}
  handlers: [{name: h, debug: {msg: handled}}]
`,
    lines: ['changed | one | run true', 'ok | h | handled', 'ok | two | x'],
  },
  {
    keyword: 'meta: end_role',
    title:
      "ends the role's tasks for this host, those of blocks and files and their always too; the play goes on",
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [outer]
  tasks: [{name: after, debug: {msg: x}}]
`,
    files: {
      'roles/outer/meta/main.yml': 'dependencies: [needed]\n',
      'roles/needed/tasks/main.yml': '- meta: end_role\n- {name: never, debug: {msg: x}}\n',
      'roles/outer/tasks/main.yml': `
- include_role: {name: inner}
- {name: last, debug: {msg: x}}
`,
      'roles/inner/tasks/main.yml': `
- block: [{include_tasks: more.yml}]
  rescue: [{name: not a failure, debug: {msg: x}}]
  always: [{name: tidy, debug: {msg: "{{json ansible_failed_task}}"}}]
- {name: rest, debug: {msg: x}}
`,
      'roles/inner/tasks/more.yml': `
- {meta: end_role, when: inventory_hostname == "a"}
- {name: more, debug: {msg: x}}
`,
    },
    lines: {
      a: [
        'ok | include_role: inner | included',
        'ok | inner : include_tasks: more.yml | included',
        'ok | outer : last | x',
        'ok | after | x',
      ],
      b: [
        'ok | include_role: inner | included',
        'ok | inner : include_tasks: more.yml | included',
        'ok | inner : more | x',
        'ok | inner : tidy | null',
        'ok | inner : rest | x',
        'ok | outer : last | x',
        'ok | after | x',
      ],
    },
  },
  {
    keyword: 'meta: end_host',
    title: 'ends the play for this host, with nothing wrong',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - meta: end_host
      when: inventory_hostname == "a"
    - {name: on, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
    lines: { a: ['ok | next play | x'], b: ['ok | on | x', 'ok | next play | x'] },
  },
  {
    keyword: 'meta: end_host',
    title: 'in a block leaves its always out, too; in a rescue, what failed before is rescued',
    hosts: ['a', 'b'],
    tasks: `
    - block:
        - {meta: end_host, when: inventory_hostname == "a"}
        - {name: breaks, command: /bin/false}
      rescue:
        - {name: rescued, debug: {msg: x}}
        - meta: end_host
        - {name: never, debug: {msg: x}}
      always: [{name: tidy, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
    lines: { a: [], b: ['failed | breaks | `/bin/false` ended with exit code 1', 'ok | rescued | x'] },
  },
  {
    keyword: 'meta: end_batch',
    title: 'ends the play for this batch; the next one goes on',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  strategy: linear
  tasks:
    - meta: end_batch
      when: inventory_hostname == "a"
    - {name: on, debug: {msg: x}}
`,
    lines: { a: [], b: [], c: ['ok | on | x'] },
  },
  {
    keyword: 'meta: end_play',
    title: 'ends the play for all hosts; the next play goes on',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - {name: first, debug: {msg: x}}
    - meta: end_play
    - {name: never, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
    lines: {
      a: ['ok | first | x', 'ok | next play | x'],
      b: ['ok | next play | x'],
      c: ['ok | next play | x'],
    },
  },
  {
    keyword: 'meta: clear_facts',
    title: 'facts are gone until they are gathered again',
    playbook: `
- hosts: all
  tasks:
    - meta: clear_facts
    - {name: lack, debug: {msg: "{{default facts 'none'}}"}}
    - {name: again, setup: {}}
`,
    lines: ['ok | Gathering Facts | only looks', 'ok | lack | none', 'ok | again | only looks'],
  },
  {
    keyword: 'meta: reset_connection',
    title: 'the next task has a connection of its own',
    tasks: `
    - {name: one, shell: echo $PPID, register: one, changed_when: false}
    - meta: reset_connection
    - {name: two, shell: echo $PPID, register: two, changed_when: false}
    - {name: other, assert: {that: one.stdout != two.stdout}}`,
    lines: ['ok | one | run echo $PPID', 'ok | two | run echo $PPID', 'ok | other | the condition holds'],
  },
  {
    keyword: 'meta: noop',
    title: 'does nothing, whatever its condition',
    tasks: `
    - meta: noop
    - {name: on, debug: {msg: x}}`,
    lines: ['ok | on | x'],
  },
  {
    keyword: 'meta: clear_host_errors',
    title: 'lets the plays that follow have the hosts that failed, and the run end well',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: breaks, fail: {msg: x}, when: inventory_hostname == "a"}
    - meta: clear_host_errors
    - {name: on, debug: {msg: "{{json ansible_play_hosts}}"}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: "{{json ansible_play_hosts}}"}}]}
`,
    lines: {
      a: ['failed | breaks | x', 'ok | next play | ["a","b"]'],
      b: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | on | ["b"]',
        'ok | next play | ["a","b"]',
      ],
    },
  },
];
