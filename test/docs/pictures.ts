/**
 * `npm run pictures`: makes the pictures of the README anew, from real runs on hosts of the lab, which are reset before.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ensureHosts, labPaths, reset } from '../lab/index.js';
import { quote } from '../../src/core/shell.js';
import { shoot, toSvg } from './picture.js';

const root = path.resolve(import.meta.dirname, '../..');
const hosts = ['bookworm1', 'bookworm2', 'trixie1'];
const columns = 116;

/** Runs are kept in a folder of their own, which is shown as the usual one. */
const state = await mkdtemp(path.join(os.tmpdir(), 'zrun-pictures-'));
const commandOf = (...args: readonly string[]): string =>
  `cd ${quote(root)} && XDG_STATE_HOME=${quote(state)} node dist/main.js playbooks/overlay2.yaml ${args.join(' ')} ` +
  `-i ${quote(labPaths().inventory)} --limit ${hosts.join(',')}`;

const usual = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replaceAll(state, '~/.local/state'));

await ensureHosts({ bookworm: 2, trixie: 1 });
await Promise.all(hosts.map((host) => reset(host)));
const folder = path.join(root, '.github');
await mkdir(folder, { recursive: true });
try {
  const check = await shoot({ columns, rows: 44, command: commandOf('--check') });
  await writeFile(
    path.join(folder, 'check.svg'),
    toSvg(usual(check), columns, 'zrun playbooks/overlay2.yaml -i hosts.yaml --check'),
  );
  // All three are under way, and the longest step tells how far it is.
  const live = await shoot({ columns, rows: 30, command: commandOf(), at: /Load every image[^]*\d+%|Copy/ });
  await writeFile(
    path.join(folder, 'live.svg'),
    toSvg(usual(live), columns, 'zrun playbooks/overlay2.yaml -i hosts.yaml'),
  );
} finally {
  await rm(state, { recursive: true, force: true });
}
