/**
 * The check of names before a run: what is visible from where, whose shape counts, and what is said of the rest.
 */
import { expect } from 'chai';
import { complaintsOf, tasks, type Around } from '../load.js';

type Case = readonly [what: string, text: string, said: readonly string[], around?: Around];

const hosts = 'all: {hosts: {web1: {size: 8, ip: 10.0.0.1}, web2: {ip: 10.0.0.2}}}';

describe('names', () => {
  const cases: readonly Case[] = [
    [
      'magic variables',
      tasks(
        '- debug: {msg: "{{inventory_hostname_short}} {{join ansible_play_hosts}} {{join ansible_play_hosts_all}} {{join ansible_play_batch}} {{ansible_check_mode}} {{zrun_run_id}} {{playbook_dir}} {{inventory_dir}} {{groups.all.[0]}}"}\n',
      ),
      [],
    ],
    [
      "another host's variables",
      tasks(
        '- debug: {msg: "{{hostvars.web1.ip}} {{hostvars.[web2].size}} {{lookup hostvars item \'ip\'}}"}\n  loop: "{{groups.all}}"\n  when: hostvars[item].ip != "" && hostvars["web1"].size == 8\n',
      ),
      [],
    ],
    [
      'what another host registers',
      tasks('- {command: a, register: out}\n- debug: {msg: "{{hostvars.web1.out.stdout}}"}\n'),
      [],
    ],
    [
      'a variable that no host has',
      tasks(
        '- debug: {msg: "{{hostvars.web1.pi}} {{lookup hostvars \'web1\' \'sizze\'}}"}\n  when: hostvars["web1"].addr == ""\n',
      ),
      [
        "books/play.yaml:3:23: 'hostvars.web1' has no 'pi' (did you mean 'ip'?)",
        "books/play.yaml:3:67: 'hostvars.web1' has no 'sizze' (did you mean 'size'?)",
        'books/play.yaml:4:30: hostvars["web1"] has no \'addr\' (it has inventory_hostname, inventory_hostname_short, group_names, groups, hostvars, ansible_check_mode, ansible_play_hosts, ansible_play_hosts_all, ansible_play_batch, zrun_run_id, playbook_dir, play_hosts, …)',
      ],
    ],
    [
      'the failure that a rescue is about',
      tasks(
        '- block: [{command: a}]\n  rescue: [{debug: {msg: "{{ansible_failed_result.msg}} {{ansible_failed_task.name}}"}}]\n- debug: {msg: "{{ansible_failed_task.name}}"}\n',
      ),
      [
        "books/play.yaml:5:23: nothing defines 'ansible_failed_task' ('ansible_failed_task' is there in rescue and always)",
      ],
    ],
    [
      "a loop's own names",
      tasks(
        '- debug: {msg: "{{i}} {{ansible_index_var}} {{ansible_loop_var}} {{ansible_loop.nextitem}}"}\n  loop: [1]\n  loop_control: {index_var: i, extended: yes}\n  when: i > 0 && !ansible_loop.last\n- debug: {msg: "{{i}}"}\n',
      ),
      ["books/play.yaml:7:23: nothing defines 'i' (did you mean 'ip'?)"],
    ],
    [
      "a role's default that the inventory has in another form",
      '- hosts: all\n  roles: [a]\n',
      [],
      {
        hosts: 'all: {hosts: {web1: {cfg: {port: 1}, list: [{a: 1}]}}}',
        files: {
          'books/roles/a/defaults/main.yml': 'cfg: {}\nlist: []\n',
          'books/roles/a/tasks/main.yml': '- {command: "{{cfg.port}} {{list.[0].a}}", when: cfg.port == 1}\n',
        },
      },
    ],
    [
      "a role's default whose parts are misspelt",
      '- hosts: all\n  roles: [a]\n',
      ["books/roles/a/tasks/main.yml:1:18: 'cfg' has no 'prot' (did you mean 'port'?)"],
      {
        files: {
          'books/roles/a/defaults/main.yml': 'cfg: {port: 1}\n',
          'books/roles/a/tasks/main.yml': '- {command: "a {{cfg.prot}}"}\n',
        },
      },
    ],
    [
      'what the variables of another role hold, in the whole play',
      '- hosts: all\n  pre_tasks: [{command: "{{x}} {{y}}"}]\n  roles: [a]\n',
      [],
      { files: { 'books/roles/a/defaults/main.yml': 'x: 1\n', 'books/roles/a/vars/main.yml': 'y: 1\n' } },
    ],
    [
      'names of one play in another',
      '- hosts: all\n  vars: {x: 1}\n  tasks: [{command: "{{x}}", register: out}]\n- hosts: all\n  tasks: [{command: "{{x}} {{out.rc}}"}]\n',
      ["books/play.yaml:5:24: nothing defines 'x'"],
    ],
    [
      'an answer of the user',
      '- hosts: all\n  vars_prompt: [{name: who}]\n  tasks: [{command: "{{who}}", when: who == 1}]\n',
      [
        "books/play.yaml:3:38: '==' does not work between text and a whole number (leave out the quotes to compare numbers; int(x) makes a number of a text, string(x) a text of a number)",
      ],
    ],
    [
      'an extra variable that a play has in another form, in what rests on it',
      '- hosts: all\n  vars: {n: 1, twice: "{{n}}"}\n  tasks: [{command: a, when: twice == "2"}]\n',
      [],
      { extraVars: ['n=2'] },
    ],
    [
      'omit where it leaves out a parameter, and elsewhere',
      tasks(
        '- copy: {dest: /x, content: a, mode: "{{default mode omit}}"}\n- copy: {dest: "/{{omit}}", content: a}\n- command: a\n  vars: {x: "{{omit}}"}\n',
      ),
      [
        'books/play.yaml:4:24: nothing defines \'omit\' (it leaves out a parameter, and so must be its whole value: "{{omit}}", or "{{default x omit}}")',
        'books/play.yaml:6:20: nothing defines \'omit\' (it leaves out a parameter, and so must be its whole value: "{{omit}}", or "{{default x omit}}")',
      ],
    ],
  ];
  for (const [what, text, said, around = {}] of cases) {
    it(`${said.length === 0 ? 'let pass' : 'find'} ${what}`, async () => {
      const found = await complaintsOf(text, { hosts, ...around });
      expect([...found].sort()).to.deep.equal([...said].sort());
    });
  }
});
