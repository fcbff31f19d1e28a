/**
 * The keywords of plays: what each makes of its forms, and what is said of the others.
 */
import { expect } from 'chai';
import type { Amount, Play } from '../../../src/core/plan.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { complaintsOf, outline, withPlaybook, type Around } from '../load.js';

async function playOf(text: string, around: Around = {}): Promise<Play> {
  return await withPlaybook(`- hosts: all\n${text}`, around, ({ plays: [play] }) => {
    if (!play) throw new Error('no play');
    return play;
  });
}

function hosts(value: number): Amount {
  return { value, unit: 'hosts' };
}

function percent(value: number): Amount {
  return { value, unit: 'percent' };
}

describe('keywords of plays', () => {
  type Read = readonly [keywords: string, read: (play: Play) => unknown, expected: unknown, around?: Around];
  const right: readonly Read[] = [
    ['serial: 2', (play) => play.serial, [hosts(2)]],
    ['serial: "3"', (play) => play.serial, [hosts(3)]],
    ['serial: 20%', (play) => play.serial, [percent(20)]],
    ['serial: [1, "10%", 0]', (play) => play.serial, [hosts(1), percent(10), percent(100)]],
    ['serial: "{{n}}"', (play) => play.serial, [hosts(4)], { extraVars: ['n=4'] }],
    ['serial: "{{n}}%"\n  vars: {n: 5}', (play) => play.serial, [percent(5)]],
    ['serial: "{{sizes}}"\n  vars: {sizes: [1, 2]}', (play) => play.serial, [hosts(1), hosts(2)]],
    ['serial:', (play) => play.serial, []],
    ['name: x', (play) => play.serial, []],
    [
      'max_fail_percentage: 30\n  max_unreachable_percentage: "5%"',
      (play) => play.budget.batch,
      { failed: percent(30), unreachable: percent(5) },
    ],
    [
      'max_fail_total: 3\n  max_unreachable_total: 12.5%',
      (play) => play.budget.play,
      { failed: hosts(3), unreachable: percent(12.5) },
    ],
    ['max_fail_percentage: 0', (play) => play.budget.batch, { failed: percent(0), unreachable: undefined }],
    ['strategy: linear', (play) => play.strategy, 'linear'],
    ['strategy: ansible.builtin.free', (play) => play.strategy, 'free'],
    ['strategy: host_pinned', (play) => play.strategy, 'free'],
    ['name: x', (play) => play.strategy, 'free'],
    ['order: reverse_sorted', (play) => play.order, 'reverse_sorted'],
    ['name: x', (play) => play.order, 'inventory'],
    ['force_handlers: yes', (play) => play.forceHandlers, true],
    ['whole: true', (play) => play.whole, true],
    ['name: x', (play) => play.whole, false],
    ['gather_facts: "{{want}}"', (play) => play.gatherFacts, undefined, { extraVars: ['want=no'] }],
    ['name: on {{where}}', (play) => play.name, 'on sea', { extraVars: ['where=sea'] }],
    ['name: on {{inventory_hostname}}', (play) => play.name, 'on {{inventory_hostname}}'],
    [
      'pre_tasks: [{name: a, command: x}]\n  tasks: [{name: b, command: x}]\n  post_tasks: [{name: c, command: x}]',
      (play) => outline(play.tasks),
      ['a', 'meta flush_handlers', 'b', 'meta flush_handlers', 'c', 'meta flush_handlers'],
    ],
    ['tasks: []', (play) => outline(play.tasks), ['meta flush_handlers']],
    ['between_batches: [{name: gate, command: x}]', (play) => outline(play.betweenBatches), ['gate']],
    [
      'vars_prompt:\n    - {name: a}\n    - {name: b, prompt: "B?", default: 3, private: no, confirm: yes}\n  tasks: [{command: "x {{a}}", when: b == "3"}]',
      (play) =>
        play.prompts.map(({ name, text, isPrivate, confirm, default: otherwise }) => [
          name,
          text,
          isPrivate,
          confirm,
          otherwise,
        ]),
      [
        ['a', 'a', true, false, undefined],
        ['b', 'B?', false, true, '3'],
      ],
    ],
    [
      'vars: {a: 1}\n  vars_files: [one.yaml, [none.yaml, "{{which}}.yaml", three.yaml]]',
      (play) => ['a', 'which', 'two'].map((name) => createScope([play.vars]).get(name)),
      [2, 'two', true],
      {
        files: {
          'books/one.yaml': 'a: 2\nwhich: two\n',
          'books/two.yaml': 'two: true\n',
          'books/three.yaml': 'two: false\n',
        },
      },
    ],
    [
      'any_errors_fatal: true\n  throttle: 3\n  ignore_unreachable: yes\n  environment: {A: 1}\n  check_mode: yes\n  diff: no\n  tasks: [{command: x, throttle: 0}, {command: x, any_errors_fatal: no}]',
      (play) =>
        play.tasks.flatMap((step) =>
          step.type === 'task'
            ? [[step.anyErrorsFatal, step.throttle, step.ignoreUnreachable, step.checkMode, step.diff]]
            : [],
        ),
      [
        [true, undefined, true, true, false],
        [false, 3, true, true, false],
      ],
    ],
  ];
  for (const [keywords, read, expected, around] of right) {
    it(keywords, async () => {
      expect(read(await playOf(`  ${keywords}\n`, around))).to.deep.equal(expected);
    });
  }

  it('environments are those of the play, the block and the task', async () => {
    const play = await playOf(
      '  environment: [{A: "{{size}}"}, "{{more}}"]\n  vars: {more: {B: b}}\n  tasks:\n    - environment: {C: c}\n      block: [{command: x, environment: {D: d}}]\n',
    );
    const [block] = play.tasks;
    const [task] = block?.type === 'block' ? block.tasks : [];
    if (task?.type !== 'task') throw new Error('no task');
    const scope = createScope([{ size: 8 }, play.vars]);
    expect(task.environment.map((map) => map.render(scope))).to.deep.equal([
      { A: 8 },
      { B: 'b' },
      { C: 'c' },
      { D: 'd' },
    ]);
  });

  const wrong: readonly (readonly [keywords: string, said: readonly string[]])[] = [
    [
      'serial: many',
      [
        "books/play.yaml:2:11: 'serial' must be a number of hosts or a percentage of them, but is 'many' (write 2, '20%', or a list of such sizes)",
      ],
    ],
    [
      'serial: {a: 1}',
      [
        "books/play.yaml:2:11: 'serial' must be a number of hosts or a percentage of them, but is a map (write 2, '20%', or a list of such sizes)",
      ],
    ],
    [
      'serial: "{{facts.n}}"',
      [
        "books/play.yaml:2:14: nothing defines 'facts' ('serial' is needed before the run: its template sees only the variables of -e and of the play)",
      ],
    ],
    [
      'max_fail_percentage: 130',
      ["books/play.yaml:2:24: 'max_fail_percentage' must be a percentage from 0 to 100, but is '130'"],
    ],
    [
      'max_fail_total: -1',
      [
        "books/play.yaml:2:19: 'max_fail_total' must be a number of hosts or a percentage of them, but is '-1' (write 3, or '5%')",
      ],
    ],
    ['strategy: liner', ["books/play.yaml:2:13: there is no strategy 'liner' (did you mean 'linear'?)"]],
    [
      'strategy: mitogen',
      [
        "books/play.yaml:2:13: there is no strategy 'mitogen' (there are free (each host goes at its own pace) and linear (all hosts task by task))",
      ],
    ],
    [
      'order: random',
      [
        "books/play.yaml:2:10: there is no order 'random' (there are inventory, reverse_inventory, sorted, reverse_sorted, shuffle)",
      ],
    ],
    [
      'max_fail_percent: 3',
      ["books/play.yaml:2:3: a play has no 'max_fail_percent' (did you mean 'max_fail_percentage'?)"],
    ],
    ["become_user: ''", ["books/play.yaml:2:16: 'become_user' is empty (name a user, or leave it out)"]],
    ["remote_user: ' '", ["books/play.yaml:2:16: 'remote_user' is empty (name a user, or leave it out)"]],
    ['user: me', ["books/play.yaml:2:3: zrun does not have 'user' yet (write remote_user)"]],
    ['connection: winrm', ["books/play.yaml:2:15: there is no connection 'winrm' (write ssh or local)"]],
    ['throttle: -1', ["books/play.yaml:2:13: 'throttle' must be a whole number of at least 0"]],
    [
      'any_errors_fatal: perhaps',
      ["books/play.yaml:2:21: 'any_errors_fatal' must be true or false, but is text"],
    ],
    [
      'environment: a',
      [
        "books/play.yaml:2:16: 'environment' must be a map of variables, but is text (write 'NAME: value' below it)",
      ],
    ],
    ['environment: "{{size}}"', ["books/play.yaml:2:16: 'environment' must be a map of variables"]],
    [
      'vars_prompt: [{prompt: x}, {name: 1a}, {name: a, encrypt: x, privat: no}, a]',
      [
        "books/play.yaml:2:18: this names no variable (add 'name: …')",
        "books/play.yaml:2:37: '1a' cannot be a variable's name (use letters, digits and _, a letter first)",
        "books/play.yaml:2:52: zrun does not have 'encrypt' of vars_prompt yet",
        "books/play.yaml:2:64: vars_prompt has no 'privat' (did you mean 'private'?)",
        "books/play.yaml:2:77: each item of 'vars_prompt' must be a map, but this is text (write '- name: …' and, below it, 'prompt: …')",
      ],
    ],
    [
      'vars_files: [[a.yaml, b.yaml]]',
      [
        'books/play.yaml:2:17: none of these files is there: a.yaml, b.yaml (the first one that is there is taken (looked in books/vars, books))',
      ],
    ],
    [
      'vars_files: ["{{facts.a}}.yaml"]',
      [
        "books/play.yaml:2:19: nothing defines 'facts' ('vars_files' is needed before the run: its template sees only the variables of -e and of the play)",
      ],
    ],
    ['pre_tasks: a', ["books/play.yaml:2:14: 'pre_tasks' must be a list, but is text"]],
    ['roles: a', ["books/play.yaml:2:10: 'roles' must be a list, but is text"]],
  ];
  for (const [keywords, said] of wrong) {
    it(`refuses ${keywords}`, async () => {
      expect(await complaintsOf(`- hosts: all\n  ${keywords}\n`)).to.deep.equal(said);
    });
  }
});

