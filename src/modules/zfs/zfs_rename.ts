/**
 * Owns the module `zfs_rename`: a dataset under another name, its children and snapshots with it. What counts is what
 * is there afterwards: `zfs rename` can fail after it has succeeded (lxd#2631).
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { mapState, setState, setStateBelow, unknownState, type Effect, type Read } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import {
  absentDevice,
  awaitVolumeDevice,
  blockDeviceKind,
  blockDeviceProbe,
  deviceIsLate,
  type BlockDevice,
} from '../host/blockdev.js';
import { fileKind } from '../host/file.js';
import { printHolders } from '../host/holders.js';
import { mountsKind, mountsProbe, type MountTable } from '../host/mountinfo.js';
import {
  absentDataset,
  changedProperties,
  datasetKey,
  datasetKind,
  datasetName,
  datasetProbe,
  datasetTreeKind,
  datasetTreeProbe,
  isEmptyChange,
  lackingProperties,
  numericProperty,
  parentDataset,
  poolOf,
  propertiesParameter,
  propertyChanges,
  propertyScript,
  requireProperties,
  requireZfs,
  splitProperties,
  volumeDevice,
  type DatasetState,
  type DatasetTree,
  type PresentDataset,
  type PropertyChanges,
} from './dataset.js';
import { fieldsOf } from './zfs-plan.js';

const params = z
  .strictObject({
    from: datasetName('the name that it has'),
    to: datasetName('the name that it gets, in the same pool'),
    no_unmount: z
      .boolean()
      .default(false)
      .describe('leaves filesystems mounted where they are (`zfs rename -u`) instead of remounting them'),
    properties: propertiesParameter(
      'user properties that mark it: set before it is renamed, so that no power cut leaves it renamed and unmarked; null takes one off after it is renamed',
    ),
    require_properties: requireProperties(
      'properties that it must have of its own, under whichever name it is found',
    ),
  })
  .refine((p) => poolOf(p.from) === poolOf(p.to), {
    message: 'a dataset cannot be renamed into another pool',
    path: ['to'],
  })
  .refine((p) => p.from !== p.to && !p.to.startsWith(`${p.from}/`), {
    message: 'the new name must be another one, and not below the old one',
    path: ['to'],
  })
  .refine((p) => p.from.includes('/'), {
    message: 'a pool is renamed by export and import only',
    path: ['from'],
  });

type Params = z.output<typeof params>;

interface Detail {
  readonly before: PropertyChanges;
  readonly isRenamed: boolean;
  readonly after: PropertyChanges;
  readonly guid: string;
  /** Bytes of a volume, whose device link must follow. */
  readonly volsize: number | undefined;
  readonly mountpoint: string;
}

const nothing: PropertyChanges = { set: {}, inherit: [] };

/** The status by which the script says that the rename did not take place. */
const notRenamed = 73;

