/**
 * Owns what V8 has compiled of the bundle after a run over ssh, and of what no run needs, so that a start compiles little.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { exercise } from './exercise.js';

const execute = promisify(execFile);

/**
 * Keeps it beside each part, as `.compiled`.
 * @param node the program, of the release that is to start faster
 */
export async function compile(outdir: string, node: string): Promise<void> {
  const env = { ZRUN_COMPILE: '1' };
  // The part that the run does not read, which then keeps its own of the others.
  await execute(node, [path.join(outdir, 'main.js'), 'doc', 'copy'], { env: { ...process.env, ...env } });
  await exercise(outdir, node, [['--output', 'plain']], env);
}
