// Owns QEMU: how a machine is started, talked to through its monitor, and ended. It knows a folder with two disks and
// nothing of releases, Docker or SSH.
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './error.js';
import { exec, run, tail } from './process.js';
import { machine, type Accelerator } from './recipe.js';

/** A virtual machine: a folder with root.qcow2 and pool.qcow2, and how its machine is made. */
export interface Vm {
  readonly name: string;
  readonly folder: string;
  /** The folder of the kernel and the initrd. */
  readonly image: string;
  /** The port on 127.0.0.1 that leads to its sshd. */
  readonly port: number;
  readonly accelerator: Accelerator;
}

const MONITOR_LIMIT_MS = 180_000;
const START_LIMIT_MS = 180_000;
/** A path of a Unix socket is at most 107 bytes long (unix(7)). */
const SOCKET_PATH_BYTES = 107;

const monitorOf = (folder: string): string => path.join(folder, 'qmp.sock');
const pidFileOf = (folder: string): string => path.join(folder, 'qemu.pid');
export const consoleOf = (folder: string): string => path.join(folder, 'serial.log');

function qemuArguments(vm: Vm, snapshot: string | undefined): string[] {
  // What the guest flushes reaches the host's page cache even so (QEMU empties its own caches then), and that is what
  // survives `kill -9`: to the guest it is a power cut. Only a crash of this machine could lose more.
  const disk = (id: string): string =>
    `file=${path.join(vm.folder, `${id}.qcow2`).replaceAll(',', ',,')},if=none,id=${id},format=qcow2,cache=unsafe,discard=unmap`;
  return [
    ...[
      '-name',
      vm.name,
      '-machine',
      machine.type,
      '-m',
      String(machine.memoryMiB),
      '-smp',
      String(machine.cpus),
    ],
    ...['-accel', vm.accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', machine.cpu[vm.accelerator]],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'none'],
    ...['-kernel', path.join(vm.image, 'vmlinuz'), '-initrd', path.join(vm.image, 'initrd.img')],
    ...['-append', machine.kernelArguments],
    ...['-drive', disk('root'), '-device', 'virtio-blk-pci,drive=root,serial=root'],
    ...['-drive', disk('pool'), '-device', 'virtio-blk-pci,drive=pool,serial=tank'],
    // Nothing gets out of a host, and nothing in but SSH from this machine.
    ...['-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${vm.port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-device', 'virtio-rng-pci'],
    // Tells the guest's random generator that it was restored: no two hosts draw the same identifiers.
    ...['-device', 'vmgenid,guid=auto'],
    ...['-chardev', `file,id=console,path=${consoleOf(vm.folder).replaceAll(',', ',,')},append=on`],
    ...['-serial', 'chardev:console'],
    ...['-qmp', `unix:${monitorOf(vm.folder).replaceAll(',', ',,')},server=on,wait=off`],
    ...['-pidfile', pidFileOf(vm.folder), '-daemonize'],
    ...(snapshot === undefined ? [] : ['-loadvm', snapshot]),
  ];
}

/** The pid of the machine in this folder; undefined when none runs. Never the pid of another program. */
export async function qemuPid(folder: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(pidFileOf(folder), 'utf8')).trim());
    const name = await readFile(`/proc/${pid}/comm`, 'utf8');
    const started = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return name.startsWith('qemu-system') && started.includes(pidFileOf(folder)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

const disksOf = (folder: string): string[] =>
  ['root.qcow2', 'pool.qcow2'].map((name) => path.join(folder, name));

/**
 * Waits until nothing has a disk open any more. The process is no measure of it: one that is ending has no command line
 * already and its files still open, and the kernel may close some of them after its last thread is gone.
 */
async function untilDisksAreFree(folder: string): Promise<void> {
  const since = Date.now();
  for (const disk of disksOf(folder).filter((each) => existsSync(each))) {
    for (;;) {
      const { code, stderr } = await exec(['qemu-img', 'info', '--output=json', disk]);
      if (code === 0 || !stderr.includes(' lock')) break;
      if (Date.now() - since > START_LIMIT_MS) {
        throw new LabError(
          `something still has ${disk} open`,
          `look what it is: fuser -v ${disk}; if it is a QEMU that hangs, end it`,
        );
      }
      await sleep(50);
    }
  }
}

/** Ends the machine in this folder at once, as a power cut would, and waits until its disks are free. */
export async function killQemuIn(folder: string): Promise<void> {
  const pid = await qemuPid(folder);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  await untilDisksAreFree(folder);
}

/** Starts the machine, from its disks or from a snapshot of its memory. It goes on when this process ends. */
export async function startQemu(vm: Vm, snapshot?: string): Promise<void> {
  if (Buffer.byteLength(monitorOf(vm.folder)) > SOCKET_PATH_BYTES) {
    throw new LabError(
      `the path ${monitorOf(vm.folder)} is too long for a Unix socket`,
      'set XDG_CACHE_HOME to a folder with a shorter path',
    );
  }
  await rm(pidFileOf(vm.folder), { force: true });
  await rm(monitorOf(vm.folder), { force: true });
  const done = await exec(['qemu-system-x86_64', ...qemuArguments(vm, snapshot)], {
    timeoutMs: START_LIMIT_MS,
  });
  if (done.code === 0) return;
  const hint = done.stderr.includes('does not exist')
    ? 'nothing was saved under that name; the host is off now: reset brings it back'
    : vm.accelerator === 'kvm'
      ? 'KVM may not work here: try again without --accel kvm'
      : 'remove the host and create it again: npm run lab -- down NAME, then up';
  throw new LabError(`QEMU did not start ${vm.name}: ${tail(done.stderr, 5)}`, hint);
}

/** One command on the monitor for people; its answer is its text, empty when all is well. */
async function monitor(folder: string, commands: readonly object[]): Promise<unknown[]> {
  return await new Promise((resolve, reject) => {
    const socket = net.connect(monitorOf(folder));
    const answers: unknown[] = [];
    const waiting = [{ execute: 'qmp_capabilities' }, ...commands];
    let text = '';
    const fail = (why: string): void => {
      socket.destroy();
      reject(new LabError(`QEMU's monitor: ${why}`, `look at the console: ${consoleOf(folder)}`));
    };
    const limit = setTimeout(() => fail(`no answer within ${MONITOR_LIMIT_MS / 1000} s`), MONITOR_LIMIT_MS);
    const next = (): void => {
      const command = waiting.shift();
      if (command !== undefined) {
        socket.write(`${JSON.stringify(command)}\n`);
        return;
      }
      clearTimeout(limit);
      socket.end();
      resolve(answers.slice(1));
    };
    socket.on('data', (chunk) => {
      const lines = (text + chunk.toString()).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line.trim() === '') continue;
        const message: unknown = JSON.parse(line);
        if (typeof message !== 'object' || message === null) continue;
        if ('QMP' in message) next();
        else if ('error' in message) fail(JSON.stringify(message.error));
        else if ('return' in message) {
          answers.push(message.return);
          next();
        }
      }
    });
    socket.on('error', (error) => {
      clearTimeout(limit);
      fail(error.message);
    });
    socket.on('close', () => {
      clearTimeout(limit);
      reject(new LabError("QEMU's monitor closed"));
    });
  });
}

