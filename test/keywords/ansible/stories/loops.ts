/** Loops, retries, and the conditions that decide what a task's status is. */
import type { PeerStory } from '../grounds.js';

/** What a command says × what is said of it. */
const judged: readonly PeerStory[] = (
  [
    ['failed_when holds', 'failed_when: 1 < 2'],
    ['failed_when does not hold', 'failed_when: 1 > 2'],
    ['failed_when is a list of which one holds', 'failed_when: [1 < 2, 1 > 2]'],
    ['failed_when is a list of which all hold', 'failed_when: [1 < 2, 2 < 3]'],
    ['failed_when asks for the exit code', 'failed_when: r.rc == 3'],
    ['changed_when holds', 'changed_when: 1 < 2'],
    ['changed_when does not hold', 'changed_when: 1 > 2'],
    ['changed_when is a list of which one holds', 'changed_when: [1 < 2, 1 > 2]'],
    ['both', 'changed_when: r.rc == 0, failed_when: r.rc == 0'],
    ['failed_when, and it is ignored', 'failed_when: 1 < 2, ignore_errors: true'],
  ] as const
).flatMap(([title, keywords]) =>
  [0, 3].map((rc): PeerStory => ({
    title: `judged: exit ${rc}; ${title}`,
    hosts: ['a'],
    tasks: `
    - {name: run, shell: exit ${rc}, register: r, ${keywords}}
    - {name: tell, debug: {msg: "<% {{ r.failed | lower }} {{ r.changed | lower }} %% {{ r.failed }} {{ r.changed }} %>"}}`,
  })),
);

/** How often it is tried × when it would succeed × whether a failure is one. */
const retried: readonly PeerStory[] = [
  'retries: 2, until: r.rc == 0',
  'retries: 3',
  'until: r.rc == 0',
  'retries: 0, until: r.rc == 0',
  'retries: 2, until: r.rc == 0, failed_when: 1 > 2',
  'retries: 2, until: r.rc == 0, failed_when: r.rc != 0',
  'retries: 2, until: [r.rc == 0, 1 < 2]',
  'retries: 2, until: r.rc == 5, failed_when: 1 > 2',
].flatMap((keywords) =>
  [2, 9].map((tries): PeerStory => ({
    title: `retried: succeeds at try ${tries}; ${keywords}`,
    hosts: ['a'],
    // Before, it was tried once, and counted even where it was not to be tried again.
    ...((!keywords.includes('until') || keywords.includes('retries: 0')) && { since: '2.16' }),
    tasks: `
    - {name: run, shell: "echo x >> TMP/tries; test $(wc -l < TMP/tries) -ge ${tries}", register: r, delay: 0, ${keywords}, ignore_errors: true}
    - {name: tell, debug: {msg: "{{ r.attempts }}"}}
    - {name: count, shell: "wc -l < TMP/tries", register: n}
    - {name: tries, debug: {msg: "{{ n.stdout }}"}}`,
  })),
);

