/**
 * Owns the module `zfs_snapshot`: a snapshot of a dataset, or of a whole tree at one moment, or its absence.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { mapState, setState, unknownState, type Effect } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import { Unknown, type Value, type ValueMap } from '../../core/value.js';
import { fileKind } from '../host/file.js';
import { mountsProbe, type MountTable } from '../host/mountinfo.js';
import { joinPath } from '../host/path.js';
import { formatBytes } from '../../core/bytes.js';
import {
  absentDataset,
  assignments,
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
  propertiesParameter,
  propertyChanges,
  propertyScript,
  requireProperties,
  requireZfs,
  snapshotName,
  splitProperties,
  type DatasetTree,
  type PresentDataset,
  type PropertyChanges,
} from './dataset.js';

const params = z
  .strictObject({
    dataset: datasetName('the filesystem or volume'),
    name: snapshotName("the snapshot's name, the part after the @"),
    state: z.enum(['present', 'absent']).default('present').describe('whether it is to be there'),
    recursive: z
      .boolean()
      .default(false)
      .describe(
        'of every dataset below too, all at one moment. With Docker’s zfs driver that is one snapshot a layer',
      ),
    properties: propertiesParameter('user properties of the snapshot'),
    require_properties: requireProperties(
      'user properties that a snapshot which is already there must have of its own',
    ),
  })
  .refine((p) => p.state === 'present' || Object.keys(p.require_properties).length > 0, {
    message:
      'state: absent destroys, so it needs require_properties that tell which snapshot may be destroyed',
    path: ['require_properties'],
  })
  .refine((p) => p.state === 'present' || !p.recursive, {
    message: 'snapshots are destroyed one by one: state: absent does not go with recursive',
    path: ['recursive'],
  })
  .refine(
    (p) => Object.entries(p.properties).every(([name, value]) => name.includes(':') && value !== null),
    {
      message: 'a snapshot takes only user properties: their names hold a colon',
      path: ['properties'],
    },
  );

type Params = z.output<typeof params>;

type Detail =
  | { readonly do: 'create'; readonly argv: readonly string[] }
  | { readonly do: 'set'; readonly changes: PropertyChanges }
  | { readonly do: 'destroy' };

export const zfsSnapshot = defineModule({
  name: 'zfs_snapshot',
  summary: 'Take a ZFS snapshot',
  params,
  returns: z.object({
    name: z.string().describe('`DATASET@SNAPSHOT`'),
    state: z.enum(['present', 'absent']).describe('whether it is there now'),
    creation: z.int().nullable().describe('seconds since 1970'),
    guid: z.string().nullable().describe('its guid, the same for as long as it lives and in every copy'),
  }),
  examples: [
    {
      title: 'A snapshot that says which run took it',
      needs: 'zfs',
      task: `
zfs_snapshot:
  dataset: tank/scratch-example-snap
  name: before
  properties: {org.example:run: '42'}`,
      before:
        'zfs destroy -r tank/scratch-example-snap 2>/dev/null || :; zfs create -o mountpoint=none tank/scratch-example-snap',
      after:
        '[ "$(zfs get -Hp -o value org.example:run tank/scratch-example-snap@before)" = 42 ] && zfs destroy -r tank/scratch-example-snap',
    },
  ],
  async plan(read, p): Promise<Plan<Detail>> {
    const [dataset, snapshot, tree, mounts] = await Promise.all([
      read(datasetProbe(p.dataset)),
      read(datasetProbe(`${p.dataset}@${p.name}`)),
      p.recursive ? read(datasetTreeProbe(p.dataset)) : undefined,
      read(mountsProbe()),
    ]);
    requireZfs(snapshot);
    if (p.state === 'absent') {
      return snapshot.exists
        ? planAbsence(p, snapshot)
        : { change: 'none', reason: 'already gone', result: gone(p) };
    }
    if (!dataset.exists) {
      throw new ZrunError('task-failed', `there is no dataset ${p.dataset} to take a snapshot of`, {
        hint: '`zfs list` shows the datasets of the host.',
      });
    }
    return snapshot.exists ? planPresent(p, snapshot, tree) : planCreation(p, dataset, tree, mounts);
  },
  async apply(write, { detail, predicted }, p) {
    const name = `${p.dataset}@${p.name}`;
    if (detail.do === 'destroy') {
      await write.run(sh`zfs destroy ${name}`);
      return predicted;
    }
    const output = await write.run(
      lines(
        detail.do === 'create' ? sh`zfs ${detail.argv} || exit` : propertyScript(name, detail.changes),
        sh`LC_ALL=C zfs get -Hp -o value creation,guid ${name}`,
      ),
      detail.do === 'create' ? { shownAs: `zfs ${detail.argv.join(' ')}` } : {},
    );
    const [creation, guid] = output.stdout.toString('utf8').trim().split('\n');
    return { ...predicted, creation: Number(creation), guid: guid ?? null };
  },
});

function gone(p: Params): ValueMap {
  return { name: `${p.dataset}@${p.name}`, state: 'absent', creation: null, guid: null };
}

function there(name: string, creation: Value, guid: Value): ValueMap {
  return { name, state: 'present', creation, guid };
}

function planPresent(p: Params, snapshot: PresentDataset, tree: DatasetTree | undefined): Plan<Detail> {
  refuseStranger(p, snapshot);
  const lacking = (tree?.children ?? []).filter((child) => !tree?.snapshots.includes(`${child}@${p.name}`));
  if (lacking.length > 0) {
    throw new ZrunError(
      'task-failed',
      `${snapshot.name} exists, but ${lacking.length} datasets below it have no snapshot of that name, so it is not of the whole tree`,
      { hint: `The first of them: ${lacking.slice(0, 5).join(', ')}. Take another name for a new snapshot.` },
    );
  }
  const creation = numericProperty(snapshot.properties, 'creation') ?? null;
  const result = there(snapshot.name, creation, snapshot.properties['guid']?.value ?? null);
  const changes = propertyChanges(snapshot.properties, splitProperties(p.properties));
  if (isEmptyChange(changes)) return { change: 'none', reason: 'already taken', result };
  return {
    change: 'some',
    summary: `set ${Object.keys(changes.set).join(', ')} of ${snapshot.name}`,
    diff: [
      {
        type: 'fields',
        subject: `snapshot ${snapshot.name}`,
        fields: Object.entries(changes.set).map(([name, value]) => ({
          name,
          before: snapshot.properties[name]?.value,
          after: value,
        })),
      },
    ],
    effects: [
      setState(datasetKind, datasetKey(snapshot.name), {
        ...snapshot,
        properties: changedProperties(snapshot.properties, changes),
      }),
    ],
    detail: { do: 'set', changes },
    predicted: result,
  };
}

function refuseStranger(p: Params, snapshot: PresentDataset): void {
  const lacking = lackingProperties(snapshot.properties, p.require_properties);
  if (lacking.length === 0) return;
  throw new ZrunError('task-failed', `${snapshot.name} is taken by something else: ${lacking.join('; ')}`, {
    hint: 'Nothing was touched. Choose another name.',
  });
}

function planCreation(
  p: Params,
  dataset: PresentDataset,
  tree: DatasetTree | undefined,
  mounts: MountTable,
): Plan<Detail> {
  const { set } = splitProperties(p.properties);
  const children = tree?.children ?? [];
  const names = [dataset.name, ...children].map((name) => `${name}@${p.name}`);
  const name = `${p.dataset}@${p.name}`;
  const options = assignments(set).flatMap((assignment) => ['-o', assignment]);
  const clash = children.filter((child) => tree?.snapshots.includes(`${child}@${p.name}`));
  if (clash.length > 0) {
    throw new ZrunError(
      'task-failed',
      `${clash[0] ?? ''}@${p.name} exists already, though ${name} does not`,
      {
        hint: 'Take another name: a snapshot of a tree needs a name that is free in all of it.',
      },
    );
  }
  return {
    change: 'some',
    summary: `take snapshot ${name}${children.length > 0 ? ` and of ${children.length} datasets below` : ''}`,
    diff: [
      {
        type: 'fields',
        subject: `snapshot ${name}`,
        fields: [
          { name: 'type', before: undefined, after: 'snapshot' },
          ...Object.entries(set).map(([key, value]) => ({ name: key, before: undefined, after: value })),
        ],
      },
    ],
    effects: [
      ...names.flatMap((snapshot) => snapshotEffects(snapshot, set)),
      treeEffect(p.dataset, names),
      ...folderEffects(dataset.name, mounts, p.name),
    ],
    detail: { do: 'create', argv: ['snapshot', ...(p.recursive ? ['-r'] : []), ...options, name] },
    predicted: there(name, new Unknown(name), new Unknown(name)),
  };
}

function snapshotEffects(name: string, set: Readonly<Record<string, string>>): readonly Effect[] {
  const properties = {
    type: { value: 'snapshot', source: '-' },
    ...Object.fromEntries(Object.entries(set).map(([key, value]) => [key, { value, source: 'local' }])),
  };
  return [setState(datasetKind, datasetKey(name), { exists: true, name, type: 'snapshot', properties })];
}

/** What the snapshot holds can be read in a folder of its file system, wherever that is mounted: as it will be when it is taken. */
function folderEffects(dataset: string, mounts: MountTable, name: string): readonly Effect[] {
  return mounts
    .filter(({ fstype, source, root }) => fstype === 'zfs' && source === dataset && root === '/')
    .map(({ target }) => unknownState(fileKind, joinPath(target, `.zfs/snapshot/${name}`), true));
}

