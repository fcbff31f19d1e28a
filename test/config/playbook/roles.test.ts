/**
 * Roles: what `roles:`, `import_role` and `include_role` make of folders.
 */
import { expect } from 'chai';
import { stepsOf, handlersIn, tasksOf, type Block, type Playbook } from '../../../src/core/plan.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { complaintsOf, outline, tasks, withPlaybook, type Around } from '../load.js';

const web: Readonly<Record<string, string>> = {
  'books/roles/web/tasks/main.yml':
    '- name: install\n  command: "apt {{port}} {{conf}} {{role_name}}"\n  notify: restart\n- template: {src: site.conf, dest: /x}\n- copy: {src: key, dest: /y}\n',
  'books/roles/web/tasks/remove.yml': '- command: "rm {{port}}"\n',
  'books/roles/web/handlers/main.yml': '- name: restart\n  command: "restart {{port}}"\n',
  'books/roles/web/defaults/main.yml': 'port: 80\nextra: "{{port}}"\n',
  'books/roles/web/vars/main.yml': 'conf: "/etc/{{port}}"\n',
  'books/roles/web/templates/site.conf': 'listen {{port}}\n',
  'books/roles/web/files/key': 'a key',
};

const base: Readonly<Record<string, string>> = {
  'books/roles/base/tasks/main.yaml': '- name: users\n  command: "useradd {{user}}"\n',
  'books/roles/base/defaults/main.yaml': 'user: admin\n',
};

function valuesOf(playbook: Playbook, names: readonly string[]): unknown[] {
  const [play] = playbook.plays;
  const scope = createScope([play?.defaults ?? new Map(), play?.vars ?? new Map()]);
  return names.map((name) => scope.get(name));
}

