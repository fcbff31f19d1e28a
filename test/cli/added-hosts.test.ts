/** Hosts and groups that come while a run goes on: what is known of them before it, how they are reached, what is kept. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { sshdMissing, startSshd, type Sshd } from '../integration/sshd.js';
import { zrun, type Ended } from './fake-environment.js';

const oneHost = 'all: {hosts: {a: {ansible_connection: local}}}\n';

describe('hosts and groups that come during a run', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-added-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  function start(playbook: string, args: readonly string[] = ['-i', 'hosts.yaml']): Promise<Ended> {
    write('site.yaml', playbook);
    write('hosts.yaml', oneHost);
    return zrun(['site.yaml', ...args], { cwd: folder, homeFolder: folder });
  }
  const lastRun = (): string => {
    const runs = path.join(folder, '.local/state/zrun/runs');
    return path.join(runs, readdirSync(runs).sort().at(-1) ?? '');
  };

  describe('before the run', () => {
    const play = (hosts: string, task = 'debug: {msg: x}'): string =>
      `- hosts: '${hosts}'\n  gather_facts: false\n  tasks:\n    - ${task}\n`;
    const byKey = (key: string): string => play('a', `group_by: {key: '${key}'}`);
    const refused: readonly (readonly [what: string, playbook: string, said: RegExp])[] = [
      ['a group that nothing makes', play('made'), /names 'made', which is no host and no group/],
      ['a group that only a later play makes', play('made') + byKey('made'), /names 'made'/],
      ['a group that the same play makes', play('made', 'group_by: {key: made}'), /names 'made'/],
      ['a group beside the one that is made', byKey('made') + play('maed'), /names 'maed'/],
      [
        'a group that no name of its form can be',
        byKey('os_{{inventory_hostname}}') + play('is_a'),
        /'is_a'/,
      ],
      [
        'a variable that only a group of another form has',
        byKey('k_a') + play('k_a', 'debug: {msg: "{{w}}"}'),
        /'w'/,
      ],
    ];
    for (const [what, playbook, said] of refused) {
      it(`${what} is an error`, async () => {
        write('group_vars/other.yml', 'w: 1\n');
        const { code, stderr } = await start(playbook);
        expect(stderr).to.match(said);
        expect(code).to.equal(4);
      });
    }

    const taken: readonly (readonly [what: string, playbook: string, said: RegExp])[] = [
      ['a group that an earlier play makes', byKey('made') + play('made'), /a +\| ok/],
      ['one whose name a template ends', byKey('os_{{inventory_hostname}}') + play('os_a'), /a +\| ok/],
      [
        'one that no host comes to be in',
        byKey('os_{{inventory_hostname}}') + play('os_b'),
        /no hosts matched/,
      ],
      [
        'one of a file that only a host names',
        play('a', 'include_tasks: "{{inventory_hostname}}.yml"') + play('made'),
        /a +\| ok/,
      ],
      ['a variable of a group that comes', byKey('k_a') + play('k_a', 'debug: {msg: "of {{v}}"}'), /of k_a/],
      [
        'a host, and a variable that it is given',
        play('a', 'add_host: {name: n1, groups: g, ansible_connection: local, mine: 7}') +
          play('g', 'debug: {msg: "{{mine}}"}'),
        /n1 +\| ok[\s\S]*7/,
      ],
      [
        'an inventory that is read again',
        play('a', 'meta: refresh_inventory') + play('new:n[1]'),
        /no hosts matched/,
      ],
    ];
    for (const [what, playbook, said] of taken) {
      it(`${what} is none`, async () => {
        write('group_vars/k_a.yml', 'v: k_a\n');
        write('a.yml', '- group_by: {key: made}\n');
        const { code, stdout, stderr } = await start(playbook);
        expect(stderr).to.equal('');
        expect(stdout).to.match(said);
        expect(code).to.equal(0);
      });
    }

    it('needs no inventory where plays of localhost bring the others', async () => {
      const add = play('localhost', 'add_host: {name: n1, groups: g, ansible_connection: local}');
      const { code, stdout } = await start(add + play('g'), []);
      expect(stdout).to.match(/n1 +: ok=1/);
      expect(code).to.equal(0);
      expect((await start(play('g') + add, [])).stderr).to.contain('no inventory is given');
    });

    it('a play that is run as a whole is one whatever hosts it comes to have', async () => {
      const whole = play('made').replace('gather_facts', 'whole: true\n  gather_facts');
      const { stderr } = await start(byKey('made') + whole, ['-i', 'hosts.yaml', '--step']);
      expect(stderr).to.contain('is run as a whole, and not with --step');
    });
  });

  it('what is wrong with a host is said at its task, and changes nothing', async () => {
    const { stdout, stderr, code } = await start(`- hosts: all
  gather_facts: false
  tasks:
    - {name: one, add_host: {name: n1, groups: [g], ansible_port: 99999}, ignore_errors: true}
    - {name: two, add_host: {name: a, ansible_connection: winrm}, ignore_errors: true}
    - {name: three, add_host: {name: 'n/2'}, ignore_errors: true}
    - {name: five, group_by: {key: 'x,y'}, ignore_errors: true}
    - {name: still, debug: {msg: "{{json groups}} {{default ansible_connection 'none'}}"}}
`);
    expect(stderr).to.equal('');
    expect(stdout).to.contain("'ansible_port' must be a number from 1 to 65535");
    expect(stdout).to.contain("there is no connection 'winrm'");
    expect(stdout).to.contain("'n/2' cannot be a host's name");
    expect(stdout).to.contain("'x,y' cannot be a group's name");
    expect(stdout).to.contain('{"all":["a"],"ungrouped":["a"]} local');
    expect(code).to.equal(0);
  });

  it('are kept in the journal, in logs and in the list of what is left', async () => {
    const { stdout, code } = await start(`- hosts: a
  gather_facts: false
  tasks: [{add_host: {name: "{{item}}", groups: g, ansible_connection: local}, loop: [n1, n2]}]
- hosts: g
  gather_facts: false
  tasks: [{name: fails, fail: {msg: x}, when: inventory_hostname == "n1"}]
`);
    expect(code).to.equal(2);
    expect(stdout).to.match(/n1 +: ok=0 .*failed=1/);
    expect(stdout).to.contain('3 hosts: 2 done');
    const run = lastRun();
    const journal = readFileSync(path.join(run, 'journal.jsonl'), 'utf8');
    expect(journal).to.contain('{"type":"hosts-added","hosts":["n1","n2"],"time":');
    expect(readFileSync(path.join(run, 'retry'), 'utf8')).to.equal('n1\n');
    expect(readdirSync(path.join(run, 'hosts')).sort()).to.deep.equal(['a.log', 'n1.log', 'n2.log']);
    const shown = await zrun(['history', path.basename(run)], { cwd: folder, homeFolder: folder });
    expect(shown.stdout).to.contain('n1');
    expect(shown.stdout).to.contain('n2');
  });

  it('are taken by a run that goes on, where the task that brings them is run again', async () => {
    const book = `- hosts: a
  gather_facts: false
  tasks:
    - add_host: {name: "{{item}}", groups: g, ansible_connection: local}
      loop: [n1, n2]
    - {name: Wait, command: test -e ${folder}/now}
- hosts: g
  gather_facts: false
  tasks: [{name: Look, command: "test -e ${folder}/{{inventory_hostname}}"}]
`;
    const again = (): Promise<Ended> => zrun(['--resume'], { cwd: folder, homeFolder: folder });
    expect((await start(book)).code).to.equal(2);
    write('now', '');
    write('n2', '');
    const second = await again();
    expect(second.stdout).to.match(/n2 +: ok=1/);
    expect(second.code).to.equal(2);
    // n1 is left alone, and a, which brings it, is done.
    const third = await again();
    expect(third.stderr).to.contain('n1');
    expect(third.code).to.equal(4);
  });

  it('are reached by what add_host says of their connection, as in an inventory', async function () {
    if (sshdMissing() !== undefined) this.skip();
    const sshd: Sshd = await startSshd({});
    try {
      const { stdout, stderr, code } = await start(`- hosts: a
  gather_facts: false
  tasks:
    - add_host:
        name: "n1:${sshd.port}"
        groups: g
        ansible_host: 127.0.0.1
        ansible_user: ${sshd.user}
        ansible_ssh_private_key_file: ${sshd.privateKeyFile}
        zrun_known_hosts_file: ${sshd.knownHostsFile}
    - {name: At once, command: id -un, delegate_to: n1}
- hosts: g
  gather_facts: false
  tasks:
    - {name: Ask, shell: 'echo "over $SSH_CONNECTION"', register: asked}
    - {name: Tell, debug: {msg: "{{asked.stdout}}"}}
`);
      expect(stderr).to.equal('');
      expect(stdout).to.match(new RegExp(`over 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${sshd.port}`));
      expect(code).to.equal(0);
    } finally {
      await sshd.stop();
    }
  });
});
