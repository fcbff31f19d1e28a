/**
 * Owns a race: modules that write files work as root in a folder of another user, who swaps what is in it as fast as a
 * process can. What root has elsewhere must stay as it was, and nothing of it, nor of what is written for root alone, may
 * come to be read by that user. Knows nothing of how the modules defend themselves.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ZrunError } from '../../src/core/errors.js';
import type { Module } from '../../src/core/module.js';
import type { ValueMap } from '../../src/core/value.js';
import { blockinfile } from '../../src/modules/files/blockinfile.js';
import { copy } from '../../src/modules/files/copy.js';
import { daemonJson } from '../../src/modules/docker/daemon_json.js';
import { file } from '../../src/modules/files/file.js';
import { lineinfile } from '../../src/modules/files/lineinfile.js';
import { mount } from '../../src/modules/storage/mount.js';
import { rsync } from '../../src/modules/files/rsync.js';
import { template } from '../../src/modules/files/template.js';
import { makeUser } from '../integration/sshd.js';
import { createHost, perform } from '../modules/harness.js';

/** What only root may read: what lies elsewhere, and what is written. */
const elsewhere = 'this is elsewhere, and only root may read it';
const written = 'this is written for root alone';

/** The places of a race. */
interface Field {
  /** The user's, with `n`, `sub/n` and `tree`, which are swapped for links into `other`. */
  readonly folder: string;
  /** Root's, with what must not change. */
  readonly other: string;
  /** A folder of the controller to copy. */
  readonly source: string;
  readonly user: string;
}

interface Way {
  readonly name: string;
  readonly module: Module;
  params(field: Field, round: number): ValueMap;
  /** What is made beforehand, each time. */
  prepare?(field: Field): void;
}

const secret = (round: number): string => `${written} ${round}\n`;

/** Every way in which a module of zrun writes or changes a file. */
export const ways: readonly Way[] = [
  {
    name: 'copy of a file',
    module: copy,
    params: ({ folder }, round) => ({
      dest: `${folder}/n`,
      content: secret(round),
      owner: 'root',
      mode: '0600',
    }),
  },
  {
    name: 'copy that keeps the old file, and gives the new one away',
    module: copy,
    params: ({ folder, user }, round) => ({
      dest: `${folder}/n`,
      content: `${round}\n`,
      owner: user,
      mode: '0644',
      backup: true,
    }),
  },
  {
    name: 'copy that follows links, with a validation',
    module: copy,
    params: ({ folder }, round) => ({
      dest: `${folder}/n`,
      content: `${round}\n`,
      mode: '0644',
      follow: true,
      validate: 'test -s %s',
    }),
  },
  {
    name: 'template into a folder below',
    module: template,
    params: ({ folder }, round) => ({ dest: `${folder}/sub/n`, src: `${round}.hbs`, mode: '0644' }),
  },
  {
    name: 'copy of a folder',
    module: copy,
    params: ({ folder, source, user }, round) => {
      writeFileSync(`${source}/deep/n`, `${round}\n`);
      return { dest: `${folder}/sub`, src: `${source}/`, owner: user, mode: '0666', backup: true };
    },
  },
  {
    name: 'rsync into a folder below',
    module: rsync,
    params: ({ folder, source }, round) => {
      writeFileSync(`${source}/deep/n`, `${round}\n`);
      return { dest: `${folder}/sub`, src: source, delete: true };
    },
  },
  {
    name: 'lineinfile',
    module: lineinfile,
    params: ({ folder, user }, round) => ({
      path: `${folder}/n`,
      line: `line ${round}`,
      owner: user,
      create: true,
    }),
  },
  {
    name: 'blockinfile that keeps the old file',
    module: blockinfile,
    params: ({ folder }, round) => ({
      path: `${folder}/sub/n`,
      block: `block ${round}`,
      create: true,
      backup: true,
    }),
  },
  {
    name: 'daemon_json',
    module: daemonJson,
    params: ({ folder }, round) => ({
      path: `${folder}/n`,
      settings: { round },
      validate: false,
      backup: true,
    }),
    prepare: ({ folder }) => put(folder, 'n', '{}\n'),
  },
  {
    name: 'mount, its line in fstab',
    module: mount,
    params: ({ folder }, round) => ({
      path: `/mnt/of-the-race-${round}`,
      src: 'none',
      fstype: 'tmpfs',
      state: 'present',
      fstab: `${folder}/n`,
    }),
  },
  {
    name: 'file: owner and mode of a file',
    module: file,
    params: ({ folder, user }, round) => ({
      path: `${folder}/n`,
      owner: round % 2 === 0 ? user : 'root',
      mode: round % 2 === 0 ? '0666' : '0640',
    }),
  },
  {
    name: 'file: owner and mode of a folder',
    module: file,
    params: ({ folder, user }, round) => ({
      path: `${folder}/sub`,
      owner: user,
      mode: round % 2 === 0 ? '0777' : '0755',
    }),
  },
  {
    name: 'file: owner and mode of a tree',
    module: file,
    params: ({ folder, user }, round) => ({
      path: folder,
      state: 'directory',
      recurse: true,
      owner: user,
      mode: round % 2 === 0 ? '0777' : '0755',
    }),
  },
  {
    name: 'file: touch',
    module: file,
    params: ({ folder, user }) => ({ path: `${folder}/sub/t`, state: 'touch', owner: user, mode: '0666' }),
  },
  {
    name: 'file: folders that are made',
    module: file,
    params: ({ folder, user }, round) => ({
      path: `${folder}/sub/made${round}/deep`,
      state: 'directory',
      owner: user,
      mode: '0777',
    }),
  },
  {
    name: 'file: a link',
    module: file,
    params: ({ folder }, round) => ({
      path: `${folder}/sub/l`,
      src: `of-the-race-${round}`,
      state: 'link',
      force: true,
    }),
  },
  {
    name: 'file: another name of a file',
    module: file,
    params: ({ folder }) => ({
      path: `${folder}/sub/h`,
      src: `${folder}/n`,
      state: 'hard',
      force: true,
    }),
  },
  {
    name: 'file: a folder that is removed',
    module: file,
    params: ({ folder }) => ({ path: `${folder}/tree`, state: 'absent' }),
    prepare: ({ folder, user }) => {
      // As the user: names are swapped under its feet too.
      execFileSync('sh', ['-c', 'mkdir -p tree/dir/dir && echo x >tree/dir/inner'], {
        cwd: folder,
        ...idsOf(user),
        stdio: 'ignore',
      });
    },
  },
];

