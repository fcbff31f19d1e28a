/**
 * Owns the flagship's playbooks in which one task more fails: a copy beside nothing of the project's, so that a lab host
 * meets a failure just behind any task that there is.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectRoot } from './zrun.js';

/**
 * Hands in the path of an overlay2.yaml that fails right after the task of this name, and removes it afterwards. Throws
 * where there is no such task, or more than one.
 */
export async function withFailureAfter<T>(task: string, work: (playbook: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zrun-broken-'));
  try {
    for (const part of ['playbooks', 'templates'])
      await cp(path.join(projectRoot, part), path.join(folder, part), { recursive: true });
    const file = path.join(folder, 'playbooks/overlay2.yaml');
    await writeFile(file, breakAfter(await readFile(file, 'utf8'), task));
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function breakAfter(text: string, task: string): string {
  const rows = text.split('\n');
  const found = rows.flatMap((row, i) => (row.trim() === `- name: ${task}` ? [i] : []));
  const [at] = found;
  if (at === undefined || found.length > 1) throw new Error(`${found.length} tasks are named '${task}'`);
  const indent = /^ */.exec(rows[at] ?? '')?.[0] ?? '';
  const isOfTask = (row: string): boolean => row === '' || row.startsWith(`${indent} `);
  const length = rows.slice(at + 1).findIndex((row) => !isOfTask(row));
  const end = length < 0 ? rows.length : at + 1 + length;
  return [
    ...rows.slice(0, end),
    `${indent}- name: Fail, as the test wants it`,
    `${indent}  fail: {msg: broken by the test}`,
    `${indent}  when: "!ansible_check_mode"`,
    '',
    ...rows.slice(end),
  ].join('\n');
}
