/** Roles and files of tasks: which are done, how often, and in which order. */
import type { PeerStory } from '../grounds.js';

const told = (name: string, said = 'x'): string => `- {name: ${name}, debug: {msg: "${said}"}}\n`;

/** A role that is asked for twice × how × what its meta says × what it is given. */
const repeated: readonly PeerStory[] = ['', 'allow_duplicates: true\n'].flatMap((meta) =>
  (
    [
      ['roles, the same', 'roles: [r, r]'],
      ['roles, other vars', 'roles: [{role: r, vars: {x: 1}}, {role: r, vars: {x: 2}}]'],
      ['roles, other params', 'roles: [{role: r, x: 1}, {role: r, x: 2}]'],
      ['roles, other tags', 'roles: [{role: r, tags: one}, {role: r, tags: two}]'],
      ['roles, the first under a condition', "roles: [{role: r, when: inventory_hostname == 'a'}, r]"],
      ['roles, under the same condition', 'roles: [{role: r, when: 1 > 2}, {role: r, when: 1 > 2}, r]'],
      ['needed by two', 'roles: [one, two]'],
      ['needed, and asked for before', 'roles: [r, one]'],
      ['needed, and asked for after', 'roles: [one, r]'],
      ['imported twice', 'tasks: [{import_role: {name: r}}, {import_role: {name: r}}]'],
      [
        'imported twice, no duplicates',
        'tasks: [{import_role: {name: r}}, {import_role: {name: r, allow_duplicates: false}}]',
      ],
      ['included twice', 'tasks: [{include_role: {name: r}}, {include_role: {name: r}}]'],
      [
        'included twice, no duplicates',
        'tasks: [{include_role: {name: r}}, {include_role: {name: r, allow_duplicates: false}}]',
      ],
      ['in roles, then included', 'roles: [r]\n  tasks: [{include_role: {name: r}}]'],
      [
        'in roles, then included with one that needs it',
        'roles: [r]\n  tasks: [{include_role: {name: one}}]',
      ],
    ] as const
  ).map(([title, uses]): PeerStory => ({
    title: `roles: ${title}${meta === '' ? '' : '; its meta allows duplicates'}`,
    playbook: `- hosts: all\n  gather_facts: false\n  ${uses}\n`,
    files: {
      ...(meta !== '' && { 'roles/r/meta/main.yml': meta }),
      'roles/r/defaults/main.yml': 'x: default\n',
      'roles/r/tasks/main.yml': told('t', '{{ x }}'),
      'roles/one/meta/main.yml': 'dependencies: [r]\n',
      'roles/one/tasks/main.yml': told('one'),
      'roles/two/meta/main.yml': 'dependencies: [r]\n',
      'roles/two/tasks/main.yml': told('two'),
    },
  })),
);

