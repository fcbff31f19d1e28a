/** What Ansible's own integration targets try and no other story does, in words of our own: blocks and handlers. */
import type { PeerStory } from '../grounds.js';

const told = (name: string, said = 'x'): string => `- {name: ${name}, debug: {msg: "${said}"}}\n`;

const playOf = (keywords: string, tasks: string, handlers = ' []'): string => `
- hosts: all
  gather_facts: false
  strategy: linear${keywords === '' ? '' : `\n  ${keywords.replaceAll('; ', '\n  ')}`}
  tasks:${tasks}
  handlers:${handlers}
`;

const notifies = (...names: readonly string[]): string => `
    - {name: wakes, debug: {msg: x}, changed_when: true, notify: [${names.join(', ')}]}`;

const blocks: readonly PeerStory[] = [
  {
    title: 'targets: blocks: an always of blocks in blocks, before the outer rescue that asks what failed',
    tasks: `
    - block:
        - block: [{name: broken, fail: {msg: one}}]
          always:
            - block:
                - block: [{name: inside, debug: {msg: x}}]
              always: [{name: behind, debug: {msg: x}}]
      rescue:
        - block:
            - block: [{name: asked, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}"}}]`,
  },
  {
    title: 'targets: blocks: errors are cleared in an always, and a fact of one host is there',
    differs: 'comes back with the next play, wherever it failed',
    tasks: `
    - block:
        - block:
            - {name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}
            - {name: mark, set_fact: {marked: true}}
        - {name: has mark, debug: {msg: "{{ marked }}"}}
      always:
        - block: [{meta: clear_host_errors}]
    - {name: after, debug: {msg: x}, when: inventory_hostname == 'b'}`,
  },
  {
    title: 'targets: blocks: any_errors_fatal, and a rescue that fails before the next block',
    since: '2.15',
    playbook: playOf(
      'any_errors_fatal: true',
      `
    - block:
        - block: [{name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}]
          rescue: [{name: broken again, fail: {msg: y}}]
        - block: [{name: never, debug: {msg: x}}]`,
    ),
  },
  {
    title: 'targets: blocks: a block in a rescue fails on one host, which is none of the play any more',
    tasks: `
    - block: [{name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}]
      rescue:
        - block: [{name: broken again, fail: {msg: y}, when: inventory_hostname == 'a'}]
    - {name: left, debug: {msg: "{{ ansible_play_hosts }}"}}
    - {name: left of the batch, debug: {msg: "{{ ansible_play_batch }}"}}`,
  },
  {
    title: 'targets: blocks: a rescue fails, and an always inside and one outside run',
    tasks: `
    - block:
        - block:
            - {name: first, debug: {msg: x}}
            - {name: broken, fail: {msg: x}}
          rescue:
            - {name: saving, debug: {msg: x}}
            - {name: not saved, fail: {msg: y}}
          always: [{name: inner, debug: {msg: x}}]
      always: [{name: outer, debug: {msg: x}}]
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'targets: blocks: an included file fails in a block with an always',
    tasks: `
    - {include_tasks: part.yaml}
    - {name: never, debug: {msg: x}}`,
    files: {
      'part.yaml':
        '- block: [{name: broken, fail: {msg: x}}]\n  always: [{name: at last, debug: {msg: x}}]\n',
    },
  },
  {
    title: 'targets: blocks: an included file rescues itself, and knows what failed',
    tasks: `
    - {include_tasks: part.yaml}
    - {name: after, debug: {msg: x}}`,
    files: {
      'part.yaml':
        '- name: named\n  block: [{name: broken, fail: {msg: why}}]\n  rescue: [{name: saved, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}"}}]\n',
    },
  },
  {
    title: 'targets: blocks: a rescue that is nothing but blocks, one and two deep, three times',
    tasks: `
    - block: [{name: first, fail: {msg: x}}]
      rescue: [{block: [{name: saved first, debug: {msg: x}}]}]
    - block: [{name: second, fail: {msg: x}}]
      rescue: [{block: [{block: [{name: saved second, debug: {msg: x}}]}]}]
    - name: outer
      block:
        - name: inner
          block: [{name: third, fail: {msg: x}}]
          rescue: [{name: saving, block: [{name: saved third, debug: {msg: x}}]}]
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'targets: blocks: a looped include of a role fails, and the rescue asks which task',
    tasks: `
    - block: [{include_role: {name: "{{ item }}"}, loop: [good, bad]}]
      rescue: [{name: asked, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_task.action }}"}}]`,
    files: {
      'roles/good/tasks/main.yml': told('of good'),
      'roles/bad/tasks/main.yml': '- {name: of bad, fail: {msg: x}}\n',
    },
  },
  {
    title: 'targets: blocks: run_once behind a failure, deep in blocks, rescued',
    tasks: `
    - block:
        - block:
            - block:
                - {name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}
                - {name: once, debug: {msg: x}, run_once: true}
          rescue: [{name: saved, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'targets: blocks: a text that cannot be rendered is rescued',
    tasks: `
    - block: [{name: renders, debug: {msg: "{{ box.content }}"}}]
      rescue: [{name: asked, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_task.action }}"}}]`,
    files: { 'host_vars/a.yml': 'box: {content: x}\n', 'host_vars/b.yml': 'box: {}\n' },
  },
  {
    title: 'targets: blocks: files imported with variables into a block, its rescue and its always',
    tasks: `
    - block:
        - {import_tasks: breaks.yaml, vars: {why: in the block}}
        - {name: never, debug: {msg: x}}
      rescue:
        - {name: why, debug: {msg: "{{ ansible_failed_result.msg }}"}}
        - {import_tasks: breaks.yaml, vars: {why: in the rescue}}
      always:
        - {name: at last, debug: {msg: x}}
    - {name: never too, debug: {msg: x}}`,
    files: { 'breaks.yaml': '- {name: broken, fail: {msg: "{{ why }}"}}\n' },
  },
  {
    title: 'targets: blocks: any_errors_fatal of an inner block, whose outer one has an always',
    since: '2.15',
    tasks: `
    - block:
        - any_errors_fatal: true
          block: [{name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}, {name: never, debug: {msg: x}}]
      always: [{name: at last, debug: {msg: x}}]
    - {name: never too, debug: {msg: x}}`,
  },
  {
    title: 'targets: blocks: tags of a role and what it needs',
    args: ['--tags', 'wanted'],
    playbook: '- {hosts: all, gather_facts: false, roles: [left, right]}\n',
    files: {
      'roles/left/meta/main.yml': 'dependencies: [{role: base, tags: wanted}]\n',
      'roles/right/meta/main.yml': 'dependencies: [{role: base}]\n',
      'roles/base/tasks/main.yml': `- block: [{name: tagged, debug: {msg: x}, tags: wanted}]\n${told('not tagged')}`,
    },
  },
];

