/** What grow.yaml does with what e2fsck and resize2fs say. With a real volume it is tried in test/lab. */
import path from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { withFolder } from '../modules/harness.js';
import { playTasks, taskOf } from './steps.js';

interface Ends {
  /** Each call of e2fsck, the last one for all that follow. */
  readonly e2fsck: readonly number[];
  readonly resize2fs?: number;
  readonly isMounted?: true;
  /** The volume has no device any more. */
  readonly isGone?: true;
}

/** @returns the programs that were called, and whether the file system would be mounted again */
async function enlarge({ e2fsck, resize2fs = 0, isMounted, isGone }: Ends) {
  const said = { calls: [] as string[], mounts: false, problems: '' };
  await withFolder(async (tmp) => {
    const log = path.join(tmp, 'log');
    await writeFile(log, '');
    await writeFile(path.join(tmp, 'codes'), `${e2fsck.join('\n')}\n`);
    const call = (name: string): string => `echo ${name} >>'${log}'`;
    const { lines } = await playTasks(
      tmp,
      [
        {
          name: 'Enlarge',
          block: [await taskOf('grow.yaml', 'Enlarge the file system')],
          always: [
            await taskOf('grow.yaml', 'Check a file system that was not enlarged'),
            await taskOf('grow.yaml', 'Leave a damaged file system unmounted, and Docker stopped'),
            { name: 'Mount the file system again', debug: { msg: 'mounted' } },
          ],
        },
      ],
      { device: '/dev/zvol/tank/docker-overlay2', volume: 'tank/docker-overlay2' },
      {
        udevadm: ':',
        readlink: isGone ? 'exit 1' : 'echo /dev/zd0',
        findmnt: isMounted ? ':' : 'exit 1',
        e2fsck: `${call('e2fsck')}
n=$(grep -c e2fsck '${log}')
code=$(sed -n "$n{p;q}" '${tmp}/codes'); [ -n "$code" ] || code=$(tail -n 1 '${tmp}/codes')
[ "$code" -lt 4 ] || echo 'UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.'
exit "$code"`,
        resize2fs: `${call('resize2fs')}; exit ${resize2fs}`,
      },
    );
    said.calls = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    said.mounts = lines.some((line) => line.endsWith('| mounted'));
    said.problems = lines.filter((line) => line.includes('| failed |')).join('\n');
  });
  return said;
}

describe('grow.yaml and the file system', () => {
  for (const code of [0, 1, 2, 3]) {
    it(`e2fsck ends with ${code}: it is sound, and is enlarged and mounted`, async () => {
      const { calls, mounts, problems } = await enlarge({ e2fsck: [code] });
      expect({ calls, mounts, problems }).to.deep.equal({
        calls: ['e2fsck', 'resize2fs'],
        mounts: true,
        problems: '',
      });
    });
  }

  for (const code of [4, 5, 6, 8, 12, 32, 137]) {
    it(`e2fsck ends with ${code}: it is neither enlarged nor mounted, and how to repair it is said`, async () => {
      const { calls, mounts, problems } = await enlarge({ e2fsck: [code] });
      expect({ calls, mounts }).to.deep.equal({ calls: ['e2fsck', 'e2fsck'], mounts: false });
      expect(problems).to.match(
        /Docker is stopped, and stays so: .* is damaged, or cannot be checked: UNEXPECTED INCONSISTENCY/,
      );
      expect(problems).to.match(/by hand: e2fsck -f \/dev\/zvol\/tank\/docker-overlay2\. Then run grow\.yaml again/);
    });
  }

  it('resize2fs fails and leaves it sound: it is mounted as it is', async () => {
    const { calls, mounts, problems } = await enlarge({ e2fsck: [0], resize2fs: 1 });
    expect({ calls, mounts }).to.deep.equal({ calls: ['e2fsck', 'resize2fs', 'e2fsck'], mounts: true });
    expect(problems).to.match(/Enlarge the file system/);
  });

  it('resize2fs fails and leaves it damaged: it is not mounted', async () => {
    const { calls, mounts } = await enlarge({ e2fsck: [0, 4], resize2fs: 1 });
    expect({ calls, mounts }).to.deep.equal({ calls: ['e2fsck', 'resize2fs', 'e2fsck'], mounts: false });
  });

  it('the device is gone: nothing is mounted', async () => {
    const { calls, mounts } = await enlarge({ e2fsck: [8], isGone: true });
    expect({ calls, mounts }).to.deep.equal({ calls: ['e2fsck'], mounts: false });
  });

  it('it is still mounted, since Docker did not stop: it is not checked', async () => {
    const { calls, mounts } = await enlarge({ e2fsck: [8], isMounted: true });
    expect({ calls, mounts }).to.deep.equal({ calls: ['e2fsck'], mounts: true });
  });
});
