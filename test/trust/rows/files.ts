/**
 * Users of a host who may write to a folder where root works, and what they put there to lead it astray: links, names that
 * root is about to take, files held open. What lies elsewhere stays as it was, and nobody reads what is not theirs.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeUser, sshdMissing, usersMissing } from '../../integration/sshd.js';
import { race, ways } from '../race.js';
import type { Attack, Bench, Ended } from '../attack.js';

const secret = 'what only root may read';

/** Two folders on the host: one of another user, and one of root's with a file that must stay as it is. */
interface Places {
  readonly home: string;
  readonly other: string;
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  /** What the user does. */
  as(script: string): void;
}

function makePlaces(bench: Bench): Places {
  const user = makeUser('zrun-mallory');
  bench.defer(() => user.remove());
  const base = mkdtempSync(path.join(tmpdir(), 'zrun-files-'));
  bench.defer(() => rmSync(base, { recursive: true, force: true }));
  chmodSync(base, 0o755);
  const id = (option: string): number =>
    Number(execFileSync('id', [option, user.name], { encoding: 'utf8' }));
  const [uid, gid, home, other] = [id('-u'), id('-g'), `${base}/home`, `${base}/other`];
  mkdirSync(home);
  chownSync(home, uid, gid);
  mkdirSync(`${other}/dir`, { recursive: true });
  for (const name of ['secret', 'dir/secret'])
    writeFileSync(`${other}/${name}`, `${secret}\n`, { mode: 0o600 });
  return {
    home,
    other,
    user: user.name,
    uid,
    gid,
    as: (script) =>
      void execFileSync('sh', ['-ec', script, 'sh', home, other], { uid, gid, cwd: home, stdio: 'ignore' }),
  };
}

/** Everything in root's folder, as lstat(2) has it, with the time of its last change. */
function stateOf(folder: string): string {
  return ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]
    .sort()
    .map((name) => {
      const { mode, uid, gid, size, ctimeMs } = lstatSync(path.join(folder, name));
      return `${name} ${mode.toString(8)} ${uid}:${gid} ${size} ${ctimeMs}`;
    })
    .join('\n');
}

interface Told extends Ended {
  readonly places: Places;
  /** What was changed elsewhere, or told of it; empty where nothing was. */
  readonly harm: string;
}

/** Has the user plant something, and root run these tasks (YAML, with HOME and OTHER in it) with zrun. */
async function run(
  bench: Bench,
  { plant, tasks, argv = [] }: { plant: string; tasks: string; argv?: readonly string[] },
  after: (places: Places) => void = () => undefined,
): Promise<Told> {
  const places = makePlaces(bench);
  const server = await bench.sshd();
  bench.write('site/secret', 'new');
  places.as(plant);
  const before = stateOf(places.other);
  const said = tasks
    .replaceAll('HOME', places.home)
    .replaceAll('OTHER', places.other)
    .replaceAll('USER', places.user);
  const ended = await bench.zrun([bench.playbook(said), '-i', bench.inventory(server), ...argv]);
  const now = stateOf(places.other);
  after(places);
  const told = [ended.stdout, ended.stderr, ...bench.artefacts().values()].some((text) =>
    text.includes(secret),
  );
  const harm = [before !== now && `before:\n${before}\nafter:\n${now}`, told && 'the secret is told']
    .filter((each) => each !== false)
    .join('\n');
  return { ...ended, places, harm };
}

const missing = (): string | undefined => usersMissing() ?? sshdMissing();

const refused = 'the task is refused, says which link, and nothing elsewhere is read or changed';

/** A link that must not be followed. */
function refusal(
  attack: string,
  plant: string,
  tasks: string,
  more: { isFast?: boolean; argv?: readonly string[] } = {},
): Attack {
  const { isFast = false, argv = [] } = more;
  return {
    attack,
    expected: refused,
    isFast,
    missing,
    async observe(bench) {
      const { code, stdout, harm } = await run(bench, { plant, tasks, argv });
      if (code === 2 && harm === '' && /passes through (the|a) link/.test(stdout)) return refused;
      return `ended with ${code}, ${harm}:\n${stdout}`;
    },
  };
}

const copied = '- copy: {dest: HOME/n, content: "new\\n", mode: "0600"';

