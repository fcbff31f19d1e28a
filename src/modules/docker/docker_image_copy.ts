/**
 * Owns `docker_image_copy`: the images of the running Docker in a data-root that is to take its place, put there while
 * it goes on running. `docker save` and `docker load` keep ids and layers; tags are set again; the digests by which a
 * registry knows an image, which they lose (moby#22011), are written into the new data-root's own list. With `source:
 * pull`, what its registry still gives under its digest is fetched from there instead. What a registry does not give is
 * known while the task is planned, in check mode too.
 *
 * What `docker image inspect` may say otherwise of an image that was carried: `GraphDriver`, `Metadata.LastTagTime`,
 * `Parent` (where an image and the one that it was built on went in different batches), and `RepoDigests` where the
 * task has reported them as lost.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Change, type Plan, type Write } from '../../core/module.js';
import { unknownState, type Read } from '../../core/probe.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { blockDeviceProbe } from '../host/blockdev.js';
import { textAt } from './info.js';
import { idOf, nameOf } from './container.js';
import {
  carriedIds,
  chooseImages,
  chooseSources,
  digestsToAsk,
  lackingImage,
  missingImages,
  planCommits,
  planImages,
  readReferences,
  shownName,
  usesContainerdStore,
  withDigests,
  type CommitPlan,
  type ImagePlan,
  type NotPulled,
  type Sources,
} from './images.js';
import { describeImages, diffOfImages } from './images-shown.js';
import { inventoryKind, readInventory, type DockerInventory } from './inventory.js';
import { parseDockerJson, writeDockerJson } from './json.js';
import { accessProbe, registryOf, registryProbe, tidy, type RegistryAccess } from './registry.js';
import {
  finishScript,
  noStaging,
  rootProbe,
  stagingProbe,
  stagingScript,
  stagingStatus,
  type RootCheck,
  type Staging,
} from './staging.js';
import { fileKind, fileProbe } from '../host/file.js';
import { mountOf, mountsProbe, type MountTable } from '../host/mountinfo.js';
import { hostPath, joinPath, normalizePath } from '../host/path.js';
import { formatBytes } from '../../core/bytes.js';

const params = z.strictObject({
  data_root: hostPath(
    'The data-root to come: a folder that no Docker uses yet, such as a new file system that is mounted aside.',
  ),
  images: z
    .union([z.literal('all'), z.array(z.string().min(1))])
    .default('all')
    .describe(
      '`all`, intermediate ones too, or a list of ids, tags or digests. With `all`, a container whose image is gone is a failure: it could not be made again. What an earlier run has left of commits is none of them.',
    ),
  source: z
    .enum(['save', 'pull'])
    .default('save')
    .describe(
      "`save`: `docker save` from the running Docker, `docker load` into the new data-root. `pull`: by digest from each image's registry, where that answers and gives the same image; the others, and what was built on this host, are saved and loaded, and the result says which and why. Mirrors, proxies and registries without TLS are those of the running daemon, credentials those in root's `~/.docker/config.json`.",
    ),
  commit: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Containers whose writable layer is carried too: each is committed (paused meanwhile) to an image `zrun-carried:ID`, from which `docker_restore` makes it; once in each run. What it writes afterwards is not carried: for that, stop it first. Commits of other containers, left by an earlier run, are not carried.',
    ),
  storage_driver: z.enum(['overlay2']).default('overlay2').describe('The storage driver of the data-root.'),
});

type Params = z.output<typeof params>;

interface Detail {
  readonly plan: ImagePlan;
  readonly commits: CommitPlan;
  readonly staging: Staging;
  /** What is there cannot be trusted: a power cut came while it was written. */
  readonly wipes: boolean;
  readonly inventory: DockerInventory;
  readonly notPulled: readonly NotPulled[];
  readonly access: RegistryAccess | undefined;
}