/**
 * What the user runs: swaps names for links and back, and looks into whatever it can open, now and for as long as it
 * holds it open. Says each secret that it has read.
 */
const attacker = `
const fs = require('node:fs');
const [folder, other] = process.argv.slice(1);
process.chdir(folder);
const may = (work) => { try { return work(); } catch { return undefined; } };
const pick = (list) => list[Math.floor(Math.random() * list.length)];
let serial = 0;
const swap = (name, make) => {
  const temporary = '.swap' + (serial++ % 8);
  may(() => fs.rmSync(temporary, { recursive: true, force: true }));
  may(() => make(temporary));
  may(() => fs.renameSync(name, '.old' + (serial % 8)));
  may(() => fs.renameSync(temporary, name));
};
const link = (target) => (name) => swap(name, (temporary) => fs.symlinkSync(target, temporary));
const plain = (name) => swap(name, (temporary) => fs.writeFileSync(temporary, 'mine\\n'));
const folderOf = (name) => swap(name, (temporary) => { fs.mkdirSync(temporary); fs.writeFileSync(temporary + '/n', 'mine\\n'); });
const hard = (name) => swap(name, (temporary) => fs.linkSync(other + '/secret', temporary));
const held = [];
const look = (name) => {
  const fd = may(() => fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK));
  if (fd === undefined) return;
  held.push(fd);
  if (held.length > 100) may(() => fs.closeSync(held.shift()));
};
const buffer = Buffer.alloc(4096);
const listen = () => {
  for (const fd of held) {
    const length = may(() => fs.readSync(fd, buffer, 0, 4096, 0)) ?? 0;
    const text = buffer.toString('latin1', 0, length);
    if (text.includes(${JSON.stringify(written)}) || text.includes(${JSON.stringify(elsewhere)})) {
      fs.writeSync(1, text);
    }
  }
};
const files = [plain, plain, plain, link(other + '/secret'), link(other + '/dir'), link(other + '/new'), link('sub/n'), hard];
const folders = [folderOf, folderOf, link(other + '/dir'), link(other), link('.')];
fs.writeSync(1, 'ready\\n');
for (;;) {
  for (let i = 0; i < 20; i++) {
    const name = pick(['n', 'n', 'sub/n', 'sub/t', 'sub/deep/n', 'tree/dir/inner']);
    pick(files)(name);
    look(name);
    if (Math.random() < 0.3) pick(folders)(pick(['sub', 'sub', 'sub/deep', 'tree', 'tree/dir']));
    // Whatever root makes, and may work in or on by its name.
    for (const where of ['.', 'sub', 'tree'])
      for (const own of may(() => fs.readdirSync(where)) ?? [])
        if (/^\\.zrun-|^made|~$/.test(own)) {
          look(where + '/' + own);
          pick([link(other + '/dir'), link(other + '/secret'), folderOf, look, look])(where + '/' + own);
        }
  }
  // Some time for root to find things as they should be.
  plain('n'); folderOf('sub'); plain('sub/n'); folderOf('tree');
  listen();
  const until = Date.now() + Math.random() * 40;
  while (Date.now() < until) look('n');
}
`;

