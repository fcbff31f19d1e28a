/**
 * Files that tasks name: import_tasks, include_tasks and include_vars, known before the run or by the hosts alone; and
 * handlers in files.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { tasksOf, type Include, type Step, type Task } from '../../../src/core/plan.js';
import type { Value } from '../../../src/core/value.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { createHost, planOf } from '../../modules/harness.js';
import { complaintsAbout, complaintsOf, outline, tasks, withPlaybook, type Around } from '../load.js';

function includeIn(steps: readonly Step[] | undefined): Include {
  for (const step of steps ?? []) if (step.type === 'include') return step;
  throw new Error('no include');
}

function taskIn(steps: readonly Step[] | undefined): Task {
  const [task] = tasksOf(steps ?? []);
  if (!task) throw new Error('no task');
  return task;
}

describe('import_tasks', () => {
  it('is a block, and all that it says goes for what is inside', async () => {
    const text = tasks(
      '- import_tasks: more/a.yaml\n  when: size == 8\n  tags: t\n  vars: {x: 1}\n  become: yes\n  no_log: yes\n  notify: h\n',
    );
    const files = {
      'books/more/a.yaml': '- {name: one, command: "a {{x}}"}\n- import_tasks: b.yaml\n',
      'books/more/b.yaml': '- {name: two, command: a, no_log: no}\n',
    };
    await withPlaybook(`${text}  handlers: [{name: h, command: x}]\n`, { files }, ({ plays: [play] }) => {
      const [block] = play?.tasks ?? [];
      expect(block && outline([block])).to.deep.equal([
        ['import_tasks: more/a.yaml', 'one', ['import_tasks: b.yaml', 'two']],
      ]);
      expect(block).to.deep.include({ type: 'block', tags: ['t'], become: { become: true } });
      expect(block?.when.map((one) => one.text)).to.deep.equal(['size == 8']);
      const found = [...tasksOf(play?.tasks ?? [])];
      expect(found.map(({ id, noLog, tags, notify }) => [id, noLog, tags, notify])).to.deep.equal([
        ['all / one', true, ['t'], ['h']],
        ['all / two', false, ['t'], ['h']],
      ]);
    });
  });

  it('may name its file by variables that are known before the run', async () => {
    const text = `- hosts: all\n  vars: {which: a}\n  tasks: [{import_tasks: {file: "{{which}}.yaml"}, name: mine}]\n`;
    await withPlaybook(text, { files: { 'books/a.yaml': '- command: a\n' } }, ({ plays: [play] }) => {
      expect(taskIn(play?.tasks).id).to.equal('all / mine / command');
    });
  });
});

describe('include_tasks', () => {
  const files = { 'books/a.yaml': '- {name: one, command: "a {{x}} {{item}}", tags: own}\n' };

  it('has its file read before the run; what is inside has its vars, and not its tags', async () => {
    const text = tasks(
      '- include_tasks: a.yaml\n  vars: {x: 1}\n  tags: t\n  when: size == 8\n  loop: [1, 2]\n',
    );
    await withPlaybook(text, { files }, async ({ plays: [play] }) => {
      const include = includeIn(play?.tasks);
      expect(include).to.deep.include({
        name: 'include_tasks: a.yaml',
        id: 'all / include_tasks: a.yaml',
        tags: ['t'],
      });
      expect(include.loop?.variable).to.equal('item');
      expect(include.when).to.have.length(1);
      const task = taskIn(include.steps);
      expect([task.id, task.tags]).to.deep.equal(['all / include_tasks: a.yaml / one', ['own']]);
      expect(await include.load(createScope([]))).to.equal(include.steps);
    });
  });

  it('gives what apply says to what is inside', async () => {
    const text = tasks(
      '- include_tasks: {file: a.yaml, apply: {tags: [t], become: yes, when: size == 8, vars: {x: 1, item: 2}}}\n',
    );
    await withPlaybook(text, { files }, ({ plays: [play] }) => {
      const [block] = includeIn(play?.tasks).steps ?? [];
      expect(block).to.deep.include({ type: 'block', become: { become: true }, tags: ['t'] });
      expect(taskIn(block && [block]).tags).to.deep.equal(['t', 'own']);
    });
  });

  it('takes over from the blocks around it', async () => {
    const text = tasks(
      '- block: [{include_tasks: a.yaml, vars: {x: 1, item: 1}}]\n  tags: b\n  no_log: yes\n',
    );
    await withPlaybook(text, { files }, ({ plays: [play] }) => {
      expect(taskIn(play?.tasks)).to.deep.include({ tags: ['b', 'own'], noLog: true });
    });
  });

  it('reads what only hosts can name when they do, once for each file', async () => {
    const text = tasks(
      '- include_tasks: "{{kind}}.yaml"\n  vars: {x: 1}\n  loop: [1]\n- command: "a {{found.stdout}}"\n',
    );
    const around: Around = {
      hosts: 'all: {hosts: {web1: {kind: a}, web2: {kind: b}}}',
      files: {
        'books/a.yaml': '- {name: one, command: "a {{x}} {{item}}", register: found}\n',
        'books/b.yaml': '- {name: two, command: b}\n- {command: c}\n',
      },
    };
    await withPlaybook(text, around, async ({ plays: [play] }) => {
      const include = includeIn(play?.tasks);
      expect(include.steps).to.equal(undefined);
      const [a, again, b] = await Promise.all(
        ['a', 'a', 'b'].map((kind) => include.load(createScope([{ kind }]))),
      );
      expect(a).to.equal(again);
      expect(outline(a ?? [])).to.deep.equal(['one']);
      expect(outline(b ?? [])).to.deep.equal(['two', 'command']);
      expect(taskIn(a).id).to.equal('all / include_tasks: {{kind}}.yaml / a.yaml / one');
    });
  });

  it('says what is wrong with such a file when it is read, with its place', async () => {
    const text = tasks('- include_tasks: "{{kind}}.yaml"\n  vars: {kind: a}\n');
    const around: Around = { files: { 'books/a.yaml': '- command: "{{sise}}"\n- comand: x\n' } };
    await withPlaybook(text, around, async ({ plays: [play] }) => {
      const include = includeIn(play?.tasks);
      const said = await complaintsAbout(() => include.load(createScope([include.params])));
      expect(said).to.deep.equal([
        "books/a.yaml:1:15: nothing defines 'sise' (did you mean 'size'?)",
        "books/a.yaml:2:3: there is no module 'comand' (did you mean 'command'?)",
      ]);
      const missing = await complaintsAbout(() => include.load(createScope([{ kind: 'none' }])));
      expect(missing).to.deep.equal([
        "books/play.yaml:3:22: there is no file of tasks 'none.yaml' (looked for it in books)",
      ]);
    });
  });

  it('may come back to its own file where a condition ends it', async () => {
    const text = tasks('- include_tasks: a.yaml\n  vars: {n: 3}\n');
    const around = {
      files: {
        'books/a.yaml':
          '- {name: one, command: "a {{n}}"}\n- {include_tasks: a.yaml, when: n > 0, vars: {n: 1}}\n',
      },
    };
    await withPlaybook(text, around, async ({ plays: [play] }) => {
      const outer = includeIn(play?.tasks);
      const inner = includeIn(outer.steps);
      expect(inner.steps).to.equal(undefined);
      expect(await inner.load(createScope([]))).to.equal(outer.steps);
    });
  });

  it('reads a file anew for each place that names it, and checks it against what holds there', async () => {
    const text = tasks(
      '- {include_tasks: a.yaml, vars: {x: 1, item: 1}}\n- include_tasks: a.yaml\n  vars: {x: 1}\n',
    );
    expect(await complaintsOf(text, { files })).to.deep.equal([
      "books/a.yaml:1:35: nothing defines 'item' ('item' is there in a task with loop:)",
    ]);
  });
});

describe('include_vars', () => {
  /** What the task gives a host whose file has this name. */
  async function given(task: Task, file: string): Promise<Value> {
    const plan = await planOf(task.module, { file }, createHost().read);
    const vars = plan.change === 'none' ? plan.fileVars : undefined;
    if (!vars) throw new Error('no variables');
    const scope = createScope([vars]);
    return Object.fromEntries([...vars.keys()].map((name) => [name, scope.get(name) ?? null]));
  }

  it('sets what a file holds, rendered where it is used', async () => {
    const text = tasks(
      '- include_vars: a.yaml\n- include_vars: {file: a.yaml, name: held}\n- command: "a {{x}} {{held.x}} {{y}}"\n',
    );
    await withPlaybook(
      text,
      { files: { 'books/vars/a.yaml': 'y: "<{{x}}>"\nx: 1\n' } },
      async ({ plays: [play] }) => {
        const [first, second] = [...tasksOf(play?.tasks ?? [])];
        if (!first || !second) throw new Error('no tasks');
        expect(first).to.deep.include({
          name: 'include_vars',
          setsVars: { by: 'include_vars', names: ['y', 'x'] },
        });
        expect(await given(first, 'a.yaml')).to.deep.equal({ x: 1, y: '<1>' });
        const said = await complaintsAbout(() => given(second, 'a.yaml'));
        expect(said.join()).to.match(/nothing defines 'x'/);
      },
    );
  });

  it('takes a folder, its files in their order', async () => {
    const around = { files: { 'books/vars/all/1.yaml': 'x: 1\n', 'books/vars/all/2/3.yml': 'x: 2\n' } };
    await withPlaybook(
      tasks('- include_vars: {dir: all}\n- command: "{{x}}"\n'),
      around,
      async ({ plays: [play] }) => {
        expect(await given(taskIn(play?.tasks), 'all')).to.deep.equal({ x: 2 });
      },
    );
  });

  it('reads what only hosts can name when they do', async () => {
    const text = tasks('- include_vars: "{{kind}}.yaml"\n- command: "a {{x}} {{y}}"\n');
    const around: Around = {
      hosts: 'all: {hosts: {web1: {kind: a}}}',
      files: { 'books/a.yaml': 'x: 1\n', 'books/b.yaml': 'y: 2\n' },
    };
    await withPlaybook(text, around, async ({ plays: [play] }, folder) => {
      const task = taskIn(play?.tasks);
      expect(await given(task, 'a.yaml')).to.deep.equal({ x: 1 });
      await writeFile(path.join(folder, 'books/c.yaml'), 'x: [\n');
      const said = await complaintsAbout(() => given(task, 'c.yaml'));
      expect(said.join()).to.match(/^books\/c\.yaml:1:4: /);
    });
  });
});

