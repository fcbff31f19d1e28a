/** `zrun report` and `--report`, over runs that are really made. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun, type Ended } from './fake-environment.js';

describe('zrun report', () => {
  let folder = '';
  let runs = '';
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-report-'));
    runs = path.join(folder, '.local/state/zrun/runs');
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
    write('hosts.yaml', 'all: {hosts: {a: , b: }, vars: {ansible_connection: local}}\n');
    write(
      'play.yaml',
      `- hosts: all
  gather_facts: false
  tasks:
    - {name: Say, command: echo hello}
    - {name: Write, copy: {content: "of {{inventory_hostname}}\\n", dest: "${folder}/{{inventory_hostname}}"}}
    - {name: Break, fail: {msg: "no"}, when: "inventory_hostname == 'b'"}
`,
    );
    await start('play.yaml -i hosts.yaml --diff');
  });
  after(() => rmSync(folder, { recursive: true }));

  function start(line: string, env: Record<string, string> = {}): Promise<Ended> {
    return zrun(line.split(' '), { cwd: folder, homeFolder: folder, env });
  }
  const newest = (): string => readdirSync(runs).sort().at(-1) ?? '';
  const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
  const readJson = (file: string): unknown => JSON.parse(read(file));

  it('writes a page into the folder of the newest run, and says where', async () => {
    const { code, stdout, stderr } = await start('report');
    const file = path.join(runs, newest(), 'report.html');
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: `${file}\n`, stderr: '' });
    expect(readFileSync(file, 'utf8')).to.match(
      /^<!doctype html>[\s\S]*<title>zrun play\.yaml: 2 hosts: 1 failed/,
    );
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it('says which lines of a journal cannot be read', async () => {
    const damaged = path.join(folder, 'damaged', newest());
    cpSync(path.join(runs, newest()), damaged, { recursive: true });
    const journal = path.join(damaged, 'journal.jsonl');
    const [first = '', ...rest] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, [first, '{"type":"task-finished"}', ...rest, '{"type":"war'].join('\n'));
    const { code, stderr } = await start(`report ${damaged} -o damaged.md`);
    const missing = `2 lines of the journal cannot be read, and what they told is missing; the first is ${journal}:2`;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: `warning: ${missing}\n` });
    expect(read('damaged.md')).to.contain(missing.slice(0, 60));

    writeFileSync(journal, ['\u0000\u0001', ...rest].join('\n'));
    const beheaded = await start(`report ${damaged} -o damaged.md`);
    expect([beheaded.code, beheaded.stderr]).to.deep.equal([
      4,
      `error: a line of the journal cannot be read, and what it told is missing: ${journal}:1\n`,
    ]);
  });

  it('says in the history, and where a run is resumed, that its journal is damaged', async () => {
    const state = path.join(folder, 'state');
    const run = path.join(state, 'zrun/runs', newest());
    cpSync(path.join(runs, newest()), run, { recursive: true });
    const env = { XDG_STATE_HOME: state };
    const journal = path.join(run, 'journal.jsonl');
    const [first = '', ...rest] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, [first, 'x', ...rest].join('\n'));
    expect((await start('history last', env)).stdout).to.contain(
      `\nwarning: a line of the journal cannot be read, and what it told is missing: ${journal}:2\n`,
    );
    writeFileSync(journal, ['x', ...rest].join('\n'));
    rmSync(path.join(run, 'result.json'));
    expect((await start('history', env)).stdout).to.contain('its journal is damaged');
    expect((await start('history last', env)).stdout).to.contain(`cannot be told: a line of the journal`);
    const resumed = await start('--resume last', env);
    expect([resumed.code, resumed.stderr]).to.deep.equal([
      4,
      `error: run ${newest()} cannot be resumed: a line of the journal cannot be read, and what it told is missing: ${journal}:1\n  hint: run the playbook itself\n`,
    ]);
  });

  it('writes each kind by its suffix', async () => {
    const { code, stdout } = await start('report last -o r.json -o r.xml -o r.md -o R.HTML');
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'r.json\nr.xml\nr.md\nR.HTML\n' });
    const report = readJson('r.json');
    expect(report).to.have.nested.property('schema', 'zrun-report/1');
    expect(report).to.have.nested.property('run.state', 'finished');
    expect(report).to.have.nested.property('hosts[1].outcome', 'failed');
    expect(report).to.have.nested.property('hosts[0].tasks[0].stdout', 'hello');
    expect(report).to.have.nested.property('hosts[0].tasks[1].diffs[0].unified', '@@ -0,0 +1 @@\n+of a');
    expect(read('r.xml')).to.contain('<failure message="no" type="task-failed">');
    expect(read('r.md')).to.contain('**failed** on `b`, in task `Break`');
    expect(read('R.HTML')).to.contain('<!doctype html>');
  });

  it('has a schema of its JSON', async () => {
    const { code, stdout } = await start('report --schema');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({
      title: 'zrun report',
      $schema: 'http://json-schema.org/draft-07/schema#',
    });
  });

  it('knows when tasks began', async () => {
    await start('report -o times.json');
    const { run, hosts } = readJson('times.json') as {
      run: { hasTimes: boolean; ms: number };
      hosts: { tasks: { start: number; ms: number }[] }[];
    };
    expect(run.hasTimes).to.equal(true);
    for (const { tasks } of hosts) {
      const starts = tasks.map(({ start: at }) => at);
      expect(starts).to.deep.equal([...starts].sort((a, b) => a - b));
      for (const { start: at, ms } of tasks) expect(at + ms).to.be.at.most(run.ms + 50);
    }
  });

  it('takes a folder that was copied from another machine, cut off anywhere', async () => {
    const copy = path.join(folder, 'copy', newest());
    mkdirSync(path.dirname(copy), { recursive: true });
    cpSync(path.join(runs, newest()), copy, { recursive: true });
    const journal = readFileSync(path.join(copy, 'journal.jsonl'), 'utf8');
    writeFileSync(path.join(copy, 'journal.jsonl'), journal.slice(0, journal.indexOf('host-finished')));
    expect((await start(`report ${copy} -o cut.json`)).code).to.equal(0);
    expect(readJson('cut.json')).to.have.nested.property('run.state', 'interrupted');
    expect((await start(`report ./copy/${newest()}/journal.jsonl`)).stdout).to.equal(`${copy}/report.html\n`);
  });

  it('takes a copied folder by its name alone, where no run of this machine has it', async () => {
    cpSync(path.join(runs, newest()), path.join(folder, 'cp1'), { recursive: true });
    expect((await start('report cp1')).stdout).to.equal(`${folder}/cp1/report.html\n`);
  });

  const wrong: readonly (readonly [line: string, message: string])[] = [
    ['report -o r.pdf', "error: -o needs a file that ends in .html, .json, .xml or .md, not 'r.pdf'\n"],
    ['report -o r', 'error: -o needs a file that ends in '],
    ['report 19', "error: there is no run '19'\n"],
    ['report last last', 'error: a report is of one run, not of 2\n'],
    ['report ./nowhere', 'error: there is no run in ./nowhere: it has no journal.jsonl\n'],
    ['report -o nowhere/r.json', 'error: cannot write nowhere/r.json: its folder is not there\n'],
    ['report --ouput r.json', 'error: unknown option --ouput\n  hint: did you mean --output?\n'],
    ['play.yaml -i hosts.yaml --report r.txt', 'error: --report needs a file that ends in '],
    ['reprot', "error: there is no playbook and no verb 'reprot'\n  hint: did you mean 'zrun report'?\n"],
    [
      'ovrelay2',
      "error: there is no playbook and no verb 'ovrelay2'\n  hint: did you mean 'zrun overlay2'?\n",
    ],
  ];
  for (const [line, message] of wrong) {
    it(`refuses: ${line}`, async () => {
      const before = readdirSync(runs);
      const { code, stdout, stderr } = await start(line);
      expect({ code, stdout }).to.deep.equal({ code: 4, stdout: '' });
      expect(stderr.slice(0, message.length)).to.equal(message);
      expect(readdirSync(runs)).to.deep.equal(before);
    });
  }

  it('shows the page with what BROWSER names: --open', async () => {
    const opened = path.join(folder, 'opened');
    writeFileSync(
      path.join(folder, 'browser'),
      `#!/bin/sh\necho "$@" >${opened}.new && mv ${opened}.new ${opened}\n`,
      {
        mode: 0o755,
      },
    );
    const env = { BROWSER: `${folder}/browser --new-tab`, PATH: process.env['PATH'] ?? '' };
    const { code, stdout, stderr } = await start('report -o own/page.html --open', env);
    expect(stderr).to.equal('error: cannot write own/page.html: its folder is not there\n');
    expect([code, stdout]).to.deep.equal([4, '']);
    expect((await start('report -o r.json -o page.html --open', env)).code).to.equal(0);
    while (!existsSync(opened)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readFileSync(opened, 'utf8')).to.equal(`--new-tab file://${folder}/page.html\n`);
  });

  it('--open: says what is missing', async () => {
    const nothing = await start('report -o r.json --open');
    expect(nothing.stderr).to.match(/^error: --open shows a page, and none is written\n {2}hint: /);
    const none = await start('report -o page.html --open', { PATH: '/nowhere' });
    expect(none.stderr).to.equal(
      `error: there is no program to open ${folder}/page.html with\n  hint: set BROWSER to the name of your browser, or open the file there yourself\n`,
    );
    const wrong = await start('report -o page.html --open', { PATH: '/nowhere', BROWSER: 'netscape' });
    expect(wrong.stderr).to.include("BROWSER is 'netscape', which is no program that can be started");
  });

  it('comes with the run: --report', async () => {
    const { code, stderr } = await start('play.yaml -i hosts.yaml --report own.html --report own.json');
    expect({ code, stderr }).to.deep.equal({ code: 2, stderr: '' });
    expect(read('own.html')).to.contain('<!doctype html>');
    expect(readJson('own.json')).to.have.nested.property('run.id', newest());
    await start('report -o again.json');
    expect(read('again.json')).to.equal(read('own.json'));
  });

  it('--report: what cannot be written is found before anything is touched, all of it', async () => {
    mkdirSync(path.join(folder, 'd.html'));
    execFileSync('mkfifo', [path.join(folder, 'fifo.html')]);
    rmSync(path.join(folder, 'a'), { force: true });
    const before = readdirSync(runs);
    const { code, stdout, stderr } = await start(
      'play.yaml -i hosts.yaml -l a --report gone/r.html --report fine.json --report d.html --report fifo.html',
    );
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 4,
      stdout: '',
      stderr:
        'error: cannot write gone/r.html: its folder is not there\n\n' +
        'error: cannot write d.html: it is a folder\n\n' +
        'error: cannot write fifo.html: it is no regular file\n\n' +
        '3 errors; no host was touched\n',
    });
    expect(existsSync(path.join(folder, 'a'))).to.equal(false);
    expect(readdirSync(runs)).to.deep.equal(before);
    expect(readdirSync(folder).filter((name) => name.includes('.new'))).to.deep.equal([]);
  });

  it('--report: what cannot be written any more is one warning, and costs no exit code', async () => {
    mkdirSync(path.join(folder, 'leaving'));
    writeFileSync(
      path.join(folder, 'leave.yaml'),
      `- {hosts: a, gather_facts: false, tasks: [{command: rmdir ${folder}/leaving}]}\n`,
    );
    const { code, stderr } = await start(
      'leave.yaml -i hosts.yaml --report leaving/r.html --report fine.json',
    );
    expect(code).to.equal(0);
    expect(stderr).to.equal(
      `warning: cannot write leaving/r.html: its folder is not there; zrun report ${newest()} -o FILE writes it elsewhere\n`,
    );
    expect(readJson('fine.json')).to.have.nested.property('run.exitCode', 0);
  });

  it('--report: of a run that the user interrupts, too', async () => {
    writeFileSync(
      path.join(folder, 'slow.yaml'),
      '- {hosts: all, gather_facts: false, tasks: [{name: Wait, command: sleep 60}]}\n',
    );
    const { code } = await zrun('slow.yaml -i hosts.yaml --report stopped.json'.split(' '), {
      cwd: folder,
      homeFolder: folder,
      onListen: (send) => void setTimeout(() => send('SIGINT'), 1000),
    });
    expect(code).to.equal(130);
    const report = readJson('stopped.json');
    expect(report).to.have.nested.property('run.exitCode', 130);
    expect(report).to.have.nested.property('hosts[0].outcome', 'interrupted');
  });

  it('--report: there would be no journal to make it from', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const { code, stdout, stderr } = await start('play.yaml -i hosts.yaml -l a --report none.html', {
      XDG_STATE_HOME: path.join(folder, 'file'),
    });
    expect({ code, stdout }).to.deep.equal({ code: 4, stdout: '' });
    expect(stderr).to.match(
      /^error: cannot write none\.html: this run leaves no journal and no log: .*\n {2}hint: .*XDG_STATE_HOME/,
    );
  });
});
