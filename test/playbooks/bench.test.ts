/** What tasks/measure-builds.yaml asks of a host, keeps for afterwards and leaves behind; and what is said of it. Builds are seen in test/lab. */
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { withFolder } from '../modules/harness.js';
import { playTasks, taskOf, varsOf } from './steps.js';

const docker = (tmp: string, build: string): string => `echo "$*" >>${tmp}/asked
case $1 in
import) tar -t >/dev/null ;;
build) for context; do :; done; cp "$context/Dockerfile" ${tmp}/built; ${build} ;;
rmi) ;;
*) echo "nobody asked for $*" >&2; exit 2 ;;
esac`;

/** Measures, and says so. Resolves with what the host was told of builds, in order. */
async function measure(tmp: string, ofNew: boolean, build = ':'): Promise<readonly string[]> {
  const said = [
    'Say how long twenty steps take to build',
    'Say how often Docker mounts for it',
    "Say what Docker's data takes of the pool",
  ];
  const { lines } = await playTasks(
    tmp,
    [
      await taskOf('tasks/measure-builds.yaml', 'Measure what a build costs'),
      await taskOf('tasks/measure-builds.yaml', 'Say why it was not measured'),
      ...(await Promise.all(said.map((name) => taskOf('tasks/say-measured.yaml', name)))),
    ],
    {
      ...{ of_new: ofNew, is_folder: false, is_in_place: false, unfinished: [], dataset: 'tank/docker', volume: 'tank/docker-overlay2' },
      ...(await varsOf('vars/bench.yaml')),
      bench_record: path.join(tmp, 'bench'),
    },
    {
      docker: docker(tmp, build),
      zfs: `case "$*" in
'get -Hp -o value used tank/docker') echo 3221225472 ;;
'get -Hp -o value referenced tank/docker-overlay2') echo 1073741824 ;;
*) echo "nobody asked for $*" >&2; exit 2 ;;
esac`,
    },
  );
  return lines.flatMap((line) => /^here \| ok +\| (?:Say .*?) \| (.*)$/.exec(line)?.[1] ?? []);
}

describe('measuring builds', () => {
  it('before a move: builds twenty steps, removes them and keeps what it found', () =>
    withFolder(async (tmp) => {
      const said = await measure(tmp, false);
      expect(said[0]).to.match(/^Build time: [\d.]+ s$/);
      expect(said.at(-1)).to.match(/^Storage: 3 ?GiB$/);
      const steps = (await readFile(`${tmp}/built`, 'utf8'))
        .split('\n')
        .filter((line) => /^(ARG|ENV) /.test(line));
      expect(steps).to.have.length(20);
      const asked = (await readFile(`${tmp}/asked`, 'utf8')).trim().split('\n');
      expect(asked.map((line) => line.split(' ')[0])).to.deep.equal(['import', 'build', 'rmi']);
      const [name, base] = (asked[2] ?? '').split(' ').slice(-2);
      expect([name, base]).to.deep.equal([
        / -t (\S+) /.exec(asked[1] ?? '')?.[1],
        asked[0]?.split(' ').at(-1),
      ]);
      expect(await readFile(`${tmp}/bench`, 'utf8')).to.match(/^\d+ (\d+|-) 3221225472\n$/);
    }));

  it('after it: says both', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/bench`, '93210 84 3221225472\n');
      const said = await measure(tmp, true);
      expect(said[0]).to.match(/^Build time: 93\.21 s before, [\d.]+ s after$/);
      expect(said.at(-1)).to.match(/^Storage: 3 ?GiB before, 1 ?GiB after$/);
      expect(await readFile(`${tmp}/bench`, 'utf8')).to.equal('93210 84 3221225472\n');
    }));

  it('after a move that did not measure: says what it is now', () =>
    withFolder(async (tmp) => {
      expect((await measure(tmp, true))[0]).to.match(/^Build time: [\d.]+ s$/);
      expect(
        await access(`${tmp}/bench`).then(
          () => 'there',
          () => 'not there',
        ),
      ).to.equal('not there');
    }));

  it('a build that fails ends nothing, and is said', () =>
    withFolder(async (tmp) => {
      const said = await measure(tmp, false, "echo 'no space left on device' >&2; exit 1");
      expect(said).to.deep.equal(['builds were not measured: no space left on device']);
      expect(await readdir(tmp)).not.to.include('bench');
    }));
});
