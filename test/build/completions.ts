/**
 * Owns the completions as packages bring them: what `zrun completion SHELL` writes, by the names that the shells look for.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { root } from './options.js';

const names = { bash: 'zrun.bash', zsh: '_zrun', fish: 'zrun.fish' } as const;

export async function writeCompletions(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [shell, name] of Object.entries(names))
    await copyFile(path.join(root, `src/cli/completion/zrun.${shell}`), path.join(folder, name));
}