export const dockerImageCopy = defineModule({
  name: 'docker_image_copy',
  summary: 'Put images of the running Docker into a data-root that is not in use yet',
  params,
  returns: z.strictObject({
    data_root: z.string().describe('The data-root.'),
    images: z.array(z.string()).describe('The ids of all images that are there now and were asked for.'),
    copied: z.array(z.string()).describe('Those that this task has put there.'),
    pulled: z.array(z.string()).describe('Those of them that came from a registry.'),
    not_pulled: z
      .array(
        z.strictObject({
          image: z.string().describe('A tag of it, or the beginning of its id.'),
          reason: z.string().describe('Why no registry gives it.'),
        }),
      )
      .describe('With `source: pull`: what is saved and loaded all the same.'),
    committed: z.record(z.string(), z.string()).describe('The images of commits, by container.'),
    lost_digests: z
      .array(z.string())
      .describe('Digests that could not be carried: pulling them again brings them back.'),
    bytes: z
      .int()
      .describe('What the copied images take, by the sizes of layers that Docker tells; at most.'),
  }),
  examples: [
    {
      title: 'Every image in a new data-root, while Docker goes on',
      task: `
docker_image_copy:
  data_root: '{{tmp}}/new'
  images: ['zrun-example:1']`,
      needs: 'docker',
      before: importsImage('zrun-example:1'),
      after: `
grep -q "zrun-example:1.*$(docker image inspect -f '{{.Id}}' zrun-example:1)" "$tmp/new/image/overlay2/repositories.json"
! systemctl is-active --quiet zrun-staged-docker
test ! -e /run/zrun-staged-docker
docker rmi zrun-example:1 >/dev/null`,
    },
    {
      title: 'From their registries, and what was only built here by saving and loading',
      task: `
docker_image_copy:
  data_root: '{{tmp}}/new'
  images: ['zrun-example:2']
  source: pull`,
      needs: 'docker',
      before: importsImage('zrun-example:2'),
      after: `
grep -q "zrun-example:2.*$(docker image inspect -f '{{.Id}}' zrun-example:2)" "$tmp/new/image/overlay2/repositories.json"
docker rmi zrun-example:2 >/dev/null`,
    },
  ],
  async plan(read, p, context): Promise<Plan<Detail>> {
    const [inventory, found] = await Promise.all([
      readInventory(read, context),
      read(stagingProbe(p.data_root, p.storage_driver)),
    ]);
    const staging = context.check ? await predictStaging(read, p, found) : found;
    refuseStore(inventory, p, staging);
    const wipes = staging.mark === 'writing' && staging.hasBooted;
    const there = wipes ? { ...staging, ids: noStaging.ids, references: noStaging.references } : staging;
    const chosen = chooseImages(p.images, inventory);
    const commits = planCommits(p.commit, inventory, { runId: context.runId, images: p.images });
    refuseUnknown(chosen.unknown, commits.unknown);
    refuseLackingImage(lackingImage(p.images === 'all' ? 'all' : p.commit, inventory));
    const wanted = [...new Set([...chosen.images, ...commits.standing])];
    const missing = missingImages(wanted, there);
    const { server } = inventory;
    const lookAtRoot = (): Promise<RootCheck> => read(rootProbe(server.root, server.driver, p.data_root));
    const [{ access, given, notPulled }, seen] = await Promise.all([
      askRegistries(read, p, missing, inventory),
      missing.length > 0 ? lookAtRoot() : undefined,
    ]);
    const plan = planImages(wanted, there, { all: p.images === 'all', given, layers: seen?.layers, commits });
    const result = resultOf(p, plan, commits);
    const isOpen = needsDaemon(plan, commits);
    if (!isOpen && plan.digests.length === 0 && staging.mark === 'whole' && !staging.isBusy) {
      return { change: 'none', reason: 'every image is there', result };
    }
    refuseRoom(p, inventory, there, plan, seen ?? (await lookAtRoot()));
    return {
      change: 'some',
      summary: describeImages(p.data_root, plan, commits, { wipes, isBusy: staging.isBusy }),
      diff: diffOfImages(p.data_root, plan, commits),
      effects: [
        unknownState(fileKind, joinPath(p.data_root, 'image'), true),
        unknownState(fileKind, joinPath(p.data_root, p.storage_driver), true),
        ...(commits.commits.length > 0
          ? [unknownState(inventoryKind, ''), unknownState(inventoryKind, 'changes')]
          : []),
      ],
      detail: { plan, commits, staging: there, wipes, inventory, notPulled, access },
      predicted: {
        ...result,
        copied: carriedIds(plan),
        pulled: plan.pulls.map(({ id }) => id),
        not_pulled: notPulled.map((each) => ({ ...each })),
        bytes: plan.bytes,
        ...(commits.commits.length > 0 && {
          images: new Unknown(context.task),
          copied: new Unknown(context.task),
        }),
      },
    };
  },
  apply: (write, change, p) => copyImages(write, change, p),
});

