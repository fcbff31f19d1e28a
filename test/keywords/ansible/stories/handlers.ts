/** Handlers: which run, when, and what a failure does to them. */
import type { PeerStory } from '../grounds.js';

/** Whether handlers are flushed in the middle × a task fails (before or after that) × how handlers are forced. */
const generated: readonly PeerStory[] = [false, true].flatMap((flush) =>
  ['nothing', 'before', 'after', 'handler'].flatMap((failing) =>
    ['no', 'play', 'flag', 'play says no, flag'].map((force): PeerStory => {
      const fail = (where: string): string =>
        failing === where
          ? `\n    - {name: fails ${where}, fail: {msg: x}, when: inventory_hostname == 'b'}`
          : '';
      const keyword = { play: '\n  force_handlers: true', 'play says no, flag': '\n  force_handlers: false' }[
        force
      ];
      const first =
        failing === 'handler'
          ? "{name: first, fail: {msg: x}, when: inventory_hostname == 'b'}"
          : '{name: first, debug: {msg: 1}}';
      return {
        title: `handlers: fails: ${failing}; flush: ${flush ? 'yes' : 'no'}; forced by: ${force}`,
        // Before, one that failed was the last of them.
        ...(failing === 'handler' && flush && (force === 'play' || force === 'flag')
          ? { since: '2.19' }
          : {}),
        args: force.includes('flag') ? ['--force-handlers'] : [],
        playbook: `
- hosts: all
  gather_facts: false
  strategy: linear${keyword ?? ''}
  tasks:
    - {name: one, debug: {msg: x}, changed_when: true, notify: [second, first]}${fail('before')}${
      flush ? '\n    - meta: flush_handlers' : ''
    }
    - {name: two, debug: {msg: x}, changed_when: true, notify: second}${fail('after')}
    - {name: last, debug: {msg: x}}
  handlers:
    - ${first}
    - {name: second, debug: {msg: 2}}
- hosts: all
  gather_facts: false
  tasks: [{name: next play, debug: {msg: x}}]
`,
      };
    }),
  ),
);

const handlersOf = (tasks: string, handlers: string): string => `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:${tasks}
  handlers:${handlers}
`;

