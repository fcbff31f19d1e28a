/**
 * Each rule by what it finds and what it leaves alone. A finding is told by its rule and the text that its caret is
 * under.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { loadInventory } from '../../../src/config/index.js';
import { lintPlaybook, lintRules } from '../../../src/config/lint/index.js';
import { replacements } from '../../../src/config/lint/replacements.js';
import { modules } from '../../../src/modules/index.js';

interface Case {
  readonly rule: string;
  /** A playbook, or tasks of one. */
  readonly text: string;
  /** What the carets of this rule are under, in order. None: the rule has nothing to say. */
  readonly finds: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  // ------------------------------------------------------------ command-module
  {
    rule: 'command-module',
    text: `
- command: mkdir -p /srv/a
- command: {argv: [chmod, "0755", /srv/a]}
- shell: systemctl restart docker || true
- shell: |
    set -e
    umount /mnt
- ansible.builtin.command: zfs create -V 8G tank/x
- command: zfs destroy tank/x@before
- command: cp -a /a /b
- shell: echo 1 > /proc/sys/vm/drop_caches`,
    finds: ['command', 'command', 'shell', 'shell', 'ansible.builtin.command', 'command', 'command', 'shell'],
  },
  {
    rule: 'command-module',
    text: `
- command: zfs list -H
- command: systemctl show docker
- command: mount
- command: test 1 -lt 2
- shell: mkdir -p /a && tar -C /a -xf /b
- shell: |
    for i in 1 2; do
      mkdir "/$i"
    done
- command: mkdirs x`,
    finds: [],
  },

  // ------------------------------------------------------------ command-changed
  { rule: 'command-changed', text: '- command: a\n- shell: b | c\n', finds: ['command', 'shell'] },
  {
    rule: 'command-changed',
    text: `
- command: a
  changed_when: false
- command: {cmd: a, creates: /x}
- command: a
  args: {removes: /x}
- command: a
  when: inventory_hostname == "web1"
- debug: {msg: x}
- block:
    - fail: {msg: x}
  rescue:
    - command: put-back`,
    finds: [],
  },
  {
    rule: 'command-changed',
    text: `
- hosts: all
  tasks:
    - debug: {msg: a}
      changed_when: true
      notify: reload
  handlers:
    - name: reload
      command: reload-it`,
    finds: [],
  },

  // ------------------------------------------------------------ check-mode-runs
  {
    rule: 'check-mode-runs',
    text: '- command: a\n  check_mode: false\n- command: b\n  check_mode: no\n  changed_when: false\n',
    finds: ['check_mode'],
  },

  // ------------------------------------------------------------ shell-unquoted
  {
    rule: 'shell-unquoted',
    text: `
- shell: cat {{ item }} '{{item}}' {{sh item}}
  loop: [a]
- shell: |
    set -e
    {{#if (cel "size(group_names) > 0")}}cat {{lower inventory_hostname}}{{/if}}
- shell: echo {{zrun_run_id}}
- shell: !raw docker ps --format '{{json .}}'
- command: cat {{ item }}
  loop: [a]`,
    finds: ['{{ item }}', '{{item}}', '{{lower inventory_hostname}}'],
  },

  // ------------------------------------------------------------ command-unquoted
  {
    rule: 'command-unquoted',
    text: `
- command: cat {{item}} "{{item}}" '{{item}}' {{sh item}} it\\'s/{{item}}
  loop: [a]
- command: {argv: [cat, "{{inventory_hostname}}"]}`,
    finds: ['{{item}}', '{{item}}'],
  },

  // ------------------------------------------------------------ command-glob
  {
    rule: 'command-glob',
    text: `
- command: rm /tmp/*.new
- command: ls ~/x
- command: find /tmp -name '*.new'
- command: ls "~/x"`,
    finds: ['command', 'command'],
  },

  // ------------------------------------------------------------ shell-needless
  {
    rule: 'shell-needless',
    text: `
- shell: docker ps -q
- shell: docker inspect {{sh item}} --format "x y"
  loop: [a]`,
    finds: ['shell', 'shell'],
  },
  {
    rule: 'shell-needless',
    text: `
- shell: a | b
- shell: LANG=C a
- shell: cd /x
- shell: a "$HOME"
- shell: a *.b
- shell: {cmd: a, executable: /bin/bash}
- shell: "{{inventory_hostname}}"
- command: a`,
    finds: [],
  },

  // ------------------------------------------------------------ shell-errexit
  {
    rule: 'shell-errexit',
    text: '- shell: |\n    cd /x\n    rm -rf y\n- shell: "a\\nb"\n',
    finds: ['shell', 'shell'],
  },
  {
    rule: 'shell-errexit',
    text: `
- shell: |
    set -eu
    a
    b
- shell: |
    a &&
    b
- shell: |
    x=1
    # why
    for i in 1 2; do
      a
    done
- shell: |
    a 'first
    second'
- shell: |
    a \\
      b`,
    finds: [],
  },

  // ------------------------------------------------------------ errors-ignored
  {
    rule: 'errors-ignored',
    text: `
- command: a
  ignore_errors: true
- command: a
  ignore_errors: true
  register: out
- command: a
  ignore_errors: false
- block: [{debug: {msg: "{{out.rc}}"}}]
  ignore_errors: yes`,
    finds: ['ignore_errors', 'ignore_errors'],
  },

  // ------------------------------------------------------------ handlers
  {
    rule: 'handler-unused',
    text: `
- hosts: all
  tasks:
    - command: a
      notify: [one, all of them]
  handlers:
    - {name: one, command: a}
    - {name: two, command: a}
    - {name: three, command: a, listen: all of them}
    - {name: four, command: a, notify: five}
    - {name: five, command: a}`,
    finds: ['two', 'four'],
  },
  {
    rule: 'handler-unused',
    text: `
- hosts: all
  tasks:
    - command: a
      notify: [one, both]
  handlers:
    - {name: one, command: a}
    - {name: one, command: b}
    - {name: one, command: c, listen: both}`,
    finds: ['one'],
  },
  {
    rule: 'handler-unused',
    text: `
- hosts: all
  tasks:
    - command: a
      loop: [x, y]
      notify: restart {{item}}
  handlers:
    - {name: restart x, command: a}
    - {name: stop x, command: a}`,
    finds: ['stop x'],
  },
  {
    rule: 'notify-never',
    text: `
- hosts: all
  tasks:
    - command: a
      changed_when: false
      notify: one
    - command: a
      changed_when: true
      notify: one
  handlers:
    - {name: one, command: a}`,
    finds: ['notify'],
  },

  // ------------------------------------------------------------ names
  {
    rule: 'task-unnamed',
    text: '- command: a\n- name: b\n  command: b\n- block: [{debug: {msg: x}}]\n',
    finds: ['command', 'debug'],
  },
  {
    rule: 'register-unused',
    text: `
- command: a
  register: first
- command: b
  register: second
- command: c
  register: third
  until: third.rc == 0
- command: d
  register: fourth
- command: e
  register: fifth
- command: f
  register: sixth
- debug: {msg: "first of {{ second.stdout }}"}
- assert: {that: ["sixth.rc == 0"]}
- template: {src: a.hbs, dest: /a}`,
    files: { 'a.hbs': '{{fifth.stdout}}' },
    finds: ['first', 'fourth'],
  },
  {
    rule: 'register-unused',
    text: `
- hosts: all
  vars_files: [vars.yaml]
  tasks:
    - command: a
      register: out
    - debug: {var: answer}`,
    files: { 'vars.yaml': 'answer: "{{ out.stdout }}"\n' },
    finds: [],
  },
  {
    // What a template file uses cannot be known before its name is.
    rule: 'register-unused',
    text: '- command: a\n  register: out\n- template: {src: "{{inventory_hostname}}", dest: /a}\n',
    finds: [],
  },

  // ------------------------------------------------------------ vars-hidden
  {
    rule: 'vars-hidden',
    text: `
- hosts: all
  vars_files: [vars.yaml]
  vars:
    first: 1
    second: 2
  tasks:
    - debug: {msg: "{{first}} {{second}}"}
- hosts: all
  vars: {second: 3}
  tasks:
    - debug: {var: second}`,
    files: { 'vars.yaml': 'second: 4\nthird: "{{first}}"\n' },
    finds: ['second'],
  },
  {
    // An import may say otherwise: that is what its vars are for.
    rule: 'vars-hidden',
    text: `
- hosts: all
- import_playbook: other.yaml
  vars: {first: 1}`,
    files: { 'other.yaml': '- hosts: all\n  vars: {first: 2}\n  tasks:\n    - debug: {var: first}\n' },
    finds: [],
  },

  // ------------------------------------------------------------ vars-overridden
  {
    rule: 'vars-overridden',
    text: `
- command: a
  register: below
  changed_when: false
- import_tasks: more.yaml
  vars: {below: closed, above: open}
- include_tasks: more.yaml
  vars: {below: closed}
- block:
    - debug: {var: below.rc}
  vars: {below: {rc: 1}}`,
    files: { 'more.yaml': '- debug: {var: above}\n  vars: {above: 1}\n' },
    finds: ['below', 'below'],
  },

  // ------------------------------------------------------------ conditions
  {
    rule: 'condition-constant',
    text: `
- command: a
  when: true
- command: a
  when: [inventory_hostname == "a", 1 == 2]
- command: a
  when: "'a' in group_names || true"
- command: a
  when: inventory_hostname != "a"
- command: a
  changed_when: false
  register: out
  until: "true"
- debug: {var: out.rc}`,
    finds: ['true', '1 == 2', `"'a' in group_names || true"`, '"true"'],
  },

  // ------------------------------------------------------------ secrets
  {
    rule: 'secret-shown',
    text: `
- hosts: all
  vars: {db_password: x, api_token_file: /x, tokens: [], passport: x}
  tasks:
    - debug: {msg: "it is {{db_password}}"}
    - debug: {var: db_password}
    - copy: {dest: /x, content: "{{sh db_password}}"}
    - shell: login {{sh db_password}}
      no_log: true
    - debug: {msg: "{{api_token_file}} {{passport}}"}
    - block:
        - command: {argv: [login, "{{db_password}}"]}
      no_log: true
    - command: {argv: [login, "{{join tokens}}"]}`,
    finds: ['debug', 'debug', 'copy', 'command'],
  },
  {
    rule: 'mode-open',
    text: `
- copy: {dest: /a, content: "", mode: "0666"}
- file: {path: /a, mode: "777"}
- file: {path: /a, mode: "1777"}
- file: {path: /a, mode: "0644"}`,
    finds: ['"0666"', '"777"'],
  },

  // ------------------------------------------------------------ comments
  {
    rule: 'allow-unused',
    text: `
- name: a  # zrun-lint: allow task-unnamed
  command: a # zrun-lint: allow command-changed, comand-module - we know
  register: out # zrun-lint: allow register-unused`,
    finds: ['task-unnamed', 'comand-module'],
  },
  {
    rule: 'command-changed',
    text: '- command: a # zrun-lint: allow command-changed\n- command: a\n',
    finds: ['command'],
  },
  {
    rule: 'shell-unquoted',
    text: `
- shell: |
    set -e
    # zrun-lint: allow shell-unquoted - words that we chose
    # and nobody else
    cat {{inventory_hostname}}
    cat {{inventory_hostname}}`,
    finds: ['{{inventory_hostname}}'],
  },
];

