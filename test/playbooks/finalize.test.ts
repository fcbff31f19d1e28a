/** What finalize.yaml makes of what ZFS says before it destroys anything. Mounts are seen in test/lab. */
import { expect } from 'chai';
import type { ValueMap } from '../../src/core/value.js';
import { withFolder } from '../modules/harness.js';
import { playTasks, taskOf } from './steps.js';

const backup = 'tank/docker-zfs-backup';
const volume = 'tank/docker-overlay2';

/** @param snapshots lines of name, userrefs and clones, by the words that `zfs list` is asked for them with */
async function look(snapshots: Readonly<Record<string, string>>, vars: ValueMap = {}): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await withFolder(async (tmp) => {
    const cases = Object.entries(snapshots).map(([words, lines]) => `*' -o name,userrefs,clones ${words}') printf '%b' '${lines}' ;;`);
    const { lines } = await playTasks(
      tmp,
      [
        await taskOf('finalize.yaml', 'Look for anything that would stop it half way'),
        { name: 'Say', debug: { msg: "{{join found.stdout_lines '\n'}}" } },
      ],
      {
        ...{ left: backup, is_something_left: true, is_put_back: false, is_folder: false, is_layered_left: false, runs: { stdout_lines: [] }, nothing: [] },
        ...{ dataset: 'tank/docker', volume, volume_type: 'volume', device: `/dev/zvol/${volume}`, staging: '/staging' },
        ...vars,
      },
      { zfs: `case " $*" in\n${cases.join('\n')}\n*) echo "nobody asked for $*" >&2; exit 2 ;;\nesac` },
    );
    const said = lines.find((line) => line.startsWith('here | ok | Say | '))?.slice('here | ok | Say | '.length);
    if (said === undefined) throw new Error(lines.join('\n'));
    found = said.split('\n').filter((line) => line !== '');
  });
  return found;
}

describe('finalize.yaml, before it destroys anything', () => {
  it('finds nothing where there are no snapshots', async () => {
    expect(await look({ [`-r ${backup}`]: '' })).to.deep.equal([]);
  });

  it('lets pass the clones that go with the rest, as layers are', async () => {
    expect(
      await look({ [`-r ${backup}`]: `${backup}/a@1\\t0\\t${backup}/b,${backup}/b-init\\n${backup}@zrun-1\\t0\\t-\\n` }),
    ).to.deep.equal([]);
  });

  it('names holds and clones elsewhere, and what to do about each', async () => {
    const lines = `${backup}/a@1\\t0\\t${backup}/b,tank/copy,${backup}2\\n${backup}@kept\\t2\\t-\\n`;
    expect(await look({ [`-r ${backup}`]: lines })).to.deep.equal([
      `tank/copy is a clone of ${backup}/a@1: zfs promote tank/copy, or destroy it`,
      `${backup}2 is a clone of ${backup}/a@1: zfs promote ${backup}2, or destroy it`,
      `the snapshot ${backup}@kept is held (zfs holds ${backup}@kept): zfs release TAG ${backup}@kept`,
    ]);
  });

  it('looks at the snapshots of moves, where the host was put back', async () => {
    const found = await look(
      { [`-r ${volume}`]: '', 'tank/docker@zrun-1': 'tank/docker@zrun-1\\t1\\t-\\n', 'tank/docker@zrun-2': 'tank/docker@zrun-2\\t0\\ttank/copy\\n' },
      { left: volume, is_put_back: true, runs: { stdout_lines: ['1', '2'] } },
    );
    expect(found).to.have.length(2);
    expect(found[0]).to.match(/^the snapshot tank\/docker@zrun-1 is held/);
    expect(found[1]).to.match(/^tank\/copy is a clone of tank\/docker@zrun-2/);
  });
});
