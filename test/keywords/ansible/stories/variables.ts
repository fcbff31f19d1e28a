/** Which of several variables of one name a task sees. */
import type { PeerStory } from '../grounds.js';

/** Where `x` may come from, the weakest first, and how it is written there. */
const sources = {
  'role defaults': { file: 'roles/r/defaults/main.yml' },
  group_vars: { file: 'group_vars/all.yml' },
  host_vars: { file: 'host_vars/a.yml' },
  'play vars': {},
  vars_files: { file: 'play.yaml' },
  'role vars': { file: 'roles/r/vars/main.yml' },
  'block vars': {},
  'task vars': {},
  include_vars: { file: 'included.yaml' },
  set_fact: {},
  'role params': {},
  'extra vars': {},
} as const;
type Source = keyof typeof sources;

const names = Object.keys(sources) as readonly Source[];

function precedence(of: readonly Source[]): PeerStory {
  const has = (source: Source): boolean => of.includes(source);
  const said = (source: Source): string => `"${source}"`;
  const files = Object.fromEntries(
    of.flatMap((source) => {
      const { file } = { file: undefined, ...sources[source] };
      return file === undefined ? [] : [[file, `x: ${said(source)}\n`]];
    }),
  );
  return {
    title: `precedence: ${of.join(' < ')}`,
    hosts: ['a'],
    args: has('extra vars') ? ['-e', '{"x": "extra vars"}'] : [],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {y: 1${has('play vars') ? `, x: ${said('play vars')}` : ''}}
  vars_files: [${has('vars_files') ? 'play.yaml' : 'empty.yaml'}]
  pre_tasks:
    - ${has('set_fact') ? `{name: set, set_fact: {x: ${said('set_fact')}}}` : '{name: set, debug: {msg: x}}'}
    - ${has('include_vars') ? '{name: read, include_vars: included.yaml}' : '{name: read, debug: {msg: x}}'}
  roles:
    - {role: r${has('role params') ? `, x: ${said('role params')}` : ''}}
`,
    files: {
      'empty.yaml': 'z: 1\n',
      'roles/r/tasks/main.yml': `
- vars: {y: 2${has('block vars') ? `, x: ${said('block vars')}` : ''}}
  block:
    - {name: tell, debug: {msg: "{{ x }}"}, vars: {y: 3${has('task vars') ? `, x: ${said('task vars')}` : ''}}}
`,
      ...files,
    },
  };
}

/** Each two that stand next to each other, and some that are far apart. */
const pairs: readonly PeerStory[] = names.flatMap((source, i) =>
  [1, 3, 5].flatMap((distance) => {
    const stronger = names[i + distance];
    return stronger === undefined ? [] : [precedence([source, stronger])];
  }),
);

const written: readonly PeerStory[] = [
  {
    title: 'vars: refer to each other, and to what is set later',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {greeting: "hello {{ who }}", who: "{{ name }} of {{ inventory_hostname }}", name: first}
  tasks:
    - {name: before, debug: {msg: "{{ greeting }}"}}
    - {name: set, set_fact: {name: second}}
    - {name: after, debug: {msg: "{{ greeting }}"}}
`,
  },
  {
    title: 'include_vars: its variables refer to each other, and to what is set later',
    tasks: `
    - {name: read, include_vars: vars.yaml}
    - {name: set, set_fact: {late: now}}
    - {name: tell, debug: {msg: "{{ both }} {{ later }}"}}
    - {name: set again, set_fact: {late: then}}
    - {name: tell again, debug: {msg: "{{ later }}"}}`,
    files: { 'vars.yaml': 'both: "{{ one }}{{ two }}"\none: 1\ntwo: "{{ one }}2"\nlater: "{{ late }}"\n' },
  },
  {
    title: 'include_vars: which files it has read',
    hosts: ['a'],
    tasks: `
    - {name: one, include_vars: {file: one.yaml, name: held}, register: r}
    - {name: tell one, debug: {msg: "{{ r.ansible_included_var_files }}"}}
    - {name: two, include_vars: two.yaml, register: r}
    - {name: tell two, debug: {msg: "{{ r.ansible_included_var_files }}"}}`,
    files: { 'one.yaml': 'x: of one\n', 'vars/two.yaml': 'x: of two\n', 'two.yaml': 'x: other\n' },
  },
  {
    title: 'include_vars: a folder with a file that is none of variables, ignored',
    differs: 'an extension that `include_vars` does not know',
    tasks: `
    - {name: wrong, include_vars: {dir: d}, ignore_errors: true}
    - {name: after, debug: {msg: x}}`,
    files: { 'd/a.yml': 'x: a\n', 'd/x.conf': 'x: 1\n' },
  },
  {
    title: 'include_vars: a folder that is there twice',
    tasks: `
    - {name: near, include_vars: {dir: d}}
    - {name: tell, debug: {msg: "{{ x }}"}}`,
    files: { 'd/a.yml': 'x: beside\n', 'vars/d/a.yml': 'x: in vars\n' },
  },
  {
    title: 'include_vars: with name, a dir, and a later file over an earlier one',
    tasks: `
    - {name: held, include_vars: {file: one.yaml, name: held}}
    - {name: tell, debug: {msg: "{{ held.x }}"}}
    - {name: folder, include_vars: {dir: many}}
    - {name: tell more, debug: {msg: "{{ x }} {{ y }}"}}
    - {name: one, include_vars: one.yaml}
    - {name: tell one, debug: {msg: "{{ x }} {{ y }}"}}`,
    files: { 'one.yaml': 'x: of one\n', 'many/a.yml': 'x: of a\ny: of a\n', 'many/b.yml': 'x: of b\n' },
  },
  {
    title: 'include_vars: a file of JSON, one that each host names, in a loop, under a condition',
    tasks: `
    - {name: json, include_vars: vars.json}
    - {name: mine, include_vars: "{{ inventory_hostname }}.yaml"}
    - {name: looped, include_vars: "{{ item }}.yaml", loop: [c, d]}
    - {name: skipped, include_vars: e.yaml, when: 1 > 2}
    - {name: tell, debug: {msg: "{{ j }} {{ h }} {{ l }}"}}`,
    files: {
      'vars.json': '{"j": "json"}',
      'a.yaml': 'h: of a\n',
      'b.yaml': 'h: of b\n',
      'c.yaml': 'l: c\n',
      'd.yaml': 'l: d\n',
      'e.yaml': 'l: e\n',
    },
  },
  {
    title: 'include_vars: looks in vars/ of the role, and of the playbook',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks:
    - {name: read, include_vars: of-play.yaml}
    - {name: tell, debug: {msg: "{{ p }}"}}
`,
    files: {
      'vars/of-play.yaml': 'p: of the play\n',
      'roles/r/vars/some.yml': 'x: of the role\n',
      'roles/r/tasks/main.yml':
        '- {name: read, include_vars: some.yml}\n- {name: tell, debug: {msg: "{{ x }}"}}\n',
    },
  },
  {
    title: 'vars_files: are looked for in vars/ too',
    playbook: `
- hosts: all
  gather_facts: false
  vars_files: [in-vars.yaml, [not-there.yaml, second.yaml]]
  tasks: [{name: tell, debug: {msg: "{{ x }} {{ y }}"}}]
`,
    files: { 'vars/in-vars.yaml': 'x: in vars\n', 'vars/second.yaml': 'y: second\n' },
  },
  {
    title: 'vars_files: beside the playbook and in vars/ of the same name',
    playbook: `
- hosts: all
  gather_facts: false
  vars_files: [same.yaml]
  tasks: [{name: tell, debug: {msg: "{{ x }}"}}]
`,
    files: { 'vars/same.yaml': 'x: in vars\n', 'same.yaml': 'x: beside\n' },
  },
  {
    title: 'booleans: of every spelling, in plays, files, inventories and set_fact',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {a1: yes, a2: no, a3: on, a4: off, a5: Yes, a6: NO, a7: "yes", a8: true, a9: False}
  vars_files: [v.yaml]
  tasks:
    - {name: set, set_fact: {c1: yes, c2: no}}
    - {name: a1, debug: {msg: x}, when: a1}
    - {name: a2, debug: {msg: x}, when: a2}
    - {name: a3, debug: {msg: x}, when: a3}
    - {name: a4, debug: {msg: x}, when: a4}
    - {name: a5, debug: {msg: x}, when: a5}
    - {name: a6, debug: {msg: x}, when: a6}
    - {name: a7, debug: {msg: x}, when: a7 == 'yes'}
    - {name: a8, debug: {msg: x}, when: a8}
    - {name: a9, debug: {msg: x}, when: a9}
    - {name: b1, debug: {msg: x}, when: b1}
    - {name: b2, debug: {msg: x}, when: b2}
    - {name: c1, debug: {msg: x}, when: c1}
    - {name: c2, debug: {msg: x}, when: c2}
    - {name: d1, debug: {msg: x}, when: d1}
    - {name: d2, debug: {msg: x}, when: d2}
`,
    files: { 'v.yaml': 'b1: yes\nb2: off\n', 'group_vars/all.yml': 'd1: on\nd2: no\n' },
  },
  {
    title: 'numbers: as YAML 1.1 writes them, in plays, files, inventories and set_fact',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {under: 1_000, hexadecimal: 0x1f, binary: 0b11, half: .5, negative: -0x_1F, ports: 22:90}
  vars_files: [more.yml]
  tasks:
    - {name: play, debug: {msg: "{{ under }} {{ hexadecimal }} {{ binary }} {{ half }} {{ negative }} {{ ports }}"}}
    - {name: file, debug: {msg: "{{ ofFile }} {{ ofGroup }} {{ item }}"}, loop: [1_0, 0b1, 2.50]}
    - {name: set, set_fact: {fact: 1_1}}
    - {name: fact, debug: {msg: "{{ fact }}"}, when: fact == 11}
`,
    files: { 'more.yml': 'ofFile: 2_000\n', 'group_vars/all.yml': 'ofGroup: 0777\n' },
  },
  {
    title: 'vars: that a role or an import is given are its own',
    // Before, those of roles: and of import_role were the play's.
    since: '2.17',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {v: of the play, p: of the play, i: of the play, n: of the play}
  pre_tasks: [{name: before, debug: {msg: "{{ v }}, {{ p }}, {{ i }}, {{ n }}"}}]
  roles: [{role: r, vars: {v: given}, p: given}]
  tasks:
    - {import_role: {name: r}, vars: {i: given}}
    - {include_role: {name: r}, vars: {n: given}}
    - {name: after, debug: {msg: "{{ v }}, {{ p }}, {{ i }}, {{ n }}"}}
`,
    files: { 'roles/r/tasks/main.yml': '- {name: t, debug: {msg: "{{ v }}, {{ p }}, {{ i }}, {{ n }}"}}\n' },
  },
  {
    title: 'set_fact: of one host, seen by another and in the next play',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: set, set_fact: {x: "of {{ inventory_hostname }}"}}
    - {name: tell, debug: {msg: "{{ x }} {{ hostvars.a.x }} <% {{ hostvars['b'].x }} %% {{ hostvars.b.x }} %>"}}
- {hosts: b, gather_facts: false, tasks: [{name: still, debug: {msg: "{{ x }} {{ hostvars.a.x }}"}}]}
`,
  },
  {
    title: 'extra vars: go before all, of any kind',
    args: ['-e', 'x=extra n=3', '-e', '{"list": [1, 2], "flag": true}'],
    tasks: `
    - {name: set, set_fact: {x: set}}
    - {name: tell, debug: {msg: "{{ x }} {{ n }}"}, vars: {x: task}}
    - {name: flag, debug: {msg: x}, when: flag}
    - {name: text, debug: {msg: x}, when: n == "3"}
    - {name: each, debug: {msg: "{{ item }}"}, loop: "{{ list }}"}`,
  },
  {
    title: 'omit: a parameter that is left out',
    tasks: `
    - {name: left out, debug: {msg: "<% {{ nothing | default(omit) }} %% {{default nothing omit}} %>"}}
    - {name: given, debug: {msg: "<% {{ x | default(omit) }} %% {{default x omit}} %>"}, vars: {x: given}}`,
  },
  {
    title: 'vars: of plays are gone in the next one; facts stay',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {p: play}
  tasks: [{name: set, set_fact: {f: "{{ p }}"}}, {name: said, command: echo out, register: r, changed_when: false}]
- hosts: all
  gather_facts: false
  tasks:
    - {name: tell, debug: {msg: "{{ f }} {{ r.stdout }}"}}
    - {name: gone, debug: {msg: x}, when: "<% p is defined %% 'p' in hostvars[inventory_hostname] %>"}
`,
  },
  {
    title: 'variables: whether a result has a key',
    tasks: `
    - {name: run, command: echo, register: r, changed_when: false}
    - {name: has, debug: {msg: x}, when: "<% 'rc' in r %% 'rc' in r %>"}
    - {name: has not, debug: {msg: x}, when: "<% 'nope' in r %% 'nope' in r %>"}
    - {name: asks by a variable, debug: {msg: x}, when: inventory_hostname in r}`,
  },
];

