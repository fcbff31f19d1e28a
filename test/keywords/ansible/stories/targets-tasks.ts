/** What Ansible's own integration targets try and no other story does, in words of our own: tasks, roles, variables and hosts. */
import type { PeerStory } from '../grounds.js';

const told = (name: string, said = 'x'): string => `- {name: ${name}, debug: {msg: "${said}"}}\n`;

const loops: readonly PeerStory[] = [
  {
    title: 'targets: until: asks whether something has changed, which changed_when says it never does',
    hosts: ['a'],
    tasks: `
    - {name: tried, command: echo, register: r, changed_when: false, until: "<% r is changed %% r.changed %>", retries: 3, delay: 0, ignore_errors: true}
    - {name: tries, debug: {msg: "{{ r.attempts }}"}}`,
  },
  {
    title: 'targets: until: asks whether it went well, which failed_when says it never does',
    hosts: ['a'],
    tasks: `
    - {name: tried, command: echo, register: r, failed_when: true, until: "<% r is successful %% !r.failed %>", retries: 3, delay: 0, ignore_errors: true}
    - {name: tries, debug: {msg: "{{ r.attempts }}"}}`,
  },
  {
    title: 'targets: until: failed_when asks how often it was tried',
    since: '2.16',
    hosts: ['a'],
    tasks: `
    - {name: tried, command: echo, register: r, until: 1 == 0, retries: 4, delay: 0, failed_when: r.attempts > 5, changed_when: r.attempts > 3}
    - {name: tries, debug: {msg: "{{ r.attempts }}"}}`,
  },
  {
    title: 'targets: until: a module that fails, with retries alone',
    since: '2.16',
    hosts: ['a'],
    tasks: `
    - {name: tried, fail: {msg: x}, retries: 2, delay: 0, register: r, ignore_errors: true}
    - {name: tries, debug: {msg: "{{ r.attempts }}"}}`,
  },
  {
    title: 'targets: loops: with a pause',
    hosts: ['a'],
    tasks: `
    - {name: each, debug: {msg: "{{ n }}"}, loop: [1, 2, 3], loop_control: {loop_var: n, pause: 0.1}}`,
  },
  {
    title: 'targets: loops: an included file knows the index',
    tasks: `
    - {include_tasks: part.yaml, loop: [x, y], loop_control: {index_var: place}}`,
    files: { 'part.yaml': told('inside', '{{ item }} {{ place }}') },
  },
  {
    title: 'targets: loops: over what is not there, delegated, under a condition that says no',
    tasks: `
    - {name: skipped, command: echo x, when: false, register: r}
    - {name: each, debug: {msg: x}, when: false, delegate_to: localhost, loop: "{{ r.stdout_lines }}", register: s, failed_when: "<% s is not skipped %% !s.skipped %>"}
    - {name: none, debug: {msg: x}, loop: [], register: t}
    - {name: is skipped, debug: {msg: x}, when: "<% t is skipped %% t.skipped %>"}`,
  },
  {
    title: 'targets: loops: what extended says of all items, and the name of the loop variable',
    tasks: `
    - name: each
      debug: {msg: "{{ ansible_loop.index0 }} {{ ansible_loop.revindex }} {{ ansible_loop.length }} {{ ansible_loop.allitems<% [1] %% .[1] %> }} {{ ansible_loop_var }}"}
      loop: [apple, pear]
      loop_control: {extended: true, loop_var: fruit}`,
  },
  {
    title: 'targets: loops: the loop variable of an include has a name that a variable says',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {called: word}
  tasks: [{include_tasks: part.yaml, loop: [x], loop_control: {loop_var: "{{ called }}"}}]
`,
    files: { 'part.yaml': told('inside', '{{ word }}') },
  },
  {
    title: 'targets: loops: a condition that asks the item, and its label',
    tasks: `
    - {name: each, command: "echo {{ item.name }}", loop: [{name: x, kept: true}, {name: y, kept: false}], loop_control: {label: "{{ item.name }}"}, when: item.kept, changed_when: false, register: r}
    - {name: first, debug: {msg: "<% {{ r.results[0].stdout }} %% {{ r.results.[0].stdout }} %>"}}
    - {name: second is skipped, debug: {msg: x}, when: "<% r.results[1] is skipped %% r.results[1].skipped %>"}`,
  },
];

const roles: readonly PeerStory[] = [
  {
    title: 'targets: roles: needed by one in roles and by one that is imported',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [base, left]
  tasks: [{import_role: {name: right}}]
- hosts: all
  gather_facts: false
  tasks: [{include_role: {name: left}}, {include_role: {name: right}}]
`,
    files: {
      'roles/base/tasks/main.yml': told('of base'),
      'roles/left/meta/main.yml': 'dependencies: [base]\n',
      'roles/left/tasks/main.yml': told('of left'),
      'roles/right/meta/main.yml': 'dependencies: [base]\n',
      'roles/right/tasks/main.yml': told('of right'),
    },
  },
  {
    title: 'targets: roles: in roles, and imported once more',
    playbook: '- {hosts: all, gather_facts: false, roles: [r], tasks: [{import_role: {name: r}}]}\n',
    files: { 'roles/r/tasks/main.yml': told('t') },
  },
  {
    title: 'targets: roles: one that was skipped on each host is done later, once',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {ready: false}
  roles: [{role: r, when: ready}, sets, {role: r, when: ready}, {role: r, when: ready}]
`,
    files: {
      'roles/r/tasks/main.yml': told('t'),
      'roles/sets/tasks/main.yml': '- {name: set, set_fact: {ready: true}}\n',
    },
  },
  {
    title: 'targets: roles: failed, ignored, and asked for again',
    playbook: `
- hosts: all
  gather_facts: false
  ignore_errors: true
  vars: {ready: false}
  roles: [r, sets, r, r]
`,
    files: {
      'roles/r/tasks/main.yml':
        '- {name: t, debug: {msg: x}, failed_when: <% not ready %% "!ready" %>, run_once: true}\n',
      'roles/sets/tasks/main.yml': '- {name: set, set_fact: {ready: true}}\n',
    },
  },
  {
    title: 'targets: roles: parameters of the first use, three deep, and none of the second',
    since: '2.19',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {given: none}
  roles: [{role: top, use: first, given: here}, {role: top, use: second}]
`,
    files: {
      'roles/top/tasks/main.yml': `- {name: of top, debug: {msg: "{{ use }} {{ given }}"}}\n- include_tasks: more.yml\n`,
      'roles/top/tasks/more.yml': '- import_role: {name: mid}\n',
      'roles/mid/tasks/main.yml': `- {name: of mid, debug: {msg: "{{ use }} {{ given }}"}}\n- import_role: {name: low}\n`,
      'roles/low/tasks/main.yml': told('of low', '{{ use }} {{ given }}'),
    },
  },
  {
    title: 'targets: roles: defaults and vars in folders of files, of which one is empty',
    playbook: '- {hosts: all, gather_facts: false, roles: [r]}\n',
    files: {
      'roles/r/defaults/main/00.yml': 'one: 1\ntwo: early\n',
      'roles/r/defaults/main/01.yml': '',
      'roles/r/defaults/main/02.yml': 'two: late\n',
      'roles/r/vars/main/a.yml': 'three: 3\n',
      'roles/r/tasks/main.yml': told('t', '{{ one }} {{ two }} {{ three }}'),
    },
  },
  {
    title: 'targets: roles: what one in roles exports is there from pre_tasks on',
    since: '2.17',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {both: play, fallback: play}
  pre_tasks: [{name: before, debug: {msg: "{{ only }} {{ both }} {{ fallback }} {{ default }}"}}]
  roles: [{role: r, vars: {both: given}}]
  tasks: [{name: after, debug: {msg: "{{ only }} {{ both }} {{ fallback }} {{ default }}"}}]
`,
    files: {
      'roles/r/defaults/main.yml': 'default: default\nfallback: default\n',
      'roles/r/vars/main.yml': 'only: role\nboth: role\n',
      'roles/r/tasks/main.yml': told('t', '{{ only }} {{ both }} {{ fallback }} {{ default }}'),
    },
  },
  ...[
    'import_role: {name: r}',
    ...['', ', public: true', ', public: false'].map((open) => `include_role: {name: r${open}}`),
  ].map((use): PeerStory => ({
    title: `targets: roles: what ${use} leaves behind`,
    playbook: `
- hosts: all
  gather_facts: false
  vars: {v: play}
  tasks:
    - {name: before, debug: {msg: "{{ v }}"}}
    - {${use}}
    - {name: after, debug: {msg: "{{ v }}"}}
`,
    files: { 'roles/r/vars/main.yml': 'v: role\n', 'roles/r/tasks/main.yml': told('t', '{{ v }}') },
  })),
  {
    title: 'targets: roles: imported in an included one, two deep, which sees all defaults and vars',
    tasks: `
    - {include_role: {name: outer}}`,
    files: {
      'roles/outer/defaults/main.yml': 'd: default\n',
      'roles/outer/vars/main.yml': 'v: var\n',
      'roles/outer/tasks/main.yml': '- import_role: {name: mid}\n',
      'roles/mid/tasks/main.yml': '- import_role: {name: inner}\n',
      'roles/inner/tasks/main.yml': told('t', '{{ d }} {{ v }}'),
    },
  },
  {
    title: 'targets: roles: end_role, of roles, imported, and included',
    since: '2.18',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  roles: [r]
  tasks:
    - {name: between, debug: {msg: x}}
    - {import_role: {name: r, allow_duplicates: true}}
    - {name: after import, debug: {msg: x}}
    - {include_role: {name: r, allow_duplicates: false}}
    - {name: after include, debug: {msg: x}}
`,
    files: {
      'roles/r/tasks/main.yml': `- {name: t, debug: {msg: x}, changed_when: true, notify: h}\n- meta: end_role\n${told('never')}`,
      'roles/r/handlers/main.yml': told('h'),
    },
  },
  {
    title: 'targets: roles: end_role on one host, in files that a role in a role includes',
    since: '2.18',
    tasks: `
    - {import_role: {name: outer}}`,
    files: {
      'roles/outer/tasks/main.yml': `- import_role: {name: inner}\n${told('of outer')}`,
      'roles/inner/tasks/main.yml': `- include_tasks: one.yml\n${told('end of inner')}`,
      'roles/inner/tasks/one.yml': `- import_tasks: two.yml\n${told('end of one')}`,
      'roles/inner/tasks/two.yml': `- meta: end_role\n  when: inventory_hostname == 'a'\n${told('end of two')}`,
    },
  },
  {
    title: 'targets: roles: end_role outside of a role is refused',
    since: '2.18',
    tasks: '\n    - {meta: end_role}',
  },
];

