/**
 * Runs every example that any machine can run, under every shell that there is; the others run in the lab.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { modules } from '../../src/modules/index.js';
import { localRun, runExample, type RunScript } from './harness.js';

const hasApt = ['apt-get', 'dpkg-query'].every((name) => spawnSync(name, ['--version']).status === 0);

function runExamples(runScript: RunScript, needs: readonly string[] = ['nothing']): void {
  for (const module of modules.values()) {
    for (const example of module.examples) {
      if (!needs.includes(example.needs)) continue;
      it(`${module.name}: ${example.title}`, () => runExample(module, example, runScript));
    }
  }
}

describe('examples', () => {
  runExamples(localRun());
});

describe('examples with apt', () => {
  if (hasApt) runExamples(localRun(), ['apt']);
  else it('skipped: there is no apt on this machine');
});

describe('examples under bash', function () {
  if (spawnSync('bash', ['-c', ':']).status === 0) runExamples(localRun(['bash', '--posix']));
  else it('skipped: there is no bash on this machine');
});

describe('examples on a host that has nothing but busybox', function () {
  const list = spawnSync('busybox', ['--list'], { encoding: 'utf8' });
  if (list.status !== 0) {
    it('skipped: there is no busybox on this machine');
    return;
  }
  const bin = mkdtempSync(path.join(tmpdir(), 'zrun-busybox-'));
  const program = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
  for (const applet of list.stdout.split('\n').filter(Boolean)) symlinkSync(program, path.join(bin, applet));
  after(() => rmSync(bin, { recursive: true }));
  runExamples(localRun(['env', '-i', `PATH=${bin}`, path.join(bin, 'sh')]));
});