/** What `include_vars` says of the files of its folder. */
const folders: readonly PeerStory[] = (
  [
    ['depth: 1', 'depth: 1, ignore_files: [x.conf]'],
    ['depth: 2', 'depth: 2, ignore_files: "x.conf a"'],
    ['all floors, the files of a folder before the folders in it', 'ignore_files: "x.conf b.yml a"'],
    ['one extension', 'extensions: [conf], ignore_unknown_extensions: true'],
    ['extensions, one of them of nothing', 'extensions: ["", json], ignore_unknown_extensions: true'],
    ['files_matching', 'files_matching: "^a[.]"'],
    ['ignore_files, each about the end of a name', 'ignore_files: ["[cd].yml", conf, z, a]'],
    ['ignore_unknown_extensions', 'ignore_unknown_extensions: true, depth: 1'],
  ] as const
).map(([title, options]) => ({
  title: `include_vars: of a folder: ${title}`,
  hosts: ['a'],
  tasks: `
    - {name: read, include_vars: {dir: d, ${options}}, register: r}
    - {name: tell, debug: {msg: "{{ x }}"}}
    - {name: files, debug: {msg: "{{ r.ansible_included_var_files }}"}}`,
  files: {
    'd/a.yml': 'x: a\n',
    'd/sub/a': 'x: a without an extension\n',
    'd/b.yml': 'x: b\n',
    'd/sub/c.yml': 'x: c\n',
    'd/sub/sub/d.yml': 'x: d\n',
    'd/x.conf': 'x: conf\n',
    'd/z.json': '{"x": "z"}',
  },
}));

