/** Keywords of tasks and blocks, as stories. */
import type { Story } from './story.js';

export const taskStories: readonly Story[] = [
  {
    keyword: 'when',
    title: 'a condition, or a list of which all must hold',
    tasks: `
    - {name: no, debug: {msg: x}, when: 1 > 2}
    - {name: both, debug: {msg: x}, when: [1 < 2, 2 > 3]}
    - {name: yes, debug: {msg: x}, when: [1 < 2, inventory_hostname == "a"]}`,
    lines: ['skipped | no | when: 1 > 2', 'skipped | both | when: 2 > 3', 'ok | yes | x'],
  },
  {
    keyword: 'when',
    title: 'of a block, for each task in it',
    tasks: `
    - when: 1 > 2
      block:
        - {name: in, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}`,
    lines: ['skipped | in | when: 1 > 2', 'skipped | always | when: 1 > 2'],
  },
  {
    keyword: 'register',
    title: 'later tasks see what came of it, also of one that was skipped',
    tasks: `
    - {name: ask, command: echo hello, register: it, changed_when: false}
    - {name: skip, command: echo hello, register: no, when: 1 > 2}
    - {name: tell, debug: {msg: "{{it.stdout}} {{it.rc}} {{it.changed}} {{no.skipped}}"}}`,
    lines: ['ok | ask | run echo hello', 'skipped | skip | when: 1 > 2', 'ok | tell | hello 0 false true'],
  },
  {
    keyword: 'loop',
    title: 'once for each item, also of a list from a variable, also for none',
    tasks: `
    - {name: items, debug: {msg: "{{item}}"}, loop: [1, two], register: r}
    - {name: made, debug: {msg: "{{r.results.length}} {{r.results.[1].item}}"}}
    - {name: maps, command: "echo {{item.a}}", loop: "{{list}}", changed_when: false, vars: {list: [{a: x}, {a: y}]}}
    - {name: none, debug: {msg: "{{item}}"}, loop: []}
    - {name: some, debug: {msg: "{{item}}"}, loop: [1, 2, 3], when: item > 2}`,
    lines: [
      'ok | items | 2 of 2 items: ',
      'ok | made | 2 two',
      'ok | maps | 2 of 2 items: run echo x',
      'skipped | none | nothing to loop over',
      'ok | some | 1 of 3 items: ',
    ],
  },
  {
    keyword: 'register',
    title: 'what failed says so, and why; what was not reached is known as that',
    hosts: ['a', 'b'],
    unreachable: ['b'],
    tasks: `
    - {name: look, command: /bin/false, register: r, ignore_errors: true, ignore_unreachable: true}
    - {name: why, debug: {msg: "{{r.msg}}"}}
    - {name: lost, debug: {msg: x}, when: r.unreachable}
    - {name: has, debug: {msg: x}, when: has(r.unreachable) && r.failed}`,
    lines: {
      a: [
        'ignored | look | `/bin/false` ended with exit code 1',
        'ok | why | `/bin/false` ended with exit code 1',
        'skipped | lost | when: r.unreachable',
        'ok | has | x',
      ],
      b: [
        'ignored | look | cannot connect to b (127.0.0.1 port CLOSED): connection refused',
        'ok | why | cannot connect to b (127.0.0.1 port CLOSED): connection refused',
        'ok | lost | x',
        'skipped | has | when: has(r.unreachable) && r.failed',
      ],
    },
  },
  {
    keyword: 'failed_when',
    title: 'sees that a command failed, and takes the failure away; the reason stays',
    tasks: `
    - {name: kept, command: /bin/false, register: r, failed_when: r.failed && r.rc > 1}
    - {name: tell, debug: {msg: "{{r.failed}} {{r.changed}} {{r.msg}}"}}`,
    lines: ['changed | kept | run /bin/false', 'ok | tell | false true `/bin/false` ended with exit code 1'],
  },
  {
    keyword: 'loop',
    title: 'the results of its items say how each went, and of which item they are',
    tasks: `
    - name: each
      shell: exit {{n}}
      loop: [0, 1, 2]
      loop_control: {loop_var: n, index_var: i}
      when: n != 1
      changed_when: false
      ignore_errors: true
      register: r
    - name: tell
      debug:
        msg: "{{#each r.results}}{{i}}:{{n}} {{failed}} {{skipped}} {{ansible_loop_var}} {{ansible_index_var}}; {{/each}}"
    - {name: why, debug: {msg: "{{r.failed}} {{r.msg}}"}}
    - name: again
      debug: {msg: "{{item.n}}"}
      loop: "{{r.results}}"
      loop_control: {label: "{{item.n}}"}
      when: item.failed
      register: s
    - {name: count, debug: {msg: '{{cel "s.results.filter(x, !x.skipped && x.item.n == 2).size()"}}'}}`,
    lines: [
      'ignored | each | `exit 2` ended with exit code 2',
      'ok | tell | 0:0 false false n i; 1:1 false true n i; 2:2 true false n i; ',
      'ok | why | true `exit 2` ended with exit code 2',
      'ok | again | 1 of 3 items: ',
      'ok | count | 1',
    ],
  },
  {
    keyword: 'loop',
    title: 'a failing item does not keep the others from being done, and fails the task',
    tasks: `
    - {name: each, shell: "echo {{item}} >> TMP/done; test {{item}} != 1", loop: [1, 2, 3]}`,
    lines: ['failed | each | `echo 1 >> TMP/done; test 1 != 1` ended with exit code 1'],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'loop_control',
    title: 'loop_var, index_var, label, extended and pause',
    tasks: `
    - name: inner
      set_fact: {said: "{{default said ''}}{{i}}:{{thing}}{{#if ansible_loop.last}}.{{else}},{{/if}}"}
      loop: [x, y]
      loop_control: {loop_var: thing, index_var: i, label: "thing {{thing}}", extended: true, pause: 0.01}
    - {name: tell, debug: {msg: "{{said}}"}}`,
    lines: ['ok | inner | 2 of 2 items: set said', 'ok | tell | 0:x,1:y.'],
  },
  {
    keyword: 'loop_control',
    title: 'break_when is asked after each item, and may ask for what came of it',
    tasks: `
    - {name: by item, command: "echo {{item}}", loop: [1, 2, 3], loop_control: {break_when: item == 2}, register: r}
    - {name: tell, debug: {msg: "{{r.results.length}}"}}
    - name: by result
      command: "echo {{item}}"
      loop: [1, 2, 3]
      register: one
      changed_when: false
      loop_control: {break_when: [one.rc == 0, one.stdout == "1"]}
    - {name: tell, debug: {msg: "{{one.results.length}}"}}`,
    lines: [
      'changed | by item | 2 of 2 items: run echo 1',
      'ok | tell | 2',
      'ok | by result | 1 of 1 items: run echo 1',
      'ok | tell | 1',
    ],
  },
  {
    keyword: 'loop_control',
    title: 'break_when in check mode, where nobody knows what comes of an item: all may be taken',
    args: ['--check'],
    tasks: `
    - name: each
      command: "echo {{item}}"
      loop: [1, 2]
      register: r
      loop_control: {break_when: r.stdout == "1"}`,
    lines: ['changed | each | 2 of 2 items: run echo 1'],
  },
  {
    keyword: 'until',
    title: 'tries again until it holds, and fails when it never does',
    tasks: `
    - name: count
      shell: echo x >> TMP/tries; wc -l < TMP/tries
      register: tries
      until: tries.stdout == "3"
      retries: 5
      delay: 0
    - {name: never, command: /bin/false, register: r, until: r.rc == 0, retries: 2, delay: 0}`,
    lines: [
      'changed | count | run echo x >> TMP/tries; wc -l < TMP/tries',
      'failed | never | `/bin/false` ended with exit code 1 (after 3 attempts)',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'retries',
    title: 'a template may say how often',
    tasks: `
    - name: count
      shell: echo x >> TMP/tries; exit 1
      register: r
      until: r.rc == 0
      retries: "{{often}}"
      delay: 0
      ignore_errors: true
      vars: {often: 4}
    - {name: tries, shell: wc -l < TMP/tries, register: n, changed_when: false}
    - {name: tell, debug: {msg: "{{n.stdout}}"}}`,
    lines: [
      'ignored | count | `echo x >> TMP/tries; exit 1` ended with exit code 1 (after 5 attempts)',
      'ok | tries | run wc -l < TMP/tries',
      'ok | tell | 5',
    ],
  },
  {
    keyword: 'delay',
    title: 'is waited between two tries, not after the last',
    tasks: `
    - {name: short, command: /bin/false, register: r, until: r.rc == 0, retries: 2, delay: 0.01, ignore_errors: true}`,
    lines: ['ignored | short | `/bin/false` ended with exit code 1 (after 3 attempts)'],
  },
  {
    keyword: 'changed_when',
    title: 'decides over what the module says',
    tasks: `
    - {name: never, command: "true", changed_when: false}
    - {name: by what it said, command: echo made, register: r, changed_when: r.stdout == "made"}`,
    lines: ['ok | never | run true', 'changed | by what it said | run echo made'],
  },
  {
    keyword: 'failed_when',
    title: 'decides over the exit code',
    tasks: `
    - {name: fine, command: sh -c "exit 3", register: r, failed_when: r.rc > 3, changed_when: false}
    - {name: bad, command: echo oops, register: r, failed_when: ['r.stdout == "oops"']}`,
    lines: ["ok | fine | run sh -c 'exit 3'", 'failed | bad | failed_when holds: r.stdout == "oops"'],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'ignore_errors',
    title: 'goes on; a template may decide',
    tasks: `
    - {name: break, command: /bin/false, ignore_errors: true, register: r}
    - {name: by template, command: /bin/false, ignore_errors: "{{r.failed}}"}
    - {name: after, debug: {msg: "failed: {{r.failed}}"}}`,
    lines: [
      'ignored | break | `/bin/false` ended with exit code 1',
      'ignored | by template | `/bin/false` ended with exit code 1',
      'ok | after | failed: true',
    ],
  },
  {
    keyword: 'ignore_unreachable',
    title: 'goes on with what needs no connection',
    hosts: ['a', 'b'],
    unreachable: ['b'],
    tasks: `
    - {name: look, command: "true", changed_when: false, ignore_unreachable: true, register: r}
    - {name: tell, debug: {msg: "lost: {{default r.unreachable false}}"}}`,
    lines: {
      a: ['ok | look | run true', 'ok | tell | lost: false'],
      b: [
        'ignored | look | cannot connect to b (127.0.0.1 port CLOSED): connection refused',
        'ok | tell | lost: true',
      ],
    },
  },
  {
    keyword: 'notify',
    title: 'a change wakes handlers once, in their order, at the end; what is unchanged wakes none',
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, command: "true", notify: second}
    - {name: two, command: "true", notify: [second, first]}
    - {name: three, command: "true", changed_when: false, notify: third}
    - {name: last, debug: {msg: x}}
  handlers:
    - {name: first, debug: {msg: 1}}
    - {name: second, debug: {msg: 2}}
    - {name: third, debug: {msg: 3}}
`,
    lines: [
      'changed | one | run true',
      'changed | two | run true',
      'ok | three | run true',
      'ok | last | x',
      'ok | first | 1',
      'ok | second | 2',
    ],
  },
  {
    keyword: 'notify',
    title: 'a failure elsewhere does not keep a host from its handlers',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, command: "true", notify: h}
    - {name: break, command: /bin/false, when: inventory_hostname == "b"}
  handlers:
    - {name: h, debug: {msg: handled}}
`,
    lines: {
      a: [
        'changed | one | run true',
        'skipped | break | when: inventory_hostname == "b"',
        'ok | h | handled',
      ],
      b: ['changed | one | run true', 'failed | break | `/bin/false` ended with exit code 1'],
    },
    code: 2,
    outcomes: { b: 'failed' },
  },
  {
    keyword: 'block',
    title: 'groups tasks, and gives them its vars, tags and conditions',
    tasks: `
    - vars: {x: 1}
      block:
        - {name: in, debug: {msg: "{{x}}"}}
        - block:
            - {name: deep, debug: {msg: "{{x}} {{y}}"}, vars: {y: 2}}`,
    lines: ['ok | in | 1', 'ok | deep | 1 2'],
  },
  {
    keyword: 'rescue',
    title: 'has what failed at hand, and the host goes on',
    tasks: `
    - block:
        - {name: break, command: /bin/false}
        - {name: not reached, debug: {msg: x}}
      rescue:
        - {name: save, debug: {msg: "{{ansible_failed_task.name}}: {{ansible_failed_result.rc}}"}}
    - {name: after, debug: {msg: x}}`,
    lines: ['failed | break | `/bin/false` ended with exit code 1', 'ok | save | break: 1', 'ok | after | x'],
  },
  {
    keyword: 'rescue',
    title: 'a host that is lost during a task is rescued over a new connection',
    tasks: `
    - block:
        - {name: cut, shell: kill -KILL $PPID}
      rescue:
        - {name: save, command: echo back, changed_when: false}
    - {name: after, command: echo on, changed_when: false}`,
    lines: [
      'unknown | cut | the connection to a (127.0.0.1 port OPEN) broke: its shell was ended by SIGKILL, while this was under way: run kill -KILL $PPID',
      'ok | save | run echo back',
      'ok | after | run echo on',
    ],
  },
  {
    keyword: 'always',
    title: 'runs after success, failure and rescue; the failure stays one',
    tasks: `
    - block:
        - {name: fine, debug: {msg: x}}
      always:
        - {name: tidy 1, debug: {msg: t}}
    - block:
        - {name: break, command: /bin/false}
      always:
        - {name: tidy 2, debug: {msg: t}}
    - {name: after, debug: {msg: never}}`,
    lines: [
      'ok | fine | x',
      'ok | tidy 1 | t',
      'failed | break | `/bin/false` ended with exit code 1',
      'ok | tidy 2 | t',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'tags',
    title: '`always` runs and `never` does not, whatever else is asked for',
    args: ['--tags', 'x'],
    tasks: `
    - {name: x, debug: {msg: 1}, tags: x}
    - {name: y, debug: {msg: 1}, tags: [y]}
    - {name: untagged, debug: {msg: 1}}
    - {name: always, debug: {msg: 1}, tags: always}
    - {name: never, debug: {msg: 1}, tags: never}
    - {name: never but x, debug: {msg: 1}, tags: [never, x]}
    - {tags: x, block: [{name: in x, debug: {msg: 1}}]}`,
    lines: ['ok | x | 1', 'ok | always | 1', 'ok | never but x | 1', 'ok | in x | 1'],
  },
  {
    keyword: 'vars',
    title: 'of a task goes before its block, the block before the play, -e before all',
    args: ['-e', 'd=4'],
    playbook: `
- hosts: all
  gather_facts: false
  vars: {a: 1, b: 1, c: 1, d: 1}
  tasks:
    - vars: {b: 2, c: 2, d: 2}
      block:
        - {name: tell, debug: {msg: "{{a}}{{b}}{{c}}{{d}}"}, vars: {c: 3, d: 3}}
    - {name: after, debug: {msg: "{{a}}{{b}}{{c}}{{d}}"}}
`,
    lines: ['ok | tell | 1234', 'ok | after | 1114'],
  },
  {
    keyword: 'environment',
    title: 'of the play, the block and the task, the nearest first, for every command of a task',
    playbook: `
- hosts: all
  gather_facts: false
  environment: {A: play, B: play, C: "it's play"}
  tasks:
    - environment: {B: block}
      block:
        - {name: ask, shell: 'echo "$A $B $C $D"', environment: {D: "{{inventory_hostname}}"}, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{r.stdout}}"}}
    - {name: outside, shell: 'echo "$B $D."', register: s, changed_when: false}
    - {name: told, debug: {msg: "{{s.stdout}}"}}
`,
    lines: [
      'ok | ask | run echo "$A $B $C $D"',
      "ok | tell | play block it's play a",
      'ok | outside | run echo "$B $D."',
      'ok | told | play .',
    ],
  },
  {
    keyword: 'become',
    title: 'a task may be somebody else; false wins over the play',
    playbook: `
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - {name: not, command: id -u, become: false, changed_when: false}
`,
    lines: ['ok | not | run id -u'],
  },
  {
    keyword: 'check_mode',
    title: 'true never changes anything; false runs in check mode too',
    args: ['--check'],
    tasks: `
    - {name: real, copy: {content: x, dest: TMP/real}, check_mode: false}
    - {name: look, stat: {path: TMP/real}, register: s}
    - {name: tell, debug: {msg: "{{s.stat.exists}}"}}`,
    lines: ['changed | real | create TMP/real', 'ok | look | there', 'ok | tell | true'],
  },
  {
    keyword: 'check_mode',
    title: 'true in a real run only says what it would do',
    tasks: `
    - {name: not, copy: {content: x, dest: TMP/not}, check_mode: true}
    - {name: look, stat: {path: TMP/not}, register: s}
    - {name: tell, debug: {msg: "{{s.stat.exists}}"}}`,
    lines: ['changed | not | create TMP/not', 'ok | look | not there', 'ok | tell | false'],
  },
  {
    keyword: 'diff',
    title: 'a task shows its diff without --diff, or keeps it to itself with it',
    args: ['--diff'],
    tasks: `
    - {name: quiet, copy: {content: x, dest: TMP/quiet}, diff: false}`,
    lines: ['changed | quiet | create TMP/quiet'],
  },
  {
    keyword: 'no_log',
    title: 'hides everything that was said, errors too',
    tasks: `
    - {name: quiet, command: echo secret, no_log: true, register: r}
    - {name: template, command: echo secret, no_log: "{{quiet}}", vars: {quiet: true}}
    - {name: known, debug: {msg: "{{r.stdout}}"}}
    - {name: break, command: sh -c "echo secret; exit 1", no_log: true}`,
    lines: [
      'changed | quiet | hidden by no_log',
      'changed | template | hidden by no_log',
      'ok | known | secret',
      'failed | break | hidden by no_log',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'timeout',
    title: 'ends what takes longer, on the host too, and the host goes on',
    tasks: `
    - {name: long, command: sleep 61803, timeout: 1, ignore_errors: true}
    - {name: gone, shell: "pgrep -f '[s]leep 61803' || echo none", register: r, until: r.stdout == "none", retries: 50, delay: 0.1, changed_when: false}`,
    lines: [
      'ignored | long | not done within 1 seconds, and killed on the host',
      "ok | gone | run pgrep -f '[s]leep 61803' || echo none",
    ],
  },
  {
    keyword: 'args',
    title: 'parameters beside a free form',
    tasks: `
    - {name: in, command: pwd, args: {chdir: /}, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{r.stdout}}"}}`,
    lines: ['ok | in | run pwd', 'ok | tell | /'],
  },
  {
    keyword: 'run_once',
    title: 'one host does it for all, and all know what came of it',
    hosts: ['a', 'b', 'c'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: once, shell: "echo x >> TMP/once; wc -l < TMP/once", run_once: true, register: r, changed_when: false}
    - {name: fact, set_fact: {known: "{{inventory_hostname}}"}, run_once: true}
    - {name: tell, debug: {msg: "{{r.stdout}} {{known}}"}}
  strategy: linear
`,
    lines: {
      a: ['ok | once | run echo x >> TMP/once; wc -l < TMP/once', 'ok | fact | set known', 'ok | tell | 1 a'],
      b: ['ok | tell | 1 a'],
      c: ['ok | tell | 1 a'],
    },
  },
  {
    keyword: 'run_once',
    title: 'where it fails, nobody goes on',
    hosts: ['a', 'b'],
    tasks: `
    - {name: once, command: /bin/false, run_once: true}
    - {name: after, debug: {msg: never}}`,
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: once, command: /bin/false, run_once: true}
    - {name: after, debug: {msg: never}}
`,
    lines: { a: ['failed | once | \`/bin/false\` ended with exit code 1'], b: [] },
    code: 2,
    outcomes: { a: 'failed', b: 'halted' },
  },
  {
    keyword: 'run_once',
    title: 'of hosts that walk freely, the first for which the condition holds does it, whoever comes first',
    hosts: ['a', 'b', 'c'],
    tasks: `
    - {name: slow, command: sleep 0.5, changed_when: false, when: inventory_hostname == "a"}
    - {name: once, debug: {msg: migrated}, run_once: true, when: "inventory_hostname == groups.all[0]"}`,
    lines: {
      a: ['ok | slow | run sleep 0.5', 'ok | once | migrated'],
      b: [
        'skipped | slow | when: inventory_hostname == "a"',
        'skipped | once | when: inventory_hostname == groups.all[0]',
      ],
      c: [
        'skipped | slow | when: inventory_hostname == "a"',
        'skipped | once | when: inventory_hostname == groups.all[0]',
      ],
    },
  },
  {
    keyword: 'run_once',
    title: 'in lockstep, the condition of the first host decides for all',
    hosts: ['a', 'b'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: once, debug: {msg: x}, run_once: true, when: inventory_hostname == "b"}
`,
    lines: { a: ['skipped | once | when: inventory_hostname == "b"'], b: [] },
  },
  {
    keyword: 'run_once',
    title: 'a host that cannot be reached leaves it to the next one',
    hosts: ['a', 'b'],
    unreachable: ['a'],
    playbook: `
- hosts: all
  gather_facts: false
  strategy: linear
  tasks:
    - {name: once, command: echo done, run_once: true, changed_when: false, register: r}
    - {name: tell, debug: {msg: "{{r.stdout}}"}}
`,
    lines: {
      a: ['unreachable | once | cannot connect to a (127.0.0.1 port CLOSED): connection refused'],
      b: ['ok | once | run echo done', 'ok | tell | done'],
    },
    code: 3,
    outcomes: { a: 'unreachable' },
  },
  {
    keyword: 'delegate_to',
    title: "another host does it, with this host's variables",
    hosts: ['a', 'b'],
    idle: ['b'],
    playbook: `
- hosts: a
  gather_facts: false
  vars: {who: "{{inventory_hostname}}"}
  tasks:
    - {name: there, command: "echo {{who}}", delegate_to: b, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{r.stdout}}"}}
    - {name: here, command: "echo {{who}}", delegate_to: localhost, register: l, changed_when: false}
    - {name: by name, debug: {msg: "{{l.stdout}}"}, delegate_to: "{{groups.all.[1]}}"}
`,
    lines: {
      a: ['ok | there | run echo a', 'ok | tell | a', 'ok | here | run echo a', 'ok | by name | a'],
    },
  },
  {
    keyword: 'delegate_to',
    title: 'what cannot be the name of a host fails, before anything is connected to',
    tasks: `
    - {name: there, command: "true", delegate_to: "-{{inventory_hostname}}"}`,
    lines: ["failed | there | '-a' cannot be a host's name: it begins with -"],
    code: 2,
    outcomes: { a: 'failed' },
  },
  {
    keyword: 'delegate_to',
    title: 'an address of the loopback is this machine, and does not come into the inventory',
    tasks: `
    - {name: here, shell: "cat {{tmp}}/site.yaml | head -c 7", delegate_to: 127.0.0.1, register: r, changed_when: false}
    - {name: tell, debug: {msg: "{{r.stdout}} {{join groups.all}}"}}`,
    lines: ['ok | here | run cat TMP/site.yaml | head -c 7', 'ok | tell | - name: a'],
  },
  {
    keyword: 'delegate_facts',
    title: 'facts go to the host that was asked',
    hosts: ['a', 'b'],
    playbook: `
- hosts: a
  gather_facts: false
  tasks:
    - {name: set, set_fact: {colour: red}, delegate_to: b, delegate_facts: true}
- hosts: b
  gather_facts: false
  tasks:
    - {name: tell, debug: {msg: "{{colour}}"}}
`,
    lines: { a: ['ok | set | set colour'], b: ['ok | tell | red'] },
  },
  {
    keyword: 'throttle',
    title: 'so many hosts at a time',
    hosts: ['a', 'b', 'c', 'd'],
    tasks: `
    - name: alone
      # mkdir fails where another host is in between.
      shell: mkdir TMP/alone && sleep 0.05 && rmdir TMP/alone
      throttle: 1
      changed_when: false`,
    lines: Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((host) => [
        host,
        ['ok | alone | run mkdir TMP/alone && sleep 0.05 && rmdir TMP/alone'],
      ]),
    ),
  },
];
