/** Files of tasks, roles and playbooks, as stories. */
import type { Story } from './story.js';

export const includeStories: readonly Story[] = [
  {
    keyword: 'import_playbook',
    title: 'plays of another file, with variables, and templates found beside them',
    playbook: `
- import_playbook: other/site.yaml
  vars: {from: outside}
- {hosts: all, gather_facts: false, tasks: [{name: after, debug: {msg: x}}]}
`,
    files: {
      'other/site.yaml': `
- hosts: all
  gather_facts: false
  tasks:
    - {name: imported, debug: {msg: "{{from}}"}}
    - {name: file, template: {src: it.hbs, dest: TMP/it}}
    - {name: read, command: cat TMP/it, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{r.stdout}}"}}
`,
      'other/templates/it.hbs': 'from {{from}}\n',
    },
    lines: [
      'ok | imported | outside',
      'changed | file | create TMP/it',
      'ok | read | run cat TMP/it',
      'ok | tell | from outside',
      'ok | after | x',
    ],
  },
  {
    keyword: 'include_tasks',
    title: 'with variables, a condition of its own, and a loop',
    tasks: `
    - {name: not, include_tasks: some.yaml, vars: {word: no}, when: 1 > 2}
    - {name: each, include_tasks: some.yaml, vars: {word: "{{item}}!"}, loop: [x, y]}`,
    files: { 'some.yaml': '- {name: said, debug: {msg: "{{word}}"}}\n' },
    lines: ['skipped | not | when: 1 > 2', 'ok | each | included', 'ok | said | x!', 'ok | said | y!'],
  },
  {
    keyword: 'include_tasks',
    title: 'a file whose name each host gives',
    hosts: ['a', 'b'],
    tasks: `
    - {name: mine, include_tasks: "{{inventory_hostname}}.yaml"}`,
    files: {
      'a.yaml': '- {name: of a, debug: {msg: x}}\n',
      'b.yaml': '- {name: of b, debug: {msg: y}}\n',
    },
    lines: { a: ['ok | mine | included', 'ok | of a | x'], b: ['ok | mine | included', 'ok | of b | y'] },
  },
  {
    keyword: 'import_tasks',
    title: 'puts the tasks in its place, and its condition on each of them',
    tasks: `
    - {import_tasks: some.yaml, vars: {word: no}, when: 1 > 2}
    - {import_tasks: some.yaml, vars: {word: said}, tags: t}`,
    files: { 'some.yaml': '- {name: said, debug: {msg: "{{word}}"}}\n' },
    lines: ['skipped | said | when: 1 > 2', 'ok | said | said'],
  },
  {
    keyword: 'roles',
    title: 'tasks, handlers, templates, files, defaults, vars and what they depend on',
    args: ['-e', 'over=extra'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {weak: play}
  roles:
    - web
    - {role: last, vars: {given: given}, when: 2 > 1}
  tasks: [{name: after, debug: {msg: "{{only}}"}}]
`,
    files: {
      'roles/base/tasks/main.yml': '- {name: base, debug: {msg: first}}\n',
      'roles/web/meta/main.yml': 'dependencies: [base]\n',
      'roles/web/defaults/main.yml': 'weak: default\nonly: default\nover: default\nstrong: default\n',
      'roles/web/vars/main.yml': 'strong: role\n',
      'roles/web/handlers/main.yml': '- {name: restart, debug: {msg: restarted}}\n',
      'roles/web/templates/page.hbs': '{{weak}} {{only}} {{over}} {{strong}}\n',
      'roles/web/files/plain': 'plain\n',
      'roles/web/tasks/main.yml': `
- {name: page, template: {src: page.hbs, dest: TMP/page}, notify: "web : restart"}
- {name: read, command: cat TMP/page, register: r, changed_when: false}
- {name: tell, debug: {msg: "{{r.stdout}}"}}
- {name: plain, copy: {src: plain, dest: TMP/plain}}
- {include_tasks: more.yml}
`,
      'roles/web/tasks/more.yml': '- {name: more, debug: {msg: "{{role_name}}"}}\n',
      'roles/last/tasks/main.yml': '- {name: last, debug: {msg: "{{given}}"}}\n',
    },
    lines: [
      'ok | base : base | first',
      'changed | web : page | create TMP/page',
      'ok | web : read | run cat TMP/page',
      'ok | web : tell | play default extra role',
      'changed | web : plain | create TMP/plain',
      'ok | web : include_tasks: more.yml | included',
      'ok | web : more | web',
      'ok | last : last | given',
      'ok | after | default',
      'ok | web : restart | restarted',
    ],
  },
  {
    keyword: 'import_role',
    title: 'a role among tasks, in its place, and one of its files',
    tasks: `
    - {name: before, debug: {msg: x}}
    - {import_role: {name: r}}
    - {import_role: {name: r, tasks_from: other}}`,
    files: {
      'roles/r/defaults/main.yml': 'd: default\n',
      'roles/r/tasks/main.yml': '- {name: main, debug: {msg: "{{d}}"}}\n',
      'roles/r/tasks/other.yml': '- {name: other, debug: {msg: "{{d}}"}}\n',
    },
    lines: ['ok | before | x', 'ok | r : main | default', 'ok | r : other | default'],
  },
  {
    keyword: 'include_role',
    title: 'a role when a host comes to it',
    tasks: `
    - {name: not, include_role: {name: r}, when: 1 > 2}
    - {name: it, include_role: {name: r}, vars: {d: given}}`,
    files: {
      'roles/r/defaults/main.yml': 'd: default\n',
      'roles/r/tasks/main.yml': '- {name: main, debug: {msg: "{{d}}"}}\n',
    },
    lines: ['skipped | not | when: 1 > 2', 'ok | it | included', 'ok | r : main | given'],
  },
  {
    keyword: 'include_tasks',
    title: 'may be registered, and asked whether it was skipped',
    tasks: `
    - {name: not, include_tasks: some.yaml, register: r, when: 1 > 2}
    - {name: it was, debug: {msg: x}, when: [r.skipped == true, r.changed == false]}
    - {name: each, include_tasks: some.yaml, register: r, loop: [1, 2, 3], when: item != 2}
    - {name: one was, debug: {msg: x}, when: "r.results[1].skipped == true"}`,
    files: { 'some.yaml': '- {name: said, debug: {msg: "{{default item \'\'}}"}}\n' },
    lines: [
      'skipped | not | when: 1 > 2',
      'ok | it was | x',
      'ok | each | included',
      'ok | said | 1',
      'ok | said | 3',
      'ok | one was | x',
    ],
  },
  {
    keyword: 'include_tasks',
    title: 'ignore_errors is about itself, and neither about what is inside nor about a file that is missing',
    tasks: `
    - {name: set, command: "true", register: missing, when: 1 > 2}
    - {name: no name, include_tasks: "{{missing.stdout}}", ignore_errors: true}
    - {name: inside, include_tasks: breaks.yaml, ignore_errors: true}
    - {name: never, debug: {msg: x}}`,
    files: { 'breaks.yaml': '- {name: breaks, fail: {msg: x}}\n' },
    lines: [
      'skipped | set | when: 1 > 2',
      "ignored | no name | 'missing' has no 'stdout'",
      'ok | inside | included',
      'failed | breaks | x',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'include_tasks',
    title: 'with run_once only the first host does what is inside',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: once, include_tasks: some.yaml, run_once: true, register: r}
    - {name: after, debug: {msg: x}, when: r.changed == false}
`,
    files: { 'some.yaml': '- {name: said, debug: {msg: x}}\n' },
    lines: { a: ['ok | once | included', 'ok | said | x', 'ok | after | x'], b: ['ok | after | x'] },
  },
];