describe('handlers in files', () => {
  it('answer to their own names and to that of the file', async () => {
    const text = `${tasks('- {command: a, notify: [one, both, all of it, b]}\n')}  handlers:\n    - {name: both, import_tasks: h.yaml, when: size == 8, listen: all of it, vars: {x: 1}}\n`;
    const files = {
      'books/h.yaml': '- {name: one, command: "a {{x}}"}\n- {name: two, command: a, listen: b}\n',
    };
    await withPlaybook(text, { files }, ({ plays: [play] }) => {
      expect(
        play?.handlers.map(({ name, listen, when, vars }) => [name, listen, when.length, [...vars.keys()]]),
      ).to.deep.equal([
        ['one', ['both', 'all of it'], 1, ['x']],
        ['two', ['b', 'both', 'all of it'], 1, ['x']],
      ]);
    });
  });
});

describe('files that tasks name', () => {
  const wrong: readonly (readonly [
    what: string,
    text: string,
    said: readonly string[],
    files?: Readonly<Record<string, string>>,
  ])[] = [
    [
      'a file that is not there',
      '- import_tasks: a.yml\n- include_tasks: a.yml\n',
      [
        "books/play.yaml:3:21: there is no file of tasks 'a.yml' (did you mean 'a.yaml'? (looked in books))",
        "books/play.yaml:4:22: there is no file of tasks 'a.yml' (did you mean 'a.yaml'? (looked in books))",
      ],
      { 'books/a.yaml': '' },
    ],
    [
      'an import of a name that only hosts know',
      '- import_tasks: "{{size}}.yaml"\n',
      [
        "books/play.yaml:3:24: nothing defines 'size' ('import_tasks' is needed before the run: its template sees only the variables of -e and of the play)",
      ],
    ],
    [
      'a loop over an import, and keywords of tasks',
      '- {import_tasks: a.yaml, loop: [1], register: x, changed_when: true}\n',
      [
        "books/play.yaml:3:30: 'loop' belongs to a task or handler, not to an import (an import is read before the run; an include can have a loop)",
        "books/play.yaml:3:41: 'register' belongs to a task or handler, not to an import",
        "books/play.yaml:3:54: 'changed_when' belongs to a task or handler, not to an import",
      ],
      { 'books/a.yaml': '' },
    ],
    [
      'keywords that an include does not hand down',
      '- {include_tasks: a.yaml, become: yes, wehn: true}\n',
      [
        "books/play.yaml:3:31: 'become' belongs to a play, block, task or handler, not to an include (to give it to the tasks inside, write it below apply:, or import them)",
        "books/play.yaml:3:44: an include has no 'wehn' (did you mean 'when'?)",
      ],
      { 'books/a.yaml': '' },
    ],
    [
      'options',
      '- include_tasks: a.yaml tags=x\n- include_tasks: {files: a}\n- include_tasks: [a]\n',
      [
        "books/play.yaml:3:22: the options of 'include_tasks' are written as name=value, which zrun does not read (write them as a map below 'include_tasks:')",
        "books/play.yaml:4:23: 'include_tasks' has no option 'files' (did you mean 'file'?)",
        "books/play.yaml:4:7: 'include_tasks' needs 'file' (write 'file: …' below it)",
        "books/play.yaml:5:22: the options of 'include_tasks' must be a map, but are a list (write 'file: …' below it)",
      ],
    ],
    [
      'a circle of imports',
      '- import_tasks: a.yaml\n',
      [
        'books/b.yaml:1:17: this file contains itself: books/a.yaml → books/b.yaml → books/a.yaml (an import is read before the run; include_tasks can be repeated)',
      ],
      { 'books/a.yaml': '- import_tasks: b.yaml\n', 'books/b.yaml': '- import_tasks: a.yaml\n' },
    ],
    [
      'an include without end',
      '- include_tasks: a.yaml\n  when: size == 8\n',
      [
        'books/a.yaml:1:18: this file includes itself without end: books/a.yaml → books/a.yaml (say with when: how long it goes on)',
      ],
      { 'books/a.yaml': '- include_tasks: a.yaml\n' },
    ],
    [
      'a playbook, and a map',
      '- import_tasks: a.yaml\n- import_tasks: b.yaml\n',
      [
        'books/a.yaml:1:1: this is a playbook, and a file of tasks is wanted here (a playbook takes it in by import_playbook)',
        "books/b.yaml:1:1: a file of tasks is a list of tasks, but this is a map (begin each task with '- ')",
      ],
      { 'books/a.yaml': '- hosts: all\n', 'books/b.yaml': 'tasks: []\n' },
    ],
    [
      'a misspelt name in an imported file',
      '- import_tasks: a.yaml\n  vars: {given: "{{siez}}"}\n',
      [
        "books/play.yaml:4:24: nothing defines 'siez' (did you mean 'size'?)",
        "books/a.yaml:1:15: nothing defines 'gievn' (did you mean 'given'?)",
      ],
      { 'books/a.yaml': '- command: "{{gievn}}"\n' },
    ],
    [
      'a handler that is none',
      '- command: a\n  handlers:\n'.slice(0, 13),
      [
        "books/play.yaml:5:7: 'meta' cannot be a handler in zrun (a handler is a task with a module, or a file of such tasks)",
      ],
    ],
    [
      'a role or a list of variables where a file of variables is wanted',
      '- include_vars: a.yaml\n',
      ["books/a.yaml:1:1: a file of variables must be a map, but is a list (write 'name: value')"],
      { 'books/a.yaml': '- a\n' },
    ],
  ];
  for (const [what, text, said, files = {}] of wrong) {
    it(`refuse ${what}`, async () => {
      const handlers = what.startsWith('a handler') ? '  handlers:\n    - meta: noop\n' : '';
      const found = await complaintsOf(tasks(text) + handlers, { files });
      expect([...found].sort()).to.deep.equal([...said].sort());
    });
  }
});
