/**
 * The examples that `zrun doc` shows, as a user takes them over: in a playbook, through `--syntax-check` and `zrun lint`.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { modules } from '../../src/modules/index.js';
import { zrun } from './fake-environment.js';

/** Rules about what is around a task, which an example has not, and about commands that are shown for their own sake. */
const beside = ['task-unnamed', 'register-unused', 'condition-constant', 'command-module'];

/** Files of the controller that examples name. */
const files: Readonly<Record<string, string>> = { 'templates/greeting.txt': 'hello\n' };

describe('examples of modules', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-examples-'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
  });
  after(() => rm(folder, { recursive: true }));

  for (const { name, examples } of modules.values()) {
    it(`${name}: are a playbook`, async () => {
      const tasks = examples.map(({ task }) => `    - ${task.trim().replaceAll('\n', '\n      ')}\n`);
      const file = `${name}.yaml`;
      await writeFile(
        path.join(folder, file),
        `- name: Examples\n  hosts: localhost\n  tasks:\n${tasks.join('')}`,
      );
      const options = { cwd: folder, homeFolder: folder };
      const checked = await zrun([file, '--syntax-check', '-e', 'tmp=/srv'], options);
      expect([checked.code, checked.stderr]).to.deep.equal([0, '']);
      const { stderr, stdout } = await zrun(
        ['lint', file, '-e', 'tmp=/srv', ...beside.flatMap((rule) => ['--allow', rule])],
        options,
      );
      expect([stderr, stdout]).to.deep.equal(['', `${file}: ok\n`]);
    });
  }
});
