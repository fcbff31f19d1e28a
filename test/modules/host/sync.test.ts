import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Module } from '../../../src/core/module.js';
import { sh } from '../../../src/core/shell.js';
import type { ValueMap } from '../../../src/core/value.js';
import { copy } from '../../../src/modules/files/copy.js';
import { syncFile, syncFileSystem } from '../../../src/modules/host/sync.js';
import { rsync } from '../../../src/modules/files/rsync.js';
import { createHost, failureOf, localRun, perform, withFolder, type RunScript } from '../harness.js';

/** Each writes down how it was called, below its own folder. */
const programs = {
  current: ':',
  // Coreutils before 8.24, and toybox.
  'without -f': `[ $# -eq 0 ] || { echo "sync: invalid option -- 'f'" >&2; exit 1; }`,
  // Both errors have this exit status.
  'on a disk that fails': `for last; do :; done
case \${last-} in /proc) ;; *) echo "sync: error syncing '\${last-}': Input/output error" >&2; exit 1 ;; esac`,
} as const;

/** @param work is given the folder, a shell with that `sync`, and how it has been called since */
async function withSync(
  kind: keyof typeof programs,
  work: (folder: string, run: RunScript, calls: () => Promise<readonly string[]>) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const [bin, log] = [path.join(folder, 'bin'), path.join(folder, 'log')];
    await mkdir(bin);
    await writeFile(log, '');
    // So that there is one on every machine: it has one file to copy, and does.
    await writeFile(
      path.join(bin, 'rsync'),
      `#!/bin/sh\ncase " $* " in *" --dry-run "* | *" -n "*) echo '>f+++++++++ 7 file' ;; esac\n`,
      { mode: 0o755 },
    );
    await writeFile(
      path.join(bin, 'sync'),
      `#!/bin/sh\nprintf '%s\\n' "sync $*" >>'${log}'\n${programs[kind]}\n`,
      { mode: 0o755 },
    );
    const run = localRun();
    await work(
      folder,
      ({ shellText }, stdin) => run({ shellText: `PATH='${bin}':$PATH; export PATH\n${shellText}` }, stdin),
      async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
    );
  });
}

describe('syncing what was written', () => {
  const commands = {
    'a file system': [syncFileSystem('/data'), 'sync -f -- /data'],
    'a file': [syncFile(sh`"$f"`), 'sync -- /data'],
  } as const;

  for (const [of, [command, call]] of Object.entries(commands)) {
    const script = sh`f=/data; set -e; ${command}; echo on`;

    it(`${of}: by its path`, async () => {
      await withSync('current', async (_, run, calls) => {
        const { status, stdout } = await run(script);
        expect([status, stdout.toString()]).to.deep.equal([0, 'on\n']);
        expect(await calls()).to.deep.equal(['sync -f -- /proc', call]);
      });
    });

    it(`${of}: everything, where sync takes no path`, async () => {
      await withSync('without -f', async (_, run, calls) => {
        const { status, stdout, stderr } = await run(script);
        expect([status, stdout.toString(), stderr.toString()]).to.deep.equal([0, 'on\n', '']);
        expect(await calls()).to.deep.equal(['sync -f -- /proc', 'sync ']);
      });
    });

    it(`${of}: fails where the disk does, and syncs nothing else instead`, async () => {
      await withSync('on a disk that fails', async (_, run, calls) => {
        const { status, stdout, stderr } = await run(script);
        expect([status, stdout.toString()]).to.deep.equal([1, '']);
        expect(stderr.toString()).to.equal("sync: error syncing '/data': Input/output error\n");
        expect(await calls()).to.deep.equal(['sync -f -- /proc', call]);
      });
    });
  }

  const tasks: readonly [string, Module, (folder: string) => ValueMap, RegExp][] = [
    [
      'rsync',
      rsync,
      (folder) => ({ src: `${folder}/src`, dest: `${folder}/dest` }),
      /^what was copied could not be written to the disk$/,
    ],
    ['copy', copy, (folder) => ({ content: 'new', dest: `${folder}/file` }), /^the command failed$/],
    [
      'copy of a folder',
      copy,
      (folder) => ({ src: `${folder}/src/`, dest: `${folder}/dest` }),
      /^the command failed$/,
    ],
  ];
  for (const [name, module, params, message] of tasks) {
    it(`${name} fails where the disk does`, async () => {
      await withSync('on a disk that fails', async (folder, run) => {
        await mkdir(path.join(folder, 'src'));
        await writeFile(path.join(folder, 'src', 'file'), 'content');
        const error = await failureOf(perform(module, params(folder), createHost(run)));
        expect(error.message).to.match(message);
        expect(error.problem.stderr).to.contain('Input/output error');
      });
    });

    it(`${name} succeeds where sync takes no path`, async () => {
      await withSync('without -f', async (folder, run) => {
        await mkdir(path.join(folder, 'src'));
        await writeFile(path.join(folder, 'src', 'file'), 'content');
        const { plan } = await perform(module, params(folder), createHost(run));
        expect(plan.change).to.equal('some');
      });
    });
  }
});