/** sh for an example: an image with nothing but busybox, and a data-root for it. */
function importsImage(tag: string): string {
  return `
mkdir -p "$tmp/new" "$tmp/root" && cp "$(command -v busybox)" "$tmp/root/busybox"
tar -C "$tmp/root" -c . | docker import - ${tag} >/dev/null`;
}

/** What is not there yet, and where it comes from. A registry is only asked for what is to be carried. */
async function askRegistries(
  read: Read,
  p: Params,
  missing: readonly ValueMap[],
  { images }: DockerInventory,
): Promise<Sources & { readonly access: RegistryAccess | undefined }> {
  if (p.source === 'save') return { given: new Map(), notPulled: [], access: undefined };
  const digests = digestsToAsk(missing, images);
  if (digests.length === 0) return { ...chooseSources(missing, images, new Map()), access: undefined };
  const access = await read(accessProbe());
  return { ...chooseSources(missing, images, await read(registryProbe(digests, access))), access };
}

function needsDaemon(plan: ImagePlan, { commits }: CommitPlan): boolean {
  return carriedIds(plan).length + plan.tags.length + plan.stale.length + commits.length > 0;
}

/** In check mode the folder may be yet to be made, or to be hidden by a mount: then it is empty. */
async function predictStaging(read: Read, p: Params, found: Staging): Promise<Staging> {
  const [folder, images, mounts] = await Promise.all([
    read(fileProbe(p.data_root)),
    read(fileProbe(joinPath(p.data_root, 'image'))),
    read(mountsProbe()),
  ]);
  if (folder.type === 'absent') return { ...noStaging, exists: false };
  if (found.exists && images.type !== 'absent') return found;
  return { ...noStaging, available: await predictRoom(read, p, mounts, found) };
}

/**
 * All that a device has, where its file system is only to be mounted: it cannot be more, and what is put there before
 * the images nobody knows here. What a dataset will have is its pool's affair, and not predicted.
 */
async function predictRoom(
  read: Read,
  p: Params,
  mounts: MountTable,
  found: Staging,
): Promise<number | undefined> {
  // Only check mode has mounts without a number.
  if (mounts.every(({ id }) => id !== undefined)) return found.available;
  const mount = mountOf(mounts, normalizePath(p.data_root));
  if (mount?.id !== undefined || mount?.source.startsWith('/dev/') !== true) return undefined;
  const device = await read(blockDeviceProbe(mount.source));
  return device.exists ? device.size : undefined;
}

function refuseStore(inventory: DockerInventory, p: Params, staging: Staging): void {
  if (usesContainerdStore(inventory)) {
    throw new ZrunError('task-failed', 'Docker keeps its images in the store of containerd', {
      hint: 'That store is not in the data-root, and this task does not carry from it.',
    });
  }
  if (!staging.exists) {
    throw new ZrunError('task-failed', `there is no folder ${p.data_root}`, {
      hint: 'Make it first, or mount the new file system there: `mount: {path: …, state: ephemeral}`.',
    });
  }
  if (staging.hasImages && staging.mark === undefined) {
    throw new ZrunError('task-failed', `${p.data_root} holds images that this task has not put there`, {
      hint: 'A data-root that a Docker has used is never written to. Take an empty folder.',
    });
  }
}

function refuseUnknown(images: readonly string[], containers: readonly string[]): void {
  const what = [...images.map((name) => `image ${name}`), ...containers.map((name) => `container ${name}`)];
  if (what.length === 0) return;
  throw new ZrunError('task-failed', `Docker does not have ${what.join(', ')}`, {
    hint: '`docker image ls -a` and `docker ps -a` list what it has.',
  });
}

