/** Keywords of plays, as stories. */
import type { Story } from './story.js';

export const playStories: readonly Story[] = [
  {
    keyword: 'hosts',
    title: 'a pattern, a list of them, or a template over -e',
    hosts: ['x1', 'x2', 'y1'],
    args: ['-e', 'which=x2'],
    playbook: `
- {hosts: 'x*:!x2', gather_facts: false, tasks: [{name: one, debug: {msg: x}}]}
- {hosts: [y1, x2], gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}
- {hosts: "{{which}}", gather_facts: false, tasks: [{name: three, debug: {msg: x}}]}
`,
    lines: { x1: ['ok | one | x'], x2: ['ok | two | x', 'ok | three | x'], y1: ['ok | two | x'] },
  },
  {
    keyword: 'hosts',
    title:
      'a group without hosts, or one that the limit cuts away: the play is passed over, and the next one run',
    hosts: ['x1', 'x2'],
    args: ['--limit', 'x2'],
    playbook: `
- {hosts: ungrouped:!all, gather_facts: false, tasks: [{name: one, debug: {msg: x}}]}
- {hosts: x1, gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}
- {hosts: all, gather_facts: false, tasks: [{name: three, debug: {msg: x}}]}
`,
    lines: { x2: ['ok | three | x'] },
    idle: ['x1'],
  },
  {
    keyword: 'connection',
    title: 'local: the work is done on the machine that zrun runs on, whatever becomes of the host',
    unreachable: ['a'],
    playbook: `
- hosts: all
  connection: local
  tasks:
    - {name: one, debug: {msg: known}, when: facts.host.kernel != ""}
    - connection: ssh
      block:
        - {name: two, command: "true", connection: "{{way}}", vars: {way: local}}
        - {name: three, command: "true"}
`,
    lines: [
      'ok | Gathering Facts | only looks',
      'ok | one | known',
      'changed | two | run true',
      'unreachable | three | cannot connect to a (127.0.0.1 port CLOSED): connection refused',
    ],
    code: 3,
    outcomes: { a: 'unreachable' },
  },
  {
    keyword: 'remote_user',
    title: "is not asked where the host's variables name one",
    playbook: `
- hosts: all
  remote_user: no-such-user
  gather_facts: false
  tasks: [{name: one, command: "true", remote_user: nobody-else}]
`,
    lines: ['changed | one | run true'],
  },
  {
    keyword: 'gather_facts',
    title: 'facts are there unless it says no',
    playbook: `
- hosts: all
  tasks: [{name: tell, debug: {msg: "known"}, when: facts.host.kernel != ""}]
`,
    lines: ['ok | Gathering Facts | only looks', 'ok | tell | known'],
  },
  {
    keyword: 'hosts',
    title: "have the variables of the folder that their play's file lies in, imported or not, as in Ansible",
    hosts: ['a', 'b'],
    args: ['other/more.yaml'],
    playbook: `
- import_playbook: inner/imported.yaml
- {hosts: a, gather_facts: false, tasks: [{name: outer, debug: {msg: "{{default x '-'}} {{default y '-'}} {{default hostvars.b.x '-'}}"}}]}
`,
    files: {
      // Beside the inventory too, and so for all.
      'group_vars/all.yml': 'x: outer\n',
      'inner/group_vars/all.yml': 'y: inner\n',
      'inner/host_vars/b.yml': 'x: b of inner\n',
      'inner/imported.yaml': `
- hosts: a
  gather_facts: false
  tasks: [{name: inner, debug: {msg: "{{default x '-'}} {{y}} {{hostvars.b.x}}"}}]
`,
      'other/group_vars/all.yml': 'x: other\n',
      'other/more.yaml': `
- hosts: a
  gather_facts: false
  tasks:
    - {name: other, debug: {msg: "{{x}} {{default y '-'}} {{hostvars.b.x}}"}}
    - {name: asked, command: "echo {{x}}", delegate_to: b}
`,
    },
    lines: {
      a: [
        'ok | inner | outer inner b of inner',
        'ok | outer | outer - outer',
        'ok | other | other - other',
        'changed | asked | run echo other',
      ],
    },
    idle: ['b'],
  },
  {
    keyword: 'vars_files',
    title: 'go before vars, the last before the first; a list takes the first that is there',
    args: ['-e', 'stage=test'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {a: 0, b: 0, c: 0, d: 0}
  vars_files: [one.yaml, "{{stage}}.yaml", [not-there.yaml, three.yaml]]
  tasks: [{name: tell, debug: {msg: "{{a}}{{b}}{{c}}{{d}}"}}]
`,
    files: { 'one.yaml': 'b: 1\nc: 1\n', 'test.yaml': 'c: 2\n', 'three.yaml': 'd: 3\n' },
    lines: ['ok | tell | 0123'],
  },
  {
    keyword: 'vars',
    title: 'of the play may use each other, the host and its facts',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {greeting: "hello {{who}}", who: "{{inventory_hostname}}"}
  tasks: [{name: tell, debug: {msg: "{{greeting}}"}}]
`,
    lines: ['ok | tell | hello a'],
  },
  {
    keyword: 'pre_tasks',
    title: 'come before roles and tasks, and their handlers between',
    playbook: `
- hosts: all
  gather_facts: false
  post_tasks: [{name: post, command: "true", notify: h}]
  tasks: [{name: task, command: "true", notify: h}]
  roles: [r]
  pre_tasks: [{name: pre, command: "true", notify: h}]
  handlers: [{name: h, debug: {msg: handled}}]
`,
    files: { 'roles/r/tasks/main.yml': '- {name: role, debug: {msg: x}}\n' },
    lines: [
      'changed | pre | run true',
      'ok | h | handled',
      'ok | r : role | x',
      'changed | task | run true',
      'ok | h | handled',
      'changed | post | run true',
      'ok | h | handled',
    ],
  },
  {
    keyword: 'post_tasks',
    title: 'come last',
    playbook: `
- hosts: all
  gather_facts: false
  post_tasks: [{name: post, debug: {msg: x}}]
  tasks: [{name: task, debug: {msg: x}}]
`,
    lines: ['ok | task | x', 'ok | post | x'],
  },
  {
    keyword: 'tasks',
    title: 'run in order',
    tasks: `
    - {name: one, debug: {msg: x}}
    - {name: two, debug: {msg: x}}`,
    lines: ['ok | one | x', 'ok | two | x'],
  },
  {
    keyword: 'handlers',
    title: 'may notify handlers that come after them, and have conditions and loops of their own',
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: one, command: "true", notify: [first, never]}]
  handlers:
    - {name: first, command: "echo {{item}}", loop: [1, 2], notify: second}
    - {name: never, debug: {msg: x}, when: 1 > 2}
    - {name: second, debug: {msg: two}}
`,
    lines: [
      'changed | one | run true',
      'changed | first | 2 of 2 items: run echo 1',
      'skipped | never | when: 1 > 2',
      'ok | second | two',
    ],
  },
  {
    keyword: 'listen',
    title: 'one name wakes several handlers',
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: one, command: "true", notify: all of them}]
  handlers:
    - {name: first, debug: {msg: 1}, listen: all of them}
    - {name: other, debug: {msg: x}}
    - {name: second, debug: {msg: 2}, listen: [something, all of them]}
`,
    lines: ['changed | one | run true', 'ok | first | 1', 'ok | second | 2'],
  },
  {
    keyword: 'force_handlers',
    title: 'handlers run although a task failed',
    playbook: `
- hosts: all
  gather_facts: false
  force_handlers: true
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
  {
    keyword: 'strategy',
    title: 'linear: nobody begins a task before all have come to it',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: come, shell: 'touch TMP/{{inventory_hostname}}.here', changed_when: false}
    - {name: all are here, command: ls TMP/a.here TMP/b.here TMP/c.here, changed_when: false}
`,
    lines: Object.fromEntries(
      ['a', 'b', 'c'].map((host) => [
        host,
        [
          `ok | come | run touch TMP/${host}.here`,
          'ok | all are here | run ls TMP/a.here TMP/b.here TMP/c.here',
        ],
      ]),
    ),
  },
  {
    keyword: 'strategy',
    title: 'free: a host goes on while another is still at its first task',
    hosts: ['slow', 'fast'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - name: wait for the other
      shell: test -e TMP/fast.done
      register: r
      until: r.rc == 0
      retries: 500
      delay: 0.02
      changed_when: false
      when: inventory_hostname == "slow"
    - {name: last, shell: 'touch TMP/{{inventory_hostname}}.done', changed_when: false}
`,
    lines: {
      slow: ['ok | wait for the other | run test -e TMP/fast.done', 'ok | last | run touch TMP/slow.done'],
      fast: [
        'skipped | wait for the other | when: inventory_hostname == "slow"',
        'ok | last | run touch TMP/fast.done',
      ],
    },
  },
  {
    keyword: 'order',
    title: 'the order in which hosts are begun',
    hosts: ['b', 'c', 'a'],
    args: ['--forks', '1'],
    playbook: `
- {hosts: all, gather_facts: false, order: sorted, tasks: [{name: s, shell: "printf %s {{inventory_hostname}} >> TMP/o", changed_when: false}]}
- {hosts: all, gather_facts: false, order: reverse_inventory, tasks: [{name: r, shell: "printf %s {{inventory_hostname}} >> TMP/o", changed_when: false}]}
- {hosts: a, gather_facts: false, tasks: [{name: ask, command: cat TMP/o, register: o, changed_when: false}, {name: tell, debug: {msg: "{{o.stdout}}"}}]}
`,
    lines: {
      a: [
        'ok | s | run printf %s a >> TMP/o',
        'ok | r | run printf %s a >> TMP/o',
        'ok | ask | run cat TMP/o',
        'ok | tell | abcacb',
      ],
      b: ['ok | s | run printf %s b >> TMP/o', 'ok | r | run printf %s b >> TMP/o'],
      c: ['ok | s | run printf %s c >> TMP/o', 'ok | r | run printf %s c >> TMP/o'],
    },
  },
  {
    keyword: 'any_errors_fatal',
    title: 'a failure on one host stops the others before their next task; what is always done is done',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - {name: begin, debug: {msg: x}}
        - {name: break, fail: {msg: broken}, when: inventory_hostname == "b"}
        - {name: go on, debug: {msg: never}}
      always:
        - {name: tidy, debug: {msg: tidied}}
    - {name: after, debug: {msg: never}}
`,
    lines: {
      a: ['ok | begin | x', 'skipped | break | when: inventory_hostname == "b"', 'ok | tidy | tidied'],
      b: ['ok | begin | x', 'failed | break | broken', 'ok | tidy | tidied'],
    },
    code: 2,
    outcomes: { a: 'halted', b: 'failed' },
  },
  {
    keyword: 'any_errors_fatal',
    title: 'a failure that is rescued is none',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  tasks:
    - block:
        - {name: break, fail: {msg: broken}, when: inventory_hostname == "b"}
      rescue:
        - {name: save, debug: {msg: saved}}
    - {name: after, debug: {msg: x}}
`,
    lines: {
      // As in Ansible, a is rescued too, though the task was the last of the block and not a's.
      a: ['skipped | break | when: inventory_hostname == "b"', 'ok | save | saved', 'ok | after | x'],
      b: ['failed | break | broken', 'ok | save | saved', 'ok | after | x'],
    },
  },
  {
    keyword: 'any_errors_fatal',
    title: 'later batches are not tried',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 2
  strategy: linear
  any_errors_fatal: true
  tasks:
    - {name: break, fail: {msg: broken}, when: inventory_hostname == "a"}
    - {name: after, debug: {msg: x}}
`,
    lines: {
      a: ['failed | break | broken'],
      b: ['skipped | break | when: inventory_hostname == "a"'],
      c: [],
    },
    code: 2,
    outcomes: { a: 'failed', b: 'halted', c: 'not-tried' },
  },
];
