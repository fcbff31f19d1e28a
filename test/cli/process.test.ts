/** The process itself: what only shows when main.ts is really run. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Ended } from './fake-environment.js';
import { spawnZrun } from './real-process.js';

const root = path.resolve(import.meta.dirname, '../..');

/** In a session of its own, which has no terminal. */
function run(argv: readonly string[]): Promise<Ended> {
  const child = spawnZrun(argv, { cwd: root, env: { HOME: '/nonexistent' } });
  child.stdin.end();
  return child.ended;
}

describe('the process', () => {
  it("says package.json's version", async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await run(['--version'])).to.deep.equal({ code: 0, stdout: `zrun ${version}\n`, stderr: '' });
  });

  it('exits with 4 for a wrong command line, and says why on standard error', async () => {
    const { code, stdout, stderr } = await run(['play.yaml', '--chekc']);
    expect([code, stdout]).to.deep.equal([4, '']);
    expect(stderr).to.equal('error: unknown option --chekc\n  hint: did you mean --check?\n');
  });

  it('asks before each task only where somebody can answer, and else touches no host', async () => {
    const { code, stdout, stderr } = await run([
      'test/cli/fixtures/nothing.yaml',
      '-i',
      'localhost,',
      '--step',
    ]);
    expect(stderr).to.equal(
      'error: there is no terminal to ask for each task on\n' +
        '  hint: --step needs somebody who answers; leave it out\n',
    );
    expect([code, stdout]).to.deep.equal([4, '']);
  });

  it('goes on with its work where nobody reads its output any more', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'zrun-process-'));
    try {
      const made = path.join(folder, 'made');
      const tasks = ['{debug: {msg: one}}', '{command: sleep 0.2}', `{copy: {content: x, dest: ${made}}}`];
      writeFileSync(
        path.join(folder, 'play.yaml'),
        `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((each) => `    - ${each}\n`).join('')}`,
      );
      writeFileSync(path.join(folder, 'hosts.yaml'), 'all: {hosts: {here: {ansible_connection: local}}}\n');
      const child = spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          path.join(root, 'src/main.ts'),
          path.join(folder, 'play.yaml'),
          '-i',
          path.join(folder, 'hosts.yaml'),
        ],
        { cwd: root, env: { PATH: process.env['PATH'], HOME: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      child.stdout.once('data', () => child.stdout.destroy());
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect(code).to.equal(0);
      expect(existsSync(made)).to.equal(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