describe('lint rules', () => {
  it('are each tried here, by something found', () => {
    const tried = new Set(cases.filter(({ finds }) => finds.length > 0).map(({ rule }) => rule));
    expect([...tried]).to.have.members(lintRules.map(({ id }) => id));
  });

  cases.forEach(({ rule, text, finds, files }, i) => {
    const title = finds.length === 0 ? 'leaves alone what is right' : `finds ${finds.join(' and ')}`;
    it(`${i + 1}: ${rule} ${title}`, async () => {
      const findings = await lintText(text, files);
      const shown = findings
        .filter((one) => one.rule === rule)
        .map(({ at }) => at.source.text.slice(at.start, at.end));
      expect(shown).to.deep.equal(finds);
    });
  });
});

describe('what lint proposes instead of a command', () => {
  for (const { module: name, write } of replacements) {
    const module = modules.get(name);
    if (!module) continue;
    it(`${write.slice(0, 60)} is what the module takes`, () => {
      const written = [...write.matchAll(/(\w+): (?:\{((?:[^{}]|\{[^{}]*\})*)\})/g)];
      for (const [, called = '', parameters = ''] of written) {
        const shape = modules.get(called)?.params.shape ?? {};
        const keys = [...parameters.replace(/\{[^{}]*\}/g, '').matchAll(/(\w+):/g)].map(([, key]) => key);
        expect(Object.keys(shape), write).to.include.members(keys);
      }
    });
  }
});

