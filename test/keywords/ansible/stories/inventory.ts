/** What a run changes in its own inventory: `group_by`, `add_host`, `meta: refresh_inventory`. */
import type { PeerStory } from '../grounds.js';

const three = ['a', 'b', 'c'];
/** Hosts of a new group stand in the order in which they joined it: one after another, so that it is known. */
const inTurn = ['-f', '1'];

const linear = (tasks: string): string =>
  `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:${tasks}`;
const tell = (hosts: string, said: string): string =>
  `
- {hosts: '${hosts}', gather_facts: false, tasks: [{name: "of ${hosts}", debug: {msg: "{{ ${said} }}"}}]}`;

const grouping: readonly PeerStory[] = [
  {
    title: 'group_by: groups, their parents and variables, at once and in later plays',
    hosts: three,
    args: inTurn,
    files: {
      'group_vars/all.yml': 'v: of all\n',
      'group_vars/k_a.yml': 'v: of k_a\n',
      'group_vars/k_b.yml': 'v: of k_b\n',
      'group_vars/top.yml': 'v: of top\nt: of top\n',
    },
    playbook: `${linear(`
    - {name: make, group_by: {key: "k_{{ inventory_hostname }}", parents: [top, other]}, register: r, when: inventory_hostname != 'c'}
    - {name: changed, debug: {msg: "<% {{ r.changed | lower }} %% {{ r.changed }} %>"}}
    - {name: names, debug: {msg: "{{ group_names }}"}}
    - {name: groups, debug: {msg: "{{ groups }}"}}
    - {name: variable, debug: {msg: "{{ v }}"}}
    - {name: of another, debug: {msg: "{{ hostvars.a.group_names }}"}}`)}${tell('k_a', 'v')}${tell('top', 't')}${tell(
      'k_*',
      'ansible_play_hosts',
    )}${tell('all:!top', 'ansible_play_hosts')}${tell('top[0]', 'ansible_play_hosts')}${tell('~k_[bc]', 'group_names')}
`,
  },
  {
    title: 'group_by: what it returns, and what is there already',
    hosts: ['a'],
    tasks: `
    - {name: make, group_by: {key: with some spaces, parents: a parent}, register: r}
    - {name: tell, debug: {msg: "{{ r.add_group }}"}}
    - {name: parents, debug: {msg: "{{ r.parent_groups }}"}}
    - {name: again, group_by: {key: with some spaces, parents: a parent}}
    - {name: no parent, group_by: {key: a-parent}}
    - {name: one more, group_by: {key: with-some-spaces, parents: [another]}}
    - {name: groups, debug: {msg: "{{ groups }}"}}`,
  },
  {
    title: 'group_by: in a loop, judged by conditions',
    args: inTurn,
    tasks: `
    - {name: judged, group_by: {key: "k_{{ item }}"}, loop: [1, 2], changed_when: item == 2}
    - {name: again, group_by: {key: "k_{{ item }}"}, loop: [1, 2, 1]}
    - {name: fails, group_by: {key: z}, failed_when: inventory_hostname == 'b'}
    - {name: groups, debug: {msg: "{{ groups }}"}}`,
  },
  {
    title: 'group_by: of the localhost that no inventory names',
    hosts: ['a'],
    files: { 'group_vars/x.yml': 'v: of x\n' },
    playbook: `
- hosts: localhost
  gather_facts: false
  tasks:
    - {name: make, group_by: {key: x}}
    - {name: groups, debug: {msg: "{{ groups }}"}}${tell('x', 'v')}${tell('x', 'group_names')}${tell(
      'all',
      'ansible_play_hosts',
    )}
`,
  },
  {
    title: 'group_by: in a role, an included file and a handler',
    args: inTurn,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  roles: [r]
  tasks: [{name: one, debug: {msg: x}, changed_when: true, notify: h}]
  handlers: [{name: h, group_by: {key: of_handler}}]${tell('of_role', 'group_names')}${tell('of_handler', 'group_names')}
`,
    files: {
      'roles/r/tasks/main.yml': '- include_tasks: "{{ inventory_hostname }}.yml"\n',
      'roles/r/tasks/a.yml': '- {name: make, group_by: {key: of_role}}\n',
      'roles/r/tasks/b.yml': '- {name: make, group_by: {key: of_role_too}}\n',
    },
  },
  {
    title: 'group_by: plays of groups that nobody makes',
    args: inTurn,
    playbook: `${linear(`
    - {name: make, group_by: {key: "k_{{ inventory_hostname }}"}, when: inventory_hostname == 'b'}`)}${tell(
      'k_none',
      'group_names',
    )}${tell('k_a:k_b', 'ansible_play_hosts')}${tell('all:&k_b', 'ansible_play_hosts')}
`,
  },
  {
    title: 'group_by: hosts that are lost join nothing',
    unreachable: ['b'],
    args: inTurn,
    playbook: `${linear(`
    - {name: asked, command: echo x, changed_when: false}
    - {name: make, group_by: {key: well}}`)}${tell('well', 'ansible_play_hosts')}
`,
  },
  {
    title: 'group_by and add_host: notify handlers',
    differs: 'they notify handlers if they change something',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: make, group_by: {key: x}, notify: h}
    - {name: add, add_host: {name: n, ansible_connection: local}, notify: i}
  handlers: [{name: h, debug: {msg: x}}, {name: i, debug: {msg: x}}]
`,
  },
];