const looping: readonly PeerStory[] = [
  {
    title: 'judged: failed_when_result, alone, in a loop, of what was skipped and of what was tried again',
    hosts: ['a'],
    tasks: `
    - {name: good, shell: exit 3, register: r, failed_when: r.rc == 5}
    - {name: tell good, debug: {msg: "<% {{ r.failed_when_result | lower }} %% {{ r.failed_when_result }} %>"}}
    - {name: bad, shell: exit 3, register: s, failed_when: s.rc == 3, ignore_errors: true}
    - {name: tell bad, debug: {msg: "<% {{ s.failed_when_result | lower }} %% {{ s.failed_when_result }} %>"}}
    - {name: each, command: echo x, loop: [1, 2], register: t, failed_when: item == 2, ignore_errors: true}
    - {name: tell each, debug: {msg: "<% {{ item.failed_when_result | lower }} %% {{ item.failed_when_result }} %>"}, loop: "{{ t.results }}", loop_control: {label: x}}
    - {name: skipped, command: echo x, register: u, failed_when: 1 < 2, when: 1 > 2}
    - {name: there is none, debug: {msg: x}, when: "<% u.failed_when_result is not defined %% !has(u.failed_when_result) %>"}
    - {name: tried, shell: exit 3, register: v, until: v.rc == 0, retries: 1, delay: 0, failed_when: 1 > 2}
    - {name: tell tried, debug: {msg: "<% {{ v.failed_when_result | lower }} %% {{ v.failed_when_result }} %>"}}`,
  },
  {
    title: 'loop: items of every kind',
    tasks: `
    - {name: each, debug: {msg: "{{ item }}"}, loop: [1, two, 3.5]}
    - {name: maps, debug: {msg: "{{ item.a }}"}, loop: [{a: x}, {a: y}], loop_control: {label: "{{ item.a }}"}}
    - {name: lists, debug: {msg: "<% {{ item[0] }} %% {{item.[0]}} %>"}, loop: [[1, 2], [3]], loop_control: {label: x}}
    - {name: none, debug: {msg: "{{ item }}"}, loop: []}`,
  },
  {
    title: 'loop: over a variable, with a condition, registered',
    tasks: `
    - {name: each, debug: {msg: "{{ item }}"}, loop: "{{ list }}", when: item != 2, register: r, vars: {list: [1, 2, 3]}}
    - {name: again, debug: {msg: "{{ item.item }}"}, loop: "{{ r.results }}", loop_control: {label: "{{ item.item }}"}, when: "<% item is not skipped %% !item.skipped %>"}`,
  },
  {
    title: 'loop: every item skipped',
    tasks: `
    - {name: each, debug: {msg: "{{ item }}"}, loop: [1, 2], when: item > 5, register: r}
    - {name: skipped, debug: {msg: x}, when: "<% r is skipped %% r.skipped %>"}`,
  },
  {
    title: 'loop: some items fail, all are tried',
    tasks: `
    - {name: each, fail: {msg: "{{ item }}"}, loop: [1, 2, 3], when: item != 2, ignore_errors: true, register: r}
    - {name: which, debug: {msg: "{{ item.item }}"}, loop: "{{ r.results }}", loop_control: {label: x}, when: "<% item is failed %% item.failed %>"}
    - {name: each again, fail: {msg: "{{ item }}"}, loop: [1, 2], when: inventory_hostname == 'b'}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'loop: one item changes',
    tasks: `
    - {name: each, debug: {msg: "{{ item }}"}, loop: [1, 2, 3], changed_when: item == 3, register: r}
    - {name: changed, debug: {msg: x}, when: "<% r is changed %% r.changed %>"}`,
  },
  {
    title: 'loop: loop_var, index_var, label, extended',
    tasks: `
    - name: each
      debug: {msg: "{{ i }} {{ thing }} {{ ansible_loop.index }} {{ ansible_loop.length }} {{ ansible_loop.revindex0 }}"}
      loop: [x, y, z]
      loop_control: {loop_var: thing, index_var: i, label: "the {{ thing }}", extended: true}
    - name: only the last
      debug: {msg: "{{ thing }}"}
      loop: [x, y, z]
      loop_control: {loop_var: thing, extended: true}
      when: ansible_loop.last`,
  },
  {
    title: 'loop: previtem and nextitem',
    tasks: `
    - name: each
      debug: {msg: "{{ ansible_loop.previtem }} {{ item }} {{ ansible_loop.nextitem }}"}
      loop: [x, y, z]
      loop_control: {extended: true}
      when: "<% not ansible_loop.first and not ansible_loop.last %% !ansible_loop.first && !ansible_loop.last %>"`,
  },
  {
    title: 'loop: its list is not rendered where the condition says no',
    tasks: `
    - {name: skipped, command: "true", when: 1 > 2, register: r}
    - {name: each, debug: {msg: "{{ item }}"}, loop: "{{ r.stdout_lines }}", when: "<% r is not skipped %% !r.skipped %>"}`,
  },
  {
    title: 'command: what it says of a success, and of a program that is not there',
    hosts: ['a'],
    tasks: `
    - {name: good, command: echo x, register: r, changed_when: false}
    - {name: nothing to say, debug: {msg: "[{{ r.msg }}]"}}
    - {name: missing, command: no-such-program, register: r, failed_when: false}
    - {name: its code, debug: {msg: "{{ r.rc }} [{{ r.stdout }}]"}}
    - {name: changes nothing, debug: {msg: x}, when: <% not r.changed %% "!r.changed" %>}
    - {name: of a shell, shell: no-such-program, register: r, failed_when: false}
    - {name: its own code, debug: {msg: "{{ r.rc }}"}}
    - {name: fails, command: no-such-program}`,
  },
  {
    title: 'until: in vain for one item, which failed_when takes for no failure',
    since: '2.16',
    tasks: `
    - name: tried
      command: echo {{ item }}
      loop: [1, 2]
      register: r
      until: r.stdout == '1'
      retries: 1
      delay: 0
      failed_when: 1 > 2
      changed_when: false
    - {name: told, debug: {msg: x}, when: <% r.failed and r.results[1].failed %% r.failed && r.results[1].failed %>}
    - {name: well, debug: {msg: x}, when: <% not r.results[0].failed %% "!r.results[0].failed" %>}`,
  },
  {
    title: 'loop: until in each item',
    hosts: ['a'],
    tasks: `
    - name: each
      shell: "echo x >> TMP/{{ item }}; test $(wc -l < TMP/{{ item }}) -ge {{ item }}"
      loop: [1, 2, 9]
      register: r
      until: r.rc == 0
      retries: 2
      delay: 0
      ignore_errors: true
    - {name: tries, debug: {msg: "{{ item.attempts }}"}, loop: "{{ r.results }}", loop_control: {label: "{{ item.item }}"}}`,
  },
  {
    title: 'loop: set_fact keeps the last item',
    tasks: `
    - {name: each, set_fact: {x: "{{ item }}"}, loop: [1, 2, 3]}
    - {name: tell, debug: {msg: "{{ x }}"}}`,
  },
  {
    title: 'loop: include_tasks and include_role',
    tasks: `
    - {name: files, include_tasks: more.yaml, loop: [1, 2]}
    - {name: roles, include_role: {name: r}, loop: [1, 2], loop_control: {loop_var: thing}}
    - {name: some, include_tasks: more.yaml, loop: [1, 2], when: item == 2}`,
    files: {
      'more.yaml': '- {name: of file, debug: {msg: "{{ item }}"}}\n',
      'roles/r/tasks/main.yml': '- {name: of role, debug: {msg: "{{ thing }}"}}\n',
    },
  },
  {
    title: 'loop: another file on each host, in lockstep, one after another',
    hosts: ['a', 'b', 'c'],
    // Else Ansible takes the files in the order in which hosts happen to answer.
    args: ['-f', '1'],
    tasks: `
    - {name: begin, shell: ": > TMP/order", run_once: true, changed_when: false}
    - {include_tasks: "{{ file }}.yaml", vars: {file: <% "{{ 'one' if inventory_hostname != 'b' else 'two' }}" %% !cel 'inventory_hostname != "b" ? "one" : "two"' %>}}
    - {include_tasks: both.yaml, loop: <% "{{ [inventory_hostname, 'x'] }}" %% !cel '[inventory_hostname, "x"]' %>}
    - {name: read, command: cat TMP/order, run_once: true, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{ r.stdout }}"}, run_once: true}`,
    files: {
      'one.yaml': `
- {name: one first, shell: "echo one first >> TMP/order", changed_when: false}
- {name: one second, shell: "echo one second >> TMP/order", changed_when: false}
`,
      'two.yaml': '- {name: two, shell: "echo two >> TMP/order", changed_when: false}\n',
      'both.yaml': '- {name: both, shell: "echo {{ item }} >> TMP/order", changed_when: false}\n',
    },
  },
  {
    title: 'loop: a loop in a looped include, each with its own variable',
    tasks: `
    - {name: files, include_tasks: more.yaml, loop: [1, 2], loop_control: {loop_var: outer}}`,
    files: { 'more.yaml': '- {name: in, debug: {msg: "{{ outer }} {{ item }}"}, loop: [x, y]}\n' },
  },
  {
    title: 'when: lists, and what they may ask for',
    tasks: `
    - {name: set, set_fact: {x: 3, list: [1, 2], text: abc}}
    - {name: all hold, debug: {msg: x}, when: [x == 3, x > 2, "inventory_hostname in ['a']"]}
    - {name: one does not, debug: {msg: x}, when: [x == 3, x < 2]}
    - {name: member, debug: {msg: x}, when: 2 in list}
    - {name: text, debug: {msg: x}, when: text == "abc"}
    - {name: bracket, debug: {msg: x}, when: list[0] == 1}
    - {name: true, debug: {msg: x}, when: true}
    - {name: false, debug: {msg: x}, when: false}`,
  },
  {
    title: 'register: of a skipped, a failed and a good task',
    tasks: `
    - {name: skipped, command: "true", when: 1 > 2, register: s}
    - {name: failed, command: "false", register: f, ignore_errors: true}
    - {name: good, command: echo out, register: g}
    - {name: tell one, debug: {msg: x}, when: "<% s is skipped %% s.skipped %>"}
    - {name: tell two, debug: {msg: "{{ f.rc }}"}, when: "<% f is failed and f is changed %% f.failed && f.changed %>"}
    - {name: tell three, debug: {msg: "{{ g.stdout }}"}, when: "<% g is changed and g is not failed %% g.changed && !g.failed %>"}
    - {name: skipped again, debug: {msg: x}, when: 1 > 2, register: g}
    - {name: tell four, debug: {msg: x}, when: "<% g is skipped %% g.skipped %>"}`,
  },
];

export const loopStories: readonly PeerStory[] = [...judged, ...retried, ...looping];
