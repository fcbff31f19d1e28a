/**
 * The keywords of tasks: what each makes of its forms, templates among them, and what is said of the others.
 */
import { expect } from 'chai';
import { tasksOf, type Task } from '../../../src/core/plan.js';
import { settle, type Setting } from '../../../src/core/template.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { complaintsOf, outline, tasks, withPlaybook } from '../load.js';
import { messageOf } from '../read.js';

async function taskOf(text: string): Promise<Task> {
  return await withPlaybook(tasks(text), {}, ({ plays: [play] }) => {
    const [task] = tasksOf(play?.tasks ?? []);
    if (!task) throw new Error('no task');
    return task;
  });
}

describe('keywords of tasks', () => {
  type Read = readonly [keywords: string, read: (task: Task) => unknown, expected: unknown];
  const right: readonly Read[] = [
    [
      'loop: [1]\n  loop_control: {index_var: i, pause: 2, extended: yes}',
      (task) => ({ ...task.loop, items: 0 }),
      {
        items: 0,
        variable: 'item',
        label: undefined,
        indexVariable: 'i',
        pause: 2,
        isExtended: true,
        hasAllItems: true,
        breakWhen: [],
      },
    ],
    [
      'loop: [1]',
      (task) => ({ ...task.loop, items: 0 }),
      {
        items: 0,
        variable: 'item',
        label: undefined,
        indexVariable: undefined,
        pause: 0,
        isExtended: false,
        hasAllItems: true,
        breakWhen: [],
      },
    ],
    ['ignore_unreachable: yes', (task) => task.ignoreUnreachable, true],
    ['notify: [a, b]', (task) => task.notify, ['a', 'b']],
    ['run_once: true', (task) => task.runOnce, true],
    ['throttle: 2', (task) => task.throttle, 2],
    [
      'delegate_to: localhost\n  delegate_facts: yes',
      (task) => [task.delegateTo?.render(createScope([])), task.delegateFacts],
      ['localhost', true],
    ],
    [
      'delegate_to: "{{item}}"\n  loop: [a]',
      (task) => task.delegateTo?.render(createScope([{ item: 'a' }])),
      'a',
    ],
    ['any_errors_fatal: yes', (task) => task.anyErrorsFatal, true],
    ['diff: no', (task) => task.diff, false],
    ['timeout: 0', (task) => task.timeout, undefined],
    [
      'name: on {{size}}',
      (task) => [task.name, task.title?.render(createScope([{ size: 8 }]))],
      ['on {{size}}', 'on 8'],
    ],
    ['name: plain', (task) => task.title, undefined],
    [
      'environment: {A: "{{size}}"}',
      (task) => task.environment.map((one) => one.render(createScope([{ size: 8 }]))),
      [{ A: 8 }],
    ],
  ];
  for (const [keywords, read, expected] of right) {
    it(keywords, async () => {
      const text = `- command: a\n  ${keywords}\n- {command: b}\n`;
      const play = `${tasks(text)}  handlers: [{name: a, command: x}, {name: b, command: x}]\n`;
      await withPlaybook(play, {}, ({ plays: [first] }) => {
        const [task] = tasksOf(first?.tasks ?? []);
        expect(task && read(task)).to.deep.equal(expected);
      });
    });
  }

  describe('that may be templates', () => {
    type Case = readonly [
      keyword: string,
      template: string,
      of: (task: Task) => Setting<string | number | boolean | undefined> | undefined,
      x: string | number | boolean,
      expected: string | number | boolean | undefined,
    ];
    const settled: readonly Case[] = [
      ['ignore_errors', '{{x}}', (task) => task.ignoreErrors, true, true],
      ['ignore_errors', '{{x}}', (task) => task.ignoreErrors, 'no', false],
      ['ignore_unreachable', '{{x}}', (task) => task.ignoreUnreachable, 1, true],
      ['no_log', '{{x}}', (task) => task.noLog, 'yes', true],
      ['no_log', '{{default nothing omit}}', (task) => task.noLog, true, false],
      ['check_mode', '{{x}}', (task) => task.checkMode, false, false],
      ['check_mode', '{{default nothing omit}}', (task) => task.checkMode, false, undefined],
      ['diff', '{{x}}', (task) => task.diff, true, true],
      ['until: true\n  retries', '{{x}}', (task) => task.retries, '4', 4],
      ['delay', '{{x}}', (task) => task.delay, 0.5, 0.5],
      ['timeout', '{{x}}', (task) => task.timeout, 60, 60],
      ['timeout', '{{x}}', (task) => task.timeout, 0, undefined],
      ['become', '{{x}}', (task) => task.become.become, 'true', true],
      ['become_user', '{{x}}', (task) => task.become.becomeUser, 'op', 'op'],
      ['loop: [1]\n  loop_control:\n    pause', '{{x}}', (task) => task.loop?.pause, 2, 2],
    ];
    for (const [keyword, template, of, x, expected] of settled) {
      it(`${keyword}: "${template}" where x is ${String(x)}`, async () => {
        const task = await taskOf(
          `- set_fact: {x: "{{size}}"}\n- command: a\n  ${keyword}: "${template}"\n`
            .split('\n')
            .slice(1)
            .join('\n') + '- set_fact: {x: "{{default nothing 1}}"}\n',
        );
        const setting = of(task);
        expect(setting !== undefined && settle(setting, createScope([{ x }]))).to.equal(expected);
      });
    }

    const refused: readonly (readonly [keyword: string, x: string | number, message: string])[] = [
      ['ignore_errors', 'perhaps', "'ignore_errors' must be true or false, but is the text 'perhaps'"],
      ['delay', -1, "'delay' must be a number of at least 0, but is -1"],
      ['timeout', 'soon', "'timeout' must be a number of at least 0, but is the text 'soon'"],
      ['become_user', '', "'become_user' must be text, but is the text ''"],
    ];
    for (const [keyword, x, message] of refused) {
      it(`${keyword} where the template gives ${String(x)}`, async () => {
        const task = await taskOf(
          `- command: a\n  ${keyword}: "{{x}}"\n- set_fact: {x: "{{default nothing 1}}"}\n`,
        );
        const settings = {
          ignore_errors: task.ignoreErrors,
          delay: task.delay,
          timeout: task.timeout,
          become_user: task.become.becomeUser,
        };
        const setting = settings[keyword as keyof typeof settings];
        expect(
          messageOf(
            () =>
              setting !== undefined &&
              settle<string | number | boolean | undefined>(setting, createScope([{ x }])),
          ),
        ).to.equal(message);
      });
    }
  });

  describe('meta', () => {
    for (const action of [
      'noop',
      'flush_handlers',
      'clear_facts',
      'reset_connection',
      'end_host',
      'end_batch',
      'end_play',
    ]) {
      it(action, async () => {
        const text = tasks(
          `- meta: ${action}\n  when: size == 8\n  tags: t\n- name: b\n  ansible.builtin.meta: noop\n`,
        );
        await withPlaybook(text, {}, ({ plays: [play] }) => {
          const [meta, named] = play?.tasks ?? [];
          expect(meta).to.deep.include({ type: 'meta', action, name: action, tags: ['t'] });
          expect(meta?.when).to.have.length(1);
          expect(named).to.deep.include({ name: 'b', action: 'noop' });
        });
      });
    }
  });

  describe('action and local_action', () => {
    it('name a module', async () => {
      const text = tasks(
        '- action: {module: copy, dest: /x, content: a}\n- action: command echo {{size}}\n- local_action: ansible.builtin.setup\n',
      );
      await withPlaybook(text, {}, ({ plays: [play] }) => {
        const found = [...tasksOf(play?.tasks ?? [])];
        const scope = createScope([{ size: 8 }]);
        expect(
          found.map(({ module, args, delegateTo }) => [
            module.name,
            args.render(scope),
            delegateTo?.render(scope),
          ]),
        ).to.deep.equal([
          ['copy', { dest: '/x', content: 'a' }, undefined],
          ['command', { cmd: 'echo 8' }, undefined],
          ['setup', {}, 'localhost'],
        ]);
      });
    });
  });

  const wrong: readonly (readonly [text: string, said: readonly string[]])[] = [
    [
      '- command: a\n  loop: [1]\n  loop_control: {loop_vra: x, break_when: true, label: "{{itme}}", index_var: 1x, pause: -1}\n',
      [
        "books/play.yaml:5:22: loop_control has no 'loop_vra' (did you mean 'loop_var'?)",
        "books/play.yaml:5:63: nothing defines 'itme' (did you mean 'item'?)",
        "books/play.yaml:5:83: '1x' cannot be a variable's name (use letters, digits and _, a letter first)",
        "books/play.yaml:5:94: 'pause' must be a number of at least 0",
      ],
    ],
    [
      '- command: "a {{i}} {{ansible_loop.first}}"\n  loop: [1]\n- command: "{{ansible_loop.frist}}"\n  loop: [1]\n  loop_control: {extended: true}\n',
      [
        "books/play.yaml:3:21: nothing defines 'i'",
        "books/play.yaml:3:27: nothing defines 'ansible_loop' (it is there in a loop with 'loop_control: {extended: true}')",
        "books/play.yaml:5:19: 'ansible_loop' has no 'frist' (did you mean 'first'?)",
      ],
    ],
    [
      '- meta: flush\n- meta: {a: 1}\n- meta: noop\n  loop: [1]\n',
      [
        "books/play.yaml:3:13: there is no 'meta: flush' (there are noop, flush_handlers, clear_facts, clear_host_errors, refresh_inventory, reset_connection, end_role, end_host, end_batch, end_play)",
        "books/play.yaml:4:13: 'meta' must name what to do, but is a map (there are noop, flush_handlers, clear_facts, clear_host_errors, refresh_inventory, reset_connection, end_role, end_host, end_batch, end_play)",
        "books/play.yaml:6:7: 'loop' belongs to a task or handler, not to 'meta'",
      ],
    ],
    [
      '- command: a\n  ignore_errors: "{{sise}}"\n  delay: "{{group_names}}"\n  delegate_to: "{{hots}}"\n',
      [
        "books/play.yaml:4:25: nothing defines 'sise' (did you mean 'size'?)",
        "books/play.yaml:5:14: 'delay' must be a number of at least 0",
        "books/play.yaml:6:23: nothing defines 'hots'",
      ],
    ],
    [
      '- command: a\n  register: "{{x}}"\n',
      [
        "books/play.yaml:4:20: nothing defines 'x' ('register' is needed before the run: its template sees only the variables of -e and of the play)",
      ],
    ],
    [
      '- name: on {{sise}}\n  command: a\n',
      ["books/play.yaml:3:18: nothing defines 'sise' (did you mean 'size'?)"],
    ],
    [
      '- action: {dest: /x}\n',
      [
        "books/play.yaml:3:15: 'action' must name a module, but is a map (write the module as a key of the task: copy: {…})",
      ],
    ],
    [
      '- include: a.yaml\n',
      [
        "books/play.yaml:3:7: a task cannot do 'include' in zrun (write include_tasks, decided about by each host, or import_tasks, read before the run)",
      ],
    ],
    [
      '- command: "{{role_path}}"\n',
      ["books/play.yaml:3:19: nothing defines 'role_path' ('role_path' is there in the tasks of a role)"],
    ],
  ];
  for (const [text, said] of wrong) {
    it(`refuses ${text.split('\n').slice(0, 2).join(' ')}`, async () => {
      const found = await complaintsOf(tasks(text));
      expect([...found].sort()).to.deep.equal([...said].sort());
    });
  }

  it('an outline of what there is', async () => {
    await withPlaybook(tasks('- command: a\n- meta: noop\n'), {}, ({ plays: [play] }) => {
      expect(outline(play?.tasks ?? [])).to.deep.equal([
        'command',
        'meta noop',
        'meta flush_handlers',
        'meta flush_handlers',
      ]);
    });
  });
});
