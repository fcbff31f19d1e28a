/**
 * The first five minutes, as playbooks/README.md tells them: each command is typed into a real bash, and what it writes is
 * what stands below it. `…` stands for anything, on a line of its own for any number of lines.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { installZrun, type Installed } from '../cli/installed.js';

const root = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** What a reader would leave behind. */
const note = '/tmp/hello-from-zrun';

interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

function readSteps(): readonly Step[] {
  const paper = readFileSync(path.join(root, 'playbooks/README.md'), 'utf8');
  const [, block = ''] = /^## The first five minutes$[^]*?^```\n([^]*?)^```/m.exec(paper) ?? [];
  return block
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { command, output };
    });
}

function patternOf(output: readonly string[]): RegExp {
  const lines = output.map((line) => {
    if (line === '…') return '(?:.*\\n)*';
    const words = line
      .split('…')
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ +/g, ' +'));
    return `${words.join('.*')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

describe('the first five minutes', function () {
  this.timeout(600_000);
  let installed: Installed;
  let folder = '';
  before(async () => {
    installed = await installZrun();
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-minutes-'));
    rmSync(note, { force: true });
  });
  after(() => {
    installed.remove();
    rmSync(folder, { recursive: true });
    rmSync(note, { force: true });
  });

  it('go as they are told', async () => {
    const steps = readSteps();
    for (const verb of ['init', 'ping', 'exec', 'facts', 'completion', 'secret', 'site.yaml'])
      expect(
        steps.some(({ command }) => command.includes(`zrun ${verb}`)),
        verb,
      ).to.equal(true);
    let cwd = folder;
    for (const { command, output } of steps) {
      const { stdout } = await execute('bash', ['-c', `${command} 2>&1\npwd >"$HOME/cwd"`], {
        cwd,
        env: { PATH: `${installed.bin}:${process.env['PATH'] ?? ''}`, HOME: folder },
      });
      cwd = readFileSync(path.join(folder, 'cwd'), 'utf8').trim();
      expect(stdout, command).to.match(patternOf(output));
    }
  });
});
