/**
 * Owns the module `zfs`: a filesystem or volume with its properties, or its absence. Never grows, shrinks, renames or
 * replaces one, never destroys anything that has snapshots or children.
 */
import * as z from 'zod';
import { parseBytes } from '../../core/bytes.js';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan, type Write } from '../../core/module.js';
import { mapState, setState, setStateBelow, type Read } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import {
  absentDevice,
  awaitVolumeDevice,
  blockDeviceKind,
  blockDeviceProbe,
  deviceIsLate,
} from '../host/blockdev.js';
import { printHolders } from '../host/holders.js';
import { mountsKind, mountsProbe } from '../host/mountinfo.js';
import {
  absentDataset,
  ancestorDatasets,
  datasetKind,
  datasetProbe,
  datasetTreeProbe,
  propertyScript,
  requireZfs,
  reservationProbe,
  volumeDevice,
  type DatasetState,
} from './dataset.js';
import { planChange } from './zfs-change.js';
import { planCreation } from './zfs-creation.js';
import { zfsParams, type ZfsParams } from './zfs-params.js';
import { describeResult, describeUse, refuseStranger, type Detail } from './zfs-plan.js';

export const zfs = defineModule({
  name: 'zfs',
  summary: 'Make a ZFS filesystem or volume and set its properties',
  params: zfsParams,
  returns: z.object({
    name: z.string().describe('the dataset'),
    state: z.enum(['present', 'absent']).describe('whether it is there now'),
    type: z.string().nullable().describe('`filesystem` or `volume`; null where it is not there'),
    device: z.string().nullable().describe("a volume's block device, `/dev/zvol/NAME`"),
    volsize: z.int().nullable().describe("a volume's size in bytes"),
  }),
  examples: [
    {
      title: 'A volume of 8 GiB with a reservation, marked as one’s own',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example-volume
  type: volume
  volsize: 64MiB
  volblocksize: 16K
  properties:
    compression: lz4
    com.sun:auto-snapshot: 'false'
    org.example:owner: platform
  require_properties:
    org.example:owner: platform`,
      before: 'zfs destroy tank/scratch-example-volume 2>/dev/null || :',
      after: `[ "$(blockdev --getsize64 /dev/zvol/tank/scratch-example-volume)" = 67108864 ] &&
[ "$(zfs get -Hp -o value refreservation tank/scratch-example-volume)" -ge 67108864 ] &&
zfs destroy tank/scratch-example-volume`,
    },
    {
      title: 'A filesystem that nothing mounts',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example/archive
  create_parents: true
  properties: {mountpoint: none, canmount: noauto, quota: 1G}`,
      before: 'zfs destroy -r tank/scratch-example 2>/dev/null || :',
      after:
        '[ "$(zfs get -Hp -o value quota tank/scratch-example/archive)" = 1073741824 ] && zfs destroy -r tank/scratch-example',
    },
    {
      title: 'Remove a volume that is known to be ours',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example-old
  state: absent
  require_properties:
    org.example:owner: platform`,
      before:
        'zfs list tank/scratch-example-old >/dev/null 2>&1 || zfs create -o org.example:owner=platform -V 16M tank/scratch-example-old',
      after: '! zfs list tank/scratch-example-old 2>/dev/null',
    },
  ],
  plan: planZfs,
  async apply(write, change, { name }) {
    const { detail } = change;
    switch (detail.do) {
      case 'destroy':
        await destroy(write, name);
        break;
      case 'create':
        await applied(
          write.run(
            lines(
              sh`zfs ${detail.argv} || exit`,
              detail.device && awaitVolumeDevice(detail.device.path, detail.device.size),
            ),
            { shownAs: `zfs ${detail.argv.join(' ')}`, accept: [deviceIsLate] },
          ),
          name,
        );
        break;
      case 'set':
        await applied(
          write.run(
            lines(
              propertyScript(name, detail.changes),
              detail.device && awaitVolumeDevice(detail.device.path, detail.device.size),
            ),
            { accept: [deviceIsLate] },
          ),
          name,
        );
        break;
    }
    return change.predicted;
  },
});

/** The status by which the script says that zfs has refused to destroy. */
const notDestroyed = 73;

async function destroy(write: Write, name: string): Promise<void> {
  const output = await write.run(
    sh`LC_ALL=C; export LC_ALL
said=$(zfs destroy ${name} 2>&1) || { printf '%s\n' "$said" >&2
case $said in *busy* | *'in use'* | *unmount*) ${printHolders('', name)} ;; esac
exit ${notDestroyed}; }`,
    { shownAs: `zfs destroy ${name}`, accept: [notDestroyed] },
  );
  if (output.status !== notDestroyed) return;
  throw new ZrunError('task-failed', `${name} could not be destroyed, and is as it was`, {
    hint: 'What keeps it busy is named above, if anything was found: stop it and run again.',
    command: `zfs destroy ${name}`,
    stderr: output.stderr.toString('utf8'),
  });
}

async function applied(
  running: Promise<{ readonly status: number; readonly stderr: Buffer }>,
  name: string,
): Promise<void> {
  const output = await running;
  if (output.status !== deviceIsLate) return;
  throw new ZrunError(
    'task-failed',
    `the volume ${name} is there, but not its block device: ${output.stderr.toString('utf8').trim()}`,
    {
      hint: 'Is udev running, and does 60-zvol.rules exist? `udevadm trigger --subsystem-match=block` makes the links again.',
    },
  );
}

async function planZfs(read: Read, p: ZfsParams): Promise<Plan<Detail>> {
  const blocksize = p.volblocksize === undefined ? undefined : parseBytes(p.volblocksize);
  const volsize =
    p.volsize === undefined ? undefined : roundUp(parseBytes(p.volsize) ?? 0, blocksize ?? 16_384);
  const isVolume = p.type === 'volume';
  const isThick = isVolume && !p.sparse && p.state === 'present';
  const [dataset, ancestors, tree, device, reservation, mounts] = await Promise.all([
    read(datasetProbe(p.name)),
    Promise.all(ancestorDatasets(p.name).map((name) => read(datasetProbe(name)))),
    p.state === 'absent' ? read(datasetTreeProbe(p.name)) : undefined,
    isVolume && p.state === 'present' ? read(blockDeviceProbe(volumeDevice(p.name))) : undefined,
    isThick && volsize !== undefined ? read(reservationProbe(p.name, volsize, blocksize)) : undefined,
    read(mountsProbe()),
  ]);
  requireZfs(dataset);
  if (p.state === 'absent') return planAbsence(p, dataset, tree?.children ?? [], tree?.snapshots ?? []);
  if (dataset.exists) return planChange(p, dataset, volsize, blocksize, device, mounts);
  return planCreation(p, ancestors, volsize, blocksize, reservation);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function planAbsence(
  p: ZfsParams,
  dataset: DatasetState,
  children: readonly string[],
  snapshots: readonly string[],
): Plan<Detail> {
  const result = describeResult(p.name, 'absent', undefined, undefined);
  if (!dataset.exists) return { change: 'none', reason: 'already gone', result };
  refuseStranger(p, dataset);
  const kept = [...children, ...snapshots];
  if (kept.length > 0) {
    throw new ZrunError(
      'task-failed',
      `${p.name} has ${children.length} datasets below it and ${snapshots.length} snapshots, which this task never destroys`,
      {
        hint: `The first of them: ${kept.slice(0, 5).join(', ')}. \`zfs destroy -rnv ${p.name}\` shows what would go.`,
      },
    );
  }
  return {
    change: 'some',
    summary: `destroy ${dataset.type} ${p.name}`,
    destroys: `${dataset.type} ${p.name} with ${describeUse(dataset)} of data`,
    diff: [
      {
        type: 'fields',
        subject: `dataset ${p.name}`,
        fields: [{ name: 'type', before: dataset.type, after: undefined }],
      },
    ],
    effects: [
      setStateBelow(datasetKind, p.name, absentDataset),
      setState(blockDeviceKind, volumeDevice(p.name), absentDevice),
      mapState(mountsKind, '', (table) => table.filter((entry) => entry.source !== p.name)),
    ],
    detail: { do: 'destroy' },
    predicted: result,
  };
}
