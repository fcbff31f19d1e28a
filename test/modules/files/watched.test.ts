/** What a long copy says of how far it is: by real shells, and by what rsync tells of itself. */
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import type { Progress } from '../../../src/core/progress.js';
import { shellFile } from '../../../src/core/shell-files.js';
import { lines, sh, type ShellText } from '../../../src/core/shell.js';
import { watchCopy } from '../../../src/modules/files/rsync-call.js';
import { createHost, localRun, withFolder } from '../harness.js';

const shells = [['sh'], ['bash'], ['busybox', 'sh']] as const;

/** Runs a command the way that a copy is run. What it reports is in the file `told`. */
const watch = (folder: string, how: string, command: string): ShellText =>
  lines(
    shellFile('modules/files/watched.sh'),
    sh`cd ${folder}; exec 3>told; watched ${[how, 'copied', 'sh', '-c', command]}`,
  );

describe('a command that is watched', () => {
  for (const shell of shells) {
    const [program] = shell;
    const isThere = ['/bin', '/usr/bin'].some((folder) => existsSync(`${folder}/${program}`));

    it(`${shell.join(' ')}: tells what it and its child have read, and ends as it does`, function () {
      if (!isThere) {
        console.log(`      skipped: there is no ${program} on this machine`);
        this.skip();
      }
      return withFolder(async (tmp) => {
        const { run } = createHost(localRun(shell));
        // It ends only when that much is told.
        const reading = `cat /dev/zero | head -c 3000000 >zeros; (cat zeros; sleep 100) >/dev/null & until grep -q 'copied [0-9]\\{7\\}' told; do sleep 0.1; done; kill $!; exit 7`;
        const output = await run(watch(tmp, 'both', reading));
        expect(output).to.include({ status: 7 });
        expect([output.stdout.toString(), output.stderr.toString()]).to.deep.equal(['', '']);
      });
    });
  }

  it('says nothing where it is over at once', () =>
    withFolder(async (tmp) => {
      const output = await createHost().run(lines(watch(tmp, 'alone', 'echo done'), sh`cat told`));
      expect(output.stdout.toString()).to.equal('done\n');
    }));
});

describe('the lines of a copy', () => {
  const options = {
    src: '/a',
    dest: '/b',
    delete: false,
    one_file_system: false,
    checksum: false,
    include: [],
    exclude: [],
    only: [],
  };
  const output = [
    'copied 40',
    'copied 120',
    'Total file size: 1,000 bytes',
    'compared 600',
    'differing:',
    '>fc........ copied 5',
  ];
  const hear = (checksum: boolean, differing: number): readonly Progress[] => {
    const told: Progress[] = [];
    const hears = watchCopy({ ...options, checksum }, differing, (progress) => told.push(progress));
    output.forEach(hears);
    return told;
  };

  it('are bytes of those that differ, then of all', () =>
    expect(hear(false, 100)).to.deep.equal([
      { verb: 'copied', done: 40, of: 100 },
      { verb: 'copied', done: 100, of: 100 },
      { verb: 'compared', done: 300, of: 1000 },
    ]));

  it('are none of a copy that reads what it does not copy', () =>
    expect(hear(true, 100)).to.deep.equal([{ verb: 'compared', done: 300, of: 1000 }]));
});
