/** Special variables, delegation, run_once, meta: what a host knows of the others and does for them. */
import type { PeerStory } from '../grounds.js';

const asked = (names: readonly string[]): string =>
  names.map((name) => `\n    - {name: ${name}, debug: {msg: "{{ ${name} }}"}}`).join('');

const three = ['a', 'b', 'c'];

export const hostStories: readonly PeerStory[] = [
  {
    title: 'special variables: of a host',
    hosts: three,
    tasks: asked(['inventory_hostname', 'inventory_hostname_short', 'group_names', 'groups', 'playbook_dir']),
  },
  {
    title: 'special variables: ansible_host without one in the inventory',
    tasks: asked(['ansible_host']),
  },
  {
    title: 'special variables: of a play, once a host has failed',
    hosts: three,
    tasks: `
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'b'}${asked([
      'ansible_play_hosts',
      'ansible_play_hosts_all',
      'ansible_play_batch',
      'play_hosts',
      'ansible_play_name',
    ])}`,
  },
  {
    title: 'special variables: of a batch',
    hosts: three,
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  strategy: linear
  tasks:${asked(['ansible_play_hosts', 'ansible_play_hosts_all', 'ansible_play_batch'])}
`,
  },
  {
    title: 'special variables: of the next play, after a host was lost',
    hosts: three,
    playbook: `
- {hosts: all, gather_facts: false, tasks: [{name: fails, fail: {msg: x}, when: inventory_hostname == 'b'}]}
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:${asked(['ansible_play_hosts', 'ansible_play_hosts_all', 'ansible_play_batch'])}
`,
  },
  {
    title: 'special variables: of roles',
    playbook: '- {hosts: a, gather_facts: false, roles: [r]}\n',
    files: {
      'roles/r/meta/main.yml': 'dependencies: [dep]\n',
      'roles/r/tasks/main.yml': `
- {name: tell, debug: {msg: "{{ role_name }} {{ ansible_role_name }} {{ role_path }}"}}
- {name: roles, debug: {msg: "{{ ansible_play_role_names }}"}}
- {name: all, debug: {msg: x}, when: "'dep' in ansible_role_names"}
- {name: needed, debug: {msg: "{{ ansible_dependent_role_names }}"}}
- {import_role: {name: inner}}
`,
      'roles/dep/tasks/main.yml': '- {name: tell, debug: {msg: "{{ role_name }}"}}\n',
      'roles/inner/tasks/main.yml': '- {name: parents, debug: {msg: "{{ ansible_parent_role_names }}"}}\n',
    },
  },
  {
    title: 'special variables: of options',
    args: ['--tags', 'all', '--skip-tags', 'nope', '--limit', 'a', '--check', '--diff', '-f', '3', '-v'],
    tasks: asked([
      'ansible_run_tags',
      'ansible_skip_tags',
      'ansible_limit',
      'ansible_check_mode',
      'ansible_diff_mode',
      'ansible_forks',
      'ansible_verbosity',
    ]),
  },
  {
    title: 'special variables: vars and ansible_search_path',
    tasks: `
    - {name: vars, debug: {msg: "{{ vars.x }}"}, vars: {x: 1}}
    - {name: path, debug: {msg: "{{ ansible_search_path }}"}}`,
  },
  {
    title: 'delegate_to: the variables stay those of the host',
    hosts: three,
    tasks: `
    - {name: there, debug: {msg: "{{ inventory_hostname }}"}, delegate_to: c}
    - {name: each, debug: {msg: "{{ item }}"}, delegate_to: "{{ item }}", loop: [b, c], when: inventory_hostname == 'a'}
    - {name: own, set_fact: {x: "{{ inventory_hostname }}"}, delegate_to: c}
    - {name: tell, debug: {msg: "{{ x }}"}}`,
  },
  {
    title: 'delegate_to: delegate_facts gives them to the other',
    hosts: three,
    playbook: `
- hosts: a
  gather_facts: false
  tasks: [{name: set, set_fact: {x: given}, delegate_to: c, delegate_facts: true}]
- {hosts: c, gather_facts: false, tasks: [{name: tell, debug: {msg: "{{ x }}"}}]}
`,
  },
  {
    title: 'delegate_to: a failure counts for the host that asked',
    hosts: three,
    tasks: `
    - {name: there, fail: {msg: x}, delegate_to: c, when: inventory_hostname == 'a'}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'delegate_to: in a loop, to one that cannot be reached',
    hosts: ['a', 'c'],
    unreachable: ['c'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: each, command: echo, delegate_to: "{{ item }}", loop: [localhost, c, localhost], ignore_unreachable: true, register: r, changed_when: false}
    - {name: which, debug: {msg: "{{ item.item }}"}, loop: "{{ r.results }}", loop_control: {label: x}, when: <% item.unreachable | default(false) %% has(item.unreachable) && item.unreachable %>}
`,
  },
  {
    title: 'delegate_to: localhost, which no inventory names',
    tasks: `
    - {name: here, command: echo here, delegate_to: localhost, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{ r.stdout }}"}}`,
  },
  {
    title: 'delegate_to: omit',
    tasks: `
    - {name: here, debug: {msg: x}, delegate_to: "<% {{ nothing | default(omit) }} %% {{default nothing omit}} %>"}`,
  },
  {
    title: 'run_once: one host for all, and all know the result',
    hosts: three,
    tasks: `
    - {name: once, command: echo out, run_once: true, register: r}
    - {name: tell, debug: {msg: "{{ r.stdout }}"}}
    - {name: set, set_fact: {x: "{{ inventory_hostname }}"}, run_once: true}
    - {name: tell fact, debug: {msg: "{{ x }}"}}`,
  },
  {
    title: 'run_once: fails for all',
    hosts: three,
    tasks: `
    - {name: once, fail: {msg: x}, run_once: true}
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'run_once: fails, and is rescued',
    differs: 'what `run_once` fails at is rescued on every host',
    hosts: three,
    tasks: `
    - block:
        - {name: once, fail: {msg: x}, run_once: true}
        - {name: never, debug: {msg: x}}
      rescue:
        - {name: rescue, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'run_once: in each batch, under a condition, in a loop, delegated',
    hosts: three,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  serial: 2
  tasks:
    - {name: once, debug: {msg: "{{ inventory_hostname }}"}, run_once: true}
    - {name: skipped, debug: {msg: x}, run_once: true, when: inventory_hostname == 'b'}
    - {name: looped, debug: {msg: "{{ item }}"}, run_once: true, loop: [1, 2]}
    - {name: delegated, debug: {msg: x}, run_once: true, delegate_to: c}
`,
  },
  {
    title: 'run_once: of a block around included tasks, whose results all know',
    hosts: three,
    tasks: `
    - block:
        - {include_tasks: more.yaml}
        - {include_tasks: more.yaml, loop: [1, 2], loop_control: {loop_var: n}}
      run_once: true
    - {name: tell, debug: {msg: "{{ r.stdout }}"}}
    - {include_tasks: more.yaml, run_once: true}`,
    files: {
      'more.yaml':
        '- {name: inside, command: "echo {{ inventory_hostname }}", register: r, changed_when: false}\n',
    },
  },
  {
    title: 'run_once: fails in the first batch, and there is no second',
    hosts: three,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  serial: 2
  tasks: [{name: once, fail: {msg: x}, run_once: true}]
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'ignore_errors: of a play, a block and a task, and what they register',
    playbook: `
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - {name: one, fail: {msg: x}, register: r}
    - {name: two, fail: {msg: y}, when: r.failed}
    - {name: three, fail: {msg: z}, ignore_errors: false, when: inventory_hostname == 'a'}
    - {name: four, debug: {msg: x}}
`,
  },
  {
    title: 'meta: end_host, in a play, in a block with always, in a rescue',
    since: '2.15',
    hosts: three,
    tasks: `
    - {name: one, debug: {msg: x}}
    - {meta: end_host, when: inventory_hostname == 'a'}
    - block:
        - {meta: end_host, when: inventory_hostname == 'b'}
        - {name: two, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}
    - block:
        - {name: fails, fail: {msg: x}}
      rescue:
        - {meta: end_host}
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'meta: end_play, end_batch and noop',
    hosts: three,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  serial: 1
  tasks:
    - {meta: noop}
    - {name: one, debug: {msg: x}}
    - {meta: end_batch, when: inventory_hostname == 'a'}
    - {name: two, debug: {msg: x}}
    - {meta: end_play, when: inventory_hostname == 'b'}
    - {name: three, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'meta: end_play with handlers that wait',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: one, debug: {msg: x}, changed_when: true, notify: h}
    - {meta: end_play}
    - {name: never, debug: {msg: x}}
  handlers: [{name: h, debug: {msg: x}}]
`,
  },
  {
    title: 'meta: clear_facts',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: set, set_fact: {x: set}}
    - {meta: clear_facts}
    - {name: gone, debug: {msg: x}, when: "<% x is not defined %% !('x' in hostvars[inventory_hostname]) %>"}
`,
  },
  {
    title: 'meta: clear_host_errors',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: asked, fail: {msg: x}, when: inventory_hostname == 'b'}
    - {meta: clear_host_errors}
    - {name: after, debug: {msg: "{{ ansible_play_hosts }}"}}
    - {name: of the batch, debug: {msg: "{{ ansible_play_batch }}"}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'meta: clear_host_errors: of a host that failed in a block of a block',
    differs: 'comes back with the next play, wherever it failed',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - block:
        - block:
            - {name: asked, fail: {msg: x}, when: inventory_hostname == 'b'}
        - {meta: clear_host_errors}
        - {name: after, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'meta: clear_host_errors: of a host that could not be reached',
    differs: 'comes back with the next play, wherever it failed',
    unreachable: ['b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: asked, command: echo x, changed_when: false}
    - {meta: clear_host_errors}
    - {name: after, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'meta: clear_host_errors: of a host that fails after it, while another has not come to it',
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: slow, command: sleep 0.5, changed_when: false, when: inventory_hostname == 'b'}
    - {meta: clear_host_errors}
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'a'}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: x}}]}
`,
  },
  {
    title: 'meta: clear_host_errors: of a host that fails before it, when others are past it',
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: slow, command: sleep 0.5, changed_when: false, when: inventory_hostname == 'b'}
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'b'}
    - {meta: clear_host_errors}
    - {name: after, debug: {msg: x}}
- {hosts: all, gather_facts: false, tasks: [{name: next play, debug: {msg: "{{ ansible_play_hosts }}"}}]}
`,
  },
  {
    title: 'hosts: patterns, and plays that take nobody',
    hosts: ['web1', 'web2', 'db1'],
    playbook: `
- {hosts: 'web*', gather_facts: false, tasks: [{name: one, debug: {msg: x}}]}
- {hosts: 'all:!web1', gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}
- {hosts: 'web*:&web2', gather_facts: false, tasks: [{name: three, debug: {msg: x}}]}
- {hosts: 'web1,db1', gather_facts: false, tasks: [{name: four, debug: {msg: x}}]}
- {hosts: [web2, db1], gather_facts: false, tasks: [{name: five, debug: {msg: x}}]}
- {hosts: 'ungrouped:!ungrouped', gather_facts: false, tasks: [{name: none, debug: {msg: x}}]}
- {hosts: '~w.*1', gather_facts: false, tasks: [{name: six, debug: {msg: x}}]}
`,
  },
  ...(['well', 'command', 'unreachable'] as const).map((end): PeerStory => ({
    title: `playbooks: a second one, after a first that ends ${end === 'well' ? end : `with ${end}`}`,
    hosts: three,
    args: ['two.yaml'],
    ...(end === 'unreachable' && { unreachable: ['a'] }),
    playbook: `
- {hosts: 'a,b', gather_facts: false, tasks: [{name: one, command: ${end === 'command' ? "'false'" : 'echo'}, when: inventory_hostname == 'a'}]}
- {hosts: 'b', gather_facts: false, tasks: [{name: of the same, debug: {msg: x}}]}
- {hosts: 'a,b', gather_facts: false, tasks: [{name: of the same, debug: {msg: x}}]}
`,
    files: {
      'two.yaml': '- {hosts: all, gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}\n',
    },
  })),
  {
    title: 'delegation: to addresses of this machine, and to hosts that the inventory does not have',
    tasks: `
    - {name: localhost, command: "echo {{ inventory_hostname }}", delegate_to: localhost, register: l}
    - {name: address, command: "echo {{ inventory_hostname }}", delegate_to: 127.0.0.1, register: r}
    - {name: tell, debug: {msg: "{{ l.stdout }} {{ r.stdout }}"}}
    - {name: local, command: echo, delegate_to: "other-{{ inventory_hostname }}", connection: local}
    - {name: known, debug: {msg: "{{ groups.all }}"}}
    - {name: lost, command: echo, delegate_to: nowhere.invalid, when: inventory_hostname == 'b'}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'hosts: --limit',
    hosts: ['web1', 'web2', 'db1'],
    args: ['--limit', 'web*:!web2'],
    tasks: `
    - {name: one, debug: {msg: "{{ ansible_play_hosts }}"}}
    - {name: two, debug: {msg: "{{ groups.all }}"}}`,
  },
  {
    title: 'check mode: of tasks, and of the run',
    args: ['--check'],
    tasks: `
    - {name: runs, command: echo out, check_mode: false, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{ r.stdout }}"}}
    - {name: set, set_fact: {x: 1}}
    - {name: in check, debug: {msg: x}, when: ansible_check_mode}`,
  },
  {
    title: 'start-at-task: passes over what comes before',
    args: ['--start-at-task', 'two'],
    tasks: `
    - {name: one, debug: {msg: x}}
    - {name: two, debug: {msg: x}}
    - {name: three, debug: {msg: x}}`,
  },
];
