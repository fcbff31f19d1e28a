/** Rolling runs in small, as stories; the large one is rolling.test.ts. */
import type { Story } from './story.js';

const failOn = (hosts: string): string =>
  `{name: try, fail: {msg: broken}, when: 'inventory_hostname in ${hosts}'}`;
const passed = (hosts: string): string => `skipped | try | when: inventory_hostname in ${hosts}`;

export const rollingStories: readonly Story[] = [
  {
    keyword: 'serial',
    title: 'so many hosts at a time: each batch begins when the last is through',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: count, shell: "printf %s {{inventory_hostname}} >> TMP/order; cat TMP/order", register: r, changed_when: false}, {name: tell, debug: {msg: "{{r.stdout}} of {{json ansible_play_batch}}"}}]
`,
    lines: {
      a: ['ok | count | run printf %s a >> TMP/order; cat TMP/order', 'ok | tell | a of ["a"]'],
      b: ['ok | count | run printf %s b >> TMP/order; cat TMP/order', 'ok | tell | ab of ["b"]'],
      c: ['ok | count | run printf %s c >> TMP/order; cat TMP/order', 'ok | tell | abc of ["c"]'],
    },
  },
  {
    keyword: 'serial',
    title: 'a list: a canary, half of the hosts, the rest; a template may stand in it',
    hosts: ['a', 'b', 'c', 'd'],
    args: ['-e', 'canaries=1'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: ["{{canaries}}", "50%", "100%"]
  tasks: [{name: tell, debug: {msg: "{{json ansible_play_batch}}"}}]
`,
    lines: {
      a: ['ok | tell | ["a"]'],
      b: ['ok | tell | ["b","c"]'],
      c: ['ok | tell | ["b","c"]'],
      d: ['ok | tell | ["d"]'],
    },
  },
  {
    keyword: 'max_fail_percentage',
    title: 'must be exceeded, and counts within a batch',
    hosts: ['a', 'b', 'c', 'd', 'e', 'f'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  max_fail_percentage: 50
  tasks: [${failOn('["a", "c", "d"]')}]
`,
    lines: {
      a: ['failed | try | broken'],
      b: [passed('["a", "c", "d"]')],
      c: ['failed | try | broken'],
      d: ['failed | try | broken'],
      e: [],
      f: [],
    },
    code: 2,
    outcomes: { a: 'failed', c: 'failed', d: 'failed', e: 'not-tried', f: 'not-tried' },
  },
  {
    keyword: 'max_unreachable_percentage',
    title: 'hosts that cannot be reached are counted apart',
    hosts: ['a', 'b', 'c', 'd'],
    unreachable: ['a', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: [2, 1]
  max_fail_percentage: 0
  max_unreachable_percentage: 50
  tasks: [{name: look, command: "true", changed_when: false}]
`,
    lines: {
      a: ['unreachable | look | cannot connect to a (127.0.0.1 port CLOSED): connection refused'],
      b: ['ok | look | run true'],
      c: ['unreachable | look | cannot connect to c (127.0.0.1 port CLOSED): connection refused'],
      d: [],
    },
    code: 3,
    outcomes: { a: 'unreachable', c: 'unreachable', d: 'not-tried' },
  },
  {
    keyword: 'max_fail_total',
    title: 'is a budget of the whole play, over its batches',
    hosts: ['a', 'b', 'c', 'd', 'e', 'f'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  max_fail_total: 1
  tasks: [${failOn('["a", "d"]')}]
`,
    lines: {
      a: ['failed | try | broken'],
      b: [passed('["a", "d"]')],
      c: [passed('["a", "d"]')],
      d: ['failed | try | broken'],
      e: [],
      f: [],
    },
    code: 2,
    outcomes: { a: 'failed', d: 'failed', e: 'not-tried', f: 'not-tried' },
  },
  {
    keyword: 'max_unreachable_total',
    title: 'a part of all hosts of the play',
    hosts: ['a', 'b', 'c', 'd'],
    unreachable: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  max_unreachable_total: 20%
  tasks: [{name: look, command: "true", changed_when: false}]
`,
    lines: {
      a: ['unreachable | look | cannot connect to a (127.0.0.1 port CLOSED): connection refused'],
      b: ['ok | look | run true'],
      c: [],
      d: [],
    },
    code: 3,
    outcomes: { a: 'unreachable', c: 'not-tried', d: 'not-tried' },
  },
  {
    keyword: 'between_batches',
    title: 'a gate: run on the hosts that are through, before the next batch, not after the last',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: work, debug: {msg: x}}]
  between_batches:
    - {name: healthy, assert: {that: 'inventory_hostname != "b"', fail_msg: not healthy}}
`,
    lines: {
      a: ['ok | work | x', 'ok | healthy | the condition holds'],
      b: ['ok | work | x', 'failed | healthy | not healthy'],
      c: [],
    },
    code: 2,
    outcomes: { b: 'failed', c: 'not-tried' },
  },
  {
    keyword: 'between_batches',
    title: 'may ask once for the whole batch, on another host',
    hosts: ['a', 'b', 'c', 'd'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  strategy: linear
  tasks: [{name: work, debug: {msg: x}}]
  between_batches:
    - {name: ask the balancer, shell: echo asked >> TMP/asked, delegate_to: localhost, run_once: true, changed_when: false}
- hosts: d
  gather_facts: false
  tasks: [{name: look, command: cat TMP/asked, register: r, changed_when: false}, {name: tell, debug: {msg: "{{r.stdout}}"}}]
`,
    lines: {
      a: ['ok | work | x', 'ok | ask the balancer | run echo asked >> TMP/asked'],
      b: ['ok | work | x'],
      c: ['ok | work | x'],
      d: ['ok | work | x', 'ok | look | run cat TMP/asked', 'ok | tell | asked'],
    },
  },
];
