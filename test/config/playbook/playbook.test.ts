import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import * as z from 'zod';
import { formatPlace, formatProblem } from '../../../src/core/errors.js';
import { tasksOf, type Block, type Playbook, type Task } from '../../../src/core/plan.js';
import { loadInventory, loadPlaybook, parseExtraVars } from '../../../src/config/index.js';
import { explainParameters } from '../../../src/config/playbook/reading/parameters.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { testModules } from '../modules.js';

describe('playbooks', () => {
  let cwd = '';
  beforeEach(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-playbook-'));
  });
  afterEach(async () => {
    await rm(cwd, { recursive: true });
  });

  interface Around {
    readonly files?: Readonly<Record<string, string>>;
    readonly hosts?: string;
    readonly extraVars?: readonly string[];
  }

  async function load(
    text: string,
    { files = {}, hosts = 'all: {hosts: {web1: {size: 8}}}', extraVars = [] }: Around = {},
  ): Promise<Playbook> {
    for (const [name, content] of Object.entries({
      'hosts.yaml': hosts,
      'books/play.yaml': text,
      ...files,
    })) {
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), content);
    }
    const given = await parseExtraVars(extraVars, { cwd });
    const inventory = await loadInventory(['hosts.yaml'], { cwd, extraVars: given });
    return await loadPlaybook('books/play.yaml', { modules: testModules, cwd, inventory, extraVars: given });
  }

  async function firstTask(text: string): Promise<Task> {
    const { plays } = await load(`- hosts: all\n  tasks:\n${text.replace(/^(?=.)/gm, '    ')}`);
    const [task] = tasksOf(plays[0]?.tasks ?? []);
    if (!task) throw new Error('no task');
    return task;
  }

  it('reads a play with all that it can have', async () => {
    const { plays } = await load(
      `
- name: Migrate
  hosts: [web, db]
  become: yes
  become_user: operator
  serial: 2
  tags: [a, b]
  gather_facts: no
  vars: {x: 1, y: "{{x}}"}
  vars_files: [more.yaml]
  tasks: []
- hosts: all
`,
      { files: { 'books/more.yaml': 'x: 2\n' } },
    );
    const [first, second] = plays;
    expect(first).to.deep.include({
      name: 'Migrate',
      hosts: 'web,db',
      serial: [{ value: 2, unit: 'hosts' }],
      tags: ['a', 'b'],
      gatherFacts: undefined,
    });
    expect(first?.become).to.deep.equal({ become: true, becomeUser: 'operator' });
    expect(first && createScope([first.vars]).get('y')).to.equal(2);
    expect(second).to.deep.include({ name: 'all', serial: [], become: {} });
    expect(second?.gatherFacts).to.deep.include({ id: 'all / Gathering Facts' });
    expect(second?.gatherFacts?.module.name).to.equal('setup');
  });

  it('reads a task with all that it can have', async () => {
    const task = await firstTask(`
- name: Try
  command: echo {{sh item}}
  args: {chdir: /tmp}
  register: out
  loop: [a, b]
  loop_control: {loop_var: each, label: "<{{each}}>"}
  vars: {item: "{{each}}"}
  become: no
  tags: one, two
  check_mode: false
  changed_when: no
  failed_when: [out.rc > 1, out.stderr != ""]
  ignore_errors: yes
  until: out.rc == 0
  retries: 7
  delay: 0.5
  timeout: 60
  no_log: true
  when:
    - size == 8
    - true
`);
    expect(task).to.deep.include({
      id: 'all / Try',
      name: 'Try',
      register: 'out',
      tags: ['one', 'two'],
      become: { become: false },
      checkMode: false,
      ignoreErrors: true,
      retries: 7,
      delay: 0.5,
      timeout: 60,
      noLog: true,
      notify: [],
      listen: [],
    });
    expect(task.when.map((condition) => condition.text)).to.deep.equal(['size == 8', 'true']);
    expect(task.changedWhen?.map((condition) => condition.text)).to.deep.equal(['false']);
    expect(task.failedWhen).to.have.length(2);
    const scope = createScope([task.vars, { each: 'x y', size: 8 }]);
    expect(task.loop?.items.render(scope)).to.deep.equal(['a', 'b']);
    expect(task.loop?.label?.render(scope)).to.equal('<x y>');
    expect(task.args.render(scope)).to.deep.equal({ cmd: "echo 'x y'", chdir: '/tmp' });
    expect(task.when.map((condition) => condition.evaluate(scope))).to.deep.equal([true, true]);
    expect(formatPlace(task.at)).to.equal('books/play.yaml:4:13');
  });

  it('sets what a task leaves out', async () => {
    const task = await firstTask('- command: a\n');
    expect(task).to.deep.include({
      name: 'command',
      when: [],
      register: undefined,
      loop: undefined,
      checkMode: undefined,
      changedWhen: undefined,
      until: undefined,
      retries: 0,
      delay: 5,
      timeout: undefined,
      ignoreErrors: false,
      noLog: false,
    });
    expect(await firstTask('- command: a\n  until: true\n')).to.deep.include({ retries: 3 });
  });

  it('reads blocks, and hands down what tasks inherit', async () => {
    const { plays } = await load(`
- name: p
  hosts: all
  tags: t0
  ignore_errors: true
  tasks:
    - name: b
      tags: t1
      when: size == 8
      become: yes
      no_log: yes
      check_mode: no
      notify: h
      vars: {inner: 1}
      block:
        - {name: one, command: "a {{inner}}", tags: t2, no_log: no}
        - {command: b, ignore_errors: no}
        - {command: c}
      rescue:
        - debug: {msg: "{{ansible_failed_result.msg}} {{ansible_failed_task.name}}"}
      always:
        - block: [{command: d}]
  handlers:
    - {name: h, command: e}
`);
    const block = plays[0]?.tasks[0] as Block;
    expect(block).to.deep.include({ type: 'block', name: 'b', tags: ['t0', 't1'], become: { become: true } });
    expect(block.when.map((condition) => condition.text)).to.deep.equal(['size == 8']);
    const tasks = [...tasksOf([block])];
    expect(tasks.map((task) => task.id)).to.deep.equal([
      'p / b / one',
      'p / b / command',
      'p / b / command#2',
      'p / b / debug',
      'p / b / block / command',
    ]);
    expect(tasks.map((task) => [task.noLog, task.ignoreErrors, task.checkMode])).to.deep.equal([
      [false, true, false],
      [true, false, false],
      [true, true, false],
      [true, true, false],
      [true, true, false],
    ]);
    expect(tasks[0]).to.deep.include({ tags: ['t0', 't1', 't2'], notify: ['h'], become: {} });
    expect(plays[0]?.handlers[0]).to.deep.include({ name: 'h', notify: [], ignoreErrors: true });
  });

  const accepted: readonly (readonly [what: string, tasks: string, around?: Around])[] = [
    ['a template with a fact that may be null', '- debug: {msg: "{{facts.docker.version}}"}'],
    [
      'a result of a loop',
      '- {command: a, loop: [1], register: r}\n- debug: {msg: "{{r.results.[0].stdout}}"}\n  when: r.results.all(x, x.rc == 0)',
    ],
    [
      'a condition on the result of one item',
      '- {command: a, loop: [1], register: r, changed_when: r.rc == 0}',
    ],
    ['an item of a list of facts', '- {debug: {msg: "{{item.path}}"}, loop: "{{facts.mounts}}"}'],
    [
      'a fact that a task sets',
      '- set_fact: {mine: {a: 1}}\n- {debug: {msg: "{{mine.a}}"}, when: mine.a == 1}',
    ],
    [
      'a name that is set in two forms',
      '- {set_fact: {x: 1}, when: size == 1}\n- set_fact: {x: one}\n- {command: a, when: x == "one" || x == 1}',
    ],
    [
      'a variable of some hosts',
      '- {command: a, when: rack == 3}',
      { hosts: 'all: {hosts: {a: , b: {rack: 3}}}' },
    ],
    ['an extra variable of another type', '- {command: a, when: size == "8"}', { extraVars: ['size=8'] }],
    ['a default for what nothing defines', '- debug: {msg: "{{default nothing 1}}"}'],
    ['braces that are none', "- command: !raw docker ps --format '{{json .}}'"],
    ['an own module under its long name', '- ansible.builtin.command: a'],
    ['booleans of Ansible in parameters', '- copy: {dest: /x, content: a, backup: yes}'],
    [
      'a template where another type is wanted',
      '- systemd_service: {name: a, enabled: "{{size == 8}}", tries: "{{size}}"}'.replace(
        '{{size == 8}}',
        '{{facts.docker}}',
      ),
    ],
    [
      'conditions of assert',
      '- assert: {that: size == 8}\n- assert: {that: [size == 8, "facts.docker != null"]}',
    ],
    [
      'a template file beside the playbook',
      '- template: {src: a.hbs, dest: /x}',
      { files: { 'books/templates/a.hbs': '{{size}}' } },
    ],
    [
      'a template file beside the folder of playbooks',
      '- template: {src: a.hbs, dest: /x}',
      { files: { 'templates/a.hbs': '{{size}}' } },
    ],
    ['a file in files/', '- copy: {src: a, dest: /x}', { files: { 'books/files/a': '' } }],
    [
      'magic variables',
      '- debug: {msg: "{{inventory_hostname}} {{groups.all.[0]}} {{playbook_dir}} {{join group_names}}"}',
    ],
    ['a command with an equals sign', '- command: dd if=/dev/zero of=/x'],
    ['an argument of command', '- {command: make, args: {creates: /x}}'],
    ['a handler that listens', '- {command: a, notify: [x, y]}'],
  ];
  for (const [what, tasks, around] of accepted) {
    it(`lets pass ${what}`, async () => {
      const text = `- hosts: all\n  tasks:\n${tasks.replace(/^/gm, '    ')}\n  handlers:\n    - {name: x, listen: y, command: b}\n`;
      expect((await load(text, around)).plays).to.have.length(1);
    });
  }

  it('takes hosts from an extra variable', async () => {
    const { plays } = await load('- hosts: "{{target}}"\n', { extraVars: ['target=web1'] });
    expect(plays[0]?.hosts).to.equal('web1');
  });

  it('leaves expressions to the module, as text, and templates nothing in them', async () => {
    const task = await firstTask(
      '- assert:\n    that: [size == 8, \'"{{x}}" != ""\']\n    fail_msg: "{{size}}"\n',
    );
    expect(task.args.render(createScope([{ size: 8 }]))).to.deep.equal({
      that: ['size == 8', '"{{x}}" != ""'],
      fail_msg: 8,
    });
  });

  it('finds, reads and renders files while it runs', async () => {
    const { language, plays } = await load('- hosts: all\n  tasks:\n    - debug: {msg: a}\n', {
      files: { 'templates/a.hbs': 'size {{size}}\n', 'books/files/b': 'bytes' },
    });
    const [task] = tasksOf(plays[0]?.tasks ?? []);
    const files = task?.files;
    if (!files) throw new Error('no task');
    expect(await files.renderTemplate('a.hbs', createScope([{ size: 8 }]))).to.equal('size 8\n');
    expect(Buffer.from(await files.read('b')).toString()).to.equal('bytes');
    expect(language.evaluate('size + 1', language.scope([{ size: 8 }]))).to.equal(9);
    await Promise.all(
      ['c.hbs', '/none/a.hbs'].map(async (name) => {
        const said = await files
          .renderTemplate(name, createScope([]))
          .catch((error: unknown) => String(error));
        expect(said).to.include(name);
      }),
    );
  });

  it('explains what a module refuses while it runs, at its place', async () => {
    const task = await firstTask('- systemd_service:\n    name: docker\n    enabled: "{{size}}"\n');
    const params = task.args.render(createScope([{ size: 8 }])) as Record<string, number>;
    let said = '';
    try {
      task.module.bind(params);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      said = formatProblem(explainParameters(task.module, error, task.args, params).problem);
    }
    expect(said).to.equal(
      [
        "books/play.yaml:5:18: 'enabled' must be true or false, not the number 8",
        '  5 |         enabled: "{{size}}"',
        '    |                  ^^^^^^^^^^',
      ].join('\n'),
    );
  });

  it('reads the playbooks that zrun comes with', async () => {
    const { modules } = await import('../../../src/modules/index.js');
    const root = path.resolve(import.meta.dirname, '../../..');
    const inventory = await loadInventory(['inventory.example.yaml'], { cwd: root });
    for (const name of ['playbooks/audit.yaml', 'playbooks/overlay2.yaml']) {
      const { plays } = await loadPlaybook(name, { modules, cwd: root, inventory });
      expect(plays, name).to.not.be.empty;
    }
  });
});