const adding: readonly PeerStory[] = [
  {
    title: 'add_host: one for all hosts, with groups and variables',
    hosts: three,
    files: { 'group_vars/g2.yml': 'w: of g2\n', 'host_vars/new_a.yml': 'h: of new_a\n' },
    playbook: `${linear(`
    - {name: add, add_host: {name: "new_{{ inventory_hostname }}", groups: [g1, g2], ansible_connection: local, v: 5}, register: r}
    - {name: returned, debug: {msg: "{{ r.add_host.host_name }}"}, when: inventory_hostname == 'a'}
    - {name: groups of it, debug: {msg: "{{ r.add_host.groups }}"}, when: inventory_hostname == 'a'}
    - {name: groups, debug: {msg: "{{ groups }}"}}
    - {name: variable, debug: {msg: "{{ hostvars.new_a.v }}"}}
    - {name: hosts, debug: {msg: "{{ ansible_play_hosts_all }}"}}
    - {name: upright, debug: {msg: "{{ ansible_play_hosts }}"}}
    - {name: batch, debug: {msg: "{{ ansible_play_batch }}"}}`)}
- hosts: g1
  gather_facts: false
  tasks:
    - {name: all of it, debug: {msg: "{{ v }} {{ w }} {{ h }}"}}
    - {name: names, debug: {msg: "{{ group_names }}"}}
    - {name: runs, command: echo x}${tell('all', 'ansible_play_hosts')}${tell('ungrouped', 'ansible_play_hosts')}
`,
  },
  {
    title: 'add_host: again, with another variable or group, and in a loop',
    hosts: ['a'],
    playbook: `${linear(`
    - {name: add, add_host: {name: n, groups: "g1, g2", ansible_connection: local, v: 5}}
    - {name: same, add_host: {name: n, groups: [g2], ansible_connection: local, v: 5}}
    - {name: variable, add_host: {name: n, v: 6}}
    - {name: group, add_host: {name: n, groups: g3}}
    - {name: of the inventory, add_host: {name: a, v: 7}}
    - {name: tell, debug: {msg: "{{ v }} {{ hostvars.n.v }}"}}
    - {name: each, add_host: {hostname: "{{ item }}", groupname: g4, ansible_connection: local}, loop: [x1, x2, x1]}
    - {name: groups, debug: {msg: "{{ groups }}"}}`)}${tell('g4', 'inventory_hostname')}${tell('n', 'v')}
`,
  },
  {
    title: 'add_host: a port behind the name',
    hosts: ['a'],
    tasks: `
    - {name: add, add_host: {name: "n:2222", ansible_connection: local}, register: r}
    - {name: name, debug: {msg: "{{ r.add_host.host_name }}"}}
    - {name: port, debug: {msg: "{{ hostvars.n.ansible_ssh_port }}"}}
    - {name: address, add_host: {name: "[::1]:22", ansible_connection: local}, register: s}
    - {name: name of it, debug: {msg: "{{ s.add_host.host_name }}"}}`,
  },
  {
    title: 'add_host: under a condition that only another host meets',
    hosts: three,
    playbook: `${linear(`
    - {name: no, add_host: {name: n1, ansible_connection: local}, when: inventory_hostname == 'b'}
    - {name: add, add_host: {name: n2, ansible_connection: local}, when: inventory_hostname == 'a'}`)}${tell(
      'n*',
      'inventory_hostname',
    )}
`.replace('name: no,', 'name: none,'),
  },
  {
    title: 'add_host: fails for all, and no play follows',
    hosts: three,
    playbook: `${linear(`
    - {name: add, add_host: {name: n1, ansible_connection: local}}
    - {name: fails, add_host: {name: n2}, failed_when: 1 < 2}
    - {name: never, debug: {msg: x}}`)}${tell('n*', 'inventory_hostname')}
`,
  },
  {
    title: 'add_host: in each batch',
    hosts: three,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  serial: 2
  tasks:
    - {name: add, add_host: {name: "of_{{ inventory_hostname }}", groups: g, ansible_connection: local}}
    - {name: hosts, debug: {msg: "{{ ansible_play_hosts_all }}"}}${tell('g', 'ansible_play_hosts')}
`,
  },
  {
    title: 'add_host: works for others at once',
    hosts: ['a'],
    tasks: `
    - {name: add, add_host: {name: n, ansible_connection: local, v: 3, groups: g}}
    - {name: there, command: echo x, delegate_to: n}
    - {name: fact, set_fact: {f: there}, delegate_to: n, delegate_facts: true}
    - {name: tell, debug: {msg: "{{ hostvars.n.f }}"}}
    - {name: each, debug: {msg: "<% {{ hostvars[item].v }} %% {{ lookup (lookup hostvars item) 'v' }} %>"}, loop: "{{ groups.g }}"}`,
  },
  {
    title: 'add_host: of localhost, which no inventory names, and a limit',
    hosts: three,
    args: ['--limit', 'localhost,a,n1'],
    playbook: `
- hosts: localhost
  gather_facts: false
  tasks: [{name: each, add_host: {name: "{{ item }}", groups: g, ansible_connection: local}, loop: [n1, n2]}]${tell(
    'g',
    'ansible_play_hosts',
  )}${tell('all', 'ansible_play_hosts')}
`,
  },
  {
    title: 'add_host: to a group that there is, ordered and in batches',
    hosts: three,
    playbook: `
- hosts: a
  gather_facts: false
  tasks: [{name: each, add_host: {name: "{{ item }}", ansible_connection: local}, loop: [n2, n1]}]
- hosts: all
  gather_facts: false
  strategy: linear
  order: reverse_sorted
  serial: 2
  tasks: [{name: batch, debug: {msg: "{{ ansible_play_batch }}"}}]
`,
  },
  {
    title: 'add_host: one that is lost in its play',
    hosts: ['a'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks: [{name: each, add_host: {name: "{{ item }}", groups: g, ansible_connection: local}, loop: [n1, n2]}]
- hosts: g
  gather_facts: false
  strategy: linear
  tasks:
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'n1'}
    - {name: after, debug: {msg: x}}${tell('all', 'ansible_play_hosts')}
`,
  },
  {
    title: 'add_host and group_by: in check mode',
    args: ['--check', ...inTurn],
    playbook: `${linear(`
    - {name: add, add_host: {name: n1, groups: g, ansible_connection: local}}
    - {name: make, group_by: {key: q}}`)}${tell('g:q', 'ansible_play_hosts')}
`,
  },
  {
    title: 'add_host: a connection setting that is wrong',
    differs: 'a wrong connection setting',
    hosts: ['a'],
    tasks: `
    - {name: add, add_host: {name: n, ansible_port: none}, ignore_errors: true}
    - {name: groups, debug: {msg: "{{ groups.all }}"}}`,
  },
];

