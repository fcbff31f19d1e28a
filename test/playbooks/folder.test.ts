/**
 * What the tasks do to a data-root that is a folder of a larger dataset: it is renamed and comes back, wherever a run was
 * interrupted, and of the datasets beside it only Docker's layers go. Run on this machine, with a stand-in for zfs(8).
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { isList, isMap, type Value, type ValueMap } from '../../src/core/value.js';
import { withFolder } from '../modules/harness.js';
import { playTasks } from './steps.js';

const playbooks = path.resolve(import.meta.dirname, '../../playbooks');
const of = 'rpool/ROOT/debian';
const hex = (letter: string): string => letter.repeat(64);

/** Lines of name, guid, transaction, mountpoint and its source; snapshots are not listed here. */
const datasets = [
  [of, '1', '1', '/var/lib', 'local'],
  [`${of}/${hex('a')}`, '10', '100', 'legacy', 'local'],
  [`${of}/${hex('b')}`, '11', '300', 'legacy', 'local'],
  [`${of}/${hex('c')}-init`, '12', '200', 'legacy', 'local'],
  // Known to Docker, but mounted by somebody; and legacy, but not known to Docker.
  [`${of}/${hex('e')}`, '13', '250', '/srv/e', 'local'],
  [`${of}/${hex('d')}`, '14', '400', 'legacy', 'local'],
  [`${of}/${'k'.repeat(25)}`, '15', '401', 'legacy', 'local'],
  [`${of}/app`, '16', '50', '/srv/app', 'local'],
];

/** Answers what the tasks ask, from the file `datasets`, keeps what is destroyed in `destroyed`, and rejects all else. */
const zfs = `
cd "$(dirname "$0")/.."
of() { awk -F '\\t' -v name="$1" '$1 == name' datasets; }
column() { found=$(of "$1"); [ -n "$found" ] || { echo "dataset does not exist" >&2; exit 1; }; printf '%s\\n' "$found" | cut -f "$2"; }
case "$*" in
'get -Hp -d 1 -t filesystem -s local -o name,value mountpoint ${of}') cut -f 1,4 datasets ;;
'list -Hp -d 1 -t filesystem -o name,guid,createtxg ${of}') cut -f 1,2,3 datasets ;;
'list -H -d 1 -t filesystem -o name ${of}') cut -f 1 datasets ;;
'list -Hp -o guid -- '*) column ${of} 2 ;;
'get -Hp -o value guid '*) column "$6" 2 ;;
'get -H -o value,source mountpoint '*) column "$6" 4,5 ;;
'get -H -o value mounted '*) echo no ;;
'destroy -rnvp '*) printf 'destroy\\t%s@snap\\ndestroy\\t%s\\nreclaim\\t100\\n' "$3" "$3"; cat more 2>/dev/null || : ;;
'destroy -r '*)
  [ "$3" != "$(cat refused 2>/dev/null)" ] || { echo 'dataset is busy' >&2; exit 1; }
  of "$3" >>destroyed
  awk -F '\\t' -v name="$3" '$1 != name' datasets >datasets.new && mv datasets.new datasets ;;
*) echo "nobody asked for: $*" >&2; exit 2 ;;
esac`;

async function tasksIn(file: string): Promise<readonly ValueMap[]> {
  const text = await readFile(path.join(playbooks, 'tasks', `${file}.yaml`), 'utf8');
  const cel = ['!cel', '!raw'].map((tag) => ({ tag, resolve: (expression: string) => expression }));
  const content = parse(text, { customTags: cel }) as Value;
  const tasks = isList(content) ? content.filter(isMap) : [];
  const spread = tasks.map(async (task) => {
    const file = task['import_tasks'];
    return typeof file === 'string' ? tasksIn(file.replace('.yaml', '')) : [task];
  });
  return (await Promise.all(spread)).flat();
}

/** What a playbook has run before it. */
const before: Readonly<Record<string, string>> = {
  'mark-folder': 'list-layers',
};

/** The tasks of a file below those of what comes before it. */
async function tasksOf(file: string): Promise<readonly ValueMap[]> {
  const first = before[file] === undefined ? [] : await tasksIn(before[file]);
  return [...first, ...(await tasksIn(file))];
}

interface Place {
  readonly tmp: string;
  readonly root: string;
  readonly backup: string;
  /** The names of changed tasks. Throws what the run says where it fails. */
  readonly run: (file: string) => Promise<readonly string[]>;
}

