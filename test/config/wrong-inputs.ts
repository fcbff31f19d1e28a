/**
 * The wrong inputs that errors.test.ts goes through. Each is a small folder, and what is done with it.
 */

export interface WrongInput {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly inventory?: readonly string[];
  /** Of the files, those that may be executed. */
  readonly executable?: readonly string[];
  readonly programTimeoutMs?: number;
  readonly pattern?: string;
  readonly limit?: string;
  readonly extraVars?: readonly string[];
}

/** Tasks of a play that is right around them. */
function tasks(text: string): { readonly 'play.yaml': string } {
  return { 'play.yaml': `- hosts: all\n  tasks:\n${text.replace(/^(?=.)/gm, '    ')}` };
}

function play(text: string): { readonly 'play.yaml': string } {
  return { 'play.yaml': text };
}

function hosts(text: string): { readonly 'hosts.yaml': string } {
  return { 'hosts.yaml': text };
}

export const wrongInputs: readonly WrongInput[] = [
  // ------------------------------------------------------------ YAML
  { name: 'yaml: an unquoted template', files: tasks('- debug:\n    msg: {{ inventory_hostname }}\n') },
  {
    name: 'yaml: an unquoted template with more behind it',
    files: tasks('- copy:\n    dest: {{ base }}/etc/fstab # here\n    content: x\n'),
  },
  { name: 'yaml: an unquoted octal mode', files: tasks('- copy: {dest: /x, content: "", mode: 0644}\n') },
  {
    name: 'yaml: numbers that are others in Ansible',
    files: tasks(
      '- set_fact: {mode: 0777, ports: 22:22, time: 1:30:59.5, float: 1e3, half: -.5, version: 2.0}\n',
    ),
  },
  {
    name: 'yaml: a bracket that is never closed',
    files: play('- hosts: all\n  vars:\n    a: {b: [1, [2], 3}\n    c: [\n'),
  },
  { name: 'yaml: a list that is never closed', files: play('- hosts: all\n  vars:\n    a: [\n') },
  { name: 'yaml: a key that stands twice', files: tasks('- name: one\n  command: a\n  name: two\n') },
  { name: 'yaml: a tab', files: play('- hosts: all\n  tasks:\n\t- command: a\n') },
  { name: 'yaml: two documents', files: play('- hosts: all\n---\n- hosts: all\n') },
  {
    name: 'yaml: wrong indentation',
    files: play('- hosts: all\n  tasks:\n    - command: a\n   - command: b\n'),
  },
  { name: 'yaml: a colon in a text', files: tasks('- name: this: that\n  command: a\n') },
  { name: 'yaml: quotes in quotes', files: tasks('- debug: {msg: "a "b" c"}\n') },
  { name: 'yaml: a quote that is never closed', files: tasks('- command: "echo\n') },
  { name: 'yaml: an unknown tag', files: tasks('- debug: {msg: !secret abc}\n') },
  { name: 'yaml: an alias of nothing', files: tasks('- debug: {msg: *there}\n') },
  { name: 'yaml: a number too large', files: tasks('- debug: {msg: 12345678901234567890}\n') },

  // ------------------------------------------------------------ inventories
  { name: 'inventory: no such file', inventory: ['hosts.yml'] },
  { name: 'inventory: a playbook', inventory: ['play.yaml'], files: play('- hosts: all\n  tasks: []\n') },
  { name: 'inventory: hosts at the top', files: hosts('hosts:\n  web1:\n') },
  { name: 'inventory: hosts as a list', files: hosts('all:\n  hosts:\n    - web1\n    - web2\n') },
  {
    name: 'inventory: an address where variables belong',
    files: hosts('all:\n  hosts:\n    web1: 10.0.0.1\n'),
  },
  { name: 'inventory: a misspelt key', files: hosts('web:\n  childern:\n    db:\n') },
  {
    name: 'inventory: groups in a circle',
    files: hosts('a:\n  children:\n    b:\n      children:\n        a:\n'),
  },
  {
    name: 'inventory: a bad range',
    files: hosts('all:\n  hosts:\n    web[5:1]:\n    db[01:100]:\n    x[1-3]:\n'),
  },
  {
    name: 'inventory: a bad port',
    files: hosts(
      'all:\n  vars:\n    ansible_port: ssh\n  hosts:\n    web1:\n    web2: {ansible_port: 70000}\n',
    ),
  },
  {
    name: 'inventory: arguments of ssh',
    files: hosts(
      [
        'all:',
        '  hosts:',
        '    web1: {ansible_ssh_common_args: -o StrictHostKeyChecking=no -F ./ssh_config}',
        '    web2: {ansible_ssh_extra_args: "-o ProxyCommand=\'nc -x proxy %h %p\'"}',
        '    web3: {ansible_ssh_common_args: "-o ProxyCommand=\\"ssh -W %h:%p"}',
        '',
      ].join('\n'),
    ),
  },
  {
    name: 'inventory: another way to become root',
    files: hosts(
      'all:\n  hosts:\n    web1: {ansible_become_method: runas, ansible_become: perhaps, ansible_connection: winrm}\n',
    ),
  },
  {
    name: 'inventory: an unknown variable in an address',
    files: hosts('all:\n  hosts:\n    web1:\n      ansible_host: "{{ ip }}"\n'),
  },
  {
    name: 'inventory: Jinja where it is used',
    files: hosts(
      [
        'all:',
        '  vars:',
        "    harmless: '{{ x | default(1) }}'",
        '  hosts:',
        '    web1:',
        "      ansible_host: '{{ address | default(inventory_hostname) }}'",
        '    web2:',
        "      ansible_user: '{% if x %}a{% endif %}'",
        '    web3:',
        '      ansible_host: \'{{ lookup("env", "WEB3") }}\'',
        '    web4:',
        "      ansible_host: '{{ a if b else c }}'",
        '',
      ].join('\n'),
    ),
  },
  {
    name: 'inventory: vault where it is used',
    files: hosts(
      'all:\n  hosts:\n    web1:\n      ansible_host: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n',
    ),
  },
  {
    name: 'inventory: a plugin of Ansible',
    files: { 'aws_ec2.yaml': 'plugin: amazon.aws.aws_ec2\nregions: [eu-central-1]\n' },
    inventory: ['aws_ec2.yaml'],
  },
  { name: 'inventory: TOML', files: { 'hosts.toml': '[all]\n' }, inventory: ['hosts.toml'] },
  { name: 'inventory: a host without its comma', inventory: ['web1'] },
  {
    name: 'inventory: an impossible name',
    files: hosts("all:\n  hosts:\n    -oProxyCommand=x:\n    'a/b':\n  children:\n    'web*':\n"),
  },
  {
    name: 'inventory: INI, broken lines',
    files: {
      hosts: [
        'web1 ansible_host = 10.0.0.1',
        'web2 note="never closed',
        'web3 lonely',
        '[web]',
        'web4 dir=C:\\',
        'all:',
        '[web:var]',
        'x=1',
        '[web:vars]',
        'colour: red',
        '[web servers]',
        'web9',
        '',
      ].join('\n'),
    },
    inventory: ['hosts'],
  },
  {
    name: 'inventory: INI, unknown groups',
    files: {
      hosts: '[web]\nweb1\n\n[prod:children]\nwbe\n\n[databases:vars]\nx=1\n\n[web:children]\nprod stage\n',
    },
    inventory: ['hosts'],
  },
  {
    name: 'inventory: INI, groups in a circle',
    files: { hosts: '[a:children]\nb\n[b:children]\nc\n[c:children]\na\n' },
    inventory: ['hosts'],
  },
  {
    name: 'inventory: a priority that is no number',
    files: { hosts: '[web]\nweb1\n[web:vars]\nansible_group_priority=high\n' },
    inventory: ['hosts'],
  },
  {
    name: 'inventory: too many hosts',
    files: { hosts: 'web[1:300][1:300]\nweb[0:9999999999]\n' },
    inventory: ['hosts'],
  },
  {
    name: 'inventory: a folder with a broken file',
    files: { 'inv/10-good.yaml': 'all: {hosts: {web1: }}\n', 'inv/20-bad.yaml': 'web:\n  hosts: [a]\n' },
    inventory: ['inv'],
  },
  {
    name: 'inventory: group variables that are no map',
    files: { 'group_vars/all.yaml': '- a\n- b\n' },
  },
  {
    name: 'inventory: a program that may not be executed',
    files: { 'inv.sh': '#!/bin/sh\necho {}\n' },
    inventory: ['inv.sh'],
  },
  {
    name: 'inventory: a program that fails',
    files: { 'inv.sh': "#!/bin/sh\necho 'no token: log in first' >&2\nexit 3\n" },
    executable: ['inv.sh'],
    inventory: ['./inv.sh'],
  },
  {
    name: 'inventory: a program that prints no JSON',
    files: { 'inv.sh': '#!/bin/sh\necho Hello\n' },
    executable: ['inv.sh'],
    inventory: ['./inv.sh'],
  },
  {
    name: 'inventory: a program that prints another shape',
    files: {
      'inv.sh': `#!/bin/sh\necho '{"web": {"hosts": "web1", "vars": []}, "db": {"children": [1]}}'\n`,
    },
    executable: ['inv.sh'],
    inventory: ['./inv.sh'],
  },
  {
    name: 'inventory: a program without its interpreter',
    files: { 'inv.py': '#!/usr/bin/pythn\n' },
    executable: ['inv.py'],
    inventory: ['./inv.py'],
  },
  {
    name: 'inventory: a program that hangs',
    files: { 'inv.sh': '#!/bin/sh\necho asking >&2\nsleep 600\n' },
    executable: ['inv.sh'],
    inventory: ['./inv.sh'],
    programTimeoutMs: 500,
  },

  // ------------------------------------------------------------ patterns
  { name: 'pattern: a host that does not exist', pattern: 'wbe1' },
  { name: 'pattern: a name like no other', pattern: 'all:!production' },
  { name: 'pattern: nothing is left of the limit', pattern: 'all', limit: 'databases:!db1' },
  { name: 'pattern: wildcards that stand for nothing', pattern: 'mail*:~smtp' },
  { name: 'pattern: an empty limit', pattern: 'all', limit: '' },
  { name: 'pattern: a limit that matches nothing', pattern: 'all', limit: 'mail*' },
  { name: 'pattern: a limit of separators', pattern: 'all', limit: ' , ' },
  {
    name: 'pattern: a limit in a file',
    files: { 'failed.txt': '# of yesterday\nweb1\nwbe2\n' },
    pattern: 'all',
    limit: '@failed.txt',
  },
  { name: 'pattern: a file without hosts', files: { 'f.txt': '# none\n' }, pattern: 'all', limit: '@f.txt' },
  { name: 'pattern: no such file', pattern: 'all', limit: 'web1,@failed.retry' },
  { name: 'pattern: beyond the end', pattern: 'databases[3]' },
  { name: 'pattern: names that are missing in a range', pattern: 'web[0-2]' },
  { name: 'pattern: other zeros than those of the names', pattern: 'web[001-002]' },
  { name: 'pattern: places with a dash', pattern: 'databases[0-1]' },
  { name: 'pattern: a range to no end', pattern: 'web[1-]' },
  { name: 'pattern: a range that ends before it begins', pattern: 'web[1-3,9-7]' },
  { name: 'pattern: a range whose ends differ in their zeros', pattern: 'web[01-3]' },
  { name: 'pattern: a range of everything', pattern: 'web[1-9999999999999999999].example.org' },
  { name: 'pattern: a range behind a wildcard', pattern: 'w*[1-3]' },
  { name: 'pattern: a range before a wildcard', pattern: 'web[01-12]*' },
  { name: 'pattern: no regular expression', pattern: '~web(1' },
  { name: 'pattern: a misspelt exclusion', pattern: 'all', limit: 'all:!wb1' },
  { name: 'pattern: an unknown host in the limit', pattern: 'all', limit: 'web1,db2' },

  // ------------------------------------------------------------ extra variables
  { name: 'extra vars: no equals sign', extraVars: ['size=8 fast'] },
  { name: 'extra vars: broken JSON', extraVars: ['{"size": 8'] },
  { name: 'extra vars: no such file', extraVars: ['@vars.yaml'] },

  // ------------------------------------------------------------ playbooks
  { name: 'playbook: empty', files: play('# nothing\n') },
  { name: 'playbook: an inventory', files: play('all:\n  hosts:\n    web1:\n') },
  { name: 'playbook: tasks without a play', files: play('- name: one\n  command: a\n') },
  { name: 'playbook: no hosts', files: play('- name: one\n  tasks: []\n') },
  {
    name: 'playbook: a misspelt keyword of a play',
    files: play('- hosts: all\n  takss:\n    - command: a\n'),
  },
  {
    name: 'playbook: keywords that are not there yet',
    files: play(
      '- hosts: all\n  port: 22\n  module_defaults: {}\n  tasks:\n    - command: a\n      debugger: on_failed\n    - include: x.yaml\n',
    ),
  },
  { name: 'playbook: with_items', files: tasks('- debug: {msg: "{{ item }}"}\n  with_items: [a, b]\n') },
  { name: 'playbook: a misspelt keyword of a task', files: tasks('- command: a\n  regsiter: out\n') },
  {
    name: 'playbook: a parameter in the column of its module',
    files: tasks('- name: Say it\n  debug:\n  msg: hello\n'),
  },
  { name: 'playbook: a keyword that Ansible had once', files: tasks('- command: a\n  sudo: true\n') },
  {
    name: 'playbook: a key indented below the text of another',
    files: tasks('- name: Say it\n   debug: {msg: hello}\n'),
  },
  {
    name: 'playbook: a keyword in the wrong place',
    files: play('- hosts: all\n  when: true\n  tasks:\n    - command: a\n      listen: b\n'),
  },
  {
    name: 'playbook: a condition as become',
    files: play('- hosts: all\n  become: "{{ x }}"\n  gather_facts: maybe\n  tasks: a\n'),
  },
  {
    name: 'playbook: an unknown module',
    files: tasks('- comand: a\n- community.general.zpool: {name: x}\n- ansible.builtin.service: {name: x}\n'),
  },
  { name: 'playbook: two modules in a task', files: tasks('- command: a\n  debug: {msg: b}\n') },
  { name: 'playbook: a task without a module', files: tasks('- name: nothing\n  when: true\n') },
  {
    name: 'playbook: a handler that nobody defines',
    files: {
      'play.yaml':
        '- hosts: all\n  tasks:\n    - command: a\n      notify: restart dokcer\n  handlers:\n    - name: restart docker\n      command: b\n',
    },
  },
  { name: 'playbook: rescue without a block', files: tasks('- rescue:\n    - command: a\n') },
  {
    name: 'playbook: numbers that are none',
    files: tasks('- command: a\n  until: true\n  retries: "3"\n  delay: -1\n  timeout: soon\n'),
  },
  { name: 'playbook: loop over a map', files: tasks('- debug: {msg: "{{ item }}"}\n  loop: {a: 1}\n') },
  {
    name: 'playbook: a keyword that no host can be asked about',
    files: tasks('- command: a\n  run_once: "{{ inventory_hostname }}"\n'),
  },
  {
    name: 'playbook: no file of variables',
    files: play('- hosts: all\n  vars_files: [secrets.yaml]\n  tasks: []\n'),
  },

  // ------------------------------------------------------------ parameters
  { name: 'parameter: unknown', files: tasks('- copy: {dst: /x, content: a}\n') },
  { name: 'parameter: missing', files: tasks('- copy:\n    content: "{{ inventory_hostname }}"\n') },
  {
    name: 'parameter: of the wrong type',
    files: tasks(
      '- copy: {dest: /x, content: a, mode: 644}\n- systemd_service: {name: x, enabled: perhaps, tries: "3"}\n- command: {argv: ls}\n',
    ),
  },
  {
    name: 'parameter: not one of the values',
    files: tasks('- systemd_service:\n    name: docker\n    state: restart\n    tries: 0\n'),
  },
  {
    name: 'parameter: name=value',
    files: tasks('- copy: dest=/x content="{{ size }}"\n- command: make install creates=/usr/bin/x\n'),
  },
  { name: 'parameter: text instead of a map', files: tasks('- systemd_service: docker\n') },
  {
    name: 'parameter: a file that is not there',
    files: {
      ...tasks('- copy: {dest: /x, src: fstab.conf}\n- template: {dest: /x, src: daemon.jsn}\n'),
      'templates/daemon.json': '{}',
    },
  },

  // ------------------------------------------------------------ templates
  { name: 'template: an unknown variable', files: tasks('- debug: {msg: "a {{ inventory_hostnme }} b"}\n') },
  {
    name: 'template: an unknown fact',
    files: tasks('- debug:\n    msg: |\n      Docker is\n      version {{ facts.docker.verzion }}.\n'),
  },
  {
    name: 'template: an unknown part of a result',
    files: tasks('- command: a\n  register: out\n- debug: {msg: "{{ out.stdot }}"}\n'),
  },
  { name: 'template: a filter of Jinja', files: tasks('- debug: {msg: "{{ size | default(\'8\') }}"}\n') },
  {
    name: 'template: a lookup, a method and a choice of Jinja',
    files: tasks(
      "- debug: {msg: \"{{ lookup('env', 'HOME') }}\"}\n- debug: {msg: \"{{ size.split(',')[0] }}\"}\n- debug: {msg: \"{{ 'big' if size else 'small' }}\"}\n",
    ),
  },
  {
    name: 'template: a statement of Jinja',
    files: {
      ...tasks(
        '- debug:\n    msg: |\n      of {{ size }}\n        {%- if size > 2 %} big {% endif %}\n- debug: {msg: "{# nothing #}"}\n- template: {dest: /x, src: a.conf}\n',
      ),
      'templates/a.conf': '# {{ size }}\n  {% for x in y %}\n',
    },
  },
  {
    name: 'template: a variable of a host that is not there',
    files: tasks(
      '- debug: {msg: "{{ hostvars.wep1.sise }}"}\n- debug: {msg: x}\n  when: hostvars["other"].sise == 1 || hostvars.web1.sise == 1\n',
    ),
  },
  { name: 'template: an operator', files: tasks("- debug: {msg: '{{ size + 1 }}'}\n") },
  { name: 'template: an unknown helper', files: tasks("- debug: {msg: '{{uper size}} {{sh}}'}\n") },
  {
    name: 'template: braces of docker',
    files: tasks(
      "- command: docker inspect --format '{{.State.Status}}' x\n- command: docker ps --format '{{json .}}'\n",
    ),
  },
  { name: 'template: a block that is never closed', files: tasks("- debug: {msg: 'a {{#if size}} b'}\n") },
  {
    name: 'template: a map in a text',
    files: tasks("- debug: {msg: 'a {{facts.pools}} b {{facts.mounts}}'}\n"),
  },
  {
    name: 'template: a file with an unknown variable',
    files: {
      ...tasks('- template: {src: daemon.json, dest: /x}\n'),
      'templates/daemon.json':
        '{\n  "data-root": "{{ data_root }}",\n  {{#if debgu}}"debug": true,{{/if}}\n  {{#each facts.mounts as |m|}}\n  "{{m.path}}": "{{m.typ}}"\n  {{/each}}\n}\n',
    },
  },
  {
    name: 'template: a file that does not parse',
    files: {
      ...tasks('- template: {src: fstab, dest: /x}\n'),
      'templates/fstab': 'a\n{{#each x}}\nb\n{{/if}}\n',
    },
  },

  // ------------------------------------------------------------ expressions
  {
    name: 'expression: is defined',
    files: tasks('- command: a\n  when: facts.docker is defined and size > 4\n'),
  },
  {
    name: 'expression: and, or, not',
    files: tasks(
      '- command: a\n  when:\n    - size > 1 and size < 9\n    - size > 1 or true\n    - not (size > 1)\n    - not size\n    - size = 8\n    - size in (1, 2)\n    - \'"a" not in group_names\'\n',
    ),
  },
  {
    name: 'expression: a leading ! without quotes',
    files: tasks(
      '- command: a\n  when: !(inventory_hostname in group_names)\n- command: a\n  when: [!has(size.x)]\n',
    ),
  },
  {
    name: "expression: Jinja's default, lookup and methods",
    files: tasks(
      "- command: a\n  when: facts.docker.driver | default('x') == 'y'\n- command: a\n  when: size | default(1) == 1\n- command: a\n  when: lookup('env', 'HOME') != ''\n- command: a\n  when: facts.hostname.strip() == 'x'\n- command: a\n  when: inventory_hostname not in groups['web']\n",
    ),
  },
  { name: 'expression: braces in a condition', files: tasks('- command: a\n  when: "{{ size }} == 8"\n') },
  { name: 'expression: a filter', files: tasks('- command: a\n  when: group_names | length > 0\n') },
  { name: 'expression: an unknown variable', files: tasks('- command: a\n  when: siez == 8\n') },
  {
    name: 'expression: an unknown fact',
    files: tasks(
      '- command: a\n  when: >-\n    facts.memory_bytes > 1 &&\n    facts.docker.drivr == "zfs"\n',
    ),
  },
  {
    name: 'expression: types that do not fit',
    files: tasks(
      '- command: a\n  when: facts.memory_bytes == "8"\n- command: a\n  when: facts.hostname\n- command: a\n  when: facts.hostname.startsWith(1)\n- command: a\n  when: facts.hostname.startswith("web")\n- command: a\n  when: vershunAtLeast(facts.hostname, "1")\n',
    ),
  },
  {
    name: 'expression: in assert',
    files: tasks(
      '- assert:\n    that:\n      - facts.docker != null\n      - facts.dokcer.version == "1"\n      - size >\n',
    ),
  },
  {
    name: 'expression: without facts',
    files: play(
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - command: a\n      when: facts.docker != null\n    - command: a\n      when: ansible_os_family == "Debian"\n    - command: a\n      when: item == 1\n',
    ),
  },
  {
    name: 'expression: a registered result',
    files: tasks(
      '- command: a\n  register: out\n  changed_when: out.rec == 0\n- command: b\n  register: outs\n  loop: [1, 2]\n- debug: {msg: x}\n  when: outs.rc == 0 && outs.results[0].rc == 0\n',
    ),
  },
];