describe('lint reads what a playbook is made of', () => {
  const files = {
    'more.yaml': '- command: in-include\n',
    'other.yaml': '- hosts: all\n  tasks:\n    - command: in-import\n',
    'roles/one/tasks/main.yaml': '- command: in-role\n  notify: woken\n- include_tasks: sub.yaml\n',
    'roles/one/tasks/sub.yaml': '- template: {src: a.hbs, dest: /a}\n- command: in-sub\n  register: out\n',
    'roles/one/templates/a.hbs': '{{out.stdout}}',
    'roles/one/handlers/main.yaml':
      '- name: woken\n  command: in-handler\n- name: idle\n  command: in-handler\n',
  };
  const playbook = `- hosts: all
  roles: [one]
  pre_tasks: [{command: before}]
  post_tasks: [{command: after}]
  tasks:
    - include_tasks: more.yaml
    - action: command in-action
- import_playbook: other.yaml
`;

  it('includes, imports, roles with their handlers, and every list of a play', async () => {
    const findings = await lintText(playbook, files);
    const commands = findings
      .filter(({ rule }) => rule === 'command-changed')
      .map(({ at: { source, start } }) => `${source.name}: ${source.text.slice(start).split('\n')[0]}`);
    expect(commands).to.have.members([
      'play.yaml: command: before}]',
      'play.yaml: command: after}]',
      'play.yaml: command in-action',
      'more.yaml: command: in-include',
      'other.yaml: command: in-import',
      'roles/one/tasks/main.yaml: command: in-role',
      'roles/one/tasks/sub.yaml: command: in-sub',
    ]);
    const others = findings.filter(({ rule }) => rule === 'handler-unused' || rule === 'register-unused');
    expect(others.map(({ message }) => message)).to.deep.equal(["nobody notifies 'one : idle'"]);
  });

  it('says nothing of what nobody uses where a host decides what is included', async () => {
    const text = '- command: a\n  register: out\n- include_tasks: "{{inventory_hostname}}.yaml"\n';
    const findings = await lintText(text);
    expect(findings.filter(({ rule }) => rule === 'register-unused')).to.deep.equal([]);
  });
});