const written: readonly PeerStory[] = [
  {
    title: 'handlers: one notifies a later one, and an earlier one',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: middle}`,
      `
    - {name: early, debug: {msg: x}}
    - {name: middle, debug: {msg: x}, changed_when: true, notify: [early, late]}
    - {name: late, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: listen, with a name and a topic, several to a topic',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: topic}
    - {name: two, debug: {msg: x}, changed_when: true, notify: [third]}`,
      `
    - {name: first, debug: {msg: x}, listen: topic}
    - {name: second, debug: {msg: x}, listen: [other, topic]}
    - {name: third, debug: {msg: x}, listen: other}`,
    ),
  },
  {
    title: 'handlers: what is skipped, unchanged or ignored wakes none',
    playbook: handlersOf(
      `
    - {name: skipped, debug: {msg: x}, changed_when: true, when: 1 > 2, notify: h}
    - {name: unchanged, debug: {msg: x}, notify: h}
    - {name: ignored, fail: {msg: x}, ignore_errors: true, changed_when: true, notify: h}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: one item of a loop that changes wakes them once',
    playbook: handlersOf(
      `
    - {name: each, debug: {msg: "{{ item }}"}, loop: [1, 2, 3], changed_when: item == 2, notify: h}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: have conditions and loops of their own',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: [only a, loops]}`,
      `
    - {name: only a, debug: {msg: x}, when: inventory_hostname == 'a'}
    - {name: loops, debug: {msg: "{{ item }}"}, loop: [x, y]}`,
    ),
  },
  {
    title: 'handlers: one host notifies, another does not',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: inventory_hostname == 'a', notify: h}
    - meta: flush_handlers
    - {name: two, debug: {msg: x}, changed_when: inventory_hostname == 'b', notify: h}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: between pre_tasks, roles, tasks and post_tasks',
    playbook: `
- hosts: all
  gather_facts: false
  pre_tasks: [{name: pre, debug: {msg: x}, changed_when: true, notify: h}]
  roles: [r]
  tasks: [{name: task, debug: {msg: x}, changed_when: true, notify: h}]
  post_tasks: [{name: post, debug: {msg: x}, changed_when: true, notify: h}]
  handlers: [{name: h, debug: {msg: x}}]
`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: [own, h]}\n',
      'roles/r/handlers/main.yml': '- {name: own, debug: {msg: x}}\n',
    },
  },
  {
    title: 'handlers: of a role, by its name and by role : name',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks:
    - {name: one, debug: {msg: x}, changed_when: true, notify: "r : one"}
    - {name: two, debug: {msg: x}, changed_when: true, notify: two}
`,
    files: {
      'roles/r/handlers/main.yml':
        '- {name: one, debug: {msg: x}}\n- {name: two, debug: {msg: x}}\n- {name: three, debug: {msg: x}}\n',
    },
  },
  {
    title: 'handlers: notified by role : topic',
    since: '2.15',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: [{name: one, debug: {msg: x}, changed_when: true, notify: "r : topic"}]
`,
    files: {
      'roles/r/handlers/main.yml': '- {name: one, listen: topic, debug: {msg: x}}\n',
    },
  },
  {
    title: 'handlers: a failed one in a rescued flush does not run again',
    differs: 'a failed handler in a flush that is rescued counts as rescued',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: [bad, good]}
    - block: [{meta: flush_handlers}]
      rescue: [{name: rescue, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
      `
    - {name: bad, fail: {msg: x}}
    - {name: good, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: any_errors_fatal with force_handlers',
    since: '2.15',
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  any_errors_fatal: true
  force_handlers: true
  tasks:
    - {name: one, debug: {msg: x}, changed_when: true, notify: h}
    - {name: fails, fail: {msg: x}, when: inventory_hostname == 'a'}
    - {name: never, debug: {msg: x}}
  handlers: [{name: h, debug: {msg: x}}]
`,
  },
  {
    title: 'handlers: of a block, notified by every task in it',
    playbook: handlersOf(
      `
    - notify: h
      block:
        - {name: one, debug: {msg: x}}
        - {name: two, debug: {msg: x}, changed_when: true}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: see the variables that were set after they were notified',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: h}
    - {name: set, set_fact: {x: set}}`,
      `
    - {name: h, debug: {msg: "{{ x }}"}}`,
    ),
  },
  {
    title: 'handlers: notified in a rescue and in always',
    playbook: handlersOf(
      `
    - block:
        - {name: fails, fail: {msg: x}}
      rescue: [{name: rescue, debug: {msg: x}, changed_when: true, notify: r}]
      always: [{name: always, debug: {msg: x}, changed_when: true, notify: a}]`,
      `
    - {name: a, debug: {msg: x}}
    - {name: r, debug: {msg: x}}`,
    ),
  },
  {
    title: 'handlers: in each batch',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  serial: 1
  tasks: [{name: one, debug: {msg: x}, changed_when: inventory_hostname != 'b', notify: h}]
  handlers: [{name: h, debug: {msg: "{{ inventory_hostname }}"}}]
`,
  },
  {
    title: 'handlers: of included roles run once a name',
    tasks: `
    - {include_role: {name: r}}
    - {include_role: {name: r}}
    - {include_role: {name: r}}`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': '- {name: h, debug: {msg: x}}\n',
    },
  },
  {
    title: 'handlers: that listen, of a role that is asked for twice and needed once more',
    playbook: '- {hosts: all, gather_facts: false, roles: [r, r, needs]}\n',
    files: {
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: [topic, named]}\n',
      'roles/r/handlers/main.yml':
        '- {name: h, debug: {msg: x}, listen: topic}\n- {name: named, debug: {msg: x}}\n',
      'roles/needs/meta/main.yml': 'dependencies: [r]\n',
      'roles/needs/tasks/main.yml': '- {name: needs, debug: {msg: x}, changed_when: true, notify: topic}\n',
    },
  },
  {
    title: 'handlers: a handler that includes a file',
    playbook: handlersOf(
      `
    - {name: one, debug: {msg: x}, changed_when: true, notify: h}`,
      `
    - {name: h, include_tasks: more.yaml}`,
    ),
    files: { 'more.yaml': '- {name: in it, debug: {msg: x}}\n' },
  },
];

const restarted = (tasks: string, more = ''): string => `
- hosts: all
  gather_facts: false
  strategy: linear${more}
  tasks:${tasks}
  handlers:
    - {name: restart ssh, debug: {msg: ssh}}
    - {name: restart cron, debug: {msg: cron}}
    - {name: restart ntp, debug: {msg: ntp}, listen: clock}
`;

/** Names of handlers that are templates. */
const templated: readonly PeerStory[] = [
  {
    title: 'notify: the item of a loop, of those that are not skipped',
    playbook: restarted(`
    - {name: each, debug: {msg: "{{ item }}"}, loop: [ssh, cron, ntp], changed_when: item == 'ssh', when: item != 'ntp', notify: "restart {{ item }}"}
    - {name: skipped, command: echo, notify: "restart {{ nothing }}", vars: {nothing: ntp}, when: 1 > 2}`),
  },
  {
    title: 'notify: a name that each host gives, beside a fixed one',
    playbook: restarted(`
    - {name: one, command: echo, notify: ["restart {{ svc }}", clock], vars: {svc: <% "{{ 'ssh' if inventory_hostname == 'a' else 'cron' }}" %% !cel 'inventory_hostname == "a" ? "ssh" : "cron"' %>}}`),
  },
  {
    title: 'notify: a list in a variable',
    playbook: restarted(`
    - {name: one, command: echo, notify: "{{ which }}", vars: {which: [restart ssh, clock]}}`),
  },
  {
    title: 'notify: a fact goes before a variable of the play',
    playbook: restarted(
      `
    - {name: set, set_fact: {svc: cron}, when: inventory_hostname == 'a'}
    - {name: one, command: echo, notify: "restart {{ svc }}"}`,
      '\n  vars: {svc: ssh}',
    ),
  },
  {
    title: 'notify: of a block, rendered with the variables of each task in it',
    playbook: restarted(`
    - notify: "restart {{ svc }}"
      vars: {svc: ssh}
      block:
        - {name: one, command: echo, when: inventory_hostname == 'a'}
        - {name: two, command: echo, vars: {svc: ntp}}`),
  },
  {
    title: 'notify: the default of a role, which an inventory changes',
    playbook: restarted(' []', '\n  roles: [r]'),
    files: {
      'host_vars/b.yml': 'svc: ntp\n',
      'roles/r/defaults/main.yml': 'svc: ssh\n',
      'roles/r/tasks/main.yml': '- {name: t, command: echo, notify: "restart {{ svc }}"}\n',
      'roles/r/handlers/main.yml': '- {name: own, debug: {msg: own}, listen: restart ntp}\n',
    },
  },
  {
    title: 'notify: a name that cannot be rendered fails the task before it is run',
    playbook: restarted(`
    - {name: here, command: echo ssh, register: r, when: inventory_hostname == 'a'}
    - {name: one, command: touch TMP/{{ inventory_hostname }}, notify: "restart {{ r.stdout }}", ignore_errors: true}
    - {name: look, stat: {path: "TMP/{{ inventory_hostname }}"}, register: s}
    - {name: was run, debug: {msg: x}, when: s.stat.exists}`),
  },
  {
    title: 'notify: a name that no handler has, where nothing has changed',
    playbook: restarted(`
    - {name: one, debug: {msg: x}, notify: "restart {{ inventory_hostname }}"}
    - {name: after, debug: {msg: x}}`),
  },
  {
    title: 'notify: a name that no handler has',
    differs: 'a name that a template gives to `notify` and no handler has fails the host',
    playbook: restarted(`
    - {name: one, command: echo, notify: "restart {{ inventory_hostname }}"}
    - {name: after, debug: {msg: x}}`),
  },
  {
    title: 'handlers: of a role that is included twice, and on one host only once',
    differs: 'as the last include gave them that the host has come to',
    tasks: `
    - {include_role: {name: r}, vars: {svc: ssh}}
    - {include_role: {name: r}, vars: {svc: cron}, when: inventory_hostname == 'b'}`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, command: echo, notify: restart}\n',
      'roles/r/handlers/main.yml': '- {name: restart, debug: {msg: "{{ svc }}"}}\n',
    },
  },
];

export const handlerStories: readonly PeerStory[] = [...generated, ...written, ...templated];