/** What has come of a race. */
interface Raced {
  /** Tries in which the module could do its work. */
  readonly done: number;
  /** Tries in which it refused to, or found things changed. */
  readonly refused: number;
  /** What should not have been possible, a line each. */
  readonly broken: readonly string[];
}

/** Has a way raced so many times. Only root can. */
export async function race(way: Way, tries: number): Promise<Raced> {
  const user = makeUser('zrun-race');
  const base = mkdtempSync(path.join(tmpdir(), 'zrun-race-'));
  try {
    return await raceOn(makeField(base, user.name), way, tries);
  } finally {
    rmSync(base, { recursive: true, force: true });
    user.remove();
  }
}

function makeField(base: string, user: string): Field {
  const field = { folder: `${base}/home`, other: `${base}/other`, source: `${base}/source`, user };
  chmodSync(base, 0o755);
  for (const folder of [field.folder, field.other, `${field.other}/dir`, `${field.source}/deep`])
    mkdirSync(folder, { recursive: true });
  put(field.other, 'secret', `${elsewhere}\n`, 0o600);
  for (const name of ['inner', 'n', 't', 'h', 'l']) put(`${field.other}/dir`, name, `${elsewhere}\n`, 0o600);
  const { uid, gid } = idsOf(user);
  chownSync(field.folder, uid, gid);
  return field;
}

async function raceOn(field: Field, way: Way, tries: number): Promise<Raced> {
  const before = stateOf(field.other);
  const { uid, gid } = idsOf(field.user);
  const child = spawn(process.execPath, ['-e', attacker, field.folder, field.other], {
    uid,
    gid,
    cwd: '/',
    // What the test itself is loaded by is not the user's.
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  const isReady = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 10_000) said += text;
      resolve();
    });
  });
  await Promise.race([isReady, ended]);
  const mustLive = (): void => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error('the user who swaps names has ended');
  };
  const broken = new Set<string>();
  let [done, refused] = [0, 0];
  try {
    for (let round = 0; round < tries && broken.size === 0; round++) {
      try {
        way.prepare?.(field);
        const { changed } = await perform(way.module, way.params(field, round), createHost());
        if (changed) done++;
      } catch (error) {
        if (!(error instanceof ZrunError) && !isSystemError(error)) throw error;
        if (error instanceof ZrunError && error.code === 'internal') throw error;
        refused++;
      }
      for (const line of differences(before, stateOf(field.other))) broken.add(`try ${round}: ${line}`);
    }
    // A race against nobody is no race.
    mustLive();
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  if (said.includes(written) || said.includes(elsewhere))
    broken.add(`the user has read: ${said.slice(0, 200)}`);
  for (const name of filesWith(field.folder, elsewhere)) broken.add(`${name} holds what is elsewhere`);
  return { done, refused, broken: [...broken] };
}

/** The test's own way into the folder is swapped under its feet too. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ('code' in error || 'status' in error);
}

function put(folder: string, name: string, text: string, mode = 0o644): void {
  const temporary = `${folder}/.put`;
  rmSync(temporary, { recursive: true, force: true });
  writeFileSync(temporary, text, { mode, flag: 'wx' });
  execFileSync('mv', ['-fT', temporary, `${folder}/${name}`], { stdio: 'ignore' });
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const id = (option: string): number => Number(execFileSync('id', [option, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Of everything in a folder: what lstat(2) says, and the text. The time of a change tells of every change. */
function stateOf(folder: string): ReadonlyMap<string, string> {
  const names = ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })];
  return new Map(
    names.map((name) => {
      const file = path.join(folder, name);
      const { mode, uid, gid, nlink, size, ctimeMs, ino } = lstatSync(file);
      const said = `mode ${mode.toString(8)} owner ${uid}:${gid} links ${nlink} size ${size} changed ${ctimeMs} inode ${ino}`;
      return [name, said];
    }),
  );
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `elsewhere, ${name}: ${before.get(name) ?? 'nothing'} -> ${after.get(name) ?? 'nothing'}`);
}

/** Plain files below a folder that hold a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((name) => readFileSync(name, 'latin1').includes(text));
}
