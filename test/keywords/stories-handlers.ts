/**
 * Which handlers a name wakes, as ansible-core 2.19 decides, and what they see, as stories. 2.14 decides when a name is
 * notified, not when handlers are flushed, and runs all that listen to a topic, those of one name too.
 */
import type { Story } from './story.js';

/** Changes something unless it is told not to; its handlers tell what they see. */
const role: Story['files'] = {
  'roles/r/defaults/main.yml': 'changes: true\n',
  'roles/r/tasks/main.yml':
    '- {name: work, debug: {msg: "{{x}}"}, changed_when: changes, notify: [named, heard]}\n',
  'roles/r/handlers/main.yml':
    '- {name: named, debug: {msg: "{{x}}"}}\n- {name: listens, debug: {msg: "{{x}}"}, listen: heard}\n',
};

export const handlerStories: readonly Story[] = [
  {
    keyword: 'handlers',
    title: 'of one name: the first of a list runs, and all that listen',
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: work, command: "true", notify: [h, heard]}]
  handlers:
    - {name: h, debug: {msg: first}}
    - {name: h, debug: {msg: second}}
    - {name: h, debug: {msg: third}, listen: heard}
`,
    lines: ['changed | work | run true', 'ok | h | first', 'ok | h | third'],
  },
  {
    keyword: 'handlers',
    title:
      "of one name: the play's goes before those of roles, and that of an imported role before the play's",
    playbook: `
- {hosts: all, gather_facts: false, roles: [one, two], tasks: [{name: work, command: "true", notify: h}]}
- hosts: all
  gather_facts: false
  roles: [one, two]
  tasks: [{name: work, command: "true", notify: h}]
  handlers: [{name: h, debug: {msg: play}}]
- hosts: all
  gather_facts: false
  roles: [one]
  tasks: [{import_role: {name: two}}, {name: work, command: "true", notify: h}]
  handlers: [{name: h, debug: {msg: play}}]
`,
    files: {
      'roles/one/handlers/main.yml': '- {name: h, debug: {msg: one}}\n',
      'roles/two/handlers/main.yml': '- {name: h, debug: {msg: two}}\n',
    },
    lines: [
      'changed | work | run true',
      'ok | two : h | two',
      'changed | work | run true',
      'ok | h | play',
      'changed | work | run true',
      'ok | two : h | two',
    ],
  },
  {
    keyword: 'include_role',
    title: 'its handlers run once, and see the variables of its last use',
    files: role,
    tasks: `
    - {include_role: {name: r}, vars: {x: one}}
    - {include_role: {name: r}, vars: {x: two, changes: false}}
    - {include_role: {name: r}, vars: {x: "{{item}}"}, loop: [three]}`,
    lines: [
      'ok | include_role: r | included',
      'changed | r : work | one',
      'ok | include_role: r | included',
      'ok | r : work | two',
      'ok | include_role: r | included',
      'changed | r : work | three',
      'ok | r : named | three',
      'ok | r : listens | three',
    ],
  },
  {
    keyword: 'include_role',
    title: 'its handlers go before those of the play that have the same name, whenever that was notified',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: early, command: "true", notify: named}
    - {include_role: {name: "{{which}}"}, vars: {x: given, which: r, changes: false}, when: inventory_hostname == "a"}
    - {name: late, command: "true", notify: [named, other]}
  handlers: [{name: named, debug: {msg: play}}, {name: other, debug: {msg: play}}]
`,
    files: role,
    lines: {
      a: [
        'changed | early | run true',
        'ok | include_role: {{which}} | included',
        'ok | r : work | given',
        'changed | late | run true',
        'ok | other | play',
        'ok | r : named | given',
      ],
      // In Ansible, the handlers that one host brings are there for all.
      b: [
        'changed | early | run true',
        'skipped | include_role: {{which}} | when: inventory_hostname == "a"',
        'changed | late | run true',
        'ok | named | play',
        'ok | other | play',
      ],
    },
  },
  {
    keyword: 'include_role',
    title: 'to notify its handlers before it is included is an error',
    tasks: `
    - {name: early, command: "true", notify: named}
    - {include_role: {name: r}, vars: {x: given}}`,
    files: role,
    lines: ['changed | early | run true'],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'import_role',
    title: 'its handlers have the variables of blocks and roles around it too',
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{vars: {x: of the block}, block: [{import_role: {name: r}}]}]
- {hosts: all, gather_facts: false, roles: [{role: outer, x: of the outer role}]}
`,
    files: { ...role, 'roles/outer/tasks/main.yml': '- {import_role: {name: r}, vars: {x: imported}}\n' },
    lines: [
      'changed | r : work | of the block',
      'ok | r : named | of the block',
      'ok | r : listens | of the block',
      'changed | r : work | of the outer role',
      'ok | r : named | of the outer role',
      'ok | r : listens | of the outer role',
    ],
  },
  {
    keyword: 'import_role',
    title: 'a role that is used more than once has one handler of a name, that of its last use',
    playbook: `
