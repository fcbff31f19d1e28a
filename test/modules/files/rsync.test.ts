import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import { setState, setStateBelow, unknownState } from '../../../src/core/probe.js';
import { UnknownValueError } from '../../../src/core/value.js';
import { createOverlay } from '../../../src/engine/overlay.js';
import { fileKind } from '../../../src/modules/host/file.js';
import { absentFile, directoryState } from '../../../src/modules/host/file-state.js';
import { rsync } from '../../../src/modules/files/rsync.js';
import { createCheck, createHost, failureOf, perform, performTwice, planOf, withFolder } from '../harness.js';

const isInstalled = spawnSync('rsync', ['--version']).status === 0;

/** A source with what is easily lost: a hard link, a link, a hole, odd names. */
const makeSource = (tmp: string) =>
  createHost().run({
    shellText: `
set -e; mkdir -p ${tmp}/src/deep ${tmp}/out; cd ${tmp}/src
echo content >deep/file; ln deep/file other; ln -s deep/file link
dd if=/dev/zero of=hole bs=1 count=0 seek=1M 2>/dev/null
: >"$(printf 'odd\\n name')"; chmod 0640 deep/file`,
  });

describe('rsync', function () {
  before(function () {
    if (isInstalled) return;
    console.log('      skipped: there is no rsync on this machine');
    this.skip();
  });

  it('copies everything, and a second run changes nothing', () =>
    withFolder(async (tmp) => {
      await makeSource(tmp);
      const { plan, result, exchanges } = await performTwice(rsync, {
        src: `${tmp}/src/`,
        dest: `${tmp}/out/dest`,
        verify: true,
      });
      expect(exchanges).to.equal(2);
      expect(plan.change === 'some' && plan.summary).to.match(/\(3 files, 1 MiB, 4 other items\)$/);
      expect(result).to.include({ files: 3, deleted: 0, items: 7 });
      expect(await readFile(`${tmp}/out/dest/other`, 'utf8')).to.equal('content\n');
      const { stdout } = await createHost().run({
        shellText: `cd ${tmp}/out/dest && stat -c '%h %a %b' other && stat -c %b hole && readlink link`,
      });
      expect(stdout.toString()).to.match(/^2 640 8\n0\ndeep\/file\n$/);
    }));

  it('removes what src does not have only with `delete`, and says so', () =>
    withFolder(async (tmp) => {
      await makeSource(tmp);
      await createHost().run({ shellText: `mkdir ${tmp}/out/dest; echo 1 >${tmp}/out/dest/stray` });
      const params = { src: `${tmp}/src`, dest: `${tmp}/out/dest` };
      const kept = await perform(rsync, params);
      expect(kept.plan).not.to.have.property('destroys');
      expect(await readdir(params.dest)).to.include('stray');
      const mirrored = await performTwice(rsync, { ...params, delete: true });
      expect(mirrored.plan)
        .to.have.property('destroys')
        .that.matches(/^1 files/);
      expect(await readdir(params.dest)).not.to.include('stray');
    }));

  it('names what is wrong before it touches anything', () =>
    withFolder(async (tmp) => {
      await makeSource(tmp);
      const read = createHost().read;
      const src = `${tmp}/src`;
      const cases = [
        [{ src: `${tmp}/none`, dest: `${tmp}/out/d` }, /there is no src/],
        [{ src: `${tmp}/src/other`, dest: `${tmp}/out/d` }, /is a file, not a folder/],
        [{ src, dest: `${tmp}/none/d` }, /none, where dest should be, is nothing/],
        [{ src, dest: `${tmp}/src/../src/other` }, /src and dest must lie apart/],
      ] as const;
      for (const [params, message] of cases) {
        const error: unknown = await (async () => planOf(rsync, params, read))().catch((e: unknown) => e);
        expect(error).to.be.instanceOf(Error).with.property('message').that.matches(message);
      }
    }));

  it('takes a missing source for nothing to do where that is allowed', () =>
    withFolder(async (tmp) => {
      const { changed } = await perform(rsync, { src: `${tmp}/none`, dest: `${tmp}/d`, src_missing: 'skip' });
      expect(changed).to.equal(false);
    }));

  it('explains a file that cannot be copied', () =>
    withFolder(async (tmp) => {
      await makeSource(tmp);
      const host = createHost();
      const plan = await planOf(rsync, { src: `${tmp}/src`, dest: `${tmp}/out/dest` }, host.read);
      // A folder where a file must go: rsync answers 23.
      await host.run({ shellText: `mkdir -p ${tmp}/out/dest/hole/full` });
      const error = await failureOf(plan.change === 'some' ? plan.apply(host.write) : Promise.resolve());
      expect(error.problem.status).to.equal(23);
      expect(error.hint).to.match(/incomplete/);
    }));

  describe('in check mode', () => {
    it('counts the whole source where dest will be a fresh file system', () =>
      withFolder(async (tmp) => {
        await makeSource(tmp);
        const params = { src: `${tmp}/src`, dest: `${tmp}/out/dest` };
        await perform(rsync, params);
        const overlay = createOverlay();
        const at = `${tmp}/out`;
        overlay.record('mount', {
          effects: [setStateBelow(fileKind, at, absentFile), setState(fileKind, at, directoryState())],
        });
        const plan = await planOf(rsync, params, overlay.over(createHost().read), { check: true });
        expect(plan.change === 'some' && plan.summary).to.match(/\(3 files, 1 MiB, 4 other items\)$/);
      }));

    it('is a change where only the run can look into src, and dest will be empty', () =>
      withFolder(async (tmp) => {
        await makeSource(tmp);
        const overlay = createOverlay();
        overlay.record('move it', { effects: [unknownState(fileKind, `${tmp}/src`, true)] });
        const read = overlay.over(createHost().read);
        const params = { src: `${tmp}/src`, dest: `${tmp}/out/dest` };
        const plan = await planOf(rsync, params, read, { check: true });
        expect(plan.change).to.equal('some');
        const unsure: unknown = await planOf(rsync, { ...params, src_missing: 'skip' }, read, {
          check: true,
        }).catch((error: unknown) => error);
        expect(unsure).to.be.instanceOf(UnknownValueError);
      }));

    it('leaves the host alone', () =>
      withFolder(async (tmp) => {
        await makeSource(tmp);
        const plan = await createCheck(createHost())(rsync, { src: `${tmp}/src`, dest: `${tmp}/out/dest` });
        expect(plan.change).to.equal('some');
        expect(await readdir(`${tmp}/out`)).to.deep.equal([]);
        expect(await readdir(tmp)).to.have.members(['src', 'out']);
      }));
  });
});
