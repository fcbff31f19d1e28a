/** Batches, budgets, and what a failure of one host does to the others. */
import type { PeerStory } from '../grounds.js';

const hosts = ['a', 'b', 'c', 'd'];

/** How large batches are × how much may fail × which hosts fail. */
const generated: readonly PeerStory[] = ['1', '"50%"', '[1, 3]'].flatMap((serial) =>
  [
    '',
    'max_fail_percentage: 0',
    'max_fail_percentage: 30',
    'max_fail_percentage: 50',
    'any_errors_fatal: true',
  ].flatMap((budget) =>
    ['b, c', 'c'].map((failing): PeerStory => ({
      title: `serial: ${serial}; ${budget || 'no budget'}; fails: ${failing}`,
      hosts,
      playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  serial: ${serial}
  ${budget}
  tasks:
    - {name: one, debug: {msg: x}}
    - {name: maybe, fail: {msg: x}, when: "inventory_hostname in [${failing
      .split(', ')
      .map((host) => `'${host}'`)
      .join(', ')}]"}
    - {name: last, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
    })),
  ),
);

export const batchStories: readonly PeerStory[] = [
  ...generated,
  {
    title: 'batches: any_errors_fatal of one task',
    hosts,
    tasks: `
    - {name: one, debug: {msg: x}}
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'c', any_errors_fatal: true}
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'batches: any_errors_fatal, and the failure is ignored',
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'c', ignore_errors: true}
    - {name: goes on, debug: {msg: x}}
`,
  },
  {
    title: 'batches: any_errors_fatal, with always',
    // An older release takes the other hosts along as if nothing had failed (ansible#80981).
    since: '2.15',
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - {name: fails, fail: {msg: x}, when: inventory_hostname == 'c'}
        - {name: never, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}
`,
  },
  {
    title: 'batches: order reverse_sorted and serial',
    hosts: ['c', 'a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  order: reverse_sorted
  serial: 1
  tasks:
    - {name: one, debug: {msg: "{{ ansible_play_batch }}"}}
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'b'}
`,
  },
  {
    title: 'batches: failed hosts are not in the next play',
    hosts,
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: fails, fail: {msg: x}, when: "inventory_hostname in ['a', 'd']"}]
- hosts: all
  gather_facts: false
  tasks: [{name: next, debug: {msg: x}}]
- hosts: a:d
  gather_facts: false
  tasks: [{name: none left, debug: {msg: x}}]
- hosts: d:b
  gather_facts: false
  tasks: [{name: some left, debug: {msg: x}}]
`,
  },
  {
    title: 'batches: every host fails, and the plays end',
    playbook: `
- {hosts: all, gather_facts: false, tasks: [{name: fails, fail: {msg: x}}]}
- {hosts: localhost, connection: local, gather_facts: false, tasks: [{name: next, debug: {msg: x}}]}
`,
  },
  {
    title: 'batches: a host that cannot be reached does not hold up the others',
    hosts: ['a', 'b'],
    unreachable: ['b'],
    tasks: `
    - {name: said, debug: {msg: x}}
    - {name: asked, command: "true", changed_when: false}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'batches: every host that cannot be reached',
    hosts: ['a'],
    unreachable: ['a'],
    tasks: `
    - {name: asked, command: "true"}
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'batches: ignore_unreachable goes on, and counts as skipped',
    hosts: ['a', 'b'],
    unreachable: ['b'],
    tasks: `
    - {name: asked, command: "true", changed_when: false, ignore_unreachable: true}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'batches: unreachable in a block is not rescued',
    differs: '`always` runs for a host that was lost, too',
    hosts: ['a', 'b'],
    unreachable: ['b'],
    tasks: `
    - block:
        - {name: asked, command: "true", changed_when: false}
      rescue:
        - {name: rescue, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
];