const written: readonly PeerStory[] = [
  {
    title: 'roles: dependencies of dependencies, under a condition, with tags',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [{role: top, when: inventory_hostname == 'a'}]
`,
    files: {
      'roles/top/meta/main.yml': 'dependencies: [{role: mid, vars: {x: given}}, leaf]\n',
      'roles/top/tasks/main.yml': told('top'),
      'roles/mid/meta/main.yml': 'dependencies: [leaf]\n',
      'roles/mid/tasks/main.yml': told('mid', '{{ x }}'),
      'roles/leaf/tasks/main.yml': told('leaf'),
    },
  },
  {
    title: 'roles: what a public one says holds from there on, and nothing where it was skipped',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {v: play}
  tasks:
    - {name: before, debug: {msg: '{{ v }}'}}
    - include_role: {name: other, public: true}
      when: 1 == 2
    - {name: between, debug: {msg: '{{ v }}'}}
    - include_role: {name: r, public: true}
    - {name: after, debug: {msg: '{{ v }}'}}
    - {name: default, debug: {msg: '{{ d }}'}}
- hosts: all
  gather_facts: false
  vars: {v: next}
  tasks: [{name: next, debug: {msg: '{{ v }}'}}]
`,
    files: {
      'roles/other/vars/main.yml': 'v: other\n',
      'roles/other/tasks/main.yml': told('other'),
      'roles/r/vars/main.yml': 'v: role\n',
      'roles/r/defaults/main.yml': 'd: default\n',
      'roles/r/tasks/main.yml': told('r', '{{ v }}'),
    },
  },
  ...[true, false].map((isPublic): PeerStory => ({
    title: `roles: imported with public: ${isPublic}`,
    // Before, import_role had no such word.
    since: '2.17',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {v: play, d: play}
  tasks:
    - {name: before, debug: {msg: '{{ v }} {{ d }}'}}
    - {import_role: {name: r, public: ${isPublic}}}
    - {name: after, debug: {msg: '{{ v }} {{ d }}'}}
`,
    files: {
      'roles/r/meta/main.yml': 'dependencies: [needed]\n',
      'roles/r/vars/main.yml': 'v: role\n',
      'roles/r/defaults/main.yml': 'd: default\n',
      'roles/r/tasks/main.yml': told('r', '{{ v }} {{ d }}'),
      'roles/needed/defaults/main.yml': 'n: needed\n',
      'roles/needed/tasks/main.yml': told('needed', '{{ n }}'),
    },
  })),
  {
    title: 'roles: named by paths, which their names keep',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [./more/r, {role: roles/q}, sub/s]
  tasks:
    - {include_role: {name: more/r}}
    - {import_role: {name: TMP/more/r}}
    - {name: notifies, command: echo, notify: 'sub/s : h'}
`,
    files: {
      'more/r/tasks/main.yml': told('r', '{{ role_name }} of {{ role_path }}'),
      'roles/q/tasks/main.yml': told('q', '{{ ansible_role_name }}'),
      'roles/sub/s/tasks/main.yml': told('s', '{{ role_name }}'),
      'roles/sub/s/handlers/main.yml': '- {name: h, debug: {msg: x}}\n',
    },
  },
  {
    title: 'roles: in a role, where one of that name lies in the role too',
    hosts: ['a'],
    playbook: '- {hosts: all, gather_facts: false, roles: [outer]}\n',
    files: {
      'roles/outer/tasks/main.yml':
        '- {include_role: {name: inner}}\n- {name: titled, include_role: {name: inner}}\n- {import_role: {name: inner}}\n',
      'roles/outer/roles/inner/tasks/main.yml': told('in outer', '{{ role_path }}'),
      'roles/inner/tasks/main.yml': told('beside it', '{{ role_path }}'),
    },
  },
  ...(['include_role: {name: inner}', 'import_role: {name: ../other}'] as const).map((step): PeerStory => ({
    title: `roles: not looked for in a role or from there: ${step}`,
    ...(step.startsWith('include') && { differs: 'a role or a file of tasks that is not there' }),
    hosts: ['a'],
    playbook: `- {hosts: all, gather_facts: false, roles: [outer]}\n`,
    files: {
      'roles/outer/tasks/main.yml': `- ${step}\n`,
      'roles/outer/roles/inner/tasks/main.yml': told('in outer'),
      'roles/other/tasks/main.yml': told('other'),
    },
  })),
  {
    title: 'roles: the names of those that stand in roles, are needed, and are imported',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [one]
  tasks:
    - {import_role: {name: two}}
    - {name: of the play, debug: {msg: "{{ role_names }}"}}
    - {name: by its new name, debug: {msg: "{{ ansible_play_role_names }}"}}
    - {name: all, debug: {msg: <% "{{ ansible_role_names | sort }}" %% "{{ansible_role_names}}" %>}}
`,
    files: {
      'roles/one/meta/main.yml': 'dependencies: [needed]\n',
      'roles/one/tasks/main.yml': told('one'),
      'roles/two/tasks/main.yml': told('two'),
      'roles/needed/tasks/main.yml': told('needed'),
    },
  },
  {
    title: 'roles: the names of one that is included, before it is',
    differs: 'an included role from the beginning',
    hosts: ['a'],
    tasks: `
    - {name: before, debug: {msg: "{{ ansible_play_role_names }}"}}
    - {include_role: {name: r}}
    - {name: after, debug: {msg: "{{ ansible_play_role_names }}"}}`,
    files: { 'roles/r/tasks/main.yml': told('r') },
  },
  {
    title: 'roles: needed first under a condition that says no, then by another',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [{role: one, when: inventory_hostname == 'a'}, two]
`,
    files: {
      'roles/one/meta/main.yml': 'dependencies: [leaf]\n',
      'roles/one/tasks/main.yml': told('one'),
      'roles/two/meta/main.yml': 'dependencies: [leaf]\n',
      'roles/two/tasks/main.yml': told('two'),
      'roles/leaf/tasks/main.yml': told('leaf'),
    },
  },
  {
    title: 'roles: needed by two with other tags, of which one is asked for',
    args: ['--tags', 'y'],
    playbook: '- {hosts: all, gather_facts: false, roles: [{role: one, tags: x}, {role: two, tags: y}]}\n',
    files: {
      'roles/one/meta/main.yml': 'dependencies: [leaf]\n',
      'roles/one/tasks/main.yml': told('one'),
      'roles/two/meta/main.yml': 'dependencies: [leaf]\n',
      'roles/two/tasks/main.yml': told('two'),
      'roles/leaf/tasks/main.yml': told('leaf'),
    },
  },
  {
    title: 'roles: one that fails and is rescued is not done',
    tasks: `
    - block: [{import_role: {name: r, allow_duplicates: false}}]
      rescue: [{name: rescue, debug: {msg: x}}]
    - {set_fact: {good: true}}
    - {import_role: {name: r, allow_duplicates: false}}
    - {import_role: {name: r, allow_duplicates: false}}`,
    files: {
      'roles/r/defaults/main.yml': 'good: false\n',
      'roles/r/tasks/main.yml': `${told('first')}- {name: maybe, fail: {msg: x}, when: <% not good %% "!good" %>}\n`,
    },
  },
  {
    title: 'roles: tasks_from, vars_from, defaults_from, handlers_from',
    tasks: `
    - {include_role: {name: r, tasks_from: other, vars_from: more, defaults_from: more}}
    - {import_role: {name: r, tasks_from: other.yml, handlers_from: more}}`,
    files: {
      'roles/r/tasks/main.yml': told('main'),
      'roles/r/tasks/other.yml':
        '- {name: other, debug: {msg: "{{ x }} {{ y }}"}, changed_when: true, notify: h}\n',
      'roles/r/vars/main.yml': 'x: main\n',
      'roles/r/vars/more.yml': 'x: more\n',
      'roles/r/defaults/main.yml': 'y: main\n',
      'roles/r/defaults/more.yml': 'y: more\n',
      'roles/r/handlers/main.yml': '- {name: h, debug: {msg: main}}\n',
      'roles/r/handlers/more.yml': '- {name: h, debug: {msg: more}}\n',
    },
  },
  {
    title: 'roles: a failing role ends the play for its host',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [one, two]
  tasks: [{name: after, debug: {msg: x}}]
`,
    files: {
      'roles/one/tasks/main.yml': "- {name: maybe, fail: {msg: x}, when: inventory_hostname == 'a'}\n",
      'roles/two/tasks/main.yml': told('two'),
    },
  },
  {
    title: 'roles: files that a role includes and imports',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
`,
    files: {
      'roles/r/tasks/main.yml':
        '- include_tasks: inc.yml\n- import_tasks: imp.yml\n- include_tasks: sub/deep.yml\n',
      'roles/r/tasks/inc.yml': told('inc', '{{ role_name }}'),
      'roles/r/tasks/imp.yml': told('imp', '{{ role_name }}'),
      'roles/r/tasks/sub/deep.yml': '- include_tasks: near.yml\n',
      'roles/r/tasks/sub/near.yml': told('near'),
    },
  },
  {
    title: 'roles: which of two files an include and an import take, in a folder of the role',
    // 2.14 finds no folder by tasks_from.
    since: '2.19',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks:
    - include_role: {name: r, tasks_from: sub/deep.yml}
    - import_role: {name: r, tasks_from: sub/deep.yml}
    - include_role: {name: r}
`,
    files: {
      'roles/r/tasks/main.yml':
        '- include_tasks: sub/deep.yml\n- import_tasks: sub/deep.yml\n- include_tasks: sub/{{ inventory_hostname }}.yml\n',
      'roles/r/tasks/sub/deep.yml': '- include_tasks: w.yml\n- import_tasks: w.yml\n- include_tasks: p.yml\n',
      'roles/r/tasks/sub/a.yml': '- include_tasks: w.yml\n- import_tasks: w.yml\n- include_tasks: n.yml\n',
      'roles/r/tasks/sub/b.yml': '- include_tasks: w.yml\n- import_tasks: p.yml\n',
      'roles/r/tasks/sub/w.yml': told('in sub'),
      'roles/r/tasks/sub/p.yml': told('p in sub'),
      'roles/r/tasks/sub/n.yml': told('only in sub'),
      'roles/r/tasks/w.yml': told('in tasks'),
      'p.yml': told('beside the playbook'),
    },
  },
  {
    title: 'includes: which of two files, in folders of folders',
    tasks: `
    - {include_tasks: one/a.yml}
    - {import_tasks: one/a.yml}`,
    files: {
      'one/a.yml': '- include_tasks: two/b.yml\n- import_tasks: two/b.yml\n- include_tasks: c.yml\n',
      'one/two/b.yml': '- include_tasks: c.yml\n- import_tasks: c.yml\n- include_tasks: d.yml\n',
      'one/two/c.yml': told('one/two/c'),
      'one/two/d.yml': told('one/two/d'),
      'two/c.yml': told('two/c'),
      'one/c.yml': told('one/c'),
      'c.yml': told('c'),
    },
  },
  {
    title: 'handlers: which of two files a handler of a role imports',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, command: echo, notify: h}\n- include_tasks: w.yml\n',
      'roles/r/handlers/main.yml': '- {name: h, include_tasks: w.yml}\n',
      'roles/r/handlers/w.yml': told('in handlers'),
      'roles/r/tasks/w.yml': told('in tasks'),
      'w.yml': told('beside the playbook'),
    },
  },
  {
    title: 'roles: a name that each host gives',
    tasks: `
    - {include_role: {name: "{{ inventory_hostname }}"}}`,
    files: { 'roles/a/tasks/main.yml': told('of a'), 'roles/b/tasks/main.yml': told('of b') },
  },
  {
    title: 'includes: a file whose name each host gives, under a condition',
    tasks: `
    - {include_tasks: "{{ inventory_hostname }}.yaml", when: inventory_hostname == 'a'}
    - {include_tasks: "{{ inventory_hostname }}.yaml", vars: {x: given}}`,
    files: { 'a.yaml': told('of a'), 'b.yaml': told('of b') },
  },
  {
    title: 'includes: three deep',
    tasks: `
    - {include_tasks: one.yaml}
    - {name: after, debug: {msg: x}}`,
    files: {
      'one.yaml': `- include_tasks: two.yaml\n${told('one')}`,
      'two.yaml': `- import_tasks: three.yaml\n${told('two')}`,
      'three.yaml': told('three'),
    },
  },
  {
    title: 'includes: apply gives settings to what is inside',
    tasks: `
    - {include_tasks: {file: one.yaml, apply: {ignore_errors: true, vars: {x: applied}}}}
    - {name: after, debug: {msg: x}}`,
    files: { 'one.yaml': '- {name: fails, fail: {msg: "{{ x }}"}}\n- {name: next, debug: {msg: x}}\n' },
  },
  {
    title: 'includes: a failing include ends the host, not the others',
    tasks: `
    - {include_tasks: one.yaml}
    - {name: after, debug: {msg: x}}`,
    files: { 'one.yaml': "- {name: maybe, fail: {msg: x}, when: inventory_hostname == 'a'}\n" },
  },
  {
    title: 'includes: import_playbook, twice and under a condition',
    playbook: `
- import_playbook: other.yaml
- {import_playbook: other.yaml, when: inventory_hostname == 'a', vars: {x: given}}
`,
    files: { 'other.yaml': '- {hosts: all, gather_facts: false, tasks: [{name: t, debug: {msg: x}}]}\n' },
  },
  {
    title: 'roles: argument_specs that hold',
    playbook: '- {hosts: all, gather_facts: false, roles: [{role: r, vars: {word: x, n: 3}}]}\n',
    files: {
      'roles/r/meta/argument_specs.yml': `argument_specs:
  main:
    short_description: x
    options:
      word: {type: str, required: true, choices: [x, y]}
      n: {type: int}
`,
      'roles/r/tasks/main.yml': told('t', '{{ word }}'),
    },
  },
];

const unchecked: readonly PeerStory[] = ['import_role', 'include_role'].map((action) => ({
  title: `argument_specs: not looked at by ${action} with rolespec_validate: false`,
  hosts: ['a'],
  tasks: `
    - {${action}: {name: r, rolespec_validate: false}}`,
  files: {
    'roles/r/meta/main.yml': 'argument_specs: {main: {options: {word: {type: str, required: true}}}}\n',
    'roles/r/tasks/main.yml': told('t'),
  },
}));

/** What a role is given × whether its argument_specs allow it. */
const specified: readonly PeerStory[] = (
  [
    ['nothing', '{}'],
    ['one that is needed', '{word: x}'],
    ['one that is no choice', '{word: z}'],
    ['a number in the words of a text', '{word: x, n: "3"}'],
    ['a text for a number', '{word: x, n: many}'],
    ['a list of numbers', '{word: x, list: [1, 2]}'],
    ['a list with a text among numbers', '{word: x, list: [1, two]}'],
    ['a map with what it needs', '{word: x, map: {name: a}}'],
    ['a map without what it needs', '{word: x, map: {}}'],
    ['a map with what it has not', '{word: x, map: {name: a, other: b}}'],
    ['a boolean', '{word: x, flag: true}'],
    ['a text for a boolean', '{word: x, flag: perhaps}'],
    ['a template', '{word: "{{ one }}{{ two }}", one: "", two: y}'],
    ['a text for a map', '{word: x, map: text}'],
  ] as const
).map(([title, given]) => ({
  title: `argument_specs: ${title}`,
  hosts: ['a'],
  tasks: `
    - block: [{import_role: {name: r}, vars: ${given}}]
      rescue: [{name: wrong, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
  files: {
    'roles/r/meta/argument_specs.yml': `argument_specs:
  main:
    short_description: what it is
    options:
      word: {type: str, required: true, choices: [x, y]}
      n: {type: int}
      flag: {type: bool, default: false}
      list: {type: list, elements: int}
      map:
        type: dict
        options:
          name: {type: str, required: true}
`,
    'roles/r/tasks/main.yml': told('t'),
  },
}));

export const roleStories: readonly PeerStory[] = [...repeated, ...written, ...specified, ...unchecked];
