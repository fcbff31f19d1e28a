/**
 * The schemas against what zrun itself takes and refuses: every playbook and inventory of this repository, every
 * module's examples, and mistakes that an editor must underline.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { expect } from 'chai';
import { namesOf } from '../../../src/config/playbook/reading/keywords.js';
import { schemas } from '../../../src/config/schema/index.js';
import { keywordValues } from '../../../src/config/schema/keyword-values.js';
import { parseYaml, toValue } from '../../../src/config/yaml/yaml.js';
import { throwFindings } from '../../../src/config/source/findings.js';
import { modules } from '../../../src/modules/index.js';

const root = path.resolve(import.meta.dirname, '../../..');
const ajv = new Ajv({ allErrors: true, strictTypes: false });

const compiled: Readonly<Record<string, ValidateFunction>> = Object.fromEntries(
  Object.entries(schemas).map(([name, schema]) => [name, ajv.compile(schema.make(modules))]),
);

/** What the schema says against a text. */
function complaints(kind: string, text: string): readonly string[] {
  const validate = compiled[kind];
  if (!validate) throw new Error(`no schema ${kind}`);
  const node = parseYaml(
    { name: 'test.yaml', text },
    throwFindings,
    kind === 'inventory' ? { inventory: { warn: () => undefined } } : {},
  );
  if (validate(node && toValue(node))) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message ?? '', JSON.stringify(params)].join(' '),
  );
}

function tasks(text: string): string {
  return `- hosts: all\n  tasks:\n${text.trim().replace(/^(?=.)/gm, '    ')}\n`;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(folder, file))
    .filter((file) => /\.ya?ml$/.test(file))
    .sort();
}

describe('schemas', () => {
  it('describe every keyword that zrun has', () => {
    const names = new Set((['play', 'block', 'task', 'handler'] as const).flatMap(namesOf));
    expect([...names].filter((name) => !Object.hasOwn(keywordValues, name))).to.deep.equal([]);
    for (const [name, { description }] of Object.entries(keywordValues))
      expect(description, name).to.match(/\.$/);
  });

  it('have every module with each of its parameters, described', () => {
    const { definitions = {} } = schemas['playbook']?.make(modules) ?? {};
    for (const module of modules.values()) {
      const made = definitions[`module.${module.name}`];
      expect(made?.description, module.name).to.equal(module.summary);
      const map = made?.properties ? made : made?.anyOf?.find(({ properties }) => properties);
      expect(Object.keys(map?.properties ?? {}), module.name).to.have.members([
        ...module.aliases.keys(),
        ...Object.keys(module.params.shape),
      ]);
      for (const [name, parameter] of Object.entries(map?.properties ?? {}))
        expect(parameter.description, `${module.name}.${name}`).to.be.a('string').and.not.equal('');
    }
  });
});

/** What zrun reads and no schema can: INI in a file that is called YAML, and what zrun refuses itself. */
const notForEditors = ['ini-called-yaml', 'deliberate/misspelt-key', 'deliberate/name-with-slash'];

/** YAML inventories that zrun reads; `group_vars/` and `host_vars/` beside them are none. */
const inventories = filesBelow('test/config/inventories').filter(
  (file) => !/(?:group|host)_vars/.test(file) && !notForEditors.some((name) => file.includes(`/${name}.`)),
);

