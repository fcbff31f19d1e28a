/** Owns the proofs that are neither a recorded host's verdict nor a test from elsewhere: one function each. */
import { chmod, mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { awaitVolumeDevice, deviceIsLate } from '../../src/modules/host/blockdev.js';
import { rsync } from '../../src/modules/files/rsync.js';
import { isList, isMap, type Value, type ValueMap } from '../../src/core/value.js';
import { play } from '../engine/play.js';
import { createHost, failureOf, localRun, perform, withFolder } from '../modules/harness.js';
import { ask, projectRoot, type Outcome } from './outcome.js';
import type { Recording } from './recorded-host.js';
import { containerdStore, docker29 } from './systems.js';

const template = (name: string): string => path.join(projectRoot, 'templates', name);

/** The file that Docker 29 would come up with the store of containerd without. */
export async function driverIsWritten(): Promise<string> {
  await withFolder(async (folder) => {
    const file = path.join(folder, 'daemon.json');
    const before = '{\n  "storage-opts": ["zfs.fsname=tank/docker"],\n  "log-driver": "json-file"\n}\n';
    await writeFile(file, before);
    const { outcome, lines } = await play(`
- hosts: all
  gather_facts: false
  tasks:
    - daemon_json: {path: '${file}', src: '${template('daemon.json.hbs')}', remove_storage_opts: ['zfs.*']}
`);
    expect(outcome.exitCode, lines.join('\n')).to.equal(0);
    expect(JSON.parse(await readFile(file, 'utf8'))).to.deep.equal({
      'log-driver': 'json-file',
      'storage-driver': 'overlay2',
    });
  });
  return '"storage-driver": "overlay2" is in daemon.json';
}

export async function driverIsVerified(): Promise<string> {
  const info = { stdout: `overlayfs ${JSON.stringify(containerdStore.DriverStatus)}`, rc: 0 };
  const { events, exitCode } = await ask({
    playbook: 'overlay2',
    recording: docker29('29.0.1'),
    extraVars: [JSON.stringify({ info })],
    settings: { startAtTask: 'Verify the driver and its file system' },
  });
  const said = events.find(({ result }) => result.status === 'failed')?.result.problem?.message;
  expect(said).to.contain('Docker came up on something else: overlayfs');
  expect(events.map(({ task }) => task.name)).to.include('Say what went wrong');
  expect(exitCode).not.to.equal(0);
  return 'another driver than overlay2 on ext4 fails the run, which turns to putting the host back';
}

export async function mountedByPath(): Promise<string> {
  await withFolder(async (folder) => {
    const file = path.join(folder, 'fstab');
    const { outcome, lines } = await play(`
- hosts: all
  gather_facts: false
  vars: {is_native: false, device: /dev/zvol/tank/docker-overlay2, data_root: /var/lib/docker, needs_key: false, key_unit: none, wants_discard: true}
  tasks:
    - template: {src: '${template('fstab.hbs')}', dest: '${file}'}
`);
    expect(outcome.exitCode, lines.join('\n')).to.equal(0);
    expect(await readFile(file, 'utf8')).to.match(
      /^\/dev\/zvol\/tank\/docker-overlay2 \/var\/lib\/docker ext4 noatime,errors=remount-ro,discard,nofail,/m,
    );
  });
  const staged = await tasksOf('overlay2.yaml', 'Prepare, while Docker still runs', 'block');
  expect(staged.find(({ name }) => name === 'Mount it aside')?.['mount']).to.include({ src: '{{device}}' });
  return 'fstab and the mount aside name /dev/zvol/…, no UUID';
}

/** rsync copies, and says that files vanished meanwhile. */
export async function vanishedFilesFail(): Promise<string> {
  await withFolder(async (folder) => {
    const [bin, src] = [path.join(folder, 'bin'), path.join(folder, 'src')];
    await Promise.all([mkdir(bin), mkdir(src)]);
    await writeFile(path.join(src, 'file'), 'content');
    const standIn = path.join(bin, 'rsync');
    await writeFile(
      standIn,
      `#!/bin/sh\ncase " $* " in *" --dry-run "* | *" -n "*) echo '>f+++++++++ 7 file' ;; *) echo 'file has vanished' >&2; exit 24 ;; esac\n`,
    );
    await chmod(standIn, 0o755);
    const run = localRun();
    const host = createHost(({ shellText }, stdin) =>
      run({ shellText: `PATH='${bin}':$PATH; export PATH\n${shellText}` }, stdin),
    );
    const error = await failureOf(
      perform(rsync, { src, dest: path.join(folder, 'dest'), verify: true }, host),
    );
    expect(error.problem.status).to.equal(24);
    expect(error.hint).to.match(/vanished/);
  });
  return 'exit code 24 fails the task';
}

export async function lateLinkEnds(): Promise<string> {
  // Without the pauses, so that the test does not last as long as the wait.
  const quick = 'sleep() { :; }; udevadm() { :; }\n';
  const { shellText } = awaitVolumeDevice('/dev/zvol/tank/never', 8589934592);
  const { status, stderr } = await localRun()({ shellText: quick + shellText });
  expect(status).to.equal(deviceIsLate);
  expect(stderr.toString()).to.contain('/dev/zvol/tank/never does not appear');
  return 'a link that does not come ends the task after a minute, and says so';
}

/** @param manager a recording of one that may be moved by itself */
export async function oneManagerAtATime(manager: Recording): Promise<string> {
  const run = (batch: readonly string[]) =>
    ask({
      playbook: 'overlay2',
      recording: manager,
      extraVars: ['allow_swarm=true', ...batch],
      settings: { check: true },
      hosts: ['web1', 'web2'],
    });
  const together = await run([]);
  expect(refusalsOf(together)).to.deep.equal([true, true]);
  expect(together.rejected).to.deep.equal([]);
  expect(refusalsOf(await run(['batch=1']))).not.to.include(true);
  return 'two managers are not moved in one batch';
}

/** Of each host that was judged, whether it was left alone for company's sake. */
function refusalsOf({ events }: Outcome): readonly boolean[] {
  return events
    .filter(({ task }) => task.name === 'Refuse a host that cannot be moved safely')
    .map(({ result }) =>
      /would be stopped on other hosts at the same time/.test(result.problem?.message ?? ''),
    );
}

export async function socketFirst(): Promise<string> {
  const [first, second] = await tasksOf('tasks/stop-docker.yaml');
  expect(first?.['systemd_service']).to.include({
    name: 'docker.socket',
    state: 'stopped',
    runtime_masked: true,
  });
  expect(second?.['systemd_service']).to.include({
    name: 'docker.service',
    state: 'stopped',
    runtime_masked: true,
  });
  const always = await tasksOf('overlay2.yaml', 'Switch, with Docker stopped', 'always');
  const unmasked = always
    .map((task) => task['systemd_service'])
    .filter((unit) => isMap(unit) && unit['runtime_masked'] === false)
    .map((unit) => (isMap(unit) ? unit['name'] : undefined));
  expect(unmasked).to.deep.equal(['docker.socket', 'docker.service']);
  return 'the socket is stopped and masked first; both are unmasked by `always`';
}

/** What lies below a mount is renamed, made again and never lost, wherever a run is interrupted. */
export async function movedAside(): Promise<string> {
  await withFolder(async (folder) => {
    const root = path.join(folder, 'the root');
    const run = async (id: string): Promise<readonly string[]> => {
      const { outcome, lines } = await play(`
- hosts: all
  gather_facts: false
  vars: {data_root: '${root}', hidden_aside: '${root}.hidden-${id}', source_in_place: false, is_hiding: false}
  tasks:
    - import_tasks: '${path.join(projectRoot, 'playbooks/tasks/move-aside.yaml')}'
`);
      expect(outcome.exitCode, lines.join('\n')).to.equal(0);
      return lines.filter((line) => line.includes('| changed |'));
    };
    const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o7777;
    await mkdir(root);
    await chmod(root, 0o711);
    expect(await run('1'), 'nothing lies there').to.deep.equal([]);
    await writeFile(path.join(root, 'note'), 'precious');
    expect(await run('2')).to.have.length(1);
    expect(await run('3'), 'it is aside').to.deep.equal([]);
    expect([await readdir(root), await modeOf(root)]).to.deep.equal([[], 0o711]);
    expect(await readFile(`${root}.hidden-2/note`, 'utf8')).to.equal('precious');
    // Where the power went between the rename and the new folder.
    await rmdir(root);
    expect(await run('4')).to.have.length(1);
    expect([await readdir(root), await modeOf(root)]).to.deep.equal([[], 0o711]);
    expect(await readdir(folder)).to.deep.equal(['the root', 'the root.hidden-2']);
  });
  return 'it is beside the data-root, whole, and the folder is made again with its mode';
}

/** Every mount that ends a downtime. */
export async function mountedWhateverLiesBelow(): Promise<string> {
  const tasks = (await tasksOf('tasks/put-back.yaml')).flatMap(below);
  const names = tasks.map(({ name }) => name);
  expect(tasks.find(({ name }) => name === 'Mount it at the data-root')?.['mount']).to.deep.include({
    src: '{{dataset}}',
    state: 'ephemeral',
    allow_nonempty: true,
  });
  expect(names.indexOf('Mount it at the data-root')).to.be.greaterThan(
    names.indexOf('Give it its mountpoint back'),
  );
  const growing = await tasksOf('grow.yaml', 'Enlarge', 'always');
  const mounted = growing
    .flatMap((each) => [each, ...below(each)])
    .find(({ name }) => name === 'Mount the file system again');
  expect(mounted?.['mount']).to.include({ state: 'mounted', allow_nonempty: true });
  return 'put-back mounts the old dataset itself, by mount(8), and like grow.yaml whatever lies below';
}

/** The tasks of a block, and of the blocks in it. */
function below(task: ValueMap): readonly ValueMap[] {
  const block = task['block'];
  return isList(block ?? null)
    ? (block as readonly Value[]).filter(isMap).flatMap((each) => [each, ...below(each)])
    : [];
}

/** Tasks of a playbook's block, or of a task file. */
async function tasksOf(
  file: string,
  block?: string,
  section?: 'block' | 'always',
): Promise<readonly ValueMap[]> {
  const content = parse(await readFile(path.join(projectRoot, 'playbooks', file), 'utf8'), {
    customTags: ['!raw', '!cel'].map((tag) => ({ tag, resolve: (text: string) => text })),
    // `!rules` too, which nobody here looks into.
    logLevel: 'error',
  }) as Value;
  const maps = (list: Value | undefined): readonly ValueMap[] =>
    (isList(list ?? null) ? (list as readonly Value[]) : []).filter(isMap);
  if (block === undefined || section === undefined) return maps(content);
  const [first] = maps(content);
  return maps(maps(first?.['tasks']).find(({ name }) => name === block)?.[section]);
}
