/** Which of several variables of one name a task sees, as ansible-core 2.14 decides, as stories. */
import type { Story } from './story.js';

/** Tells what `x` is, before and after the file's own tasks give the host another. */
const telling = `
- {name: given, debug: {msg: "{{x}}"}}
- {name: set, set_fact: {x: set inside}}
- {name: then, debug: {msg: "{{x}}"}}
- {name: own, debug: {msg: "{{x}}"}, vars: {x: of the task}}
`;

export const variableStories: readonly Story[] = [
  {
    keyword: 'include_tasks',
    title: 'its variables go before what tasks set, and before the variables of the tasks inside',
    tasks: `
    - {name: ask, command: echo registered, register: x, changed_when: false}
    - {name: it, include_tasks: telling.yaml, vars: {x: given}}
    - {name: outside, debug: {msg: "{{x}}"}}`,
    files: { 'telling.yaml': telling },
    lines: [
      'ok | ask | run echo registered',
      'ok | it | included',
      'ok | given | given',
      'ok | set | set x',
      'ok | then | given',
      'ok | own | given',
      'ok | outside | set inside',
    ],
  },
  {
    keyword: 'import_tasks',
    title: 'its variables are weaker than what tasks set, as those of a block are',
    tasks: `
    - {name: first, import_tasks: one.yaml, vars: {x: given}}
    - {name: set, set_fact: {x: set}}
    - {name: second, import_tasks: one.yaml, vars: {x: given}}
    - {vars: {x: given}, block: [{name: block, debug: {msg: "{{x}}"}}]}`,
    files: { 'one.yaml': '- {name: tell, debug: {msg: "{{x}}"}}\n' },
    lines: ['ok | tell | given', 'ok | set | set x', 'ok | tell | set', 'ok | block | set'],
  },
  {
    keyword: 'include_role',
    title: 'its variables go before what tasks set; those of import_role do not',
    tasks: `
    - {name: set, set_fact: {x: set}}
    - {include_role: {name: r}, vars: {x: given}}
    - {import_role: {name: r}, vars: {x: given}}`,
    files: { 'roles/r/tasks/main.yml': '- {name: tell, debug: {msg: "{{x}}"}}\n' },
    lines: [
      'ok | set | set x',
      'ok | include_role: r | included',
      'ok | r : tell | given',
      'ok | r : tell | set',
    ],
  },
  {
    keyword: 'roles',
    title: 'parameters go before what tasks set, in handlers too; vars: do not',
    playbook: `
- hosts: all
  gather_facts: false
  pre_tasks: [{name: set, set_fact: {x: set}}]
  roles:
    - {role: r, vars: {x: given}}
    - {role: r, x: given}
`,
    files: {
      'roles/r/tasks/main.yml': '- {name: tell, debug: {msg: "{{x}}"}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': '- {name: h, debug: {msg: "{{x}}"}}\n',
    },
    lines: [
      'ok | set | set x',
      'changed | r : tell | set',
      'changed | r : tell | given',
      'ok | r : h | given',
    ],
  },
  {
    keyword: 'roles',
    title: 'parameters of a role go before those of what it includes and needs, but not before include_tasks',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [{role: outer, x: outer}]
`,
    files: {
      'roles/outer/meta/main.yml':
        'dependencies: [{role: leaf, x: needed}, {role: leaf, vars: {x: needed}}]\n',
      'roles/outer/tasks/main.yml': `
- {include_role: {name: leaf}, vars: {x: included}}
- {import_role: {name: leaf}, vars: {x: imported}}
- {include_tasks: more.yaml, vars: {x: included}}
`,
      'roles/outer/tasks/more.yaml': '- {name: more, debug: {msg: "{{x}}"}}\n',
      'roles/leaf/tasks/main.yml': '- {name: tell, debug: {msg: "{{x}}"}}\n',
    },
    lines: [
      'ok | leaf : tell | needed',
      'ok | leaf : tell | outer',
      'ok | include_role: leaf | included',
      'ok | leaf : tell | outer',
      'ok | leaf : tell | outer',
      'ok | outer : include_tasks: more.yaml | included',
      'ok | outer : more | included',
    ],
  },
  {
    keyword: 'include_vars',
    title:
      "goes before the play's and the task's variables; what tasks set goes before it, whichever came first",
    hosts: ['a', 'b'],
    idle: ['b'],
    playbook: `
- hosts: a
  gather_facts: false
  vars: {x: play}
  tasks:
    - {name: read, include_vars: x.yaml}
    - {name: tell, debug: {msg: "{{x}} {{hostvars.a.x}}"}, vars: {x: of the task}}
    - {name: set, set_fact: {x: set}}
    - {name: again, include_vars: "{{file}}", vars: {file: x.yaml}}
    - {name: still, debug: {msg: "{{x}} {{hostvars.a.x}}"}}
`,
    files: { 'x.yaml': 'x: read\n' },
    lines: {
      a: [
        'ok | read | set x',
        'ok | tell | read read',
        'ok | set | set x',
        'ok | again | set x',
        'ok | still | set set',
      ],
    },
  },
];