function treeEffect(dataset: string, names: readonly string[]): Effect {
  return mapState(datasetTreeKind, dataset, (tree) => ({
    ...tree,
    snapshots: [...tree.snapshots, ...names],
  }));
}

function planAbsence(p: Params, snapshot: PresentDataset): Plan<Detail> {
  refuseStranger(p, snapshot);
  const used = numericProperty(snapshot.properties, 'used');
  const clones = snapshot.properties['clones']?.value;
  if (clones !== undefined && clones !== '' && clones !== '-') {
    throw new ZrunError('task-failed', `${snapshot.name} is what ${clones} is cloned from, so it stays`);
  }
  return {
    change: 'some',
    summary: `destroy snapshot ${snapshot.name}`,
    destroys: `snapshot ${snapshot.name}${used === undefined ? '' : `, ${formatBytes(used)} that nothing else holds`}`,
    diff: [
      {
        type: 'fields',
        subject: `snapshot ${snapshot.name}`,
        fields: [{ name: 'type', before: 'snapshot', after: undefined }],
      },
    ],
    effects: [
      setState(datasetKind, datasetKey(snapshot.name), absentDataset),
      mapState(datasetTreeKind, p.dataset, (tree) => ({
        ...tree,
        snapshots: tree.snapshots.filter((name) => name !== snapshot.name),
      })),
    ],
    detail: { do: 'destroy' },
    predicted: gone(p),
  };
}
