/**
 * Owns how the demonstration shows itself: headings, and zrun's own output on the user's screen.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { projectRoot } from './zrun.js';

export function title(text: string): void {
  console.log(`\n\x1b[1m${text}\x1b[0m`);
}

export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}

/** Runs zrun with its output on the user's screen, and gives that output. Throws for anything but exit code 0. */
export async function zrun(args: readonly string[]): Promise<string> {
  console.log(`\n$ zrun ${args.join(' ')}`);
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(projectRoot, 'src/main.ts'), ...args], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  demand(code === 0, `zrun ended with exit code ${code ?? 'none'}`);
  return output;
}