export const files: readonly Attack[] = [
  {
    attack: 'a user puts a link in the place of a file that root copies',
    expected: 'the link makes way for the file, and what it led to stays as it was',
    isFast: true,
    missing,
    async observe(bench) {
      const { code, stdout, harm, places } = await run(bench, {
        plant: 'ln -s "$2/secret" n',
        tasks: `${copied}, owner: USER}`,
      });
      const state = lstatSync(`${places.home}/n`);
      const isFile =
        state.isFile() && state.uid === places.uid && readFileSync(`${places.home}/n`, 'utf8') === 'new\n';
      return code === 0 && isFile && harm === '' ? this.expected : `${code} ${harm} ${stdout}`;
    },
  },
  refusal(
    'a user puts a link in the place of a file that root copies with follow: true',
    'ln -s "$2/secret" n',
    `${copied}, follow: true}`,
  ),
  refusal(
    'a user puts a link in the place of a folder on the way',
    'ln -s "$2/dir" .ssh',
    '- copy: {dest: HOME/.ssh/secret, content: "new\\n", owner: USER}',
    { argv: ['--diff', '-vvvv'] },
  ),
  refusal(
    'a user puts a link far up on the way',
    'mkdir real; ln -s "$2" up',
    '- copy: {dest: HOME/up/dir/n, content: "new\\n", owner: USER}',
  ),
  refusal(
    'a user puts a link in the place of a file that root edits, with --diff',
    'ln -s "$2/secret" .profile',
    '- lineinfile: {path: HOME/.profile, line: "umask 022", owner: USER}',
    { argv: ['--diff', '-vvvv'], isFast: true },
  ),
  refusal(
    'the same, in check mode',
    'ln -s "$2/secret" .profile',
    '- blockinfile: {path: HOME/.profile, block: "umask 022"}',
    { argv: ['--check', '--diff', '-vvvv'] },
  ),
  refusal(
    'a user puts a link in the place of a file whose mode root sets',
    'ln -s "$2/secret" n',
    '- file: {path: HOME/n, owner: USER, mode: "0644"}',
  ),
  refusal(
    'a user puts a link in the place of a folder in which root makes folders',
    'ln -s "$2/dir" d',
    '- file: {path: HOME/d/a/b, state: directory, owner: USER}',
  ),
  refusal(
    'a user puts a link in the place of a folder from which root removes',
    'ln -s "$2/dir" d',
    '- file: {path: HOME/d/secret, state: absent}',
  ),
  refusal(
    'a user puts a link in the place of a folder into which root copies a folder',
    'ln -s "$2/dir" d',
    '- copy: {src: site/, dest: HOME/d, owner: USER, backup: true}',
  ),
  refusal(
    'a user puts a link in the place of a folder into which root copies a folder of the host',
    'mkdir real; echo new >real/n; ln -s "$2/dir" d',
    '- rsync: {src: HOME/real/, dest: HOME/d, delete: true}',
  ),
  refusal(
    'a link of a user in a folder where everybody may write, as /tmp',
    'mkdir open; chmod 1777 open; ln -s "$2/secret" open/n',
    '- copy: {dest: HOME/open/n, content: "new\\n", follow: true}',
  ),
  {
    attack: "a user's link leads to a folder of that user's own",
    expected: 'it is followed: nobody but the user is concerned',
    missing,
    async observe(bench) {
      const { code, stdout, harm, places } = await run(bench, {
        plant: 'mkdir -p releases/2; ln -s releases/2 current',
        tasks: '- copy: {dest: HOME/current/n, content: "new\\n", owner: USER}',
      });
      const isThere = existsSync(`${places.home}/releases/2/n`);
      return code === 0 && isThere && harm === '' ? this.expected : `${code} ${harm} ${stdout}`;
    },
  },
  {
    attack: 'a tree whose owner is set holds links to what is elsewhere',
    expected: 'the links get the owner, and what they lead to stays as it was',
    missing,
    async observe(bench) {
      const { code, stdout, harm, places } = await run(bench, {
        plant: 'mkdir -p tree/a; ln -s "$2/dir" tree/a/d; ln -s "$2/secret" tree/s; echo x >tree/a/f',
        tasks: '- file: {path: HOME/tree, state: directory, recurse: true, owner: root, mode: "0700"}',
      });
      const owners = ['tree/a/d', 'tree/s', 'tree/a/f'].map(
        (name) => lstatSync(`${places.home}/${name}`).uid,
      );
      const isDone =
        owners.every((uid) => uid === 0) && (lstatSync(`${places.home}/tree/a/f`).mode & 0o777) === 0o700;
      return code === 0 && isDone && harm === ''
        ? this.expected
        : `${code} ${harm} ${owners.join()} ${stdout}`;
    },
  },
  {
    attack: 'the names that a kept file might get are taken by links',
    expected: 'the old file is kept under a name of its own, and nothing is written through a link',
    missing,
    async observe(bench) {
      // Every second of the next two minutes, as the names were once made.
      const plant = `echo old >n; i=0; now=$(date +%s)
while [ $i -lt 120 ]; do ln -s "$2/secret" "n.$(date -u -d @$((now + i)) +%Y-%m-%dT%H-%M-%SZ)~"; i=$((i + 1)); done`;
      const { code, stdout, harm, places } = await run(bench, { plant, tasks: `${copied}, backup: true}` });
      const kept = readdirSync(places.home).filter(
        (name) => name.endsWith('~') && lstatSync(`${places.home}/${name}`).isFile(),
      );
      const isKept = kept.length === 1 && readFileSync(`${places.home}/${kept[0] ?? ''}`, 'utf8') === 'old\n';
      return code === 0 && isKept && harm === '' ? this.expected : `${code} ${harm} ${kept.join()} ${stdout}`;
    },
  },
  {
    attack: 'somebody holds the old, readable file open',
    expected: 'what is read there is the old content, never the new secret',
    isFast: true,
    missing,
    async observe(bench) {
      const folder = mkdtempSync(path.join(tmpdir(), 'zrun-files-'));
      bench.defer(() => rmSync(folder, { recursive: true, force: true }));
      const file = `${folder}/n`;
      writeFileSync(file, 'old\n', { mode: 0o644 });
      const fd = openSync(file, 'r');
      bench.defer(() => closeSync(fd));
      const server = await bench.sshd();
      const play = bench.playbook(`- copy: {dest: ${file}, content: "secret\\n", mode: "0600"}`);
      const { code, stdout } = await bench.zrun([play, '-i', bench.inventory(server)]);
      const buffer = Buffer.alloc(100);
      const seen = buffer.toString('utf8', 0, readSync(fd, buffer, 0, 100, 0));
      const isNew = readFileSync(file, 'utf8') === 'secret\n' && (lstatSync(file).mode & 0o777) === 0o600;
      return code === 0 && seen === 'old\n' && isNew ? this.expected : `${code} ${seen} ${stdout}`;
    },
  },
  {
    attack: 'something is mounted at the file itself, as containers have /etc/hosts',
    expected: 'the task fails and says so, and the file is as it was',
    missing: () => missing() ?? mountMissing(),
    async observe(bench) {
      const folder = mkdtempSync(path.join(tmpdir(), 'zrun-files-'));
      bench.defer(() => rmSync(folder, { recursive: true, force: true }));
      const file = `${folder}/n`;
      writeFileSync(file, '');
      writeFileSync(`${folder}/below`, 'old\n');
      execFileSync('mount', ['--bind', `${folder}/below`, file]);
      bench.defer(() => execFileSync('umount', [file]));
      const server = await bench.sshd();
      const play = bench.playbook(`- copy: {dest: ${file}, content: "new\\n"}`);
      const { code, stdout } = await bench.zrun([play, '-i', bench.inventory(server)]);
      const isOld = readFileSync(file, 'utf8') === 'old\n' && readdirSync(folder).length === 2;
      return code === 2 && isOld && stdout.includes('something is mounted at')
        ? this.expected
        : `${code} ${stdout}`;
    },
  },
  {
    attack: 'a user of the controller puts a link where fetched files go',
    expected: 'the task is refused, and nothing is written elsewhere',
    missing,
    async observe(bench) {
      const { code, stdout, harm } = await run(bench, {
        plant: 'ln -s "$2/dir" fetched',
        tasks: '- fetch: {src: /etc/hostname, dest: HOME/fetched/, flat: true}',
      });
      return code === 2 && harm === '' && stdout.includes('passes through the link')
        ? this.expected
        : `${code} ${harm} ${stdout}`;
    },
  },
  ...ways.map((way): Attack => ({
    attack: `a user swaps names while root works: ${way.name}`,
    expected: 'nothing elsewhere is read or changed, and nothing is read that is not for that user',
    missing: usersMissing,
    async observe() {
      const { broken } = await race(way, 12);
      return broken.length === 0 ? this.expected : broken.join('\n');
    },
  })),
];

function mountMissing(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'zrun-files-'));
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'skipped: nothing can be mounted here';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