const variables: readonly PeerStory[] = [
  {
    title: 'targets: special variables: the parents of a role, before, in and after one that is included',
    playbook: '- {hosts: a, gather_facts: false, roles: [r]}\n',
    files: {
      'roles/r/tasks/main.yml': `
- {name: before, debug: {msg: x}, when: <% ansible_parent_role_names is undefined %% size(ansible_parent_role_names) == 0 %>}
- {import_role: {name: inner}}
- {name: after, debug: {msg: x}, when: <% ansible_parent_role_names is undefined %% size(ansible_parent_role_names) == 0 %>}
`,
      'roles/inner/tasks/main.yml': '- {name: parents, debug: {msg: "{{ ansible_parent_role_names }}"}}\n',
    },
  },
  {
    title: 'targets: omit: of serial and check_mode',
    args: ['--check'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: <% "{{ nothing | default(omit) }}" %% "{{default nothing omit}}" %>
  tasks:
    - {name: checks, debug: {msg: x}, check_mode: <% "{{ nothing | default(omit) }}" %% "{{default nothing omit}}" %>, when: ansible_check_mode}
`,
  },
];

const there: readonly PeerStory[] = [
  {
    title: 'targets: delegate_to: delegate_facts of a block, and of a task',
    hosts: ['a', 'b'],
    tasks: `
    - {name: one, set_fact: {x: 1}, delegate_to: b, delegate_facts: true, when: inventory_hostname == 'a'}
    - delegate_to: b
      delegate_facts: true
      when: inventory_hostname == 'a'
      block: [{name: two, set_fact: {y: 2}}]
    - {name: has them, debug: {msg: "{{ hostvars.b.x }} {{ hostvars.b.y }}"}}
    - {name: own, debug: {msg: x}, when: "<% x is defined %% 'x' in hostvars[inventory_hostname] %>"}`,
  },
  {
    title: 'targets: delegate_to: delegate_facts in a loop, for each host its own',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: given, set_fact: {x: "for {{ item }}"}, delegate_to: "{{ item }}", delegate_facts: true, loop: "{{ groups.all }}"}
- {hosts: all, gather_facts: false, tasks: [{name: tell, debug: {msg: "{{ x }}"}}]}
`,
  },
  {
    title: 'targets: delegate_to: with no_log, and with a label',
    tasks: `
    - {name: hidden, command: echo x, no_log: true, delegate_to: localhost, changed_when: false}
    - {name: each, debug: {msg: x}, delegate_to: "{{ item }}", loop: [localhost], loop_control: {label: "to {{ item }}"}}`,
  },
  {
    title: 'targets: delegate_to: a loop over what each host has of its own, to a host that a variable says',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  vars: {helper: localhost}
  tasks:
    - {name: own, set_fact: {words: ["<% {{ inventory_hostname }} 1 %% {{ inventory_hostname }} 1 %>", "{{ inventory_hostname }} 2"]}}
    - {name: plainly, debug: {msg: "{{ item }}"}, delegate_to: localhost, loop: "{{ words }}"}
    - {name: by a variable, debug: {msg: "{{ item }}"}, delegate_to: "{{ helper }}", loop: "{{ words }}"}
    - {name: by vars, command: echo, changed_when: false, delegate_to: "{{ vars.helper }}"}
`,
  },
  {
    title: 'targets: delegate_to: an empty name fails',
    since: '2.19',
    hosts: ['a'],
    tasks: `
    - {name: empty, command: echo, delegate_to: "{{ helper }}", vars: {helper: ""}, ignore_errors: true, changed_when: false}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'targets: delegate_to: from a host that cannot be reached to one that can',
    unreachable: ['a'],
    hosts: ['a', 'b'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: own, command: echo, changed_when: false, ignore_unreachable: true, register: r}
    - {name: was not reached, debug: {msg: x}, when: <% r is unreachable %% r.unreachable %>}
    - {name: there, command: echo, changed_when: false, delegate_to: b}
`,
  },
  {
    title: 'targets: delegate_to: to hosts that add_host has brought, in a loop',
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: bring, add_host: {name: "new{{ item }}", groups: fresh, ansible_connection: local}, loop: [1, 2]}
    - {name: there, set_fact: {origin: "{{ item }}"}, delegate_to: "{{ item }}", delegate_facts: true, loop: "{{ groups.fresh }}"}
- {hosts: fresh, gather_facts: false, tasks: [{name: tell, debug: {msg: "{{ origin }}"}}]}
`,
  },
  {
    title: 'targets: no_log: of tasks, of a play, and of one that says no',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: well, command: echo x, no_log: true}
    - {name: fails, command: echo x, no_log: true, failed_when: true, ignore_errors: true}
    - {name: skipped, command: echo x, no_log: true, when: false}
- hosts: all
  gather_facts: false
  no_log: true
  tasks:
    - {name: of play, command: echo x}
    - {name: not hidden, debug: {msg: seen}, no_log: false}
`,
  },
  {
    title: 'targets: no_log: that a variable says',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {shown: true}
  tasks:
    - {name: seen, debug: {msg: seen}, no_log: <% "{{ not shown }}" %% !cel '!shown' %>}
    - {name: each, command: "echo {{ item }}", loop: [x, y], no_log: <% "{{ not shown }}" %% !cel '!shown' %>, changed_when: false}
    - {name: fails, command: echo x, no_log: <% "{{ shown }}" %% "{{ shown }}" %>, failed_when: true, ignore_errors: true}
`,
  },
  {
    title: 'targets: any_errors_fatal: a text in an imported file cannot be rendered on one host',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks: [{import_tasks: part.yaml}]
`,
    files: {
      'part.yaml': `- {name: renders, debug: {msg: "{{ box.content }}"}}\n${told('never')}`,
      'host_vars/a.yml': 'box: {}\n',
      'host_vars/b.yml': 'box: {content: x}\n',
    },
  },
  {
    title: 'targets: any_errors_fatal: a block in an always runs',
    since: '2.15',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - block: [{name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}]
      always:
        - block: [{name: at last, debug: {msg: x}}]
    - {name: never, debug: {msg: x}}
`,
  },
  {
    title: 'targets: any_errors_fatal: of a play, rescued on all hosts, which go on',
    since: '2.15',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - {name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}
        - {name: never, debug: {msg: x}}
      rescue: [{name: saved, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}
`,
  },
  {
    title: 'targets: any_errors_fatal: block, rescue that fails, and always, on one host',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - block:
        - {name: first, debug: {msg: x}}
        - {name: broken, command: "false"}
        - {name: never, debug: {msg: x}}
      rescue:
        - {name: saving, debug: {msg: x}}
        - {name: broken again, command: "false"}
        - {name: never too, debug: {msg: x}}
      always: [{name: at last, debug: {msg: x}}]
- {hosts: all, gather_facts: false, any_errors_fatal: true, tasks: [{name: never at all, debug: {msg: x}}]}
`,
  },
  {
    title: 'targets: meta: end_host of all hosts, by the full name of the module, and the next play',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks: [{name: one, debug: {msg: x}}, {ansible.builtin.meta: end_host}, {name: never, debug: {msg: x}}]
- {hosts: all, gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}
`,
  },
  {
    title: 'targets: meta: end_batch of every batch',
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: one, debug: {msg: "{{ ansible_play_batch }}"}}, {meta: end_batch}, {name: never, fail: {msg: x}}]
`,
  },
  {
    title: 'targets: meta: end_play of the first batch, by the full name of the module',
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: one, debug: {msg: x}}, {ansible.builtin.meta: end_play}, {name: never, fail: {msg: x}}]
- {hosts: all, gather_facts: false, tasks: [{name: next, debug: {msg: x}}]}
`,
  },
];

const further: readonly PeerStory[] = [
  {
    title: 'targets: roles: asked for twice, and a host cannot be reached',
    unreachable: ['a'],
    playbook: '- {hosts: all, gather_facts: false, ignore_unreachable: true, roles: [r, r]}\n',
    files: { 'roles/r/tasks/main.yml': '- {name: t, command: echo, changed_when: false}\n' },
  },
  {
    title: 'targets: roles: an imported tasks_from that leaves the role is refused',
    since: '2.19',
    tasks: `
    - {import_role: {name: r, tasks_from: ../../../outside.yml}}`,
    files: { 'roles/r/tasks/main.yml': told('t'), 'outside.yml': told('never') },
  },
  {
    title: 'targets: include_vars: a file that is not there, ignored, and by the full name of the module',
    hosts: ['a'],
    tasks: `
    - {name: missing, include_vars: {file: "not-{{ inventory_hostname }}.yaml"}, ignore_errors: true, register: r}
    - {name: failed, debug: {msg: x}, when: "<% r is failed %% r.failed %>"}
    - name: read
      ansible.builtin.include_vars: >
        there.yaml
    - {name: tell, debug: {msg: "{{ one }} {{ two }}"}}`,
    files: { 'vars/there.yaml': 'one: 1\ntwo: "{{ one }}"\n' },
  },
];

export const targetTaskStories: readonly PeerStory[] = [
  ...loops,
  ...roles,
  ...variables,
  ...there,
  ...further,
];