async function withRoot(work: (place: Place) => Promise<void>): Promise<void> {
  await withFolder(async (tmp) => {
    const root = path.join(tmp, 'var lib/docker');
    const backup = `${root}-zfs-backup`;
    await mkdir(path.join(root, 'volumes/data'), { recursive: true });
    await chmod(root, 0o710);
    await writeFile(path.join(root, 'volumes/data/file'), 'precious');
    await writeFile(path.join(path.dirname(root), 'docker-zfs-backup.txt'), 'theirs');
    const records = path.join(root, 'image/zfs/layerdb');
    for (const [folder, file, text] of [
      [`sha256/1`, 'cache-id', hex('a')],
      [`sha256/2`, 'cache-id', hex('b')],
      [`sha256/3`, 'cache-id', hex('e')],
      // Already gone.
      [`sha256/4`, 'cache-id', hex('f')],
      [`mounts/1`, 'init-id', `${hex('c')}-init`],
      // What else is written there is no layer.
      [`mounts/1`, 'parent', hex('d')],
    ] as const) {
      await mkdir(path.join(records, folder), { recursive: true });
      await writeFile(path.join(records, folder, file), text);
    }
    await writeFile(path.join(tmp, 'datasets'), datasets.map((line) => `${line.join('\t')}\n`).join(''));
    const vars = {
      ...{ data_root: root, backup, dataset: of, origin: of, source_in_place: true },
      ...{ unfinished: [{ guid: '1' }], snapshots_taken: path.join(tmp, 'snapshots'), is_folder: true },
      ...{ layer_file: path.join(backup, '.zrun-layers'), layout: 'folder', origin_guid: '1', volume: 'rpool/docker-overlay2' },
    };
    const run = async (file: string): Promise<readonly string[]> => {
      const tasks = (await tasksOf(file)).map((task) =>
        isMap(task['vars'] ?? null) ? { ...task, vars: { guid: '1' } } : task,
      );
      const { outcome, lines, events } = await playTasks(tmp, tasks, vars, { zfs });
      const said = events.flatMap((event) =>
        event.type === 'task-finished' ? [event.result.problem?.stderr ?? ''] : [],
      );
      if (outcome.exitCode !== 0) throw new Error([...lines, ...said].join('\n'));
      return lines.filter((line) => line.includes('| changed |'));
    };
    try {
      await work({ tmp, root, backup, run });
    } finally {
      open(root);
    }
  });
}

const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was refused');
};

/** Lets things be made in it again. */
const open = (folder: string): void => void spawnSync('chattr', ['-di', folder]);

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o7777;