const inventory = (hosts: string): string =>
  `all: {hosts: {${hosts
    .split(' ')
    .map((host) => `${host}: {ansible_connection: local, x: of ${host}}`)
    .join(', ')}}}\n`;

const refreshing: readonly PeerStory[] = [
  {
    title: 'meta: refresh_inventory: new hosts and groups, and what was brought before',
    args: ['-i', 'more'],
    hosts: [],
    files: {
      'more/one.yml': inventory('a'),
      'new.yml': `all: {hosts: {n1: {ansible_connection: local, y: 1}, n2: {ansible_connection: local}}, children: {g: {hosts: {n1: }}}}\n`,
    },
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: add, add_host: {name: brought, ansible_connection: local}}
    - {name: group, group_by: {key: made}}
    - {name: put, command: cp TMP/new.yml TMP/more/two.yml}
    - {name: before, debug: {msg: "{{ groups.all }}"}}
    - {meta: refresh_inventory}
    - {name: groups, debug: {msg: "{{ groups }}"}}
    - {name: variable, debug: {msg: "{{ hostvars.n1.y }}"}}
    - {name: there, command: echo x, delegate_to: n2}
    - {name: hosts, debug: {msg: "{{ ansible_play_hosts_all }}"}}${tell('g', 'y')}${tell('all', 'ansible_play_hosts')}${tell(
      'made',
      'group_names',
    )}
`,
  },
  {
    title: 'meta: refresh_inventory: variables that are others',
    args: ['-i', 'more', ...inTurn],
    hosts: [],
    files: { 'more/one.yml': inventory('a b'), 'new.yml': inventory('a b').replace('of b', 'another') },
    playbook: `${linear(`
    - {name: before, debug: {msg: "{{ x }}"}}
    - {name: put, command: cp TMP/new.yml TMP/more/one.yml, run_once: true}
    - {name: not yet, debug: {msg: "{{ x }}"}}
    - {meta: refresh_inventory}
    - {name: now, debug: {msg: "{{ x }}"}}`)}${tell('all', 'x')}
`,
  },
  {
    title: 'meta: refresh_inventory: hosts that are gone',
    differs: 'finishes its play',
    args: ['-i', 'more'],
    hosts: [],
    files: { 'more/one.yml': inventory('a'), 'more/two.yml': inventory('b') },
    playbook: `${linear(`
    - {name: take away, command: rm TMP/more/two.yml, run_once: true}
    - {meta: refresh_inventory}
    - {name: after, debug: {msg: "{{ groups.all }}"}}`)}${tell('all', 'ansible_play_hosts')}
`,
  },
  {
    title: 'meta: refresh_inventory: one that cannot be read any more',
    differs: 'an inventory that cannot be read any more fails the task',
    args: ['-i', 'more'],
    hosts: [],
    files: { 'more/one.yml': inventory('a') },
    playbook: `${linear(`
    - {name: spoil, shell: "echo 'all: [' > TMP/more/two.yml"}
    - {meta: refresh_inventory}
    - {name: after, debug: {msg: x}}`)}
`,
  },
];

const reading: readonly PeerStory[] = [
  {
    title: 'group_by: a key that an expression gives',
    playbook: `${linear(`
    - {name: make, group_by: {key: <% "{{ 'k_' ~ inventory_hostname }}" %% !cel '"k_" + inventory_hostname' %>}, changed_when: false}`)}
${tell('k_a', 'group_names')}`,
  },
  {
    title: 'inventory: a folder of files of all kinds',
    // 2.14 takes .ini for settings of programs.
    since: '2.19',
    hosts: ['a'],
    args: ['-i', 'folder'],
    files: {
      'folder/a.ini': 'h1 ansible_connection=local v=1\n',
      'folder/b.cfg': 'h2 ansible_connection=local v=2\n',
      'folder/c': 'h3 ansible_connection=local v=3\n',
      'folder/sub/d.ini': '[g]\nh4 ansible_connection=local v=4\n',
    },
    playbook: `${linear(`
    - {name: of, debug: {msg: "{{ groups.all }}"}}`)}
`,
  },
  ...['web1,!web2', 'web*,!web2,db1', 'web*:!web2', 'web*,&web2'].map((limit): PeerStory => ({
    title: `hosts: --limit ${limit}`,
    hosts: ['web1', 'web2', 'db1'],
    args: ['--limit', limit],
    tasks: `
    - {name: one, debug: {msg: x}}`,
  })),
  {
    title: 'hosts: patterns with colons in a list',
    hosts: ['web1', 'web2', 'db1'],
    playbook: `
- {hosts: ['web*:!web2', db1], gather_facts: false, tasks: [{name: one, debug: {msg: x}}]}
- {hosts: ['web*:&web2'], gather_facts: false, tasks: [{name: two, debug: {msg: x}}]}
`,
  },
];

export const inventoryStories: readonly PeerStory[] = [...reading, ...grouping, ...adding, ...refreshing];