/** While Docker still runs: `docker_restore` would find it out when that has been stopped. */
function refuseLackingImage(containers: readonly ValueMap[]): void {
  if (containers.length === 0) return;
  const list = containers.map((container) => {
    const [image, id] = [textAt(container, 'Config', 'Image'), textAt(container, 'Image')];
    return `${nameOf(container)} (${image === null || image === id ? '' : `${image}, `}${id ?? 'no id'})`;
  });
  throw new ZrunError(
    'task-failed',
    `Docker no longer has the image of ${list.length === 1 ? 'this container' : 'these containers'}, so nobody can make ${list.length === 1 ? 'it' : 'them'} again: ${list.join(', ')}`,
    {
      hint: 'Bring that very image back (`docker pull`, `docker load`), or remove the container (`docker rm`). `docker export` keeps what is in it; `docker commit` needs the image, too.',
    },
  );
}

/** Before anything is written. What commits will take is not known. */
function refuseRoom(
  p: Params,
  { server }: DockerInventory,
  staging: Staging,
  plan: ImagePlan,
  root: RootCheck,
): void {
  if (root.isSame) {
    throw new ZrunError('task-failed', `${p.data_root} is or holds the data-root of the running Docker`, {
      hint: 'Two daemons on one data-root destroy it. Give the folder where the new one is mounted for now.',
    });
  }
  if (root.missing.length > 0) {
    throw new ZrunError('task-failed', `the host lacks ${root.missing.join(', ')}`, {
      hint: 'A second dockerd is started as a unit of systemd, in a mount namespace of its own (unshare, of util-linux).',
    });
  }
  const needed = plan.bytes + plan.largest;
  if (staging.available !== undefined && staging.available < needed) {
    throw new ZrunError(
      'task-failed',
      `${p.data_root} has ${formatBytes(staging.available)} free, and the images may take ${formatBytes(needed)}`,
      { hint: 'Make it larger, or remove images that nobody needs (`docker image prune`).' },
    );
  }
  if (root.available !== undefined && root.available < plan.largest) {
    throw new ZrunError(
      'task-failed',
      `${server.root} has ${formatBytes(root.available)} free, and Docker needs ${formatBytes(plan.largest)} there to save images`,
      { hint: 'Make room there first: Docker writes images out before it hands them on.' },
    );
  }
}

function resultOf(p: Params, plan: ImagePlan, { names }: CommitPlan): ValueMap {
  return {
    data_root: p.data_root,
    images: plan.wanted.map(idOf),
    copied: [],
    pulled: [],
    not_pulled: [],
    committed: { ...names },
    lost_digests: [],
    bytes: 0,
  };
}

async function copyImages(write: Write, { detail }: Change<Detail>, p: Params): Promise<ValueMap> {
  const { plan, commits, staging, wipes, inventory } = detail;
  const { server } = inventory;
  const after =
    wipes || needsDaemon(plan, commits)
      ? await load(write, p, detail)
      : { ids: staging.ids, repositories: staging.repositories, notPulled: [] };
  const missing = plan.wanted.map(idOf).filter((id) => !after.ids.has(id));
  if (missing.length > 0) {
    throw new ZrunError(
      'task-failed',
      `these images did not arrive in ${p.data_root}: ${missing.join(', ')}`,
      {
        hint: 'Were they removed meanwhile? Run again: what is there is not copied twice.',
      },
    );
  }
  const references = readReferences(after.repositories);
  const old = commits.unasked.filter((name) => references.has(name));
  if (old.length > 0) {
    throw new ZrunError(
      'task-failed',
      `${p.data_root} still has commits that are not asked for: ${old.join(', ')}`,
      {
        hint: '`docker_restore` would take what they hold for the newest. Run again, or take an empty folder.',
      },
    );
  }
  const digests = plan.wanted.flatMap((image) => lackingDigests(image, references));
  const merged = digests.length === 0 ? undefined : withDigests(after.repositories, digests);
  await write.run(finishScript(p.data_root, p.storage_driver, server.root, server.driver), {
    stdin: Buffer.from(merged ? writeDockerJson(merged) : ''),
    shownAs: `write the names of images in ${p.data_root}`,
  });
  const wanted = new Set(plan.wanted.map(idOf));
  const committed = [...after.ids].filter((id) => !wanted.has(id) && commitIds(references, commits).has(id));
  return {
    ...resultOf(p, plan, commits),
    images: [...wanted, ...committed],
    copied: [...carriedIds(plan), ...committed],
    pulled: plan.pulls.map(({ id }) => id).filter((id) => !after.notPulled.some((each) => each.id === id)),
    not_pulled: [
      ...detail.notPulled.map((each) => ({ ...each })),
      ...after.notPulled.map(({ image, reason }) => ({ image, reason })),
    ],
    lost_digests: merged ? [] : digests.map(([digest]) => digest),
    bytes: plan.bytes,
  };
}

