/**
 * Owns what modules can have done on the controller: waits, questions on the terminal, files. Knows no module.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZrunError } from '../core/errors.js';
import { codeOf, whyUnwritable } from '../core/local-files.js';
import type { Controller } from '../core/module.js';
import { keepSecret } from '../core/secret.js';
import { visible } from '../report/visible.js';
import type { InTurn } from './questions.js';
import { ask } from './terminal.js';
import { openFolder, type OpenFolder } from './trusted-folder.js';

interface ControllerOptions {
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** What `~/` at the beginning of a path stands for. */
  readonly homeFolder: string;
  readonly inTurn: InTurn;
}

export function createController(options: ControllerOptions): Controller {
  const { cwd, homeFolder, inTurn } = options;
  const resolve = (file: string): string =>
    file.startsWith('~/') ? path.join(homeFolder, file.slice(2)) : path.resolve(cwd, file);
  return {
    async wait(ms, signal) {
      try {
        await sleep(ms, undefined, { signal });
      } catch (error) {
        throw interrupted(error);
      }
    },
    ask: (question, { echo, signal }) => inTurn(signal, () => askOne(question, echo, signal)),
    hashFile: (file) => hashFile(resolve(file), file),
    writeFile: (file, content) => writeWhole(resolve(file), file, content),
  };
}

const otherwise =
  'Run zrun in a terminal, give `pause` a time (`seconds`, `minutes`), or leave its task out with --skip-tags.';

async function askOne(question: string, echo: boolean, signal: AbortSignal): Promise<string> {
  try {
    const answer = await ask({ text: visible(question), echo, signal, about: 'an answer', otherwise });
    if (!echo) keepSecret(answer);
    return answer;
  } catch (error) {
    if (!(error instanceof ZrunError) || error.code !== 'usage') throw error;
    throw new ZrunError('task-failed', error.message, { hint: error.hint, cause: error });
  }
}

function interrupted(cause?: unknown): ZrunError {
  return new ZrunError('interrupted', 'the run was stopped', { cause });
}

async function hashFile(file: string, shownAs: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'EISDIR') {
      throw new ZrunError('task-failed', `${shownAs} on this machine is a directory, not a file`, {
        hint: 'Name the file itself, or end the path with / where it should go into the directory.',
        cause: error,
      });
    }
    throw unusable(shownAs, error);
  }
  return hash.digest('hex');
}

/** A file of the same folder takes the old one's place only when all of it is on the disk, and is nobody's to read before. */
async function writeWhole(file: string, shownAs: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    const folder = await openFolder(path.dirname(file));
    try {
      await fill(folder, path.basename(file), content);
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw error instanceof ZrunError ? error : unusable(shownAs, error);
  }
}

async function fill(folder: OpenFolder, name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = folder.at(`.zrun-${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for await (const chunk of content) await handle.writeFile(chunk);
      await handle.chmod(await modeOf(folder.at(name)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, folder.at(name));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** What comes from a host may be meant for few eyes there; an old file's own mode is the user's choice. */
async function modeOf(file: string): Promise<number> {
  try {
    const state = await lstat(file);
    return state.isFile() ? state.mode & 0o777 : 0o600;
  } catch {
    return 0o600;
  }
}

function unusable(shownAs: string, error: unknown): ZrunError {
  const why = whyUnwritable(error);
  return new ZrunError('task-failed', `${shownAs} on this machine cannot be used: ${why}`, { cause: error });
}
