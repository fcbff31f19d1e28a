/**
 * `zrun init`: what it makes is fit to run, and what is there already stays. The questions are put to a real terminal.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { parse } from 'yaml';
import { zrun, type Ended } from '../fake-environment.js';

const root = path.resolve(import.meta.dirname, '../../..');

describe('zrun init', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-init-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const start = (...argv: readonly string[]): Promise<Ended> =>
    zrun(argv, { cwd: folder, homeFolder: folder });
  const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

  it('makes a project that runs, and that lint has nothing to say of', async () => {
    const { code, stdout, stderr } = await start('init', '--yes');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^made {2}hosts\.yaml +your hosts$/m);
    expect(readdirSync(folder).sort()).to.deep.equal(['.gitignore', '.vscode', 'hosts.yaml', 'site.yaml']);
    expect((await start('lint', 'site.yaml', '-i', 'hosts.yaml')).stdout).to.equal('site.yaml: ok\n');
    // Each command that it says comes next.
    const next = [...stdout.matchAll(/^ {2}zrun (.*)$/gm)].map(([, line = '']) => line.split(' '));
    expect(next).to.have.length(3);
    for (const argv of next) expect((await start(...argv)).code, argv.join(' ')).to.equal(0);
  });

  it('its schemas take what it makes', async () => {
    await start('init', '--hosts', 'web[1:3],192.0.2.1', '--user', 'admin', '--become');
    for (const [schema, file] of [
      ['playbook', 'site.yaml'],
      ['inventory', 'hosts.yaml'],
    ] as const) {
      const ajv = new Ajv({ strict: false, allErrors: true });
      const isRight = ajv.compile(JSON.parse(read(`.vscode/zrun-${schema}.json`)) as object);
      expect(isRight(parse(read(file))), JSON.stringify(isRight.errors)).to.equal(true);
    }
  });

  it('writes the hosts that it is told', async () => {
    await start(
      'init',
      '--hosts',
      'web[1:3], 192.0.2.1',
      '--hosts',
      'on',
      '--group',
      'fleet',
      '--user',
      'admin',
      '--become',
    );
    const { stdout } = await start('inventory', '-i', 'hosts.yaml', '--graph', '--vars');
    expect(stdout).to.contain('|--@fleet:\n  |  |--web1\n');
    for (const host of ['web3', '192.0.2.1', 'on']) expect(stdout).to.contain(`--${host}\n`);
    expect(stdout).to.contain('{ansible_become = True}');
    expect(stdout).to.contain('{ansible_user = admin}');
  });

  it('keeps what is there, links included, and fills in what is not', async () => {
    writeFileSync(path.join(folder, 'hosts.yaml'), 'mine: {}\n');
    symlinkSync('/nonexistent/elsewhere', path.join(folder, 'site.yaml'));
    const { code, stdout } = await start('init', '--yes');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^kept {2}hosts\.yaml +was there already$/m);
    expect(stdout).to.match(/^kept {2}site\.yaml +was there already$/m);
    expect(read('hosts.yaml')).to.equal('mine: {}\n');
    expect(existsSync('/nonexistent/elsewhere')).to.equal(false);
    expect(existsSync(path.join(folder, '.gitignore'))).to.equal(true);
    const again = await start('init', '--yes');
    expect(again.stdout).not.to.contain('made');
  });

  it('makes the folder that is named', async () => {
    const { stdout } = await start('init', 'new/fleet', '--hosts', 'web1');
    expect(existsSync(path.join(folder, 'new/fleet/hosts.yaml'))).to.equal(true);
    expect(stdout).to.contain('Next:\n  cd new/fleet\n');
  });

  const folders: readonly (readonly [folder: string, next: string | undefined])[] = [
    ['a b[', "cd 'a b['"],
    ["it's", "cd 'it'\\''s'"],
    ['-x', 'cd ./-x'],
    ['./', undefined],
    ['deep/..', undefined],
  ];
  for (const [name, next] of folders)
    it(`says how to go to ${name}, as a shell takes it`, async () => {
      const { stdout } = await start('init', '--yes', '--', name);
      const [, line] = /^Next:\n {2}(cd .*)$/m.exec(stdout) ?? [];
      expect(line).to.equal(next);
      const shell = spawnSync('sh', ['-c', `${line ?? ':'} && ls hosts.yaml`], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect([shell.status, shell.stderr]).to.deep.equal([0, '']);
    });

  it('hosts with ports are reached by them', async () => {
    await start('init', '--hosts', 'web1:2222,[2001:db8::1]:22');
    const { stdout } = await start('inventory', '-i', 'hosts.yaml', '--host', 'web1');
    expect(stdout).to.contain('"ansible_port": 2222');
  });

  const wrong: readonly (readonly [argv: readonly string[], error: RegExp])[] = [
    [['--hosts', 'we b[', '--yes'], /cannot be|range|bracket/],
    [['--group', 'a b', '--yes'], /^error: 'a b' cannot be a group's name\n/],
    [
      ['--group', 'all', '--hosts', 'web1'],
      /^error: 'all' cannot be a group's name\n {2}hint: there is a group 'all'/,
    ],
    [
      ['--group', 'ungrouped', '--yes'],
      /^error: 'ungrouped' cannot be .*\n {2}hint: there is a group 'ungrouped'/,
    ],
    [
      ['--group', 'web2', '--hosts', 'web[1:3]'],
      /^error: 'web2' cannot be .*\n {2}hint: one of the hosts has that/,
    ],
    [['--hosts', 'web[1:x]', '--yes'], /^error: --hosts:1:1: .*\n {2}1 \| web\[1:x\],\n/],
    [['--hosts', ''], /^error: --hosts names no host\n/],
    [['--hosts', ' , ', '--yes'], /^error: --hosts names no host\n/],
    [['--hosts', 'web1', '--user', ''], /^error: --user is empty\n/],
    [
      ['--hosts', 'db,root@web1:2222'],
      /^error: 'root@web1:2222' is a user and .*\n {2}hint: --hosts web1:2222 --user root;/,
    ],
    [[''], /^error: the folder's name is empty\n/],
    [['--', '-x', '--yes'], /^error: a project has one folder\n {2}hint: what stands behind -- is no option/],
    [['a b', 'c d'], /^error: a project .*\n {2}hint: .*: zrun init 'a b' --hosts 'c d'\n$/],
    [['one', 'two'], /^error: a project has one folder\n {2}hint: .*--hosts two\n$/],
    [['--host', 'web1'], /unknown option --host\n {2}hint: did you mean --hosts\?/],
    [['--yes', 'file'], /^error: cannot write file\/hosts\.yaml: a part of its path is a file\n$/],
    // Node's own mkdir never ends there.
    [['--yes', '/proc/none/fleet'], /^error: cannot write \/proc\/\S+: its folder cannot be made\n$/],
  ];
  for (const [argv, error] of wrong) {
    it(`refuses ${argv.join(' ')}, and writes nothing`, async () => {
      writeFileSync(path.join(folder, 'file'), '');
      const { code, stdout, stderr } = await start('init', ...argv);
      expect(stderr).to.match(error);
      expect([code, stdout]).to.deep.equal([4, '']);
      expect(readdirSync(folder)).to.deep.equal(['file']);
    });
  }

  it('says what it cannot write', async function () {
    if (process.getuid?.() === 0) this.skip();
    mkdirSync(path.join(folder, 'shut'));
    chmodSync(path.join(folder, 'shut'), 0o500);
    const { code, stderr } = await start('init', 'shut', '--yes');
    expect([code, stderr]).to.deep.equal([4, 'error: cannot write shut/hosts.yaml: permission denied\n']);
  });

  it('asks on a terminal, again where an answer is wrong', async function () {
    if (spawnSync('script', ['--version']).status !== 0) {
      console.log('      skipped: there is no script(1) on this machine');
      this.skip();
    }
    const text = await onTerminal(folder, [
      ['this machine): ', 'web[1\r'],
      ['this machine): ', 'web1, web2\r'],
      ['as ssh does): ', 'admin\r'],
      ['(y/N): ', 'y\r'],
    ]);
    expect(text).to.contain('made  hosts.yaml');
    expect(read('hosts.yaml')).to.match(/ansible_user: admin\n {4}ansible_become: true/);
    expect(read('hosts.yaml')).to.match(/web1:\n {8}web2:\n$/);
  });

  it('Ctrl-C at a question leaves nothing behind', async function () {
    if (spawnSync('script', ['--version']).status !== 0) this.skip();
    const text = await onTerminal(folder, [['this machine): ', '\u0003']]);
    expect(text).to.contain('interrupted at a question');
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

/** Each answer is given when its question stands. */
function onTerminal(
  cwd: string,
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<string> {
  const loader = import.meta.resolve('tsx');
  return new Promise((resolve, reject) => {
    const child = spawn(
      'script',
      ['-qfec', `${process.execPath} --import ${loader} ${root}/src/main.ts init`, '/dev/null'],
      { cwd, env: { PATH: process.env['PATH'], HOME: cwd, TERM: 'xterm', SHELL: '/bin/sh' } },
    );
    let [text, seen] = ['', 0];
    const left = [...answers];
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const [next] = left;
      const at = next === undefined ? -1 : text.indexOf(next[0], seen);
      if (next === undefined || at < 0) return;
      seen = at + next[0].length;
      left.shift();
      child.stdin.write(next[1]);
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}