function commitIds(references: ReadonlyMap<string, string>, { commits }: CommitPlan): ReadonlySet<string> {
  return new Set(commits.flatMap(({ image }) => references.get(image) ?? []));
}

function lackingDigests(
  image: ValueMap,
  references: ReadonlyMap<string, string>,
): readonly (readonly [string, string])[] {
  const digests = image['RepoDigests'];
  if (!Array.isArray(digests)) return [];
  return digests.flatMap((digest): (readonly [string, string])[] =>
    typeof digest !== 'string' || references.get(digest) === idOf(image) ? [] : [[digest, idOf(image)]],
  );
}

interface Loaded {
  readonly ids: ReadonlySet<string>;
  readonly repositories: ReturnType<typeof parseDockerJson>;
  /** What a registry gave when it was asked, and did not when it was fetched. */
  readonly notPulled: readonly (NotPulled & { readonly id: string })[];
}

async function load(
  write: Write,
  p: Params,
  { plan, commits, wipes, access, inventory }: Detail,
): Promise<Loaded> {
  const script = stagingScript({
    dataRoot: p.data_root,
    driver: p.storage_driver,
    wipes,
    commits: commits.commits,
    plan,
  });
  const output = await write.run(script, {
    accept: Object.values(stagingStatus),
    stdin: Buffer.from(
      [...(access?.environment ?? []), '', writeDockerJson(access?.config ?? {})].join('\n'),
    ),
    shownAs: `${plan.pulls.length > 0 ? 'docker pull, ' : ''}docker save | docker load, into a second dockerd`,
  });
  const [stdout, stderr] = [output.stdout.toString(), output.stderr.toString()];
  const problem = { status: output.status, stdout, stderr };
  if (output.status === stagingStatus.noDaemon) {
    throw new ZrunError('task-failed', `no dockerd could be started on ${p.data_root}`, {
      ...problem,
      hint: 'The end of its log is above. The running Docker was not touched.',
    });
  }
  if (output.status === stagingStatus.notCarried) {
    throw new ZrunError('task-failed', `not every image could be put into ${p.data_root}`, {
      ...problem,
      hint: 'The running Docker was not touched. Run again: what is there is not copied twice.',
    });
  }
  if (output.status === stagingStatus.leftBehind) {
    throw new ZrunError('task-failed', 'the second dockerd did not end', {
      ...problem,
      hint: 'Look with `systemctl status zrun-staged-docker`, then run again.',
    });
  }
  const [head = '', ...rest] = stdout.split(/^repositories\n/m);
  const rows = head.split('\n');
  return {
    ids: new Set(rows.flatMap((row) => (row.startsWith('image ') ? [row.slice(6)] : []))),
    repositories: parseDockerJson(rest.join('repositories\n')),
    notPulled: rows.flatMap((row) => {
      const [, id, said = ''] = /^not-pulled (\S+) (.*)$/.exec(row) ?? [];
      const image = inventory.images.find((each) => idOf(each) === id);
      const pull = plan.pulls.find((each) => each.id === id);
      if (id === undefined || !image || !pull) return [];
      const reason = `${registryOf(pull.reference)} did not give it: ${tidy(said)}`;
      return [{ id, image: shownName(image), reason }];
    }),
  };
}
