/**
 * Tasks with `async` on a host that runs systemd: what outlives a connection, what a later run finds again, and that
 * nothing is ever started twice.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from '../cli/fake-environment.js';
import { skipFor } from './skip.js';
import { sshdMissing, startSshd, type Sshd } from './sshd.js';
import { startSystemd, systemdMissing, type SystemdHost } from './systemd.js';

describe('tasks with async', function () {
  this.timeout(600_000);
  let host: SystemdHost;
  let folder: string;

  before(async function () {
    folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-jobs-'));
    skipFor(this, systemdMissing());
    host = await startSystemd();
    await writeFile(path.join(folder, 'hosts.yaml'), inventoryOf(host.sshd));
  });
  after(async () => {
    await (host as SystemdHost | undefined)?.stop();
    await rm(folder, { recursive: true });
  });

  async function play(tasks: string, ...more: readonly string[]): Promise<Ended> {
    const lines = tasks
      .trim()
      .split('\n')
      .map((line) => `    ${line}\n`);
    const text = `- hosts: all\n  gather_facts: false\n  tasks:\n${lines.join('')}`;
    await writeFile(path.join(folder, 'play.yaml'), text);
    const words = ['play.yaml', '-i', 'hosts.yaml', '--output', 'plain', ...more];
    return zrun(words, { cwd: folder, homeFolder: folder, env: { PATH: process.env['PATH'] ?? '' } });
  }

  const kept = (): string => host.ask('ls /var/lib/zrun/jobs 2>/dev/null || :').trim();

  it('has the result of the command itself, and leaves nothing behind', async () => {
    const ended = await play(`
- name: Long
  command:
    argv: [sh, -c, 'cat; echo "$WORD in $PWD" >&2; exit 3']
    chdir: /usr/share
    stdin: a word
  environment: {WORD: "it's"}
  async: 60
  poll: 1
  register: it
  failed_when: it.rc != 3
- assert: {that: ['it.stdout == "a word"', 'it.stderr == "it''s in /usr/share"', 'it.finished == 1', 'it.started == 1']}
`);
    expect(ended.code, ended.stdout + ended.stderr).to.equal(0);
    expect(kept()).to.equal('');
    expect(host.ask('systemctl list-units --all --plain --no-legend "zrun-job-*"')).to.equal('');
  });

  it('fails as the command fails', async () => {
    const ended = await play('- {shell: "echo trouble >&2; exit 7", async: 60, poll: 1}');
    expect(ended.code).to.equal(2);
    expect(ended.stdout).to.include('ended with exit code 7').and.include('trouble');
  });

  it('goes on without anybody, and is found by a later run, which cleans up', async () => {
    const first = await play(`
- {name: Start, shell: "echo begun; while [ ! -e /run/go ]; do sleep 0.1; done; echo ended", async: 300, poll: 0, register: job}
- {name: Which, debug: {msg: "id={{job.ansible_job_id}} finished={{job.finished}}"}}
- {name: Look, async_status: {jid: "{{job.ansible_job_id}}"}, register: seen}
- assert: {that: [seen.finished == 0]}
`);
    expect(first.code, first.stdout + first.stderr).to.equal(0);
    const id = /id=(\S+) finished=0/.exec(first.stdout)?.[1] ?? '';
    expect(host.ask(`systemctl is-active zrun-job-${id}`).trim()).to.equal('active');
    expect(host.ask(`stat -c '%U %a' /var/lib/zrun/jobs/${id}`).trim()).to.equal('root 700');
    host.ask('touch /run/go');
    const later = await play(`
- {async_status: {jid: ${id}}, register: seen, until: seen.finished == 1, retries: 60, delay: 1}
- assert: {that: ['seen.stdout == "begun\\nended"', seen.rc == 0]}
- {async_status: {jid: ${id}, mode: cleanup}}
- {async_status: {jid: ${id}, mode: cleanup}, register: again}
- assert: {that: ["!again.changed"]}
`);
    expect(later.code, later.stdout + later.stderr).to.equal(0);
    expect(kept()).to.equal('');
  });

  it('is started once, whatever happens to connections', async () => {
    const work = play(`
- name: Long
  shell: 'echo begun >>/run/count; while [ ! -e /run/enough ]; do sleep 0.1; done; echo whole'
  async: 300
  poll: 1
  register: it
- assert: {that: ['it.stdout == "whole"']}
`);
    await comes(() => host.ask('cat /run/count 2>/dev/null || :') !== '');
    for (let time = 0; time < 3; time++) {
      await host.sshd.dropConnections();
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    host.ask('touch /run/enough');
    const ended = await work;
    expect(ended.code, ended.stdout + ended.stderr).to.equal(0);
    expect(ended.stdout).to.include('the job goes on without it');
    expect(host.ask('cat /run/count')).to.equal('begun\n');
  });

  it('is ended when its time is over, with all that it has started', async () => {
    const ended = await play('- {shell: "sleep 987 & sleep 986", async: 2, poll: 1}');
    expect(ended.code).to.equal(2);
    expect(ended.stdout).to.match(/job \S+ was ended: its time is over: 'async' says how many seconds/);
    expect(host.ask('ps -eo args | grep -c "^sleep 98[67]" || :').trim()).to.equal('0');
    host.ask('rm -rf /var/lib/zrun/jobs/*');
  });

  it('keeps the beginning and the end of a large output', async () => {
    const ended = await play(`
- {shell: "echo first; head -c 5000000 /dev/zero | tr '\\\\0' x; echo; echo last", async: 120, poll: 1, register: it}
- assert: {that: ['it.stdout.startsWith("first")', 'it.stdout.endsWith("last")', it.stdout_omitted > 4000000, size(it.stdout) < 300000]}
`);
    expect(ended.code, ended.stdout.slice(0, 3000) + ended.stderr).to.equal(0);
  });

  it('does not wait for what a command leaves in the background', async () => {
    const ended = await play(
      '- {shell: "sleep 985 & echo done", async: 120, poll: 1, register: it}\n- assert: {that: [\'it.stdout == "done"\']}',
    );
    expect(ended.code, ended.stdout + ended.stderr).to.equal(0);
  });

  it('is only told of in check mode', async () => {
    const ended = await play(
      '- {command: touch /run/touched, async: 60, register: it}\n- {debug: {msg: "{{it.ansible_job_id}}"}}',
      '--check',
    );
    expect(ended.stdout).to.include('run touch /run/touched as a job of at most 60 s');
    expect(ended.code).to.equal(0);
    expect(host.ask('ls /run/touched 2>/dev/null || :')).to.equal('');
    expect(kept()).to.equal('');
  });

  describe('is refused', () => {
    const table: readonly (readonly [what: string, tasks: string, code: number, message: RegExp])[] = [
      [
        'for another module',
        '- {file: {path: /run/x, state: touch}, async: 5}',
        4,
        /file cannot run in the background/,
      ],
      ['as poll alone', '- {command: "true", poll: 5}', 4, /'poll' says nothing without 'async'/],
      ['with no number', '- {command: "true", async: soon}', 4, /async/],
      ['for an id that is none', '- {async_status: {jid: "../x"}}', 4, /is no job id/],
      [
        'for a job that is not there',
        '- {async_status: {jid: "1700000000000-0123456789ab"}}',
        2,
        /there is no job 1700/,
      ],
    ];
    for (const [what, tasks, code, message] of table) {
      it(what, async () => {
        const ended = await play(tasks);
        expect(ended.stdout + ended.stderr).to.match(message);
        expect(ended.code).to.equal(code);
      });
    }
  });

  it('on a host without systemd, nothing is started', async function () {
    skipFor(this, sshdMissing());
    const sshd = await startSshd();
    try {
      await writeFile(path.join(folder, 'hosts.yaml'), inventoryOf(sshd));
      for (const more of [[], ['--check']]) {
        const ended = await play(`- {command: touch ${folder}/started, async: 60}`, ...more);
        expect(ended.code).to.equal(2);
        expect(ended.stdout).to.include('this host does not run systemd');
        expect(await play(`- {command: test ! -e ${folder}/started}`)).to.include({ code: 0 });
      }
    } finally {
      await writeFile(path.join(folder, 'hosts.yaml'), inventoryOf(host.sshd));
      await sshd.stop();
    }
  });
});

function inventoryOf(sshd: Sshd): string {
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: sshd.port,
    ansible_user: sshd.user,
    ansible_ssh_private_key_file: sshd.privateKeyFile,
    zrun_known_hosts_file: sshd.knownHostsFile,
  };
  return JSON.stringify({ all: { hosts: { there: vars } } });
}

async function comes(isSo: () => boolean): Promise<void> {
  for (let left = 600; !isSo(); left--) {
    if (left <= 0) throw new Error('it does not come');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
