import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import * as z from 'zod';
import { lintRules } from '../../src/config/lint/index.js';
import { zrun } from './fake-environment.js';

const root = path.resolve(import.meta.dirname, '../..');

const unwise = `- hosts: all
  tasks:
    - name: look
      shell: cat {{ item }} | wc -l
      changed_when: false
      loop: [a, b]
    - name: make
      command: mkdir /srv
      when: inventory_hostname == "web1"
`;

describe('zrun lint', () => {
  let cwd: string;

  before(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-lint-'));
    await writeFile(path.join(cwd, 'unwise.yaml'), unwise);
    await writeFile(
      path.join(cwd, 'wise.yaml'),
      '- hosts: all\n  tasks:\n    - {name: a, debug: {msg: b}}\n',
    );
    await writeFile(path.join(cwd, 'wrong.yaml'), '- hosts: all\n  task: []\n');
  });
  after(() => rm(cwd, { recursive: true }));

  it('says each finding with its place and rule, and ends with 2', async () => {
    const { code, stdout, stderr } = await zrun(['lint', 'unwise.yaml', 'wise.yaml'], { cwd });
    expect(stderr).to.equal('');
    expect(stdout).to.equal(`\
unwise.yaml:4:18: the shell reads this value as part of its own text: a space or a ; in it is enough [shell-unquoted]
  4 |       shell: cat {{ item }} | wc -l
    |                  ^^^^^^^^^^
  hint: write {{sh item}}

unwise.yaml:8:7: the module 'file' does what 'mkdir' does here [command-module]
  8 |       command: mkdir /srv
    |       ^^^^^^^
  hint: write file: {path: …, state: directory}

2 findings
`);
    expect(code).to.equal(2);
  });

  it('says ok and ends with 0 where there is nothing to say', async () => {
    const { code, stdout } = await zrun(['lint', 'wise.yaml'], { cwd });
    expect(stdout).to.equal('wise.yaml: ok\n');
    expect(code).to.equal(0);
  });

  it('ends with 4 where a playbook is wrong, whatever else was found', async () => {
    const { code, stdout, stderr } = await zrun(['lint', 'unwise.yaml', 'wrong.yaml'], { cwd });
    expect(stdout).to.equal('');
    expect(stderr).to.contain("wrong.yaml:2:3: a play has no 'task'");
    expect(code).to.equal(4);
  });

  it('gives JSON', async () => {
    const { code, stdout } = await zrun(['lint', 'unwise.yaml', '--json'], { cwd });
    expect(code).to.equal(2);
    const list = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(stdout));
    expect(list).to.have.length(2);
    expect(list[0]).to.deep.equal({
      rule: 'shell-unquoted',
      message: 'the shell reads this value as part of its own text: a space or a ; in it is enough',
      hint: 'write {{sh item}}',
      file: 'unwise.yaml',
      line: 4,
      column: 18,
      endLine: 4,
      endColumn: 28,
    });
  });

  it('leaves out rules that are allowed on the command line', async () => {
    const { code } = await zrun(['lint', 'unwise.yaml', '--allow', 'shell-unquoted,command-module'], { cwd });
    expect(code).to.equal(0);
  });

  it('lists its rules', async () => {
    const { code, stdout } = await zrun(['lint', '--list-rules'], { cwd });
    expect(code).to.equal(0);
    for (const { id, summary } of lintRules)
      expect(stdout)
        .to.match(new RegExp(`^${id} +`, 'm'))
        .and.contain(summary);
  });

  for (const [argv, said] of [
    [[], 'no playbook is given'],
    [['x.yaml', '--alow', 'a'], 'did you mean --allow?'],
    [['x.yaml', '--allow'], '--allow needs a value'],
    [['x.yaml', '--json=1'], '--json takes no value'],
    [['x.yaml', '--allow', 'shell-quoted'], "did you mean 'shell-unquoted'?"],
    [['x.yaml'], 'cannot read x.yaml'],
    [['wise.yaml', '-i', 'x.yaml'], 'cannot read x.yaml'],
  ] as const) {
    it(`refuses '${argv.join(' ')}'`, async () => {
      const { code, stderr } = await zrun(['lint', ...argv], { cwd });
      expect(code).to.equal(4);
      expect(stderr).to.contain(said);
    });
  }

  it('finds nothing in the playbooks of this repository', async () => {
    const playbooks = (await readdir(path.join(root, 'playbooks'))).filter((name) => name.endsWith('.yaml'));
    expect(playbooks).to.include('overlay2.yaml');
    const argv = ['lint', ...playbooks.map((name) => `playbooks/${name}`)];
    for (const inventory of [[], ['-i', 'inventory.example.yaml']]) {
      const { code, stdout, stderr } = await zrun([...argv, ...inventory], { cwd: root });
      expect(stdout + stderr).to.match(/^(?:\S+: ok\n)+$/);
      expect(code).to.equal(0);
    }
  });
});