describe('a data-root that is a folder of a larger dataset', () => {
  it('is marked, with the layers that Docker knows and that only Docker mounts, the youngest first', async () => {
    await withRoot(async ({ root, run }) => {
      await run('mark-folder');
      expect(await readFile(path.join(root, '.zrun-layers'), 'utf8')).to.equal(
        `300\t11\t${hex('b')}\n200\t12\t${hex('c')}-init\n100\t10\t${hex('a')}\n`,
      );
      const marks = await readFile(path.join(root, '.zrun-marks'), 'utf8');
      expect(marks).to.contain(`zrun:role\tbackup\nzrun:origin\t${of}\nzrun:data-root\t${root}\n`);
      expect(marks).to.match(/\nzrun:layout\tfolder\nzrun:guid\t1\n$/);
    });
  });

  for (const [what, cut] of [
    ['at once', () => Promise.resolve()],
    ['cut off behind the rename', async ({ root, backup }: Place) => rename(root, backup)],
    [
      'cut off behind the new folder',
      async ({ root, backup }: Place) => {
        await rename(root, backup);
        await mkdir(root);
        await chmod(root, 0o710);
      },
    ],
  ] as const) {
    it(`is put aside and comes back, ${what}`, async () => {
      await withRoot(async (place) => {
        const { root, backup, run } = place;
        const before = await readdir(root);
        await run('mark-folder');
        await cut(place);
        await run('put-folder-aside');
        expect([await readdir(root), await modeOf(root)]).to.deep.equal([[], 0o710]);
        expect(await readFile(path.join(backup, 'volumes/data/file'), 'utf8')).to.equal('precious');
        await run('put-folder-aside');
        expect(await run('take-folder-back')).to.have.length(1);
        expect([await readdir(root), await modeOf(root)]).to.deep.equal([before, 0o710]);
        expect(await readFile(path.join(root, 'volumes/data/file'), 'utf8')).to.equal('precious');
        expect(await run('take-folder-back'), 'it is back').to.deep.equal([]);
        expect((await readdir(path.dirname(root))).sort()).to.deep.equal(['docker', 'docker-zfs-backup.txt']);
      });
    });
  }

  for (const [what, cut] of [
    ['before it was renamed', () => Promise.resolve()],
    ['before the new folder was made', async ({ root, backup }: Place) => rename(root, backup)],
    [
      'on the way back, without a folder',
      async ({ root, run }: Place) => {
        await run('put-folder-aside');
        open(root);
        await rm(root, { recursive: true });
      },
    ],
    [
      'on the way back, with its marks',
      async ({ root, backup, run }: Place) => {
        await run('put-folder-aside');
        open(root);
        await rm(root, { recursive: true });
        await rename(backup, root);
      },
    ],
  ] as const) {
    it(`comes back where a run was cut off ${what}`, async () => {
      await withRoot(async (place) => {
        const before = await readdir(place.root);
        await place.run('mark-folder');
        await cut(place);
        await place.run('take-folder-back');
        expect(await readdir(place.root)).to.deep.equal(before);
      });
    });
  }

  it('does not come back over what was written there meanwhile, nor as a folder of another dataset', async () => {
    await withRoot(async ({ tmp, root, backup, run }) => {
      await run('mark-folder');
      await run('put-folder-aside');
      open(root);
      await writeFile(path.join(root, 'new'), 'written');
      expect(await failure(run('take-folder-back'))).to.match(/something was written to/);
      expect(await readFile(path.join(root, 'new'), 'utf8')).to.equal('written');
      await rm(path.join(root, 'new'));
      await replaceIn(path.join(tmp, 'datasets'), `${of}\t1\t`, `${of}\t2\t`);
      expect(await failure(run('take-folder-back'))).to.match(/in another dataset than the one with the layers/);
      await replaceIn(path.join(tmp, 'datasets'), `${of}\t2\t`, `${of}\t1\t`);
      const marks = path.join(backup, '.zrun-marks');
      await writeFile(marks, (await readFile(marks, 'utf8')).replace('zrun:guid\t1', 'zrun:guid\t2'));
      expect(await failure(run('take-folder-back'))).to.match(/there is neither/);
      expect(await readdir(backup)).to.include('volumes');
    });
  });

  it('is not renamed over what somebody else has there', async () => {
    await withRoot(async ({ root, backup, run }) => {
      await run('mark-folder');
      await mkdir(backup);
      expect(await failure(run('put-folder-aside'))).to.match(/is there already/);
      expect(await readdir(root)).to.include('volumes');
    });
  });

  it('goes with its layers, the youngest first, and with nothing else', async () => {
    await withRoot(async ({ tmp, root, backup, run }) => {
      await run('mark-folder');
      await run('put-folder-aside');
      await run('destroy-folder');
      const gone = (await readFile(path.join(tmp, 'destroyed'), 'utf8')).trim().split('\n');
      expect(gone.map((line) => line.split('\t')[0])).to.deep.equal([
        `${of}/${hex('b')}`,
        `${of}/${hex('c')}-init`,
        `${of}/${hex('a')}`,
      ]);
      const left = (await readFile(path.join(tmp, 'datasets'), 'utf8')).trim().split('\n');
      expect(left.map((line) => line.split('\t')[0])).to.deep.equal(
        [of, ...[hex('e'), hex('d'), 'k'.repeat(25), 'app'].map((name) => `${of}/${name}`)],
      );
      expect(await readdir(path.dirname(backup))).to.deep.equal([path.basename(root), 'docker-zfs-backup.txt']);
    });
  });

  for (const [what, prepare, said] of [
    [
      'a layer that has another guid now',
      async ({ tmp }: Place) => replaceIn(path.join(tmp, 'datasets'), `${hex('c')}-init\t12`, `${hex('c')}-init\t99`),
      /c-init is another dataset than at the move/,
    ],
    [
      'a layer that somebody mounts now',
      async ({ tmp }: Place) => replaceIn(path.join(tmp, 'datasets'), '12\t200\tlegacy', '12\t200\t/srv/x'),
      /c-init is not mounted as Docker does it/,
    ],
    [
      'what would go besides',
      async ({ tmp }: Place) => writeFile(path.join(tmp, 'more'), 'destroy\trpool/else\n'),
      /rpool\/else would be destroyed with/,
    ],
    [
      'another dataset of that name',
      async ({ tmp }: Place) => replaceIn(path.join(tmp, 'datasets'), `${of}\t1\t`, `${of}\t2\t`),
      /was not a folder of/,
    ],
    [
      'one that cannot be destroyed',
      async ({ tmp }: Place) => writeFile(path.join(tmp, 'refused'), `${of}/${hex('c')}-init`),
      /c-init could not be destroyed/,
    ],
  ] as const) {
    it(`keeps what is left because of ${what}, and resumes`, async () => {
      await withRoot(async (place) => {
        const { tmp, backup, run } = place;
        await run('mark-folder');
        await run('put-folder-aside');
        const before = await readFile(path.join(tmp, 'datasets'), 'utf8');
        await prepare(place);
        expect(await failure(run('destroy-folder'))).to.match(said);
        expect(await readdir(backup)).to.include('volumes');
        expect(await readFile(path.join(backup, '.zrun-marks'), 'utf8')).to.contain('zrun:role\tdestroying\n');
        // The cause removed; what has gone stays gone.
        const gone = await readFile(path.join(tmp, 'destroyed'), 'utf8').catch(() => '');
        await writeFile(
          path.join(tmp, 'datasets'),
          before
            .split('\n')
            .filter((line) => line === '' || !gone.includes(`${line.split('\t')[0] ?? ''}\t`))
            .join('\n'),
        );
        await rm(path.join(tmp, 'refused'), { force: true });
        await rm(path.join(tmp, 'more'), { force: true });
        await run('destroy-folder');
        expect(await readdir(path.dirname(backup))).not.to.include(path.basename(backup));
      });
    });
  }
});

async function replaceIn(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  expect(text).to.contain(from);
  await writeFile(file, text.replace(from, to));
}