async function monitorText(folder: string, line: string): Promise<void> {
  const [answer] = await monitor(folder, [
    { execute: 'human-monitor-command', arguments: { 'command-line': line } },
  ]);
  if (typeof answer === 'string' && answer.trim() !== '')
    throw new LabError(`QEMU's monitor: ${answer.trim()}`);
}

/** Saves memory and disks of the running machine under a tag; replaces what the tag stood for. */
export async function saveSnapshot(folder: string, tag: string): Promise<void> {
  await monitorText(folder, `savevm ${tag}`);
}

/** Removes the snapshots of a machine that is off whose tags begin so. */
export async function dropSnapshots(folder: string, beginning: string): Promise<void> {
  for (const disk of disksOf(folder)) {
    const listed = await run(['qemu-img', 'info', '--output=json', disk]);
    const tags = [...listed.matchAll(/"name": "([a-z0-9-]+)"/g)].flatMap(([, tag]) => tag ?? []);
    for (const tag of tags.filter((each) => each.startsWith(beginning))) {
      await run(['qemu-img', 'snapshot', '-q', '-d', tag, disk]);
    }
  }
}

/** Lays the disks of a machine that is off as they were when the snapshot was taken, without its memory. */
export async function layDisks(folder: string, tag: string): Promise<void> {
  for (const disk of disksOf(folder)) {
    await run(['qemu-img', 'snapshot', '-q', '-a', tag, disk]);
  }
}

/** Makes the two disks: one over the image's, one empty. */
export async function createDisks(folder: string, image: string): Promise<void> {
  const base = path.join(image, 'root.raw');
  await run([
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    base,
    '-F',
    'raw',
    path.join(folder, 'root.qcow2'),
  ]);
  await run([
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    path.join(folder, 'pool.qcow2'),
    `${machine.poolGiB}G`,
  ]);
}
