/**
 * Owns copies of the flagship's playbooks that have one task more: so a lab host meets a failure, or somebody else's doing,
 * right after any task that there is.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectRoot } from './zrun.js';

/**
 * Hands in the path of an overlay2.yaml that has one task more right after the task of this name, and removes it afterwards.
 * Throws where there is no such task, or more than one.
 * @param more the lines of the task, from `- name:` on
 */
export async function withTaskAfter<T>(
  task: string,
  more: readonly string[],
  work: (playbook: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zrun-broken-'));
  try {
    for (const part of ['playbooks', 'templates'])
      await cp(path.join(projectRoot, part), path.join(folder, part), { recursive: true });
    const file = path.join(folder, 'playbooks/overlay2.yaml');
    await writeFile(file, putAfter(await readFile(file, 'utf8'), task, more));
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same, and that task fails. */
export function withFailureAfter<T>(task: string, work: (playbook: string) => Promise<T>): Promise<T> {
  const failing = [
    '- name: Fail, as the test wants it',
    '  fail: {msg: broken by the test}',
    '  when: "!ansible_check_mode"',
  ];
  return withTaskAfter(task, failing, work);
}

function putAfter(text: string, task: string, more: readonly string[]): string {
  const rows = text.split('\n');
  const found = rows.flatMap((row, i) => (row.trim() === `- name: ${task}` ? [i] : []));
  const [at] = found;
  if (at === undefined || found.length > 1) throw new Error(`${found.length} tasks are named '${task}'`);
  const indent = /^ */.exec(rows[at] ?? '')?.[0] ?? '';
  const isOfTask = (row: string): boolean => row === '' || row.startsWith(`${indent} `);
  const length = rows.slice(at + 1).findIndex((row) => !isOfTask(row));
  const end = length < 0 ? rows.length : at + 1 + length;
  return [...rows.slice(0, end), ...more.map((row) => `${indent}${row}`), '', ...rows.slice(end)].join('\n');
}