- hosts: all
  gather_facts: false
  roles:
    - {role: r, x: one}
    - {role: r, x: two}
    - {role: r, x: three, changes: false}
`,
    files: role,
    lines: [
      'changed | r : work | one',
      'changed | r : work | two',
      'ok | r : work | three',
      'ok | r : named | three',
      'ok | r : listens | three',
    ],
  },
  {
    keyword: 'handlers',
    title: 'one that notifies an earlier one, or itself, has it run where handlers are flushed next',
    playbook: `
- hosts: all
  gather_facts: false
  tasks: [{name: work, command: "true", notify: last}]
  handlers:
    - {name: first, debug: {msg: x}}
    - {name: last, command: "true", notify: first}
- hosts: all
  gather_facts: false
  tasks: [{name: again, command: "true", notify: itself}]
  handlers: [{name: itself, command: "true", notify: itself}]
`,
    lines: [
      'changed | work | run true',
      'changed | last | run true',
      'ok | first | x',
      'changed | again | run true',
      'changed | itself | run true',
      'changed | itself | run true',
    ],
  },
  {
    keyword: 'handlers',
    // Ansible counts the failure as one, with exit code 0.
    title: 'one that failed in a flush that was rescued is not run again; those that waited behind it are',
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: work, command: "true", notify: [bad, good]}
    - block: [{meta: flush_handlers}]
      rescue: [{name: rescued, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}
  handlers:
    - {name: bad, command: /bin/false}
    - {name: good, debug: {msg: x}}
`,
    lines: [
      'changed | work | run true',
      'failed | bad | `/bin/false` ended with exit code 1',
      'ok | rescued | x',
      'ok | after | x',
      'ok | good | x',
    ],
  },
  {
    keyword: 'force_handlers',
    title: 'goes for those that any_errors_fatal stops, too',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  force_handlers: true
  tasks:
    - {name: work, command: "true", notify: h}
    - {name: breaks, fail: {msg: x}, when: inventory_hostname == "a"}
    - {name: never, debug: {msg: x}}
  handlers: [{name: h, debug: {msg: x}}]
`,
    lines: {
      a: ['changed | work | run true', 'failed | breaks | x', 'ok | h | x'],
      b: ['changed | work | run true', 'skipped | breaks | when: inventory_hostname == "a"', 'ok | h | x'],
    },
    code: 2,
    outcomes: { a: 'failed', b: 'halted' },
  },
  {
    keyword: 'force_handlers',
    title: 'false in a play goes before --force-handlers',
    args: ['--force-handlers'],
    playbook: `
- hosts: all
  gather_facts: false
  force_handlers: false
  tasks:
    - {name: work, command: "true", notify: h}
    - {name: breaks, fail: {msg: x}}
  handlers: [{name: h, debug: {msg: x}}]
`,
    lines: ['changed | work | run true', 'failed | breaks | x'],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'listen',
    title: "a role's topic may have the role's name before it",
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: [{name: work, command: "true", notify: "r : topic"}]
`,
    files: { 'roles/r/handlers/main.yml': '- {name: h, debug: {msg: x}, listen: topic}\n' },
    lines: ['changed | work | run true', 'ok | r : h | x'],
  },
  {
    keyword: 'handlers',
    title: 'one that is an include has its condition and its loop, and is taken in where it was notified',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: [{name: work, command: "true", notify: [one, loops, topic, "r : of role"]}]
  handlers:
    - {name: one, include_tasks: some.yaml, when: inventory_hostname == "a"}
    - {name: loops, include_tasks: "{{item}}.yaml", loop: [some, other]}
    - {name: listens, include_tasks: some.yaml, listen: topic}
`,
    files: {
      'some.yaml': '- {name: some, debug: {msg: x}}\n',
      'other.yaml': '- {name: other, debug: {msg: x}}\n',
      'roles/r/defaults/main.yml': 'd: default\n',
      'roles/r/handlers/main.yml': '- {name: of role, include_tasks: more.yml}\n',
      'roles/r/handlers/more.yml': '- {name: more, debug: {msg: "{{d}} {{role_name}}"}}\n',
    },
    lines: {
      a: [
        'changed | work | run true',
        'ok | r : of role | included',
        'ok | r : more | default r',
        'ok | one | included',
        'ok | some | x',
        'ok | loops | included',
        'ok | some | x',
        'ok | other | x',
        'ok | listens | included',
        'ok | some | x',
      ],
      b: [
        'changed | work | run true',
        'ok | r : of role | included',
        'ok | r : more | default r',
        'skipped | one | when: inventory_hostname == "a"',
        'ok | loops | included',
        'ok | some | x',
        'ok | other | x',
        'ok | listens | included',
        'ok | some | x',
      ],
    },
  },
];
