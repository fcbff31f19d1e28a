/**
 * What is made of a task's result, as stories: conditions over it, further tries, what `register` holds. The same playbooks
 * give the same in ansible-core 2.19; where 2.14 differs, the story says so.
 */
import type { Story } from './story.js';

export const resultStories: readonly Story[] = [
  {
    keyword: 'failed_when',
    title: 'of a list all must hold',
    tasks: `
    - {name: one of two, command: "true", register: r, failed_when: [r.rc == 0, r.rc == 1]}
    - {name: both, command: "true", register: r, failed_when: [r.rc == 0, r.rc != 1], ignore_errors: true}
    - {name: empty, command: "true", failed_when: [], changed_when: []}`,
    lines: [
      'changed | one of two | run true',
      'ignored | both | failed_when holds: r.rc == 0 and r.rc != 1',
      'changed | empty | run true',
    ],
  },
  {
    keyword: 'failed_when',
    title: 'sees what changed_when has decided',
    tasks: `
    - {name: work, command: /bin/false, register: r, changed_when: false, failed_when: r.changed}
    - {name: told, debug: {msg: x}, when: [r.failed == false, r.changed == false, r.rc == 1]}`,
    lines: ['ok | work | run /bin/false', 'ok | told | x'],
  },
  {
    keyword: 'until',
    title: 'that never holds leaves it to failed_when whether the task has failed; its result has',
    tasks: `
    - {name: work, shell: "echo x >> TMP/tries; exit 1", register: r, until: r.rc == 0, retries: 2, delay: 0, failed_when: false}
    - {name: told, debug: {msg: x}, when: [r.failed == true, r.attempts == 2]}
    - {name: tries, shell: wc -l < TMP/tries, register: n, changed_when: false}
    - {name: three, debug: {msg: x}, when: n.stdout == "3"}`,
    lines: [
      'changed | work | run echo x >> TMP/tries; exit 1',
      'ok | told | x',
      'ok | tries | run wc -l < TMP/tries',
      'ok | three | x',
    ],
  },
  {
    keyword: 'until',
    title: 'does not make a success of a failure',
    tasks: `
    - {name: work, command: /bin/false, register: r, until: r.rc == 1, retries: 2, delay: 0, ignore_errors: true}
    - {name: told, debug: {msg: x}, when: [r.failed == true, r.attempts == 1]}`,
    lines: ['ignored | work | `/bin/false` ended with exit code 1', 'ok | told | x'],
  },
  {
    keyword: 'retries',
    title: 'is how often it is tried again; attempts counts the tries, the last of them in vain left out',
    tasks: `
    - {name: third, shell: "echo x >> TMP/one; wc -l < TMP/one", register: r, until: r.stdout == "3", retries: 2, delay: 0}
    - {name: attempts, debug: {msg: x}, when: r.attempts == 3}
    - {name: default, shell: "echo x >> TMP/two; exit 1", register: r, until: r.rc == 0, delay: 0, ignore_errors: true}
    - {name: as often, debug: {msg: x}, when: r.attempts == 3}
    - {name: four, shell: wc -l < TMP/two, register: n, changed_when: false, failed_when: n.stdout != "4"}
    - {name: never again, shell: "echo x >> TMP/zero; exit 1", register: r, until: r.rc == 0, retries: 0, ignore_errors: true}
    - {name: once, shell: wc -l < TMP/zero, register: n, changed_when: false, failed_when: n.stdout != "1"}`,
    lines: [
      'changed | third | run echo x >> TMP/one; wc -l < TMP/one',
      'ok | attempts | x',
      'ignored | default | `echo x >> TMP/two; exit 1` ended with exit code 1 (after 4 attempts)',
      'ok | as often | x',
      'ok | four | run wc -l < TMP/two',
      'ignored | never again | `echo x >> TMP/zero; exit 1` ended with exit code 1',
      'ok | once | run wc -l < TMP/zero',
    ],
  },
  {
    keyword: 'retries',
    // 2.14 tries once.
    title: 'without until: until it succeeds',
    tasks: `
    - {name: second, shell: "echo x >> TMP/tries; test $(wc -l < TMP/tries) -eq 2", register: r, retries: 5, delay: 0}
    - {name: told, debug: {msg: x}, when: r.attempts == 2}
    - {name: never, command: /bin/false, register: r, retries: 1, delay: 0, ignore_errors: true}
    - {name: told too, debug: {msg: x}, when: [r.attempts == 1, r.failed == true]}`,
    lines: [
      'changed | second | run echo x >> TMP/tries; test $(wc -l < TMP/tries) -eq 2',
      'ok | told | x',
      'ignored | never | `/bin/false` ended with exit code 1 (after 2 attempts)',
      'ok | told too | x',
    ],
  },
  {
    keyword: 'until',
    title: 'is asked for each item of a loop',
    tasks: `
    - {name: work, command: "{{item}}", loop: ["/bin/false", "true"], register: r, until: r.rc == 0, retries: 1, delay: 0, ignore_errors: true}
    - {name: told, debug: {msg: x}, when: ["r.failed == true", "r.changed == true", "r.results[0].attempts == 1", "r.results[1].attempts == 1"]}`,
    lines: ['ignored | work | `/bin/false` ended with exit code 1 (after 2 attempts)', 'ok | told | x'],
  },
  {
    keyword: 'register',
    title: 'a command that failed has changed something, unless changed_when says otherwise',
    tasks: `
    - {name: work, command: /bin/false, register: r, ignore_errors: true}
    - {name: told, debug: {msg: x}, when: [r.changed == true, r.failed == true]}
    - {name: not, command: /bin/false, register: r, changed_when: false, ignore_errors: true}
    - {name: told not, debug: {msg: x}, when: [r.changed == false, r.failed == true]}
    - {name: said so, fail: {msg: x}, register: r, changed_when: true, ignore_errors: true}
    - {name: told too, debug: {msg: x}, when: [r.changed == true, r.failed == true]}`,
    lines: [
      'ignored | work | `/bin/false` ended with exit code 1',
      'ok | told | x',
      'ignored | not | `/bin/false` ended with exit code 1',
      'ok | told not | x',
      'ignored | said so | x',
      'ok | told too | x',
    ],
  },
  {
    keyword: 'loop',
    title: 'over what is not there is skipped where a condition says no, and fails where it needs an item',
    tasks: `
    - {name: not run, command: "true", register: r, when: 1 > 2}
    - {name: guarded, debug: {msg: "{{item}}"}, loop: "{{r.stdout_lines}}", when: r.skipped == false}
    - {name: included, include_tasks: never.yaml, loop: "{{r.stdout_lines}}", when: r.skipped == false}
    - {name: needs an item, debug: {msg: "{{item}}"}, loop: "{{r.stdout_lines}}", when: item == "x", ignore_errors: true}
    - {name: set, set_fact: {some: "{{given}}"}, vars: {given: [1]}}
    - {name: of no list, debug: {msg: "{{item}}"}, loop: "{{cel 'some[0]'}}", when: 1 > 2, ignore_errors: true}`,
    files: { 'never.yaml': '- {name: never, debug: {msg: x}}\n' },
    lines: [
      'skipped | not run | when: 1 > 2',
      'skipped | guarded | when: r.skipped == false',
      'skipped | included | when: r.skipped == false',
      "ignored | needs an item | 'r' has no 'stdout_lines'",
      'ok | set | set some',
      'ignored | of no list | loop must be a list, not the number 1',
    ],
  },
  {
    keyword: 'loop_control',
    title: 'extended_allitems: false leaves the list out of ansible_loop',
    tasks: `
    - name: tell
      set_fact: {told: "{{json ansible_loop}}"}
      loop: [x]
      loop_control: {extended: true, extended_allitems: false}
    - {name: told, debug: {msg: "{{told}}"}}`,
    lines: [
      'ok | tell | 1 of 1 items: set told',
      'ok | told | {"index":1,"index0":0,"revindex":1,"revindex0":0,"first":true,"last":true,"length":1,"previtem":null,"nextitem":null}',
    ],
  },
];
