/** Which containers units have stopped, and what becomes of them, with a `docker` and a `systemctl` that only answer. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { lines, sh, type ShellText } from '../../../src/core/shell.js';
import {
  containersOf,
  listContainers,
  markTime,
  readListedContainers,
  sortContainers,
  startContainers,
} from '../../../src/modules/system/held-containers.js';
import { localRun, withFolder } from '../harness.js';

/** Name, whether it runs, when it was started, and the container whose network it shares. */
type Container = readonly [name: string, isUp: boolean, startedAt: string, peer?: string];

const past = '2020-01-01T00:00:00.5Z';
const never = '0001-01-01T00:00:00Z';

/** A container is a file of its name, with a line: up or not, start, network mode. Its id is `id-NAME`. */
const docker = `#!/bin/sh
cd "$STATE"
case $1 in
ps) for c in *; do read -r up rest <"$c"; [ "$up" != true ] || echo "id-$c"; done ;;
inspect)
f=$5; shift 5
for c; do
c=\${c#id-}; [ -e "$c" ] || { failed=1; continue; }
read -r up at mode <"$c"
case $f in
*ran*) echo "ran id-$c /$c $mode private " ;;
*) echo "/$c $up $at $( [ $up = true ] && echo running || echo exited) $mode private " ;;
esac
done
[ -z "$failed" ] ;;
start | restart)
what=$1; shift
for c; do echo "$what $c" >>../asked; read -r up at mode <"$c"; [ "$c" != broken ] || exit 1; echo "true 2999-01-01T00:00:00Z $mode" >"$c"; done ;;
*) exit 9 ;;
esac
`;

interface Host {
  readonly put: (containers: readonly Container[]) => Promise<void>;
  readonly run: (script: ShellText) => Promise<string>;
  readonly listed: () => Promise<string>;
  readonly asked: () => Promise<string>;
  readonly record: string;
}

async function onHost(test: (host: Host) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const [bin, state] = [path.join(folder, 'bin'), path.join(folder, 'state')];
    await Promise.all([mkdir(bin), mkdir(state)]);
    await writeFile(path.join(bin, 'docker'), docker);
    await writeFile(path.join(bin, 'systemctl'), '#!/bin/sh\n:\n');
    await writeFile(path.join(bin, 'sleep'), '#!/bin/sh\n:\n');
    for (const name of ['docker', 'systemctl', 'sleep']) await chmod(path.join(bin, name), 0o755);
    const record = path.join(folder, 'units');
    const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
    await test({
      record,
      async put(containers) {
        for (const [name, isUp, at, peer] of containers) {
          const mode = peer === undefined ? 'default' : `container:id-${peer}`;
          await writeFile(path.join(state, name), `${isUp} ${at} ${mode}\n`);
        }
      },
      async run({ shellText }) {
        const text = `PATH='${bin}':$PATH; export PATH; STATE='${state}'; export STATE\n${shellText}\n`;
        const { stdout, stderr, status } = await localRun()({ shellText: text });
        expect([status, stderr.toString()]).to.deep.equal([0, '']);
        return stdout.toString();
      },
      listed: () => read(containersOf(record)),
      asked: () => read(path.join(folder, 'asked')),
    });
  });
}

const web: Container = ['web', true, past];
const joined: Container = ['joined', true, past, 'web'];
const cache: Container = ['cache', true, past];

const release = (record: string): ShellText =>
  lines(sh`LC_ALL=C; export LC_ALL; bad=`, markTime, startContainers(record));

describe('containers that stop with units', () => {
  it('are listed before, and so are those in their namespaces', () =>
    onHost(async ({ put, run, listed, record }) => {
      await put([web, joined, cache, ['idle', false, past]]);
      await run(listContainers(record));
      expect(readListedContainers(await listed())).to.deep.equal({
        ran: ['id-cache', 'id-joined', 'id-web'],
        stopped: [],
      });
      await put([['web', false, past]]);
      await run(sortContainers(record));
      expect((await listed()).trimEnd().split('\n')).to.deep.equal([
        'joined id-joined joined container:id-web private',
        'stopped id-web web default private',
      ]);
      expect(readListedContainers(await listed()).stopped).to.deep.equal([{ id: 'id-web', name: 'web' }]);
    }));

  it('a run that resumes keeps what the first has seen', () =>
    onHost(async ({ put, run, listed, record }) => {
      await put([web, cache]);
      await run(listContainers(record));
      await writeFile(record, 'comp.service active\n');
      await put([['web', false, past]]);
      await run(listContainers(record));
      expect(readListedContainers(await listed()).ran).to.deep.equal(['id-cache', 'id-web']);
    }));

  it('and a list without a record is of another run', () =>
    onHost(async ({ put, run, listed, record }) => {
      await put([web]);
      await run(listContainers(record));
      await put([['web', false, past], cache]);
      await run(listContainers(record));
      expect(readListedContainers(await listed()).ran).to.deep.equal(['id-cache']);
    }));

  for (const [what, then, asked, differing] of [
    ['run again where no unit starts them', [['web', false, never]], 'start web\nrestart joined\n', ''],
    [
      'are left to the unit that has started them',
      [['web', true, '2999-01-01T00:00:00Z']],
      'restart joined\n',
      '',
    ],
    [
      'also where they have ended since, which leaves others without them',
      [['web', false, '2999-01-01T00:00:00Z']],
      '',
      'differs container:joined running orphaned\n',
    ],
    [
      'and nothing is asked where all were started in their order',
      [
        ['web', true, past],
        ['joined', true, '2998-01-01T00:00:00Z', 'web'],
      ],
      '',
      '',
    ],
    [
      'one whose container was removed is named',
      [
        ['web', true, past],
        ['joined', true, past, 'gone'],
      ],
      '',
      'differs container:joined running orphaned\n',
    ],
  ] as const) {
    it(what, () =>
      onHost(async ({ put, run, asked: said, record }) => {
        await put([web, joined, cache]);
        await run(listContainers(record));
        await put([['web', false, past]]);
        await run(sortContainers(record));
        await put(then);
        expect(await run(release(record))).to.equal(differing);
        expect(await said()).to.equal(asked);
      }),
    );
  }

  it('one that does not start is named', () =>
    onHost(async ({ put, run, record }) => {
      await put([['broken', true, past]]);
      await run(listContainers(record));
      await put([['broken', false, past]]);
      await run(sortContainers(record));
      expect(await run(release(record))).to.equal('differs container:broken running exited\n');
    }));
});
