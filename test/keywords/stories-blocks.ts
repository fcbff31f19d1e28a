/** What becomes of a host, and of the others, where a block rescues it, as ansible-core 2.19 decides, as stories. */
import type { Story } from './story.js';

const hosts = ['a', 'b', 'c'];
const asked =
  '{{json ansible_play_hosts}} {{json ansible_play_batch}} {{json play_hosts}} {{json ansible_play_hosts_all}}';

export const blockStories: readonly Story[] = [
  {
    keyword: 'rescue',
    title: 'ansible_failed_task has the name that the task is given, and none where it is given none',
    tasks: `
    - block: [{import_role: {name: r}}]
      rescue: [{name: of a role, debug: {msg: "[{{ansible_failed_task.name}}] {{ansible_failed_task.action}}"}}]
    - block: [{command: /bin/false}]
      rescue: [{name: of none, debug: {msg: "[{{ansible_failed_task.name}}] {{ansible_failed_task.action}}"}}]`,
    files: { 'roles/r/tasks/main.yml': '- {name: breaks, command: /bin/false}\n' },
    lines: [
      'failed | r : breaks | `/bin/false` ended with exit code 1',
      'ok | of a role | [breaks] command',
      'failed | command | `/bin/false` ended with exit code 1',
      'ok | of none | [] command',
    ],
  },
  {
    keyword: 'any_errors_fatal',
    title: 'in a block with a rescue rescues all hosts, and all go on',
    // 2.14 lets the others go on in the block (ansible#80981).
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - {name: breaks, fail: {msg: x}, when: inventory_hostname == "a"}
        - {name: never, debug: {msg: x}}
      rescue: [{name: rescued, debug: {msg: x}}]
      always: [{name: tidy, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}
`,
    lines: {
      a: ['failed | breaks | x', 'ok | rescued | x', 'ok | tidy | x', 'ok | after | x'],
      b: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | rescued | x',
        'ok | tidy | x',
        'ok | after | x',
      ],
      c: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | rescued | x',
        'ok | tidy | x',
        'ok | after | x',
      ],
    },
  },
  {
    keyword: 'any_errors_fatal',
    title:
      'in a block inside one with a rescue does its always, then the rescue; a rescue that fails stops all',
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - block:
            - {name: breaks, fail: {msg: x}, when: inventory_hostname == "a"}
            - {name: never, debug: {msg: x}}
          always: [{name: inner, debug: {msg: x}}]
        - {name: never either, debug: {msg: x}}
      rescue: [{name: breaks again, fail: {msg: y}, when: inventory_hostname == "a"}]
      always: [{name: outer, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}
`,
    lines: {
      a: ['failed | breaks | x', 'ok | inner | x', 'failed | breaks again | y', 'ok | outer | x'],
      b: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | inner | x',
        'skipped | breaks again | when: inventory_hostname == "a"',
        'ok | outer | x',
      ],
      c: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | inner | x',
        'skipped | breaks again | when: inventory_hostname == "a"',
        'ok | outer | x',
      ],
    },
    code: 2,
    outcomes: { a: 'failed', b: 'halted', c: 'halted' },
  },
  {
    keyword: 'run_once',
    // As 2.14 has it; a 2.19 before its release fails the other hosts a second time, and so out of the rescue.
    title: 'that fails in a block with a rescue has all hosts rescued',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - block:
        - {name: breaks, command: /bin/false, run_once: true}
      rescue: [{name: rescued, debug: {msg: "{{ansible_failed_task.name}} {{ansible_failed_result.rc}}"}}]
    - {name: after, debug: {msg: x}}
`,
    lines: {
      a: [
        'failed | breaks | `/bin/false` ended with exit code 1',
        'ok | rescued | breaks 1',
        'ok | after | x',
      ],
      b: ['ok | rescued | breaks 1', 'ok | after | x'],
    },
  },
  {
    keyword: 'magic variables',
    title:
      'of the hosts of a play: those that failed are left out of it and of the batch, and named among all',
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: breaks, fail: {msg: x}, when: inventory_hostname == "a"}
    - {name: then, debug: {msg: "${asked}"}}
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: next play, debug: {msg: "${asked}"}}]
`,
    lines: {
      a: ['failed | breaks | x'],
      b: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | then | ["b","c"] ["b","c"] ["b","c"] ["a","b","c"]',
        'ok | next play | ["b","c"] ["b"] ["b"] ["a","b","c"]',
      ],
      c: [
        'skipped | breaks | when: inventory_hostname == "a"',
        'ok | then | ["b","c"] ["b","c"] ["b","c"] ["a","b","c"]',
        'ok | next play | ["b","c"] ["c"] ["c"] ["a","b","c"]',
      ],
    },
    code: 2,
    outcomes: { a: 'failed' },
  },
];