export const zfsRename = defineModule({
  name: 'zfs_rename',
  summary: 'Rename a ZFS dataset with everything below it',
  params,
  returns: z.object({
    from: z.string().describe('the old name'),
    to: z.string().describe('the name that it has now'),
    guid: z.string().nullable().describe('the guid, which a rename does not change'),
  }),
  examples: [
    {
      title: 'Put a dataset aside, marked as a backup',
      needs: 'zfs',
      task: `
zfs_rename:
  from: tank/scratch-example-live
  to: tank/scratch-example-backup
  properties: {org.example:role: backup}`,
      before: `zfs destroy -r tank/scratch-example-live 2>/dev/null || :; zfs destroy -r tank/scratch-example-backup 2>/dev/null || :
zfs create -o mountpoint=none tank/scratch-example-live && zfs create tank/scratch-example-live/child`,
      after:
        '[ "$(zfs get -Hp -o value org.example:role tank/scratch-example-backup)" = backup ] && zfs list tank/scratch-example-backup/child >/dev/null && zfs destroy -r tank/scratch-example-backup',
    },
  ],
  plan: planRename,
  async apply(write, { detail, predicted }, p) {
    const option = p.no_unmount ? ['-u'] : [];
    const target = detail.mountpoint.startsWith('/') ? detail.mountpoint : '';
    const rename = sh`said=$(zfs rename ${option} ${p.from} ${p.to} 2>&1)
if [ "$(zfs get -Hp -o value guid ${p.to} 2>/dev/null)" != ${detail.guid} ] || zfs list -H -o name ${p.from} >/dev/null 2>&1; then
printf '%s\n' "$said" >&2
case $said in *busy* | *'in use'* | *unmount*) ${printHolders(target, p.from)} ;; esac
exit ${notRenamed}
fi`;
    const output = await write.run(
      lines(
        sh`LC_ALL=C; export LC_ALL`,
        propertyScript(p.from, detail.before),
        !detail.isRenamed && rename,
        propertyScript(p.to, detail.after),
        detail.volsize !== undefined &&
          !detail.isRenamed &&
          awaitVolumeDevice(volumeDevice(p.to), detail.volsize),
      ),
      { shownAs: `zfs rename ${p.from} ${p.to}`, accept: [notRenamed, deviceIsLate] },
    );
    const said = output.stderr.toString('utf8').trim();
    if (output.status === notRenamed) {
      throw new ZrunError('task-failed', `${p.from} could not be renamed`, {
        hint: 'It is as it was, save for its marks. What keeps it busy is named above, if anything was found: stop it and run again.',
        command: `zfs rename ${p.from} ${p.to}`,
        stderr: said,
      });
    }
    if (output.status === deviceIsLate) {
      throw new ZrunError('task-failed', `${p.to} has its new name, but its block device is late: ${said}`, {
        hint: '`udevadm trigger --subsystem-match=block` makes the links again.',
      });
    }
    return predicted;
  },
});

async function planRename(read: Read, p: Params): Promise<Plan<Detail>> {
  const [from, to, parent, tree, device, mounts] = await Promise.all([
    read(datasetProbe(p.from)),
    read(datasetProbe(p.to)),
    read(datasetProbe(parentDataset(p.to) ?? poolOf(p.to))),
    read(datasetTreeProbe(p.from)),
    read(blockDeviceProbe(volumeDevice(p.from))),
    read(mountsProbe()),
  ]);
  requireZfs(from);
  const { set, inherit } = splitProperties(p.properties);
  const dataset = whichIsThere(p, from, to);
  refuseStranger(p, dataset);
  const result: ValueMap = { from: p.from, to: p.to, guid: dataset.properties['guid']?.value ?? null };
  const after = propertyChanges(dataset.properties, { set: {}, inherit });
  if (!from.exists) {
    refuseUnmarked(p, dataset, set);
    if (isEmptyChange(after)) return { change: 'none', reason: 'already renamed', result };
  }
  if (from.exists && !parent.exists) {
    throw new ZrunError(
      'task-failed',
      `${parentDataset(p.to) ?? ''}, below which ${p.to} is to be, does not exist`,
      {
        hint: 'Create it first, or take a name below a dataset that exists.',
      },
    );
  }
  const before = from.exists ? propertyChanges(from.properties, { set, inherit: [] }) : nothing;
  const renamed = {
    ...dataset,
    name: p.to,
    properties: changedProperties(changedProperties(dataset.properties, before), after),
  };
  return {
    change: 'some',
    summary: from.exists ? `rename ${p.from} to ${p.to}` : `take ${after.inherit.join(', ')} off ${p.to}`,
    diff: [
      {
        type: 'fields',
        subject: `dataset ${p.from}`,
        fields: [
          ...(from.exists ? [{ name: 'name', before: p.from, after: p.to }] : []),
          ...fieldsOf(dataset, { set: before.set, inherit: after.inherit }),
        ],
      },
    ],
    effects: from.exists
      ? renameEffects(p, from, renamed, tree, device, mounts)
      : [setState(datasetKind, p.to, renamed)],
    detail: {
      before,
      isRenamed: !from.exists,
      after,
      guid: dataset.properties['guid']?.value ?? '',
      volsize:
        dataset.type === 'volume' && device.exists
          ? numericProperty(dataset.properties, 'volsize')
          : undefined,
      mountpoint: dataset.properties['mountpoint']?.value ?? '',
    },
    predicted: result,
  };
}