describe('lint and inventories', () => {
  const playbook = '- name: a\n  debug: {msg: "{{ size }}"}\n';

  it('lets a name through that an inventory may define', async () => {
    expect(await lintText(playbook)).to.deep.equal([]);
  });

  it('refuses it where the inventory is at hand and does not', async () => {
    let said = '';
    try {
      await lintText(playbook, { 'hosts.yaml': 'all:\n  hosts:\n    web1: {sise: 1}\n' });
    } catch (error) {
      said = String(error);
    }
    expect(said).to.contain("nothing defines 'size'");
  });
});

async function lintText(
  text: string,
  files: Readonly<Record<string, string>> = {},
): ReturnType<typeof lintPlaybook> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-lint-'));
  const body = text.replace(/^\n/, '');
  const isPlay = body.startsWith('- hosts');
  const playbook = isPlay ? body : `- hosts: all\n  tasks:\n${body.replace(/^(?=.)/gm, '    ')}`;
  try {
    for (const [name, content] of Object.entries({ ...files, 'play.yaml': playbook })) {
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), content);
    }
    const inventory =
      files['hosts.yaml'] === undefined ? undefined : await loadInventory(['hosts.yaml'], { cwd });
    return await lintPlaybook('play.yaml', { modules, cwd, inventory });
  } finally {
    await rm(cwd, { recursive: true });
  }
}