const leftOut = '"<% {{ nothing | default(omit) }} %% {{default nothing omit}} %>"';

const omitted: readonly PeerStory[] = [
  {
    title: 'omit: of become and become_user, which are then as around the task',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  become_user: daemon
  tasks:
    - {name: none, command: id -un, become: ${leftOut}, register: r, changed_when: false}
    - {name: tell none, debug: {msg: "{{ r.stdout }}"}}
    - become: true
      block:
        - {name: of the play, command: id -un, become_user: ${leftOut}, register: r, changed_when: false}
        - {name: tell, debug: {msg: "{{ r.stdout }}"}}
        - {name: of both, command: id -un, become: ${leftOut}, become_user: ${leftOut}, register: r, changed_when: false}
        - {name: tell both, debug: {msg: "{{ r.stdout }}"}}
        - become_user: nobody
          block:
            - {name: of the block, command: id -un, become_user: ${leftOut}, register: r, changed_when: false}
            - {name: tell block, debug: {msg: "{{ r.stdout }}"}}
`,
  },
  {
    title: 'omit: of connection and remote_user',
    tasks: `
    - {name: here, command: echo, connection: ${leftOut}, remote_user: ${leftOut}}`,
  },
];

export const variableStories: readonly PeerStory[] = [...pairs, ...written, ...folders, ...omitted];