/** The dataset under the one of its two names that it has. */
function whichIsThere(p: Params, from: DatasetState, to: DatasetState): PresentDataset {
  if (from.exists && to.exists) {
    throw new ZrunError('task-failed', `both ${p.from} and ${p.to} exist, so nothing is renamed`, {
      hint: `Which one is right? \`zfs get all ${p.to}\` tells what stands in the way; take another name for it or for the target.`,
    });
  }
  const dataset = from.exists ? from : to;
  if (dataset.exists) return dataset;
  throw new ZrunError('task-failed', `there is neither ${p.from} to be renamed nor ${p.to}`, {
    hint: '`zfs list` shows the datasets of the host.',
  });
}

/** Under its new name already, it must have the marks that it was to get before. */
function refuseUnmarked(p: Params, dataset: PresentDataset, marks: PropertyChanges['set']): void {
  const unmarked = lackingProperties(dataset.properties, marks);
  if (unmarked.length === 0) return;
  throw new ZrunError(
    'task-failed',
    `${p.to} exists and ${p.from} does not, but it is not what was to be renamed: ${unmarked.join('; ')}`,
    {
      hint: `A dataset is marked before it is renamed, so this one was made by something else. Look at it with \`zfs get all ${p.to}\`.`,
    },
  );
}

function refuseStranger(p: Params, dataset: PresentDataset): void {
  const lacking = lackingProperties(dataset.properties, p.require_properties);
  if (lacking.length === 0) return;
  throw new ZrunError(
    'task-failed',
    `${dataset.name} is not the dataset that is meant: ${lacking.join('; ')}`,
    {
      hint: `Nothing was touched. Look at it with \`zfs get all ${dataset.name}\`.`,
    },
  );
}

function renameEffects(
  p: Params,
  from: PresentDataset,
  renamed: PresentDataset,
  tree: DatasetTree,
  device: BlockDevice,
  mounts: MountTable,
): readonly Effect[] {
  const moved = (name: string) => p.to + name.slice(p.from.length);
  const place = from.properties['mountpoint'];
  // A place that comes from the name moves along with it.
  const follows = !p.no_unmount && place?.value.startsWith('/') === true && place.source !== 'local';
  const isMounted = mounts.some((entry) => entry.source === p.from);
  return [
    setStateBelow(datasetKind, p.from, absentDataset),
    setStateBelow(datasetKind, p.to, absentDataset),
    // What is below has the states that it had, but only the names were asked for.
    ...[...tree.children, ...tree.snapshots].map((name) =>
      unknownState(datasetKind, datasetKey(moved(name))),
    ),
    setState(datasetKind, p.to, renamed),
    setState(datasetTreeKind, p.to, {
      children: tree.children.map(moved),
      snapshots: tree.snapshots.map(moved),
    }),
    setState(datasetTreeKind, p.from, { children: [], snapshots: [] }),
    setState(blockDeviceKind, volumeDevice(p.from), absentDevice),
    ...(from.type === 'volume' ? [setState(blockDeviceKind, volumeDevice(p.to), device)] : []),
    ...(follows && isMounted
      ? [unknownState(mountsKind, ''), unknownState(fileKind, place.value, true)]
      : [
          mapState(mountsKind, '', (table) =>
            table.map((entry) =>
              entry.fstype === 'zfs' && (entry.source === p.from || entry.source.startsWith(`${p.from}/`))
                ? { ...entry, source: moved(entry.source) }
                : entry,
            ),
          ),
        ]),
  ];
}
