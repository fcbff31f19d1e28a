import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { encryptVault } from '../../../src/secrets/vault.js';
import path from 'node:path';
import { expect } from 'chai';
import { ZrunError } from '../../../src/core/errors.js';
import type { Host } from '../../../src/core/host.js';
import {
  checkConnections,
  loadInventory,
  parseExtraVars,
  readInventory,
  readLimit,
  selectHosts,
  type Inventory,
  type InventoryOptions,
} from '../../../src/config/index.js';
import { createScope } from '../../../src/config/expression/scope.js';

const main = `
all:
  vars: {who: all, ansible_user: admin}
  hosts:
    alone: {ansible_connection: local}
  children:
    web:
      vars: {who: web}
      hosts:
        web[01:03]:
        db1: {who: db1}
      children:
        canary:
          hosts: {web03: }
          vars: {who: canary, where: "{{who}} of {{inventory_hostname}}"}
    apples:
      vars: {fruit: apples, who: apples}
      hosts: {db1: , web02: }
    zebras:
      vars: {fruit: zebras}
      hosts: {web02: }
    empty:
`;

describe('inventories', () => {
  let cwd = '';
  before(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-inventory-'));
    await writeFile(path.join(cwd, 'limit.txt'), '# those of yesterday\nweb01\n\n  db1\r\n');
  });
  after(async () => {
    await rm(cwd, { recursive: true });
  });

  async function load(texts: readonly string[], options: Partial<InventoryOptions> = {}): Promise<Inventory> {
    const names = texts.map((_, i) => `${i}.yaml`);
    await Promise.all(texts.map((text, i) => writeFile(path.join(cwd, `${i}.yaml`), text)));
    return await loadInventory(names, { cwd, ...options });
  }

  function variable(host: Host | undefined, name: string): unknown {
    return host && createScope([host.vars, { inventory_hostname: host.name }]).get(name);
  }

  function errorOf(work: () => unknown): ZrunError {
    try {
      work();
    } catch (error) {
      if (error instanceof ZrunError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  }

  it('gives hosts in the order of the file, and their groups from the farthest to the nearest', async () => {
    const { hosts } = await load([main]);
    const groups = Object.fromEntries([...hosts.values()].map((host) => [host.name, host.groups]));
    expect(groups).to.deep.equal({
      alone: ['all', 'ungrouped'],
      web01: ['all', 'web'],
      web02: ['all', 'apples', 'web', 'zebras'],
      web03: ['all', 'web', 'canary'],
      db1: ['all', 'apples', 'web'],
    });
  });

  const winners: readonly (readonly [host: string, name: string, value: unknown, why: string])[] = [
    ['alone', 'who', 'all', "all's, where no group has it"],
    ['web01', 'who', 'web', "a group's over all's"],
    ['web03', 'who', 'canary', "a child's over its parent's"],
    ['db1', 'who', 'db1', "the host's own over all"],
    ['web02', 'who', 'web', 'the later of two groups on one level, by name'],
    ['web02', 'fruit', 'zebras', 'the later of two groups on one level, by name'],
    ['web03', 'where', 'canary of web03', 'templates are rendered for the host'],
  ];
  for (const [host, name, value, why] of winners) {
    it(`${host} has ${name} ${String(value)}: ${why}`, async () => {
      const { hosts } = await load([main]);
      expect(variable(hosts.get(host), name)).to.equal(value);
    });
  }

  it('merges several, the later ones winning', async () => {
    const { hosts, groups } = await load([
      main,
      'web: {vars: {who: later}, hosts: {new: {x: 1}, db1: {ansible_port: 2222}}}',
    ]);
    expect(variable(hosts.get('web01'), 'who')).to.equal('later');
    expect(variable(hosts.get('db1'), 'who')).to.equal('db1');
    expect(hosts.get('db1')?.target).to.deep.include({ port: 2222 });
    expect(groups.get('web')?.hosts).to.deep.equal(['web01', 'web02', 'web03', 'db1', 'new']);
  });

  it('takes hosts from the command line', async () => {
    const { hosts } = await loadInventory(['web1,web[2:3],', 'localhost,'], { cwd });
    expect([...hosts.keys()]).to.deep.equal(['web1', 'web2', 'web3', 'localhost']);
    expect(hosts.get('localhost')?.target).to.deep.equal({ transport: 'local' });
  });

  const targets: readonly (readonly [vars: string, target: object])[] = [
    ['{}', { transport: 'ssh', address: 'h' }],
    [
      '{ansible_host: 10.0.0.1, ansible_port: 22, ansible_user: root}',
      { transport: 'ssh', address: '10.0.0.1', port: 22, user: 'root' },
    ],
    [
      '{ansible_ssh_host: 10.0.0.1, ansible_ssh_port: "22", ansible_ssh_user: root}',
      { transport: 'ssh', address: '10.0.0.1', port: 22, user: 'root' },
    ],
    ['{ansible_host: "{{name}}.example.org", name: web}', { transport: 'ssh', address: 'web.example.org' }],
    ['{ansible_connection: local}', { transport: 'local' }],
    [
      '{ansible_connection: ssh, ansible_ssh_private_key_file: ~/.ssh/id}',
      { transport: 'ssh', address: 'h', privateKeyFile: path.join(os.homedir(), '.ssh/id') },
    ],
    [
      '{ansible_ssh_private_key_file: keys/id, zrun_known_hosts_file: ./known}',
      { transport: 'ssh', address: 'h', privateKeyFile: 'keys/id', knownHostsFile: 'known' },
    ],
    [
      '{ansible_ssh_common_args: "-o ProxyJump=me@bastion:2222"}',
      { transport: 'ssh', address: 'h', proxyJump: 'me@bastion:2222' },
    ],
    ['{ansible_ssh_extra_args: -4, ansible_ssh_common_args: "-6C"}', { transport: 'ssh', address: 'h' }],
    ['{ansible_ssh_common_args: "-J bastion"}', { transport: 'ssh', address: 'h', proxyJump: 'bastion' }],
    ['{zrun_proxy_jump: "a,b"}', { transport: 'ssh', address: 'h', proxyJump: 'a,b' }],
    ['{ansible_connection: ansible.builtin.local}', { transport: 'local' }],
    ['{ansible_connection: paramiko}', { transport: 'ssh', address: 'h' }],
    [
      '{ansible_ssh_common_args: "-C -o ControlPersist=60s -p 2200 -l me -i ~/.ssh/k"}',
      {
        transport: 'ssh',
        address: 'h',
        port: 2200,
        user: 'me',
        privateKeyFile: path.join(os.homedir(), '.ssh/k'),
      },
    ],
    [
      '{ansible_ssh_common_args: "-p 2200 -l me", ansible_port: 22, ansible_user: root}',
      { transport: 'ssh', address: 'h', port: 22, user: 'root' },
    ],
    [
      '{ansible_ssh_args: "-o ServerAliveInterval=5", ansible_ssh_extra_args: "-o Port=2200"}',
      { transport: 'ssh', address: 'h', port: 2200 },
    ],
    [
      `{ansible_ssh_common_args: '-o ProxyCommand="ssh -W %h:%p -q -p 2222 me@bastion"'}`,
      { transport: 'ssh', address: 'h', proxyJump: 'me@bastion:2222' },
    ],
    [
      '{ansible_ssh_common_args: "-o ProxyJump=b -o UserKnownHostsFile=./known"}',
      { transport: 'ssh', address: 'h', proxyJump: 'b', knownHostsFile: 'known' },
    ],
    [
      '{ansible_host: "{{ inventory_hostname_short }}.{{ group_names.[0] }}"}',
      { transport: 'ssh', address: 'h.ungrouped' },
    ],
    [
      '{ansible_ssh_private_key_file: "{{ inventory_dir }}/id"}',
      { transport: 'ssh', address: 'h', privateKeyFile: '$CWD/id' },
    ],
  ];
  for (const [vars, target] of targets) {
    it(`reads ${vars}`, async () => {
      const { hosts } = await load([`all: {hosts: {h: ${vars}}}`]);
      const expected = JSON.parse(JSON.stringify(target).replaceAll('$CWD', cwd)) as unknown;
      expect(hosts.get('h')?.target).to.deep.equal(expected);
      expect(checkConnections(hosts.values())).to.deep.equal([]);
    });
  }

  it('lets the inventory win over -u and --private-key, and -e over the inventory', async () => {
    const text = 'all: {hosts: {a: {ansible_user: root}, b: }}';
    const extraVars = await parseExtraVars(['ansible_port=2200'], { cwd });
    const { hosts } = await load([text], { remoteUser: 'me', privateKeyFile: 'id', extraVars });
    expect(hosts.get('a')?.target).to.deep.include({ user: 'root', port: 2200, privateKeyFile: 'id' });
    expect(hosts.get('b')?.target).to.deep.include({ user: 'me' });
  });

  it('puts older names of the sudo password where the engine looks', async () => {
    const { hosts } = await load(['all: {hosts: {h: {ansible_become_pass: s3cret, ansible_become: yes}}}']);
    expect(variable(hosts.get('h'), 'ansible_become_password')).to.equal('s3cret');
  });

  it('warns of connection variables that it does nothing with, and of no others', async () => {
    const vars =
      '{ansible_prot: 22, ansible_winrm_scheme: http, ansible_python_interpreter: python3, mine: 1}';
    const { hosts } = await load([`all: {hosts: {a: ${vars}, b: ${vars}}}`]);
    expect(checkConnections(hosts.values())).to.deep.equal([
      "0.yaml: zrun does nothing with 'ansible_prot'; did you mean 'ansible_port'?",
      "0.yaml: zrun does nothing with 'ansible_winrm_scheme'",
    ]);
  });

  const notes: readonly (readonly [vars: string, note: string])[] = [
    [
      '{ansible_become_flags: -H}',
      "zrun does nothing with 'ansible_become_flags'; zrun calls the host's sudo, su or doas in its own way",
    ],
    [
      '{ansible_host_key_checking: false}',
      "zrun does nothing with 'ansible_host_key_checking'; host keys are always checked; --accept-new-host-keys trusts hosts that are new",
    ],
    [
      '{ansible_ssh_common_args: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"}',
      "of 'ansible_ssh_common_args', not all is followed: host keys are always checked; --accept-new-host-keys trusts hosts that are new",
    ],
  ];
  for (const [vars, note] of notes) {
    it(`says of ${vars} what is not done, and goes on`, async () => {
      const { hosts } = await load([`all: {hosts: {h: ${vars}}}`]);
      expect(checkConnections(hosts.values())).to.deep.equal([`0.yaml: ${note}`]);
    });
  }

  it('minds the connections of the hosts alone that are worked on', async () => {
    const inventory = await load([
      'all: {hosts: {a: , windows: {ansible_connection: winrm}, b: {ansible_port: x}}}',
    ]);
    expect(checkConnections(selectHosts(inventory, 'a'))).to.deep.equal([]);
    expect(() => checkConnections(selectHosts(inventory, 'windows'))).to.throw("no connection 'winrm'");
    expect(() => checkConnections(selectHosts(inventory, 'all'))).to.throw(/winrm[\s\S]*ansible_port/);
  });

  describe('what another tool alone can read', () => {
    const foreign = `
all:
  vars:
    filter: "{{ name | default('x') }}"
    statement: "{% if a %}b{% endif %}"
    secret: !vault |
${encryptVault(Buffer.from('x'), 'password', undefined).replace(/^/gm, '      ').trimEnd()}
    raw: !unsafe "{{ a }}"
    within: {fine: 1, not: ["{{ 'a' ~ 'b' }}"]}
    name: zrun
    fine: "{{ name }}"
  hosts:
    h: {ansible_host: "{{ fine }}"}
`;

    it('does no harm where it merely stands', async () => {
      const { hosts, warnings } = await load([foreign]);
      expect(hosts.get('h')?.target).to.deep.equal({ transport: 'ssh', address: 'zrun' });
      expect(variable(hosts.get('h'), 'raw')).to.equal('{{ a }}');
      expect(warnings).to.deep.equal([]);
    });

    const used: readonly (readonly [name: string, message: RegExp, hint: RegExp])[] = [
      ['filter', /not a template that can be read: \{\{ name \| default/, /^write \{\{default name "x"\}\}$/],
      ['statement', /a statement of Jinja stands here/, /^write \{\{#if x\}\}/],
      ['secret', /encrypted by ansible-vault, and no vault password/, /--vault-password-file/],
      ['within', /not a template that can be read/, /side by side/],
    ];
    for (const [name, message, hint] of used) {
      it(`is an error with its place where '${name}' is used`, async () => {
        const { hosts } = await load([foreign]);
        const error = errorOf(() => variable(hosts.get('h'), name));
        expect(error.message).to.match(message);
        expect(error.hint).to.match(hint);
        expect(error.at?.source.name).to.equal('0.yaml');
      });
    }
  });

  describe('files of variables', () => {
    before(async () => {
      for (const [name, text] of Object.entries({
        'inv/hosts': '[web]\nw1\nw2 own=1\nw3\n',
        'inv/group_vars/all.yml': 'a: inventory\nb: inventory\nwhere: "{{ inventory_dir }}"\n',
        'inv/host_vars/localhost.yml': 'here: yes\n',
        'play/group_vars/all.yml': 'b: playbook\nlazy: "{{ x | upper }}"\n',
        'other/group_vars/web.yml': 'b: other\n',
      })) {
        await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
        await writeFile(path.join(cwd, name), text);
      }
    });

    it('are found beside the inventory and beside the playbook, whose wins', async () => {
      const { hosts } = await loadInventory(['inv/hosts'], { cwd, playbookFolder: 'play' });
      expect(variable(hosts.get('w1'), 'a')).to.equal('inventory');
      expect(variable(hosts.get('w1'), 'b')).to.equal('playbook');
      expect(variable(hosts.get('w1'), 'where')).to.equal(path.join(cwd, 'inv'));
    });

    it('belong to each playbook for itself, where several folders are run from', async () => {
      const sources = await readInventory(['inv/hosts'], { cwd });
      const values = ['play', 'other', undefined].map(async (folder) =>
        variable((await sources.forPlaybooksIn(folder)).hosts.get('w1'), 'b'),
      );
      expect(await Promise.all(values)).to.deep.equal(['playbook', 'other', 'inventory']);
    });

    it('give the implicit localhost its variables too', async () => {
      const { implicitLocalhost } = await loadInventory(['inv/hosts'], { cwd });
      expect(variable(implicitLocalhost, 'a')).to.equal('inventory');
      expect(variable(implicitLocalhost, 'here')).to.equal(true);
    });

    it('are shared by hosts that have none of their own', async () => {
      const { hosts } = await loadInventory(['inv/hosts'], { cwd });
      expect(hosts.get('w1')?.vars).to.equal(hosts.get('w3')?.vars);
      expect(hosts.get('w1')?.vars.get('a')).to.equal(hosts.get('w2')?.vars.get('a'));
    });
  });

  describe('programs', () => {
    it('print data and never templates', async () => {
      const file = path.join(cwd, 'inv.sh');
      await writeFile(
        file,
        `#!/bin/sh\necho '{"g": {"hosts": ["h"], "vars": {"tag": "{{ secret }}", "n": 1}}, "_meta": {"hostvars": {"h": {"other": ["{{ a | b }}"]}}}}'\n`,
      );
      await chmod(file, 0o755);
      const { hosts, warnings } = await loadInventory(['inv.sh'], { cwd });
      expect(variable(hosts.get('h'), 'tag')).to.equal('{{ secret }}');
      expect(variable(hosts.get('h'), 'other')).to.deep.equal(['{{ a | b }}']);
      expect(warnings).to.deep.equal([
        "inv.sh: 'tag' and 1 more holds {{, and is taken as plain text: what a program prints is never a template",
      ]);
    });

    it('may leave a child behind that holds their output open', async () => {
      const file = path.join(cwd, 'daemon.sh');
      await writeFile(file, `#!/bin/sh\nsleep 30 &\necho '{"g": ["h"], "_meta": {"hostvars": {}}}'\n`);
      await chmod(file, 0o755);
      const { hosts } = await loadInventory(['daemon.sh'], { cwd, programTimeoutMs: 20_000 });
      expect([...hosts.keys()]).to.deep.equal(['h']);
    });
  });

  it('reads the example that users copy', async () => {
    const root = path.resolve(import.meta.dirname, '../../..');
    const { hosts, groups, warnings } = await loadInventory(['inventory.example.yaml'], { cwd: root });
    expect(warnings).to.deep.equal([]);
    expect(hosts.size).to.equal(11);
    expect(groups.get('production')?.hosts).to.have.length(11);
    expect(hosts.get('build')?.target).to.deep.include({ address: '192.0.2.20', port: 2222, user: 'admin' });
  });

  describe('patterns', () => {
    const selected: readonly (readonly [pattern: string, limit: string | undefined, hosts: string])[] = [
      ['all', undefined, 'alone web01 web02 web03 db1'],
      ['*', undefined, 'alone web01 web02 web03 db1'],
      ['web01', undefined, 'web01'],
      ['web', undefined, 'web01 web02 web03 db1'],
      ['canary:db1', undefined, 'web03 db1'],
      ['db1,canary', undefined, 'db1 web03'],
      ['web:!canary', undefined, 'web01 web02 db1'],
      ['web:&apples', undefined, 'web02 db1'],
      ['web:&apples:!db1', undefined, 'web02'],
      ['!web', undefined, 'alone'],
      ['web0*', undefined, 'web01 web02 web03'],
      ['web0?:!web03', undefined, 'web01 web02'],
      ['app*', undefined, 'db1 web02'],
      ['~web0[12]', undefined, 'web01 web02'],
      ['web[0]', undefined, 'web01'],
      ['web[1:2]', undefined, 'web02 web03'],
      ['web[-1]', undefined, 'db1'],
      ['ungrouped', undefined, 'alone'],
      ['localhost', undefined, 'localhost'],
      ['web', 'canary', 'web03'],
      ['web03:web01', 'web01,web03', 'web03 web01'],
      ['web[2:]', undefined, 'web03 db1'],
      ['web[0:0]', undefined, 'web01'],
      ['web0*[1]', undefined, 'web02'],
      ['~(?i)WEB0[12]:&apples', undefined, 'web02'],
      ['~^(web01|db1)$,alone', undefined, 'web01 db1 alone'],
      ['~web\\d{1,2}:!web01', undefined, 'web02 web03'],
      ['~(?P<a>w).*3', undefined, 'web03'],
      ['web0[!12]', undefined, 'web03'],
      ['web0[1-2]*', undefined, 'web01 web02'],
      ['[d-b]*,web[c-b]*,*alone', undefined, 'alone'],
      ['alone,*[', undefined, 'alone'],
      ['127.0.0.1', undefined, 'localhost'],
      ['all', '@limit.txt', 'web01 db1'],
      ['all', 'alone,@limit.txt,!db1', 'alone web01'],
      ['web', 'alone', ''],
      ['empty', undefined, ''],
      ['empty[0]:emp*', undefined, ''],
      ['web:!web', undefined, ''],
      ['!all', undefined, ''],
      ['all', 'web*:!web01', 'web02 web03 db1'],
    ];
    for (const [pattern, limit, hosts] of selected) {
      it(`${pattern}${limit === undefined ? '' : ` within ${limit}`} is ${hosts || 'nothing'}`, async () => {
        const inventory = await load([main]);
        expect(
          selectHosts(inventory, pattern, await readLimit(limit, { cwd }))
            .map((host) => host.name)
            .join(' '),
        ).to.equal(hosts);
      });
    }
  });

  it('takes an IPv6 address for one name, in patterns too', async () => {
    const inventory = await load(['all: {hosts: {"2001:db8::1": , "[2001:db8::2]:2222": , web: }}']);
    expect(selectHosts(inventory, '2001:db8::2,web').map(({ name }) => name)).to.deep.equal([
      '2001:db8::2',
      'web',
    ]);
    expect(inventory.hosts.get('2001:db8::2')?.target).to.deep.include({ port: 2222 });
  });
});
