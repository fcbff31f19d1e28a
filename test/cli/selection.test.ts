/** Options that take only a part of a playbook's tasks: what is refused of them, before any host is touched. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from './fake-environment.js';

const book = `- name: Move it
  hosts: here
  gather_facts: false
  whole: WHOLE
  tasks:
    - {name: Refuse, debug: {msg: refused}, tags: [guard]}
    - {name: Stop, debug: {msg: stopped}, tags: [switch]}
- name: Look at others
  hosts: there
  gather_facts: false
  tasks:
    - {name: Look, debug: {msg: looked}, tags: [look]}
`;
const hosts = 'all: {hosts: {here: {ansible_connection: local}, there: {ansible_connection: local}}}\n';

describe('options that take a part of the tasks', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-parts-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  async function start(args: readonly string[], playbook: string): Promise<Ended> {
    writeFileSync(path.join(folder, 'site.yaml'), playbook);
    writeFileSync(path.join(folder, 'hosts.yaml'), hosts);
    const env = { XDG_STATE_HOME: path.join(folder, 'state') };
    return zrun(['site.yaml', '-i', 'hosts.yaml', ...args], { cwd: folder, env });
  }

  describe('with a play that says whole: true', () => {
    const whole = book.replace('WHOLE', 'true');

    const refused: readonly (readonly [option: string, args: readonly string[]])[] = [
      ['--start-at-task', ['--start-at-task', 'Stop']],
      ['--start-at-task', ['--start-at-task', 'Look']],
      ['--step', ['--step']],
      ['--tags', ['-t', 'switch']],
      ['--skip-tags', ['--skip-tags', 'guard']],
      ['--start-at-task', ['--check', '--start-at-task', 'Stop']],
    ];
    for (const [option, args] of refused) {
      it(`${args.join(' ')} is refused`, async () => {
        const { code, stdout, stderr } = await start(args, whole);
        expect(stderr).to.match(
          new RegExp(`error: site.yaml:1:9: the play 'Move it' is run as a whole, and not with ${option}\n`),
        );
        expect(stderr).to.match(/ hint: .*--limit .*--check .*--resume /);
        expect([code, stdout]).to.deep.equal([4, '']);
      });
    }

    const taken: readonly (readonly [why: string, args: readonly string[], shows: RegExp])[] = [
      ['it is the whole play', ['-C', '-l', 'here'], /stopped/],
      ['the play has no host in this run', ['-l', 'there', '-t', 'look'], /looked/],
      ['a list touches nothing', ['--list-tasks', '-t', 'switch'], /Stop\tTAGS/],
    ];
    for (const [why, args, shows] of taken) {
      it(`${args.join(' ')} is not: ${why}`, async () => {
        const { code, stdout, stderr } = await start(args, whole);
        expect([code, stderr]).to.deep.equal([0, '']);
        expect(stdout).to.match(shows);
      });
    }
  });

  describe('name tags that some task has', () => {
    it('or get a warning, where they are to be skipped: a script may skip what not every playbook has', async () => {
      const { code, stdout } = await start(['--skip-tags', 'gaurd'], book.replace('WHOLE', 'false'));
      expect(code).to.equal(0);
      expect(stdout).to.contain(
        "warning: no task has the tag 'gaurd' of --skip-tags; did you mean 'guard'?\n",
      );
    });

    const none: readonly (readonly [args: string, said: string])[] = [
      ['-t swich', "error: no task has the tag 'swich' of --tags\n  hint: did you mean 'switch'?\n"],
      ['-t switch,xyzzy', "'xyzzy' of --tags\n  hint: zrun … --list-tags shows the tags\n"],
      ['--list-tasks -t swich', "'swich' of --tags"],
    ];
    for (const [args, said] of none) {
      it(`or are refused: ${args}`, async () => {
        const { code, stdout, stderr } = await start(args.split(' '), book.replace('WHOLE', 'false'));
        expect(stderr).to.contain(said);
        expect([code, stdout]).to.deep.equal([4, '']);
      });
    }

    const elsewhere: readonly (readonly [where: string, tasks: string, tag: string])[] = [
      ['a rescue', '- block: [{ping: }]\n      rescue: [{ping: , tags: here}]', 'here'],
      ['a play around it', '- ping:\n  tags: of-play', 'of-play'],
      ['an include whose file is known', '- include_tasks: more.yaml', 'inside'],
      ['no task: it is special', '- ping:', 'tagged,untagged,all,always,never'],
    ];
    for (const [where, tasks, tag] of elsewhere) {
      it(`in ${where}`, async () => {
        writeFileSync(path.join(folder, 'more.yaml'), '- {ping: , tags: inside}\n');
        const playbook = `- hosts: here\n  gather_facts: false\n  tasks:\n    ${tasks}\n`;
        const { code, stderr } = await start(['-t', tag], playbook);
        expect([code, stderr]).to.deep.equal([0, '']);
      });
    }

    it('or get a warning, where a file that only a host names may have it', async () => {
      writeFileSync(path.join(folder, 'of-here.yaml'), '- {ping: , tags: inside}\n');
      const playbook =
        '- hosts: here\n  gather_facts: false\n  tasks: [{include_tasks: "of-{{inventory_hostname}}.yaml", tags: incl}]\n';
      const { code, stdout } = await start(['-t', 'incl,insid'], playbook);
      expect(code).to.equal(0);
      expect(stdout).to.contain(
        "warning: no task has the tag 'insid' of --tags, as far as is known before the run; zrun … --list-tags",
      );
    });
  });

  it('are as ever where a play says whole: false', async () => {
    const { code, stdout } = await start(['--start-at-task', 'Stop'], book.replace('WHOLE', 'false'));
    expect(code).to.equal(0);
    expect(stdout).to.contain('stopped').and.not.contain('refused');
  });
});
