/** Files and waits of the controller, and questions on a real terminal: script(1) gives zrun one. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createController } from '../../src/cli/controller.js';
import { ZrunError } from '../../src/core/errors.js';
import { failureOf } from '../modules/harness.js';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zrun-controller-'));
});
afterEach(() => rm(folder, { recursive: true }));

function controller() {
  return createController({
    cwd: folder,
    homeFolder: path.join(folder, 'home'),
    inTurn: (_, asking) => asking(),
  });
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe("the controller's files", () => {
  it('are written whole, with their folders, for nobody else to read', async () => {
    await controller().writeFile('a/b/c', pieces('one ', 'two'));
    expect(await readFile(`${folder}/a/b/c`, 'utf8')).to.equal('one two');
    expect((await stat(`${folder}/a/b/c`)).mode & 0o777).to.equal(0o600);
    expect(await readdir(`${folder}/a/b`)).to.deep.equal(['c']);
    expect(await controller().hashFile('a/b/c')).to.equal(
      createHash('sha256').update('one two').digest('hex'),
    );
    expect(await controller().hashFile('a/b/none')).to.equal(undefined);
    await controller().writeFile('~/x', pieces('home'));
    expect(await readFile(`${folder}/home/x`, 'utf8')).to.equal('home');
  });

  it('keep the old content where the new one breaks off, and the mode that the user gave them', async () => {
    await writeFile(`${folder}/a`, 'old');
    await chmod(`${folder}/a`, 0o640);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* pieces('half');
      throw new ZrunError('connection-lost', 'gone');
    }
    expect((await failureOf(controller().writeFile('a', broken()))).code).to.equal('connection-lost');
    expect(await readFile(`${folder}/a`, 'utf8')).to.equal('old');
    expect(await readdir(folder)).to.deep.equal(['a']);
    await controller().writeFile('a', pieces('new'));
    expect((await stat(`${folder}/a`)).mode & 0o777).to.equal(0o640);
  });

  it('say what is wrong with a path', async () => {
    await mkdir(`${folder}/dir`);
    await writeFile(`${folder}/file`, '');
    expect((await failureOf(controller().hashFile('dir'))).message).to.match(
      /^dir on this machine is a directory/,
    );
    expect((await failureOf(controller().writeFile('file/x', pieces('x')))).message).to.match(
      /^file\/x on this machine cannot be used/,
    );
  });
});

describe('a wait', () => {
  it('ends when the user stops the run', async () => {
    const stop = new AbortController();
    const waiting = controller().wait(1e9, stop.signal);
    stop.abort();
    expect((await failureOf(waiting)).code).to.equal('interrupted');
  });
});

/** Runs zrun on a terminal of its own; each answer is typed when what it answers has appeared. */
async function onTerminal(
  task: string,
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<{ readonly text: string; readonly code: number | null }> {
  await writeFile(`${folder}/play.yaml`, `- hosts: all\n  gather_facts: false\n  tasks:\n${task}`);
  const words = [
    process.execPath,
    '--import',
    'tsx',
    `${root}/src/main.ts`,
    `${folder}/play.yaml`,
    '-i',
    'here,',
    '-e',
    'ansible_connection=local',
  ];
  const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      TERM: 'xterm',
      SHELL: '/bin/sh',
      COLUMNS: '80',
      LINES: '24',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  const left = [...answers];
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    const [next] = left;
    if (next === undefined || !text.includes(next[0])) return;
    left.shift();
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { text, code };
}

const asks = (prompt: string, echo = true): string => `
    - name: look
      pause: {prompt: '${prompt}', echo: ${String(echo)}}
      register: said
    - debug: {msg: 'said {{said.user_input}}.'}
`;

describe('a question', function () {
  if (spawnSync('script', ['--version']).status !== 0) {
    it('skipped: there is no script(1) on this machine');
    return;
  }

  it('is put on the terminal, and its answer is a result', async () => {
    const { text, code } = await onTerminal(asks('How many?'), [['[look]\r\nHow many? ', 'three\r']]);
    expect(text).to.contain('said three.');
    expect(code).to.equal(0);
  });

  it('does not show what is typed where it must not', async () => {
    const { text, code } = await onTerminal(asks('Secret', false).replace(/ {4}- debug.*\n/, ''), [
      ['Secret: ', 'hunter2\r'],
    ]);
    expect(text).not.to.contain('hunter2');
    expect(code).to.equal(0);
  });

  for (const echo of [true, false]) {
    it(`is left by Ctrl-C, which stops the run in good order (echo: ${String(echo)})`, async () => {
      const { text, code } = await onTerminal(asks('Well?', echo), [['Well? ', '\u0003']]);
      expect(text).to.contain('stopping');
      expect(text).to.contain('interrupted');
      expect(text).not.to.contain('said');
      expect(code).to.equal(130);
    });
  }

  it('is an error where there is no terminal', async () => {
    await writeFile(`${folder}/play.yaml`, `- hosts: all\n  gather_facts: false\n  tasks:\n${asks('Well?')}`);
    const words = [
      '--import',
      'tsx',
      `${root}/src/main.ts`,
      `${folder}/play.yaml`,
      '-i',
      'here,',
      '-e',
      'ansible_connection=local',
    ];
    // A session of its own has no terminal.
    const child = spawn(process.execPath, words, {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(text).to.contain('there is no terminal to ask for an answer on');
    expect(text).to.contain('`seconds`');
    expect(code).to.equal(2);
  });
});