describe('what zrun takes, the schemas take', () => {
  for (const file of filesBelow('playbooks').filter((name) => !/\/(vars|tasks)\//.test(name))) {
    it(file, () =>
      expect(complaints('playbook', readFileSync(path.join(root, file), 'utf8'))).to.deep.equal([]),
    );
  }
  for (const file of filesBelow('playbooks/tasks')) {
    it(file, () =>
      expect(complaints('tasks', readFileSync(path.join(root, file), 'utf8'))).to.deep.equal([]),
    );
  }
  for (const file of filesBelow('playbooks/vars')) {
    it(file, () => expect(complaints('vars', readFileSync(path.join(root, file), 'utf8'))).to.deep.equal([]));
  }
  it('inventory.example.yaml', () => {
    expect(
      complaints('inventory', readFileSync(path.join(root, 'inventory.example.yaml'), 'utf8')),
    ).to.deep.equal([]);
  });
  for (const file of inventories) {
    it(file, () =>
      expect(complaints('inventory', readFileSync(path.join(root, file), 'utf8'))).to.deep.equal([]),
    );
  }
  for (const module of modules.values()) {
    for (const { title, task } of module.examples) {
      it(`${module.name}: ${title}`, () => {
        const item = task.trim().replace(/\n/g, '\n  ');
        expect(complaints('tasks', `- ${item}\n`)).to.deep.equal([]);
      });
    }
  }

  const right: Readonly<Record<string, string>> = {
    'templates in the place of anything': tasks(`
- file: {path: "{{a}}", state: "{{b}}", mode: "{{c}}", recurse: "{{d}}"}
- systemd_service: {name: "{{unit}}", enabled: "{{x}}", timeout: "{{y}}"}`),
    "Ansible's booleans": tasks(
      '- systemd_service: {name: docker, enabled: yes, masked: no}\n  become: yes\n',
    ),
    "parameters' other names": tasks(
      '- file: {dest: /x, state: absent}\n- lineinfile: {name: /x, value: a}\n',
    ),
    'names of collections': tasks('- ansible.builtin.copy: {dest: /x, content: a}\n'),
    'short forms': tasks('- command: a\n  args: {creates: /x}\n- stat: /x\n- debug: x\n- setup:\n'),
    'conditions as text, booleans and lists': tasks(
      '- command: a\n  when: [a == 1, true]\n  changed_when: false\n- assert: {that: a == 1}\n- assert: {that: [a, b]}\n',
    ),
    'an empty list of tasks': '- hosts: all\n  tasks:\n',
    'variables of the user': '- hosts: all\n  vars: {a: {b: [1, null]}}\n',
    'blocks in blocks': tasks('- block:\n    - block: [{command: a}]\n      rescue: [{fail: {msg: x}}]\n'),
  };
  for (const [name, text] of Object.entries(right)) {
    it(name, () => expect(complaints('playbook', text)).to.deep.equal([]));
  }
});

describe('what zrun refuses, an editor underlines', () => {
  const wrong: readonly (readonly [name: string, kind: string, text: string, said: RegExp])[] = [
    ['a misspelt keyword of a play', 'playbook', '- hosts: all\n  task: []\n', /^\/0 .*"task"/],
    ['a misspelt keyword of a task', 'playbook', tasks('- command: a\n  whn: x\n'), /^\/0\/tasks\/0 .*"whn"/],
    [
      'a misspelt keyword of a block',
      'playbook',
      tasks('- block: []\n  recue: []\n'),
      /^\/0\/tasks\/0 .*"recue"/,
    ],
    ['a module that does not exist', 'playbook', tasks('- cpoy: {dest: /x}\n'), /^\/0\/tasks\/0 .*"cpoy"/],
    [
      'a parameter that does not exist',
      'playbook',
      tasks('- copy: {dst: /x, dest: /x}\n'),
      /^\/0\/tasks\/0\/copy .*"dst"/,
    ],
    [
      'a parameter that is missing',
      'playbook',
      tasks('- copy: {content: a}\n'),
      /^\/0\/tasks\/0\/copy .*"dest"/,
    ],
    [
      'a parameter that is missing under all of its names',
      'playbook',
      tasks('- file: {state: absent}\n'),
      /^\/0\/tasks\/0\/file .*"dest"/,
    ],
    [
      'a value that is not one of those',
      'playbook',
      tasks('- file: {path: /x, state: dir}\n'),
      /^\/0\/tasks\/0\/file\/state /,
    ],
    [
      'a value of another type',
      'playbook',
      tasks('- file: {path: /x, mode: 644}\n'),
      /^\/0\/tasks\/0\/file\/mode .*string/,
    ],
    [
      'a keyword of a play in a task',
      'playbook',
      tasks('- command: a\n  hosts: all\n'),
      /^\/0\/tasks\/0 .*"hosts"/,
    ],
    ['a play without hosts', 'playbook', '- tasks: []\n', /^\/0 .*"hosts"/],
    ['a playbook that is a map', 'playbook', 'hosts: all\n', /^ .*array/],
    ['a misspelt key of a group', 'inventory', 'web:\n  childern: {db: }\n', /^\/web .*"childern"/],
    ['hosts as a list', 'inventory', 'web:\n  hosts: [a, b]\n', /^\/web\/hosts .*object/],
    [
      'a port that is none',
      'inventory',
      'web:\n  hosts:\n    a: {ansible_port: ssh}\n',
      /^\/web\/hosts\/a\/ansible_port /,
    ],
    ['variables as a list', 'vars', '- a: 1\n', /^ .*object/],
    ['a variable that no template can name', 'vars', 'my-size: 1\n', /my-size/],
    ['a misspelt keyword in a file of tasks', 'tasks', '- command: a\n  whn: x\n', /^\/0 .*"whn"/],
  ];
  for (const [name, kind, text, said] of wrong) {
    it(name, () => expect(complaints(kind, text).join('\n')).to.match(new RegExp(said.source, 'm')));
  }
});
