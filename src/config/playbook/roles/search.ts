/**
 * Owns where a role is looked for.
 */
import path from 'node:path';
import { nearest, ZrunError, type Place } from '../../../core/errors.js';
import { firstFolder, namesIn } from '../../source/search.js';
import type { Site } from '../reading/site.js';
import { shownName } from '../../source/source.js';

/**
 * The folder of a role: in `roles/` beside the playbook, beside its folder or in the current one, or beside the role
 * that asks for it. Throws ZrunError `file-unreadable`.
 */
export async function findRole(name: string, at: Place, site: Site): Promise<string> {
  const { cwd } = site.context;
  const folders = roleFolders(site);
  const found = await firstFolder(folders.map((folder) => path.resolve(folder, name)));
  if (found !== undefined) return found;
  const known = (await Promise.all(folders.map(namesIn))).flat();
  const near = nearest(name, known);
  const looked = folders.map((folder) => shownName(folder, cwd)).join(', ');
  let hint = `looked for it in ${looked}`;
  if (near !== undefined) hint = `did you mean '${near}'? (looked in ${looked})`;
  else if (/^\w+\.\w+\.\w+$/.test(name)) hint = 'zrun has no collections; copy the role into roles/';
  throw new ZrunError('file-unreadable', `there is no role '${name}'`, { at, hint });
}

export function roleFolders({ play, role, context }: Site): readonly string[] {
  const beside = role ? [path.dirname(role.folder)] : [];
  // Playbooks often have a folder of their own, beside the roles'.
  const above = play.folder === context.cwd ? [] : [`${play.folder}/../roles`];
  const folders = [`${play.folder}/roles`, ...above, `${context.cwd}/roles`, ...beside];
  return [...new Set([...folders, play.folder].map((folder) => path.normalize(folder)))];
}