describe('roles', () => {
  it('are steps before the tasks, with their variables and files', async () => {
    const text =
      '- hosts: all\n  roles: [web]\n  pre_tasks: [{name: pre, command: a}]\n  tasks: [{name: t, command: "a {{extra}} {{conf}}"}]\n';
    await withPlaybook(text, { files: web }, async (playbook, folder) => {
      const [play] = playbook.plays;
      expect(outline(play?.tasks ?? [])).to.deep.equal([
        'pre',
        'meta flush_handlers',
        ['web', 'web : install', 'web : template', 'web : copy'],
        't',
        'meta flush_handlers',
        'meta flush_handlers',
      ]);
      expect(valuesOf(playbook, ['port', 'extra', 'conf'])).to.deep.equal([80, 80, '/etc/80']);
      const role = play?.tasks[2] as Block;
      const scope = createScope([role.defaults, role.vars]);
      expect(['port', 'role_name', 'role_path'].map((name) => scope.get(name))).to.deep.equal([
        80,
        'web',
        `${folder}/books/roles/web`,
      ]);
      const [first] = tasksOf(role.tasks);
      expect(await first?.files.renderTemplate('site.conf', scope)).to.equal('listen 80\n');
      expect(String(await first?.files.read('key'))).to.equal('a key');
      expect(first?.id).to.equal('all / web : install');
      expect(first?.args.render(scope)).to.deep.equal({ cmd: 'apt 80 /etc/80 web' });
    });
  });

  it('have handlers that answer to their name and to that of the role', async () => {
    const text =
      '- hosts: all\n  roles: [web]\n  tasks:\n    - {command: a, notify: [restart, "web : restart"]}\n';
    await withPlaybook(text, { files: web }, ({ plays: [play] }) => {
      const [handler] = play?.handlers ?? [];
      expect(handler).to.deep.include({ name: 'web : restart', answersTo: ['web : restart', 'restart'] });
      const [task] = tasksOf(play?.handlers ?? []);
      const scope = createScope([task?.defaults ?? new Map(), task?.vars ?? new Map()]);
      expect(task?.args.render(scope)).to.deep.equal({ cmd: 'restart 80' });
    });
  });

  it('bring their handlers before those of the play, and those of imported roles after them', async () => {
    const files = {
      ...web,
      'books/roles/other/handlers/main.yml': '- {name: restart, command: other}\n',
      'books/roles/third/handlers/main.yml': '- {name: restart, command: third}\n',
      'books/roles/third/tasks/main.yml': '[]\n',
    };
    const text =
      '- hosts: all\n  roles: [web, other, {role: web, conf: again}]\n  tasks: [{import_role: {name: third}}]\n  handlers: [{name: restart, command: mine}, {name: restart, command: hidden}]\n';
    await withPlaybook(text, { files }, ({ plays: [play] }) => {
      expect(play?.handlers.map(({ name, answersTo }) => [name, answersTo])).to.deep.equal([
        ['web : restart', ['web : restart', 'restart']],
        ['other : restart', ['other : restart', 'restart']],
        ['web : restart', ['web : restart', 'restart']],
        ['restart', ['restart']],
        ['restart', []],
        ['third : restart', ['third : restart', 'restart']],
      ]);
    });
  });

  it('hand on to their handlers as whom they work', async () => {
    const text =
      '- hosts: all\n  roles: [{role: web, become: true}]\n  tasks:\n    - become: true\n      become_user: www\n      block: [{import_role: {name: web}}]\n';
    await withPlaybook(text, { files: web }, ({ plays: [play] }) => {
      expect(play?.handlers.map(({ become }) => become)).to.deep.equal([
        { become: true },
        { become: true, becomeUser: 'www' },
      ]);
    });
  });

  it('bring their handlers with them where they are included', async () => {
    const text = tasks('- include_role: {name: web}\n- {command: a, notify: restart}\n');
    await withPlaybook(text, { files: web }, ({ plays: [play] }) => {
      expect(play?.handlers).to.deep.equal([]);
      expect(play && [...handlersIn(play)].map(({ name }) => name)).to.deep.equal(['web : restart']);
    });
  });

  it('get parameters, tags, conditions and more', async () => {
    const text =
      '- hosts: all\n  roles:\n    - {role: web, conf: mine, vars: {port: 8080}, tags: [t], when: size == 8, become: true, no_log: true}\n';
    await withPlaybook(text, { files: web }, ({ plays: [play] }) => {
      const role = play?.tasks[0] as Block;
      const scope = createScope([role.defaults, role.vars, role.params]);
      expect([scope.get('port'), scope.get('conf')]).to.deep.equal([8080, 'mine']);
      expect([...role.params.keys()]).to.deep.equal(['conf']);
      expect(role).to.deep.include({ become: { become: true }, tags: ['t'] });
      expect(role.when.map(({ text: said }) => said)).to.deep.equal(['size == 8']);
      const [first] = tasksOf([role]);
      expect(first).to.deep.include({ noLog: true, tags: ['t'] });
    });
  });

  it('may notify handlers by names that rest on their variables', async () => {
    const files = {
      'books/roles/a/vars/main.yml': 'unit: docker\n',
      'books/roles/a/tasks/main.yml': '- {command: a, notify: "restart {{unit}}"}\n',
      'books/roles/a/handlers/main.yml': '- {name: "restart {{unit}}", command: b}\n',
    };
    await withPlaybook('- hosts: all\n  roles: [a]\n', { files }, ({ plays: [play] }) => {
      const [task] = tasksOf(play?.tasks ?? []);
      const [template] = task?.notify ?? [];
      if (typeof template !== 'object') throw new Error('it is no template');
      expect(template.of(createScope([{ unit: 'docker' }]))).to.deep.equal(['restart docker']);
      expect(['restart x', 'start x'].map((name) => template.mayGive(name))).to.deep.equal([true, false]);
      expect(play?.handlers[0]?.answersTo).to.contain('restart docker');
    });
  });

  it('do first what they depend on', async () => {
    const files = {
      ...web,
      ...base,
      'books/roles/web/meta/main.yml': 'galaxy_info: {author: a}\ndependencies:\n  - base\n',
      'books/roles/db/meta/main.yml': 'dependencies: [{role: base}]\n',
      'books/roles/db/tasks/main.yml': '- {name: db, command: "a {{user}}"}\n',
    };
    await withPlaybook('- hosts: all\n  roles: [web, db]\n', { files }, ({ plays: [play] }) => {
      expect(outline(play?.tasks ?? [])).to.deep.equal([
        ['web', ['base', 'base : users'], ['web', 'web : install', 'web : template', 'web : copy']],
        ['db', ['base', 'base : users'], ['db', 'db : db']],
        'meta flush_handlers',
        'meta flush_handlers',
      ]);
    });
  });

  const twice: readonly (readonly [roles: string, times: number, meta?: string])[] = [
    ['[base, base]', 1],
    ['[base, {role: base, user: other}]', 2],
    ['[base, base]', 2, 'allow_duplicates: true\n'],
    ['[{role: base, tags: t}, base]', 2],
    ['[{role: needs, tags: t}, base]', 1],
  ];
  for (const [roles, times, meta = ''] of twice) {
    it(`are ${times === 1 ? 'one' : 'two'}, as far as is known before the run, in ${roles} ${meta}`, async () => {
      const needs = { 'books/roles/needs/meta/main.yml': 'dependencies: [base]\n' };
      const files = { ...base, ...needs, 'books/roles/base/meta/main.yml': meta };
      await withPlaybook(`- hosts: all\n  roles: ${roles}\n`, { files }, ({ plays: [play] }) => {
        const uses = [...stepsOf(play?.tasks ?? [])].flatMap((step) =>
          step.type === 'block' && step.role && step.name === 'base' ? [step.role] : [],
        );
        expect(uses).to.have.length(2);
        expect(uses.map(({ mayRepeat }) => mayRepeat)).to.deep.equal([meta !== '', meta !== '']);
        expect(new Set(uses.map(({ key }) => key)).size).to.equal(meta === '' ? times : 1);
      });
    });
  }

  it('are found beside the folder of playbooks, by a path, and beside a role that needs them', async () => {
    const files = {
      'roles/up/tasks/main.yml': '- {name: up, command: a}\n',
      'shared/one/tasks/main.yml': '- {name: one, command: a}\n',
      'shared/one/meta/main.yml': 'dependencies: [two]\n',
      'shared/two/tasks/main.yml': '- {name: two, command: a}\n',
    };
    const text = '- hosts: all\n  roles: [up, ../shared/one]\n';
    await withPlaybook(text, { files }, ({ plays: [play] }) => {
      expect([...tasksOf(play?.tasks ?? [])].map(({ name }) => name)).to.deep.equal([
        'up : up',
        'two : two',
        '../shared/one : one',
      ]);
    });
  });

  it('take all files of a folder for their variables', async () => {
    const files = {
      ...base,
      'books/roles/base/vars/main/a.yml': 'user: a\none: 1\n',
      'books/roles/base/vars/main/b.yaml': 'user: b\n',
    };
    await withPlaybook('- hosts: all\n  roles: [base]\n', { files }, (playbook) => {
      expect(valuesOf(playbook, ['user', 'one'])).to.deep.equal(['b', 1]);
    });
  });

  describe('import_role', () => {
    it('is a block whose variables the play sees', async () => {
      const text = tasks(
        '- import_role: {name: web, tasks_from: remove}\n  vars: {port: 1}\n  tags: t\n  when: size == 8\n- command: "a {{conf}}"\n',
      );
      await withPlaybook(text, { files: web }, (playbook) => {
        const [role] = playbook.plays[0]?.tasks ?? [];
        expect(role && outline([role])).to.deep.equal([['web', 'web : command']]);
        expect(role).to.deep.include({ tags: ['t'] });
        expect(valuesOf(playbook, ['conf'])).to.deep.equal(['/etc/80']);
        const { vars = new Map() } = role ?? {};
        expect(createScope([vars]).get('port')).to.equal(1);
      });
    });
  });

  describe('include_role', () => {
    it('keeps its variables to itself, and its tags too unless apply says so', async () => {
      const text = tasks(
        '- include_role: {name: web, tasks_from: remove.yml, apply: {tags: [inside], become: yes}}\n  tags: [outside]\n  loop: [1, 2]\n',
      );
      await withPlaybook(text, { files: web }, async (playbook) => {
        const [play] = playbook.plays;
        const [include] = play?.tasks ?? [];
        if (include?.type !== 'include') throw new Error('no include');
        expect(include.tags).to.deep.equal(['outside']);
        expect(play?.defaults.size).to.equal(0);
        expect(outline([include])).to.deep.equal([
          ['include include_role: web', ['apply', ['web', 'web : command']]],
        ]);
        const [task] = tasksOf([include]);
        expect(task?.tags).to.deep.equal(['inside']);
        expect(task?.id).to.equal('all / include_role: web / web : command');
        expect(await include.load(createScope([]))).to.equal(include.steps);
        expect(play && [...handlersIn(play)].map(({ name }) => name)).to.deep.equal(['web : restart']);
      });
    });

    it('sets what tasks may use, whichever of its files hosts name', async () => {
      const text = tasks(
        '- include_role: {name: web, tasks_from: "{{way}}-setup"}\n  vars: {way: quick}\n- command: "a {{found.stdout}} {{known}}"\n',
      );
      const files = {
        ...web,
        'books/roles/web/tasks/quick-setup.yml': '- {command: a, register: found}\n- set_fact: {known: 1}\n',
      };
      expect(await complaintsOf(text, { files })).to.deep.equal([]);
    });

    it('may leave its name to the hosts', async () => {
      const text = tasks(
        '- include_role: {name: "{{which}}"}\n  vars: {which: "w{{rest}}", rest: eb}\n- command: "a {{found}}"\n  notify: "web : restart"\n',
      );
      const files = {
        ...web,
        'books/roles/web/tasks/main.yml': '- {command: a, register: found}\n',
      };
      await withPlaybook(text, { files }, async ({ plays: [play] }) => {
        const [include] = play?.tasks ?? [];
        if (include?.type !== 'include') throw new Error('no include');
        expect(include.steps).to.equal(undefined);
        const first = await include.load(createScope([include.params]));
        expect(outline(first)).to.deep.equal([['web', 'web : command']]);
        expect(await include.load(createScope([include.params]))).to.equal(first);
        const brought = first.flatMap((step) => (step.type === 'block' ? step.handlers : []));
        expect(brought.map(({ name }) => name)).to.deep.equal(['web : restart']);
      });
    });
  });

  const wrong: readonly (readonly [what: string, text: string, said: readonly string[], around?: Around])[] =
    [
      [
        'a role that is not there',
        '- hosts: all\n  roles: [wbe]\n',
        [
          "books/play.yaml:2:11: there is no role 'wbe' (did you mean 'web'? (looked in books/roles, roles, books))",
        ],
      ],
      [
        'a role of a collection',
        '- hosts: all\n  roles: [a.b.docker]\n',
        [
          "books/play.yaml:2:11: there is no role 'a.b.docker' (zrun has no collections; copy the role into roles/)",
        ],
      ],
      [
        'a misspelt keyword of a role',
        '- hosts: all\n  roles: [{role: web, tgas: x, becme: 1}]\n',
        [
          "books/play.yaml:2:23: a role has no 'tgas' (did you mean 'tags'? A parameter of the role of that name goes below vars:)",
          "books/play.yaml:2:32: a role has no 'becme' (did you mean 'become'? A parameter of the role of that name goes below vars:)",
        ],
      ],
      [
        'a parameter that is a keyword elsewhere',
        '- hosts: all\n  roles: [{role: web, port: 1}]\n',
        [
          "books/play.yaml:2:23: zrun does not have 'port' yet (a role's parameter of that name goes below vars:)",
        ],
      ],
      [
        'an entry without a role',
        '- hosts: all\n  roles: [{tags: x}]\n',
        ["books/play.yaml:2:12: this names no role (add 'role: …')"],
      ],
      [
        'roles that need each other',
        '- hosts: all\n  roles: [a]\n',
        ['roles/b/meta/main.yml: roles depend on each other in a circle: a → b → a'],
        {
          files: {
            'roles/a/meta/main.yml': 'dependencies: [b]\n',
            'roles/b/meta/main.yml': 'dependencies: [a]\n',
          },
        },
      ],
      [
        'a misspelt name in a role, and in what it is given',
        '- hosts: all\n  roles: [{role: a, given: "{{sise}}"}]\n',
        [
          "books/play.yaml:2:31: nothing defines 'sise' (did you mean 'size'?)",
          "roles/a/tasks/main.yml:1:17: nothing defines 'gvien' (did you mean 'given'?)",
          "roles/a/defaults/main.yml:1:7: nothing defines 'sizz' (did you mean 'size'?)",
        ],
        {
          files: {
            'roles/a/tasks/main.yml': '- command: "a {{gvien}} {{given}} {{x}}"\n',
            'roles/a/defaults/main.yml': 'x: "{{sizz}}"\n',
          },
        },
      ],
      [
        "a part of a role that is not there, and an option that isn't",
        tasks(
          '- import_role: {name: web, tasks_from: instal, task_from: x}\n- include_role: {}\n- include_role: web\n',
        ),
        [
          "books/play.yaml:3:52: 'import_role' has no option 'task_from' (did you mean 'tasks_from'?)",
          "books/play.yaml:3:27: the role 'web' has no 'instal' among its tasks (looked for it in books/roles/web/tasks)",
          "books/play.yaml:4:7: 'include_role' needs 'name' (write 'name: …' below it)",
          "books/play.yaml:5:21: the options of 'include_role' must be a map, but are text (write 'name: …' below it)",
        ],
      ],
      [
        'a handler that a role does not have',
        '- hosts: all\n  roles: [web]\n  tasks: [{command: a, notify: "web : restrat"}]\n',
        [
          "books/play.yaml:3:32: no handler is called 'web : restrat', and none listens to it (did you mean 'web : restart'?)",
        ],
      ],
      [
        'a variable of a role that was only included',
        tasks('- include_role: {name: web}\n- command: "a {{conf}}"\n'),
        ["books/play.yaml:4:21: nothing defines 'conf'"],
      ],
      [
        'a role that takes itself in again',
        '- hosts: all\n  roles: [a]\n',
        [
          "roles/a/tasks/main.yml:1:24: this role's tasks take in the same role and file again: roles/a/tasks/main.yml (tasks_from names another file of the role)",
        ],
        { files: { 'roles/a/tasks/main.yml': '- include_role: {name: a}\n' } },
      ],
      [
        'a meta with a misspelt key',
        '- hosts: all\n  roles: [a]\n',
        ["roles/a/meta/main.yml:1:1: the meta of a role has no 'dependecies' (did you mean 'dependencies'?)"],
        { files: { 'roles/a/meta/main.yml': 'dependecies: []\n' } },
      ],
    ];
  for (const [what, text, said, around = { files: web }] of wrong) {
    it(`refuse ${what}`, async () => {
      const found = await complaintsOf(text, around);
      const shown = found.map((one, i) =>
        said[i] !== undefined && !/:\d+:\d+: /.test(said[i]) ? one.replace(/:\d+:\d+: /, ': ') : one,
      );
      expect([...shown].sort()).to.deep.equal([...said].sort());
    });
  }
});
