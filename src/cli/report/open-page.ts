/**
 * Owns how a page is shown to the user: by the program that BROWSER names, or by what the system opens files with. It goes
 * on when zrun has ended.
 */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { ZrunError } from '../../core/errors.js';
import type { Environment } from '../environment.js';

/** In order; the first that is there is used. */
const openers = ['xdg-open', 'open', 'wslview'];

/** Throws ZrunError `usage` where there is nothing to open it with. */
export async function openPage(file: string, { env }: Environment): Promise<void> {
  const url = pathToFileURL(file).href;
  const named = env['BROWSER']?.split(':').find((each) => each !== '');
  for (const words of named === undefined ? openers.map((each) => [each]) : [named.split(' ')]) {
    if (await start([...words, url], env)) return;
  }
  throw new ZrunError('usage', `there is no program to open ${file} with`, {
    hint:
      named === undefined
        ? 'set BROWSER to the name of your browser, or open the file there yourself'
        : `BROWSER is '${named}', which is no program that can be started`,
  });
}

/** False where there is no such program. */
function start([program = '', ...words]: readonly string[], env: Environment['env']): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env, stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
