import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Host } from '../../src/core/host.js';
import {
  checkConnections,
  loadInventory,
  parseExtraVars,
  readLimit,
  selectHosts,
  type Inventory,
  type InventoryOptions,
} from '../../src/config/index.js';
import { createScope } from '../../src/config/scope.js';

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
`;

describe('inventories', () => {
  let cwd = '';
  before(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-inventory-'));
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
    ['{ansible_ssh_common_args: "-J bastion"}', { transport: 'ssh', address: 'h', proxyJump: 'bastion' }],
    ['{zrun_proxy_jump: "a,b"}', { transport: 'ssh', address: 'h', proxyJump: 'a,b' }],
  ];
  for (const [vars, target] of targets) {
    it(`reads ${vars}`, async () => {
      const { hosts } = await load([`all: {hosts: {h: ${vars}}}`]);
      expect(hosts.get('h')?.target).to.deep.equal(target);
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

  it('reads the example that users copy', async () => {
    const root = path.resolve(import.meta.dirname, '../..');
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
      ['web', 'alone', ''],
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
});
