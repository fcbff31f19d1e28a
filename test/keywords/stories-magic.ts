/**
 * Magic variables, as stories: what ansible-core 2.14 gives for the same playbook and command line, but for its version,
 * for null where it has none, and for a host's connection.
 */
import type { Story } from './story.js';

const asked = (names: readonly string[]): string =>
  names.map((name) => `\n    - {name: ${name}, debug: {msg: "{{json ${name}}}"}}`).join('');

const ofRun = [
  ...['ansible_limit', 'ansible_run_tags', 'ansible_skip_tags', 'ansible_diff_mode', 'ansible_check_mode'],
  ...['ansible_verbosity', 'ansible_forks', 'ansible_inventory_sources', 'play_hosts', 'ansible_play_hosts'],
];

export const magicStories: readonly Story[] = [
  {
    keyword: 'magic variables',
    title: 'of a run without options',
    hosts: ['a', 'b'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks: ${asked([...ofRun, 'ansible_play_name'])}
`,
    lines: {
      a: [
        'ok | ansible_limit | null',
        'ok | ansible_run_tags | ["all"]',
        'ok | ansible_skip_tags | []',
        'ok | ansible_diff_mode | false',
        'ok | ansible_check_mode | false',
        'ok | ansible_verbosity | 0',
        'ok | ansible_forks | 50',
        'ok | ansible_inventory_sources | ["TMP/hosts.yaml"]',
        'ok | play_hosts | ["a"]',
        'ok | ansible_play_hosts | ["a"]',
        'ok | ansible_play_name | "a"',
      ],
    },
    idle: ['b'],
  },
  {
    keyword: 'magic variables',
    title: 'of a run with options',
    hosts: ['a', 'b'],
    args: [
      ...['-l', 'a', '-t', 'all,tagged', '--skip-tags', 'nope', '-D', '-C', '-vv', '-f', '7'],
      ...['-i', 'c,d,', '-e', 'who=me'],
    ],
    playbook: `
- name: The play of {{who}}
  hosts: all
  gather_facts: false
  tasks: ${asked([...ofRun, 'ansible_play_name'])}
`,
    lines: {
      a: [
        'ok | ansible_limit | "a"',
        'ok | ansible_run_tags | ["all","tagged"]',
        'ok | ansible_skip_tags | ["nope"]',
        'ok | ansible_diff_mode | true',
        'ok | ansible_check_mode | true',
        'ok | ansible_verbosity | 2',
        'ok | ansible_forks | 7',
        'ok | ansible_inventory_sources | ["TMP/hosts.yaml","c,d,"]',
        'ok | play_hosts | ["a"]',
        'ok | ansible_play_hosts | ["a"]',
        'ok | ansible_play_name | "The play of me"',
      ],
    },
    idle: ['b'],
  },
  {
    keyword: 'magic variables',
    title: "ansible_version has the shape of Ansible's, and is zrun's own",
    tasks: `
    - name: tell
      debug: {msg: "{{ansible_version.string}}, {{ansible_version.full}}"}
      when: ansible_version.major >= 0 && ansible_version.minor >= 0 && ansible_version.revision >= 0`,
    lines: ['ok | tell | zrun 0.0.0-test, 0.0.0-test'],
  },
  {
    keyword: 'magic variables',
    title: 'group_names are in alphabetical order',
    args: ['-i', 'groups.ini'],
    files: { 'groups.ini': '[z]\na\n[y]\na\n[m:children]\nz\n[b:children]\ny\n' },
    tasks: asked(['group_names', 'hostvars.a.group_names']),
    lines: ['ok | group_names | ["b","m","y","z"]', 'ok | hostvars.a.group_names | ["b","m","y","z"]'],
  },
  {
    keyword: 'magic variables',
    title: 'of roles: the one at hand, those that it stands in, and those of the play, but what they need',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: ${asked(['ansible_play_role_names'])}
`,
    files: {
      'roles/r/meta/main.yml': 'dependencies: [dep]\n',
      'roles/r/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ansible_role_name}} {{json ansible_parent_role_names}}"}}\n- import_role: {name: inner}\n',
      'roles/dep/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ansible_role_name}} {{json ansible_parent_role_names}}"}}\n',
      'roles/inner/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ansible_role_name}} {{json ansible_parent_role_names}}"}}\n- include_role: {name: "{{which}}"}\n  vars: {which: in2}\n',
      'roles/in2/meta/main.yml': 'dependencies: [dep2]\n',
      'roles/in2/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ansible_role_name}} {{json ansible_parent_role_names}}"}}\n',
      'roles/dep2/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ansible_role_name}} {{json ansible_parent_role_names}}"}}\n',
    },
    lines: [
      'ok | dep : t | dep []',
      'ok | r : t | r []',
      'ok | inner : t | inner ["r"]',
      'ok | include_role: {{which}} | included',
      'ok | dep2 : t | dep2 ["inner","r"]',
      'ok | in2 : t | in2 ["inner","r"]',
      'ok | ansible_play_role_names | ["r","inner","in2"]',
    ],
  },
  {
    keyword: 'magic variables',
    title: 'ansible_failed_task and ansible_failed_result are there in always too, null where nothing failed',
    tasks: `
    - block: [{name: breaks, command: /bin/false}]
      rescue: [{name: r, debug: {msg: "{{ansible_failed_task.name}} {{ansible_failed_task.action}}"}}]
      always: [{name: a, debug: {msg: "{{ansible_failed_task.name}} {{ansible_failed_result.rc}}"}}]
    - block: [{name: goes well, debug: {msg: x}}]
      always: [{name: b, debug: {msg: "{{json ansible_failed_task}}"}, when: ansible_failed_result == null}]
    - block: [{name: breaks too, command: /bin/false}]
      rescue: [{name: and again, fail: {msg: x}}]
      always: [{name: c, debug: {msg: "{{ansible_failed_task.name}}"}}]`,
    lines: [
      'failed | breaks | `/bin/false` ended with exit code 1',
      'ok | r | breaks command',
      'ok | a | breaks 1',
      'ok | goes well | x',
      'ok | b | null',
      'failed | breaks too | `/bin/false` ended with exit code 1',
      'failed | and again | x',
      'ok | c | and again',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'magic variables',
    title: 'of roles with those that they need, and of those alone',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: ${asked(['ansible_role_names', 'ansible_dependent_role_names', 'ansible_play_role_names'])}
- hosts: all
  gather_facts: false
  tasks: ${asked(['ansible_role_names', 'ansible_dependent_role_names', 'ansible_play_role_names'])}
`,
    files: { 'roles/r/meta/main.yml': 'dependencies: [dep]\n', 'roles/dep/tasks/main.yml': '[]\n' },
    lines: [
      'ok | ansible_role_names | ["dep","r"]',
      'ok | ansible_dependent_role_names | ["dep"]',
      'ok | ansible_play_role_names | ["r"]',
      'ok | ansible_role_names | []',
      'ok | ansible_dependent_role_names | []',
      'ok | ansible_play_role_names | []',
    ],
  },
  {
    keyword: 'magic variables',
    title: 'ansible_search_path: the folders of the role, of the file of tasks and of the playbook',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks:
    - {name: play, debug: {msg: "{{json ansible_search_path}}"}}
`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: "{{json ansible_search_path}}"}}\n',
    },
    lines: ['ok | r : t | ["TMP/roles/r","TMP/roles/r/tasks","TMP"]', 'ok | play | ["TMP"]'],
  },
  {
    keyword: 'magic variables',
    title: 'ansible_host is the name of a host whose address nothing says; anything may say another',
    args: ['-i', 'more.ini'],
    files: { 'more.ini': 'b ansible_connection=local\nc ansible_connection=local ansible_host=10.0.0.1\n' },
    playbook: `
- hosts: b:c
  gather_facts: false
  tasks:
    - {name: tell, debug: {msg: "{{ansible_host}}"}}
    - {name: own, debug: {msg: "{{ansible_host}}"}, vars: {ansible_host: other}}
`,
    lines: { b: ['ok | tell | b', 'ok | own | other'], c: ['ok | tell | 10.0.0.1', 'ok | own | other'] },
    idle: ['a'],
    outcomes: { b: 'done', c: 'done' },
  },
  {
    keyword: 'magic variables',
    title: 'vars holds every variable by its name',
    playbook: `
- hosts: all
  gather_facts: false
  vars: {of_play: 1}
  tasks:
    - name: tell
      debug: {msg: "{{vars.of_play}} {{vars.of_task}} {{lookup vars name}} {{vars.inventory_hostname}}"}
      when: [vars.of_play == 1, "vars['of_task'] == 'it is 1'"]
      vars: {of_task: "it is {{of_play}}", name: of_play}
`,
    lines: ['ok | tell | 1 it is 1 1 a'],
  },
  {
    keyword: 'omit',
    title: 'in delegate_to, serial, max_fail_percentage and the parts of a role is as if it were not there',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: "{{omit}}"
  max_fail_percentage: "{{default percentage omit}}"
  tasks:
    - {name: here, debug: {msg: "{{json ansible_play_batch}}"}, delegate_to: "{{omit}}"}
    - {include_role: {name: r, tasks_from: "{{default from omit}}"}}
    - {import_role: {name: r, tasks_from: "{{omit}}"}}
`,
    files: { 'roles/r/tasks/main.yml': '- {name: main, debug: {msg: x}}\n' },
    lines: Object.fromEntries(
      ['a', 'b'].map((host) => [
        host,
        [
          'ok | here | ["a","b"]',
          'ok | include_role: r | included',
          'ok | r : main | x',
          'ok | r : main | x',
        ],
      ]),
    ),
  },
];