describe('import_playbook', () => {
  const inner =
    '- name: inner\n  hosts: all\n  tags: own\n  vars: {a: 1, b: 1}\n  tasks: [{name: t, command: "x {{a}} {{b}} {{c}}"}]\n';

  it('brings the plays of another file, with what it gives them', async () => {
    const text =
      '- hosts: all\n- import_playbook: more/inner.yaml\n  vars: {b: 2, c: 3}\n  tags: [given]\n  when: size == 8\n';
    await withPlaybook(text, { files: { 'books/more/inner.yaml': inner } }, ({ plays }, folder) => {
      expect(plays.map(({ name }) => name)).to.deep.equal(['all', 'inner']);
      const play = plays[1];
      const scope = createScope([play?.vars ?? new Map()]);
      expect(['a', 'b', 'c', 'playbook_dir'].map((name) => scope.get(name))).to.deep.equal([
        1,
        2,
        3,
        `${folder}/books/more`,
      ]);
      const [task] = play?.tasks ?? [];
      expect(task).to.deep.include({ tags: ['own', 'given'] });
      const said = [task, play?.gatherFacts].map((one) => one?.when.map(({ text: when }) => when));
      expect(said).to.deep.equal([['size == 8'], ['size == 8']]);
    });
  });

  it('reads names over -e', async () => {
    const around = { files: { 'books/inner.yaml': inner }, extraVars: ['which=inner', 'c=1'] };
    await withPlaybook('- import_playbook: "{{which}}.yaml"\n', around, ({ plays }) => {
      expect(plays).to.have.length(1);
    });
  });

  const wrong: readonly (readonly [
    what: string,
    text: string,
    said: readonly string[],
    files?: Readonly<Record<string, string>>,
  ])[] = [
    [
      'a file that is not there',
      '- import_playbook: none.yaml\n',
      ['books/play.yaml:1:20: cannot read books/none.yaml: there is no such file'],
    ],
    [
      'a circle',
      '- import_playbook: b.yaml\n',
      ['books/b.yaml:1:20: this playbook imports itself: books/play.yaml → books/b.yaml → books/play.yaml'],
      { 'books/b.yaml': '- import_playbook: play.yaml\n' },
    ],
    [
      'a misspelt keyword',
      '- import_playbook: b.yaml\n  vras: {}\n  hosts: all\n',
      [
        "books/play.yaml:2:3: an import of a playbook has no 'vras' (did you mean 'vars'?)",
        "books/play.yaml:3:3: 'hosts' belongs to a play, not to an import of a playbook",
      ],
      { 'books/b.yaml': '- hosts: all\n' },
    ],
    [
      'a misspelt name in a condition, and in the file',
      '- import_playbook: b.yaml\n  when: sise == 8\n',
      [
        "books/play.yaml:2:9: nothing defines 'sise' (did you mean 'size'?)",
        "books/b.yaml:2:24: nothing defines 'szie' (did you mean 'size'?)",
      ],
      { 'books/b.yaml': '- hosts: all\n  tasks: [{command: "{{szie}}"}]\n' },
    ],
  ];
  for (const [what, text, said, files = {}] of wrong) {
    it(`refuses ${what}`, async () => {
      const found = await complaintsOf(text, { files });
      expect([...found].sort()).to.deep.equal([...said].sort());
    });
  }
});
