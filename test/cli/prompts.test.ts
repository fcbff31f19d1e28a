/** Questions to the user, on a real pseudo-terminal (`script`, of util-linux). */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { quoteArgv } from '../../src/core/shell.js';

const root = path.resolve(import.meta.dirname, '../..');
const script = '/usr/bin/script';

const prompting = `- hosts: all
  gather_facts: false
  vars_prompt:
    - {name: fruit, prompt: Which fruit, private: false, default: pear}
    - {name: pin, prompt: The PIN, confirm: true}
  tasks:
    - {name: tell, debug: {msg: "<{{fruit}}> <{{pin}}>"}}
`;
const stepping = `- hosts: all
  gather_facts: false
  tasks:
    - {name: one, debug: {msg: said 1}}
    - {name: two, debug: {msg: said 2}}
    - {name: three, debug: {msg: said 3}}
    - {name: four, debug: {msg: said 4}}
`;

interface Case {
  readonly title: string;
  readonly playbook: string;
  readonly args?: readonly string[];
  /** Each: what is waited for on the screen, and what is typed then. */
  readonly dialogue: readonly (readonly [question: string, typed: string])[];
  readonly shows: readonly string[];
  readonly hides?: readonly string[];
  readonly code: number;
}

const cases: readonly Case[] = [
  {
    title: 'vars_prompt: what is typed is a variable; a private one is not shown, and confirmed',
    playbook: prompting,
    dialogue: [
      // Backspace counts, arrows do not.
      ['Which fruit [pear]: ', 'applf\x7f\x1b[D\x1bOCe\r'],
      ['The PIN: ', 'qx17\r'],
      ['confirm The PIN: ', 'qx18\r'],
      ['These two differ. The PIN: ', '99\r'],
      ['confirm The PIN: ', '99\r'],
    ],
    shows: ['apple', '<apple> <99>'],
    hides: ['qx17'],
    code: 0,
  },
  {
    title: 'vars_prompt: a private answer is masked wherever it is printed',
    playbook: prompting,
    dialogue: [
      ['Which fruit [pear]: ', '\r'],
      ['The PIN: ', 'hunter2\r'],
      ['confirm The PIN: ', 'hunter2\r'],
    ],
    shows: ['<pear> <••••••>'],
    hides: ['hunter2'],
    code: 0,
  },
  {
    title: 'vars_prompt: an empty line takes the default; what -e gives is not asked for',
    playbook: prompting,
    args: ['-e', 'pin=7'],
    dialogue: [['Which fruit [pear]: ', '\r']],
    shows: ['<pear> <7>'],
    hides: ['The PIN'],
    code: 0,
  },
  {
    title: 'vars_prompt: Ctrl-C at the question ends it before anything is done',
    playbook: prompting,
    dialogue: [['Which fruit [pear]: ', '\x03']],
    shows: ['interrupted'],
    hides: ['PLAY'],
    code: 130,
  },
  {
    title: '--step: no passes over a task, yes does it, continue asks no more',
    playbook: stepping,
    args: ['--step'],
    dialogue: [
      ['Perform task: one (N)o/(y)es/(c)ontinue: ', 'y\r'],
      ['Perform task: two (N)o/(y)es/(c)ontinue: ', '\r'],
      ['Perform task: three (N)o/(y)es/(c)ontinue: ', 'c\r'],
    ],
    shows: ['said 1', 'said 3', 'said 4'],
    hides: ['said 2', 'Perform task: four'],
    code: 0,
  },
  {
    title: '--step: Ctrl-C at the question stops the run, as it does everywhere',
    playbook: stepping,
    args: ['--step'],
    dialogue: [
      ['Perform task: one (N)o/(y)es/(c)ontinue: ', 'y\r'],
      ['Perform task: two (N)o/(y)es/(c)ontinue: ', '\x03'],
    ],
    shows: ['said 1', 'interrupted'],
    hides: ['said 2', 'Perform task: three'],
    code: 130,
  },
];

describe('questions on the terminal', () => {
  before(function () {
    if (existsSync(script)) return;
    console.log('      skipped: no script(1) to make a terminal (apt-get install bsdutils)');
    this.skip();
  });
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-prompts-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { title, playbook, args = [], dialogue, shows, hides = [], code } of cases) {
    it(title, async () => {
      writeFileSync(path.join(folder, 'site.yaml'), playbook);
      writeFileSync(path.join(folder, 'hosts.yaml'), 'all: {hosts: {here: {ansible_connection: local}}}\n');
      const { screen, status } = await converse(folder, args, dialogue);
      for (const text of shows) expect(screen).to.contain(text);
      for (const text of hides) expect(screen).not.to.contain(text);
      expect(status).to.equal(code);
    });
  }

  it('without a terminal, what has no default must be given with -e', async () => {
    writeFileSync(path.join(folder, 'site.yaml'), prompting);
    writeFileSync(path.join(folder, 'hosts.yaml'), 'all: {hosts: {here: {ansible_connection: local}}}\n');
    const child = spawn('setsid', ['-w', ...words([])], { cwd: folder, env: environment(folder) });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.stdout.resume();
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(said).to.contain("there is no terminal to ask for the variable 'pin' on");
    expect(said).to.contain('hint: Give it with -e pin=…');
    expect(status).to.equal(4);
  });
});

function words(args: readonly string[]): readonly string[] {
  const tsx = ['--import', path.join(root, 'node_modules/tsx/dist/esm/index.mjs')];
  return [process.execPath, ...tsx, path.join(root, 'src/main.ts'), 'site.yaml', '-i', 'hosts.yaml', ...args];
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' };
}

async function converse(
  folder: string,
  args: readonly string[],
  dialogue: Case['dialogue'],
): Promise<{ readonly screen: string; readonly status: number }> {
  const child = spawn(script, ['-qec', quoteArgv(words(args)), '/dev/null'], {
    cwd: folder,
    env: environment(folder),
  });
  let screen = '';
  let seen = 0;
  const left = [...dialogue];
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString('utf8');
    const next = left[0];
    const at = next ? screen.indexOf(next[0], seen) : -1;
    if (!next || at < 0) return;
    seen = at + next[0].length;
    left.shift();
    // The terminal is in raw mode a moment after the question is there; keys that come before wait in it.
    child.stdin.write(next[1]);
  });
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  if (left.length > 0)
    throw new Error(`never asked: ${left.map(([question]) => question).join(', ')}\n${screen}`);
  return { screen, status };
}
