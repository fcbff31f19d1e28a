/** Playbooks as they are at work: several features at once. */
import type { PeerStory } from '../grounds.js';

export const mixedStories: readonly PeerStory[] = [
  {
    title: 'mixed: deploy in a loop of includes, with a way back and handlers that listen',
    hosts: ['web1', 'web2', 'web3'],
    playbook: `
- name: Deploy
  hosts: all
  gather_facts: false
  strategy: linear
  vars:
    apps: [shop, blog, wiki]
    broken: [blog]
  tasks:
    - name: each app
      include_tasks: app.yml
      loop: "{{ apps }}"
      loop_control: {loop_var: app, label: "app {{ app }}"}
    - {name: done, debug: {msg: "{{ deployed }}"}, vars: {deployed: "<% {{ state_shop }} {{ state_blog }} %% {{ state_shop }} {{ state_blog }} %>"}}
  handlers:
    - {name: reload proxy, debug: {msg: "reload"}, listen: proxy}
    - {name: warm caches, command: echo warm, changed_when: false, listen: [proxy, caches]}
`,
    files: {
      'app.yml': `
- block:
    - {name: stop, command: "echo stop {{ app }}", changed_when: false}
    - {name: unpack, shell: "test {{ app }} != blog || test {{ inventory_hostname }} != web2", register: unpacked, changed_when: unpacked.rc == 0, notify: proxy}
    - {name: mark, set_fact: {state_shop: good, state_blog: good}}
  rescue:
    - {name: why, debug: {msg: "{{ ansible_failed_task.name }} rc={{ ansible_failed_result.rc }}"}}
    - {name: roll back, command: "echo back {{ app }}", notify: caches}
    - {name: mark bad, set_fact: {state_shop: good, state_blog: bad}}
  always:
    - {name: start, command: "echo start {{ app }}", changed_when: false}
`,
    },
  },
  {
    title: 'mixed: handlers that listen, across roles and the play',
    // An older one runs all that listen, those of one name too.
    since: '2.19',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  roles: [nginx, php]
  tasks:
    - {name: cert, command: echo, notify: web changed}
    - meta: flush_handlers
    - {name: after flush, debug: {msg: x}, changed_when: inventory_hostname == 'b', notify: [web changed, only play]}
  handlers:
    - {name: only play, debug: {msg: play}}
    - {name: play listens, debug: {msg: play too}, listen: web changed}
`,
    files: {
      'roles/nginx/tasks/main.yml': '- {name: conf, command: echo, notify: [restart nginx, web changed]}\n',
      'roles/nginx/handlers/main.yml': `- {name: restart nginx, debug: {msg: nginx}}
- {name: reload, debug: {msg: reload nginx}, listen: web changed}
`,
      'roles/php/tasks/main.yml':
        '- {name: conf, debug: {msg: x}, changed_when: inventory_hostname == "a", notify: restart php}\n',
      'roles/php/handlers/main.yml': `- {name: restart php, debug: {msg: php}, notify: web changed, changed_when: true}
- {name: reload, debug: {msg: reload php}, listen: web changed}
`,
    },
  },
  {
    title: 'mixed: ports that are waited for in a loop, of which one may never come',
    hosts: ['a', 'b'],
    tasks: `
    - name: wait for ports
      shell: "echo x >> TMP/{{ inventory_hostname }}-{{ item.name }}; test $(wc -l < TMP/{{ inventory_hostname }}-{{ item.name }}) -ge {{ item.n }}"
      loop: [{name: http, n: 2}, {name: db, n: 1}, {name: never, n: 50}]
      loop_control: {label: "{{ item.name }}"}
      register: waited
      until: waited.rc == 0
      retries: 3
      delay: 0
      failed_when: "<% waited.rc != 0 and item.name != 'never' %% waited.rc != 0 && item.name != 'never' %>"
      changed_when: false
    - {name: which, debug: {msg: "{{ item.item.name }} {{ item.attempts }} {{ item.rc }}"}, loop: "{{ waited.results }}", loop_control: {label: "{{ item.item.name }}"}, when: "item.rc != 0"}
    - {name: summary, debug: {msg: x}, when: "<% waited is succeeded %% !waited.failed %>"}`,
  },
  {
    title: 'mixed: drain, update and undrain in batches, with a budget, at a load balancer',
    hosts: ['lb', 'w1', 'w2', 'w3', 'w4'],
    playbook: `
- name: Roll
  hosts: w*
  gather_facts: false
  strategy: linear
  serial: 2
  max_fail_percentage: 49
  pre_tasks:
    - {name: announce, command: "<% echo {{ ansible_play_batch | join(',') }} %% echo {{ansible_play_batch.length}} %>", delegate_to: lb, run_once: true, changed_when: false}
    - {name: drain, command: "echo {{ inventory_hostname }}", delegate_to: lb}
  tasks:
    - {name: update, command: "true", when: inventory_hostname != 'w1', register: u}
    - {name: said, debug: {msg: "{{ u.rc }}"}, when: "<% u is not skipped %% !u.skipped %>"}
    - {name: check, command: "false", when: inventory_hostname == 'w3'}
  post_tasks:
    - {name: undrain, command: "echo {{ inventory_hostname }}", delegate_to: lb}
    - {name: tell once, debug: {msg: "{{ ansible_play_hosts }}"}, run_once: true}
- name: after
  hosts: all
  gather_facts: false
  strategy: linear
  tasks: [{name: still, debug: {msg: "{{ inventory_hostname }}"}}]
`,
  },
  {
    title: 'mixed: tags through imports, includes, roles and what they need',
    hosts: ['a'],
    args: ['--tags', 'conf,deploy'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - import_tasks: install.yml
      tags: install
    - import_tasks: conf.yml
    - include_tasks: {file: deploy.yml, apply: {tags: deploy}}
      tags: deploy
    - include_tasks: notags.yml
      tags: deploy
    - import_role: {name: r}
      tags: [conf]
    - include_role: {name: r, apply: {tags: conf}}
      tags: conf
    - {name: last, debug: {msg: x}, tags: always}
`,
    files: {
      'install.yml': `- {name: install, debug: {msg: "x"}}
- {name: install conf, debug: {msg: "x"}, tags: conf}
`,
      'conf.yml': `- {name: conf, debug: {msg: "x"}, tags: conf}
- {name: no tag, debug: {msg: "x"}}
- block:
    - {name: in block, debug: {msg: x}}
  tags: conf
`,
      'deploy.yml': `- {name: deploy, debug: {msg: "x"}}
- {name: never in deploy, debug: {msg: "x"}, tags: never}
`,
      'notags.yml': `- {name: inner plain, debug: {msg: "x"}}
- {name: inner deploy, debug: {msg: "x"}, tags: deploy}
`,
      'roles/r/tasks/main.yml': `- {name: role plain, debug: {msg: "x"}}
- {name: role other, debug: {msg: "x"}, tags: other}
`,
      'roles/r/meta/main.yml': 'dependencies: [{role: q, tags: dep}]\n',
      'roles/q/tasks/main.yml': '- {name: q, debug: {msg: "x"}}\n',
    },
  },
  {
    title: 'mixed: variables of roles that need one another, given in three ways',
    // Before, the variables of roles were the play's.
    since: '2.17',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {prt: 1, nm: play}
  roles:
    - {role: app, vars: {nm: given}}
    - {role: app2, prt: 9}
  tasks: [{name: end, debug: {msg: "{{ prt }} {{ nm }} {{ level }}"}}]
`,
    files: {
      'roles/base/defaults/main.yml': `prt: 10
nm: base
level: base
`,
      'roles/base/vars/main.yml': 'level: base vars\n',
      'roles/base/tasks/main.yml':
        '- {name: base, debug: {msg: "{{ prt }} {{ nm }} {{ level }} {{ extra }}"}}\n',
      'roles/app/defaults/main.yml': `level: app default
extra: app default
`,
      'roles/app/meta/main.yml': 'dependencies: [{role: base, extra: from app, vars: {prt: 77}}]\n',
      'roles/app/tasks/main.yml':
        '- {name: app, debug: {msg: "{{ prt }} {{ nm }} {{ level }} {{ extra }}"}}\n',
      'roles/app2/meta/main.yml': 'dependencies: [{role: base, extra: from app2}]\n',
      'roles/app2/vars/main.yml': 'level: app2 vars\n',
      'roles/app2/tasks/main.yml': '- {name: app2, debug: {msg: "{{ prt }} {{ nm }} {{ level }}"}}\n',
    },
  },
  {
    title: 'mixed: hosts that come from the output of a command, in batches of their own',
    hosts: ['a'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: list, shell: "printf 'n1\\\\nn2\\\\nn3\\\\n'", register: names, changed_when: false}
    - name: new
      add_host: {name: "{{ item }}", groups: [fresh, "g_{{ item }}"], ansible_connection: local, role: "worker {{ i }}"}
      loop: "{{ names.stdout_lines }}"
      loop_control: {index_var: i}
      changed_when: false
- hosts: fresh
  gather_facts: false
  strategy: linear
  serial: 2
  order: reverse_sorted
  tasks:
    - {name: who, debug: {msg: "{{ role }}"}}
    - {name: fails, fail: {msg: no}, when: inventory_hostname == 'n3', ignore_errors: <% "{{ role == 'worker 2' }}" %% !cel 'role == "worker 2"' %>}
    - {name: facts, set_fact: {mine: "{{ role }}"}}
- hosts: a
  gather_facts: false
  tasks: [{name: all, debug: {msg: "<% {{ hostvars[item].mine }} %% {{lookup (lookup hostvars item) 'mine'}} %>"}, loop: "{{ groups.fresh }}"}]
`,
  },
  {
    title: 'mixed: users of a list, each by a role, with a handler that sees the last fact',
    hosts: ['a', 'b'],
    tasks: `
    - name: users
      include_role: {name: user}
      loop: [{n: ann, pubs: [1, 2]}, {n: bob, pubs: []}, {n: eve, pubs: [3], gone: true}]
      loop_control: {loop_var: person, label: "{{ person.n }}"}
      when: <% person.gone is not defined %% "!has(person.gone)" %>
    - {name: after, debug: {msg: x}}`,
    files: {
      'roles/user/tasks/main.yml': `- {name: make, command: "echo {{ person.n }}", changed_when: person.n == "ann", notify: refresh}
- {name: keys, debug: {msg: "{{ person.n }} {{ item }}"}, loop: "{{ person.pubs }}"}
- {name: some, set_fact: {last: "{{ person.n }}"}}
`,
      'roles/user/handlers/main.yml': '- {name: refresh, debug: {msg: "{{ last }}"}}\n',
    },
  },
  {
    title: 'mixed: a cluster whose workers join with what the master said',
    hosts: ['m', 'w1', 'w2', 'w3'],
    playbook: `
- name: Masters
  hosts: m
  gather_facts: false
  tasks:
    - {name: token, shell: echo tok-1, register: tok, changed_when: false}
    - {name: share, set_fact: {token: "{{ tok.stdout }}"}}
- name: Workers
  hosts: w*
  gather_facts: false
  strategy: linear
  serial: [1, 2]
  vars: {master: m}
  tasks:
    - {name: join, command: 'echo <% {{ hostvars[master].token }} %% {{lookup (lookup hostvars master) "token"}} %>', register: j, changed_when: inventory_hostname != 'w2'}
    - {name: label, command: "echo {{ inventory_hostname }}", delegate_to: "{{ master }}", when: "<% j is changed %% j.changed %>", register: l}
    - {name: wait, command: "true", register: w, until: w.rc == 0, retries: 2, delay: 0, delegate_to: "{{ master }}", changed_when: false}
    - {name: report, debug: {msg: "{{ ansible_play_batch }}"}, run_once: true, delegate_to: localhost}
  post_tasks:
    - {name: sum, set_fact: {joined: true}, delegate_to: "{{ master }}", delegate_facts: true}
- {name: End, hosts: m, gather_facts: false, tasks: [{name: seen, debug: {msg: x}, when: joined}]}
`,
  },
  {
    title: 'mixed: a failure deep in a role, an always there and a rescue around it',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - block:
        - include_role: {name: outer}
        - {name: not reached on b, debug: {msg: x}}
      rescue:
        - {name: outer rescue, debug: {msg: "{{ ansible_failed_task.name }}"}}
        - include_role: {name: cleanup, tasks_from: fast}
      always:
        - {name: outer always, debug: {msg: x}}
    - meta: flush_handlers
    - {name: end, debug: {msg: x}}
`,
    files: {
      'roles/outer/tasks/main.yml': `- block:
    - {name: work, command: echo, notify: bell}
    - include_tasks: deep.yml
  always:
    - {name: role always, debug: {msg: x}}
`,
      'roles/outer/tasks/deep.yml': `- {name: deep, command: "test {{ inventory_hostname }} = a", changed_when: false}
- {name: deep after, debug: {msg: x}}
`,
      'roles/outer/handlers/main.yml': '- {name: bell, debug: {msg: ding}}\n',
      'roles/cleanup/tasks/fast.yml': '- {name: clean, command: echo, notify: bell}\n',
    },
  },
  {
    title: 'mixed: a looped include that fails on one host at its second item',
    hosts: ['a', 'b', 'c'],
    tasks: `
    - {include_tasks: one.yml, loop: [1, 2, 3], loop_control: {loop_var: n, extended: true}}
    - {name: end, debug: {msg: "{{ done }}"}}`,
    files: {
      'one.yml': `- {name: work, command: "echo {{ n }}/{{ ansible_loop.length }}", register: w, failed_when: "n == 2 <% and %% && %> inventory_hostname == 'b'", changed_when: ansible_loop.last}
- {name: keep, set_fact: {done: "{{ w.stdout }}"}}
`,
    },
  },
  {
    title: 'mixed: results of loops, collected from all hosts by one',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: each, command: "echo {{ inventory_hostname }}-{{ item }}", loop: [1, 2], register: out, changed_when: false}
    - {name: fact, set_fact: {mine: <% "{{ out.results | map(attribute='stdout') | list }}" %% !cel 'out.results.map(r, r.stdout)' %>}}
    - {name: collect, debug: {msg: "{{ item }}: <% {{ hostvars[item].mine | join(',') }} %% {{join (lookup (lookup hostvars item) \\"mine\\") \\",\\"}} %>"}, loop: "{{ ansible_play_hosts }}", run_once: true}
`,
  },
  {
    title: 'mixed: handlers with conditions, loops, delegation and errors of their own',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: r, command: echo, register: r, notify: [cond, loops, deleg, once, ign, last], changed_when: inventory_hostname != 'c'}
  handlers:
    - {name: cond, debug: {msg: x}, when: inventory_hostname == 'a'}
    - {name: loops, command: "echo {{ item }}", loop: [1, 2], register: hl, notify: late}
    - {name: deleg, command: echo, delegate_to: c}
    - {name: once, command: echo, run_once: true}
    - {name: ign, command: "false", ignore_errors: true}
    - {name: last, command: "false", when: inventory_hostname == 'b'}
    - {name: late, debug: {msg: "<% {{ hl.results | length }} %% {{hl.results.length}} %>"}}
`,
  },
  {
    title: 'mixed: a condition that tasks inside make false, of imports and of includes',
    hosts: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {set_fact: {go: true}}
    - {import_tasks: i.yml, when: go}
    - {set_fact: {go: true}}
    - {include_tasks: i.yml, when: go}
    - {set_fact: {go: true}}
    - {name: blk, when: go, block: [{import_tasks: i.yml}]}
    - {set_fact: {go: true}}
    - {import_role: {name: r}, when: go}
    - {set_fact: {go: true}}
    - {include_role: {name: r}, when: go}
`,
    files: {
      'i.yml': `- {name: one, debug: {msg: "x"}}
- {name: stop, set_fact: {go: false}}
- {name: two, debug: {msg: "x"}}
`,
      'roles/r/tasks/main.yml': `- {name: r one, debug: {msg: "x"}}
- {name: r stop, set_fact: {go: false}}
- {name: r two, debug: {msg: "x"}}
`,
    },
  },
  {
    title: 'mixed: needs under conditions and tags, of which one is asked for',
    // Before, the variables of roles were the play's.
    since: '2.17',
    hosts: ['a', 'b'],
    args: ['--tags', 'db'],
    playbook: `
- {hosts: all, gather_facts: false, strategy: linear, roles: [{role: app, tags: app}, {role: db, tags: db, when: inventory_hostname == 'b'}]}
`,
    files: {
      'roles/app/meta/main.yml':
        "dependencies: [{role: common, tags: [db, x]}, {role: db, vars: {n: 2}, when: inventory_hostname == 'a'}]\n",
      'roles/app/tasks/main.yml': `- {name: app, debug: {msg: "x"}}
- {name: app db, debug: {msg: "x"}, tags: db}
`,
      'roles/db/tasks/main.yml': '- {name: db, debug: {msg: "{{ n }}"}}\n',
      'roles/db/defaults/main.yml': 'n: 1\n',
      'roles/common/tasks/main.yml': '- {name: common, debug: {msg: "x"}}\n',
    },
  },
  {
    title: 'mixed: any_errors_fatal in a role that rescues, then in a handler',
    // An older release takes the other hosts along as if nothing had failed (ansible#80981).
    since: '2.15',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  roles: [r]
  tasks: [{name: after, debug: {msg: x}}]
  handlers: [{name: h, fail: {msg: x}, when: inventory_hostname == 'b'}, {name: h2, debug: {msg: x}}]
- {hosts: all, gather_facts: false, tasks: [{name: next, debug: {msg: x}}]}
`,
    files: {
      'roles/r/tasks/main.yml': `- block:
    - {name: t, command: echo, notify: [h, h2]}
    - {name: f, fail: {msg: x}, when: inventory_hostname == 'a'}
  rescue:
    - {name: r, debug: {msg: x}}
- {name: rest, debug: {msg: x}}
`,
    },
  },
  {
    title: 'mixed: a role that fails in what another needs, with handlers forced',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  force_handlers: true
  roles: [top]
  post_tasks: [{name: post, debug: {msg: x}}]
`,
    files: {
      'roles/top/meta/main.yml': 'dependencies: [mid]\n',
      'roles/top/tasks/main.yml': '- {name: top, debug: {msg: "x"}}\n',
      'roles/mid/meta/main.yml': 'dependencies: [{role: low, lv: 1}, {role: low, lv: 2}]\n',
      'roles/mid/tasks/main.yml': `- {name: m, command: echo, notify: mh}
- {name: mf, command: "test {{ inventory_hostname }} = a", changed_when: false}
`,
      'roles/mid/handlers/main.yml': '- {name: mh, debug: {msg: "{{ role_name }}"}}\n',
      'roles/low/tasks/main.yml': '- {name: l, command: "echo {{ lv }}", notify: lh}\n',
      'roles/low/handlers/main.yml': '- {name: lh, debug: {msg: "{{ lv }}"}}\n',
    },
  },
];