const handlers: readonly PeerStory[] = [
  {
    title: 'targets: handlers: a role flushes its own in its middle, and wakes one twice',
    playbook: '- {hosts: all, gather_facts: false, strategy: linear, roles: [r]}\n',
    files: {
      'roles/r/tasks/main.yml': `
- {name: one, debug: {msg: x}, changed_when: true, notify: sets}
- {meta: flush_handlers}
- {name: set, debug: {msg: "{{ mark }}"}}
- {name: two, debug: {msg: x}, changed_when: true, notify: counts}
- {name: three, debug: {msg: x}, changed_when: true, notify: counts}
- {meta: flush_handlers}
- {name: four, debug: {msg: x}, changed_when: true, notify: at last}
`,
      'roles/r/handlers/main.yml': `- {name: sets, set_fact: {mark: made}}\n${told('counts')}${told('at last')}`,
    },
  },
  ...['include_role', 'import_role'].map((action): PeerStory => ({
    title: `targets: handlers: handlers_from of ${action}, flushed`,
    tasks: `
    - {${action}: {name: r, handlers_from: other.yml}}
    - {meta: flush_handlers}
    - {name: after, debug: {msg: x}}`,
    files: {
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': told('h', 'main'),
      'roles/r/handlers/other.yml': told('h', 'other'),
    },
  })),
  {
    title: 'targets: handlers: forced, and every host fails, at one task or another',
    hosts: ['a', 'b', 'c', 'd'],
    args: ['--force-handlers'],
    playbook: playOf(
      '',
      `
    - {name: wakes, debug: {msg: x}, changed_when: true, notify: h, when: "inventory_hostname in ['a', 'b']"}
    - {name: some, fail: {msg: x}, when: "inventory_hostname in ['a', 'c']"}
    - {name: rest, fail: {msg: x}}
    - {name: never, debug: {msg: x}}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: a play and a role import theirs from a file',
    playbook: `
- hosts: all
  gather_facts: false
  roles: [r]
  tasks: [{name: t, debug: {msg: x}, changed_when: true, notify: of the file}]
  handlers: [{import_tasks: more.yaml}]
`,
    files: {
      'more.yaml': told('of the file'),
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: of the role}\n',
      'roles/r/handlers/main.yml': '- import_tasks: inner.yml\n',
      'roles/r/handlers/inner.yml': told('of the role'),
    },
  },
  {
    title: 'targets: handlers: a role included in a loop, with one that a role needs',
    tasks: `
    - {include_role: {name: r}, loop: [1, 2]}`,
    files: {
      'roles/r/meta/main.yml': 'dependencies: []\n',
      'roles/r/tasks/main.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': told('h'),
    },
  },
  {
    title: 'targets: handlers: one is named as the topic that others listen to',
    playbook: playOf(
      '',
      notifies('word'),
      `
    - {name: word, debug: {msg: by name}}
    - {name: second, debug: {msg: by topic}, listen: word}
    - {name: third, debug: {msg: by topic}, listen: [word]}
    - {name: fourth, debug: {msg: x}, listen: other}`,
    ),
  },
  {
    title: 'targets: handlers: two of one name',
    playbook: playOf(
      '',
      notifies('twin'),
      `
    - {name: twin, debug: {msg: first}}
    - {name: twin, debug: {msg: second}}`,
    ),
  },
  {
    title: 'targets: handlers: that have no name and listen',
    playbook: playOf(
      '',
      `${notifies('topic')}
    - {name: again, debug: {msg: x}, changed_when: true, notify: topic}`,
      `
    - {debug: {msg: one}, listen: topic}
    - {set_fact: {two: true}, listen: topic}
    - {debug: {msg: three}, listen: other}`,
    ),
  },
  {
    title: 'targets: handlers: one wakes several by a topic, in a flush',
    playbook: playOf(
      '',
      `${notifies('first')}
    - {meta: flush_handlers}
    - {name: after, debug: {msg: x}}`,
      `
    - {name: first, debug: {msg: x}, changed_when: true, notify: topic}
    - {name: left, debug: {msg: x}, listen: topic}
    - {name: right, debug: {msg: x}, listen: topic}`,
    ),
  },
  {
    title: 'targets: handlers: each wakes the next, and the last the first',
    since: '2.19',
    playbook: playOf(
      '',
      notifies('first', 'itself'),
      `
    - {name: first, debug: {msg: x}, changed_when: true, notify: second}
    - {name: second, debug: {msg: x}, changed_when: true, notify: first}
    - {name: itself, debug: {msg: x}, changed_when: true, notify: itself}`,
    ),
  },
  {
    title: 'targets: handlers: notified by a name that a variable has, alone and in a list',
    playbook: playOf(
      'vars: {one: first, rest: [second, topic]}',
      `
    - {name: wakes, debug: {msg: x}, changed_when: true, notify: ["{{ one }}"]}
    - {meta: flush_handlers}
    - {name: wakes more, debug: {msg: x}, changed_when: true, notify: "{{ rest }}"}`,
      `
    - {name: first, debug: {msg: x}}
    - {name: second, debug: {msg: x}}
    - {name: third, debug: {msg: x}, listen: topic}`,
    ),
  },
  {
    title: 'targets: handlers: whose own name is a variable',
    playbook: playOf(
      'vars: {one: first}',
      notifies('first'),
      `
    - {name: "{{ one }}", debug: {msg: x}}`,
    ),
  },
  ...['flushed', 'at the end'].map((when): PeerStory => ({
    title: `targets: handlers: any_errors_fatal, and one fails, ${when}`,
    since: '2.15',
    playbook: playOf(
      'any_errors_fatal: true',
      `${notifies('h', 'later')}${when === 'flushed' ? '\n    - {meta: flush_handlers}\n    - {name: never, debug: {msg: x}}' : ''}`,
      `
    - {name: h, fail: {msg: x}, when: inventory_hostname == 'a'}
    - {name: later, debug: {msg: x}}`,
    ),
  })),
  {
    title: 'targets: handlers: run_once, and run_once that a variable says',
    since: '2.19',
    hosts: ['a', 'b', 'c'],
    playbook: playOf(
      'vars: {alone: false}',
      notifies('once', 'perhaps'),
      `
    - {name: once, debug: {msg: x}, run_once: true}
    - {name: perhaps, debug: {msg: x}, run_once: "{{ alone }}"}`,
    ),
  },
  ...(
    [
      ['a role', '{name: h, include_role: {name: r}}'],
      ['a block', '{name: h, block: [{debug: {msg: x}}, {block: [{debug: {msg: x}}]}]}'],
    ] as const
  ).map(([what, handler]): PeerStory => ({
    title: `targets: handlers: ${what} as one is refused`,
    playbook: playOf('', '\n    - {name: t, debug: {msg: x}}', `\n    - ${handler}`),
    files: { 'roles/r/tasks/main.yml': told('t') },
  })),
  {
    title: 'targets: handlers: of a host that fails in a block with an always',
    playbook: playOf(
      '',
      `
    - block:
        - {name: wakes, debug: {msg: x}, changed_when: true, notify: h}
        - {name: broken, fail: {msg: x}, when: inventory_hostname == 'b'}
      always: [{name: at last, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: one fails by failed_when on one host, in batches',
    hosts: ['a', 'b', 'c', 'd'],
    playbook: playOf(
      'serial: 2',
      notifies('h'),
      `
    - {name: h, debug: {msg: x}, failed_when: inventory_hostname == 'a'}`,
    ),
  },
  {
    title: 'targets: handlers: one that includes a file, forced after a failure',
    args: ['--force-handlers'],
    playbook: playOf(
      '',
      `${notifies('h')}
    - {name: broken, fail: {msg: x}}`,
      `
    - {name: h, include_tasks: more.yaml}`,
    ),
    files: { 'more.yaml': told('in it') },
  },
  {
    title: 'targets: handlers: one that includes a file, forced, and one host woke it',
    playbook: playOf(
      'force_handlers: true',
      `
    - {name: wakes, debug: {msg: x}, changed_when: true, notify: h, when: inventory_hostname == 'a'}`,
      `
    - {name: h, include_tasks: more.yaml}`,
    ),
    files: { 'more.yaml': told('in it', '{{ inventory_hostname }}') },
  },
  {
    title: 'targets: handlers: a flush under a condition that says no',
    hosts: ['a'],
    playbook: playOf(
      '',
      `${notifies('h')}
    - {meta: flush_handlers, when: false}
    - {name: broken, fail: {msg: x}}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: flushed in a rescue that fails then, and in its always',
    playbook: playOf(
      '',
      `
    - block: [{name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}]
      rescue:
        - {name: saving, debug: {msg: x}, changed_when: true, notify: of rescue}
        - {meta: flush_handlers}
        - {name: mark, set_fact: {seen: true}}
        - {name: broken again, fail: {msg: y}}
      always:
        - {name: marked, debug: {msg: "{{ hostvars.a.seen }}"}, when: inventory_hostname == 'a'}
        - {name: at last, debug: {msg: x}, changed_when: true, notify: of always}
        - {meta: flush_handlers}`,
      `
    - {name: of rescue, debug: {msg: x}}
    - {name: of always, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: flushed by the full name of the module',
    playbook: playOf(
      '',
      `${notifies('h')}
    - {ansible.builtin.meta: flush_handlers}
    - {name: after, debug: {msg: x}}`,
      `
    - {name: h, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: of a role included four times, by two files of tasks',
    since: '2.19',
    tasks: `
    - {include_role: {name: r}}
    - {include_role: {name: r}}
    - {include_role: {name: r, tasks_from: other}}
    - {include_role: {name: r, tasks_from: other}}`,
    files: {
      'roles/r/tasks/main.yml': '- {name: of main, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/tasks/other.yml': '- {name: of other, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': told('h'),
    },
  },
  {
    title: 'targets: handlers: of a role in a role see the defaults of the outer one',
    since: '2.19',
    tasks: `
    - {include_role: {name: outer}}`,
    files: {
      'roles/outer/defaults/main.yml': 'given: of the outer\n',
      'roles/outer/tasks/main.yml': '- import_role: {name: inner}\n',
      'roles/inner/tasks/main.yml':
        '- {name: t, debug: {msg: "{{ given }}"}, changed_when: true, notify: h}\n',
      'roles/inner/handlers/main.yml': told('h', '{{ given }}'),
    },
  },
  ...(['handlers', 'tasks'] as const).map((folder): PeerStory => ({
    title: `targets: handlers: of an included role, whose file is in ${folder}/`,
    ...(folder === 'handlers' && { since: '2.19' }),
    tasks: `
    - {include_role: {name: r, tasks_from: entry}}`,
    files: {
      'roles/r/tasks/entry.yml': '- {name: t, debug: {msg: x}, changed_when: true, notify: h}\n',
      'roles/r/handlers/main.yml': '- {name: h, include_tasks: part.yml}\n',
      [`roles/r/${folder}/part.yml`]: told('of the part'),
    },
  })),
  {
    title: 'targets: handlers: forced, a host has failed, and a block runs once',
    since: '2.16',
    playbook: playOf(
      'force_handlers: true',
      `
    - {name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}
    - run_once: true
      block: [{name: one, debug: {msg: x}}, {name: two, debug: {msg: x}}]
    - {name: left, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: forced, a host has failed, and its error is not cleared',
    since: '2.16',
    playbook: playOf(
      'force_handlers: true',
      `
    - {name: broken, fail: {msg: x}, when: inventory_hostname == 'a'}
    - {meta: clear_host_errors, when: false}
    - {name: left, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: flushed in a block in which a host has failed before',
    playbook: playOf(
      '',
      `
    - block:
        - {name: wakes, debug: {msg: x}, changed_when: true, notify: [one, two]}
        - {name: broken, fail: {msg: x}, when: inventory_hostname == 'b'}
        - {meta: flush_handlers}
      always: [{name: at last, debug: {msg: x}}]`,
      `
    - {name: one, debug: {msg: x}}
    - {name: two, debug: {msg: x}}`,
    ),
  },
  {
    title: 'targets: handlers: one includes a file that includes another for one host',
    playbook: playOf('', notifies('h'), '\n    - {name: h, include_tasks: outer.yaml}'),
    files: {
      'outer.yaml': `- include_tasks: inner.yaml\n  when: inventory_hostname == 'a'\n${told('of outer')}`,
      'inner.yaml': told('of inner'),
    },
  },
  {
    title: 'targets: handlers: of a play that is passed over by its tag',
    args: ['--skip-tags', 'whole'],
    playbook: playOf('tags: whole', notifies('h'), '\n    - {name: h, debug: {msg: x}}'),
  },
];

export const targetStories: readonly PeerStory[] = [...blocks, ...handlers];
