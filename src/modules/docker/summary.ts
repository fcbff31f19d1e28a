/**
 * Owns what `docker_host_info` says about Docker's belongings: what a playbook decides by, typed. Pure.
 */
import * as z from 'zod';
import type { ValueMap } from '../../core/value.js';
import { boolAt, intAt, isAnonymousName, listAt, mapAt, textAt, textsOf } from './info.js';
import {
  composeNeeds,
  endpointsOf,
  idOf,
  isPredefined,
  labelsOf,
  nameFinder,
  nameOf,
  neededBy,
  reasonToLeaveOut,
  runStateOf,
  volumesOf,
} from './container.js';
import type { DockerInventory } from './inventory.js';

export const containerSummary = z.strictObject({
  name: z.string().describe('Its name.'),
  id: z.string().describe('Its full id.'),
  image: z.string().describe('The image as it was named when the container was made.'),
  image_id: z.string().describe("The image's id."),
  state: z.string().describe('created, running, paused, restarting, exited, dead.'),
  running: z.boolean().describe('Whether it runs, is paused or waits for its restart.'),
  paused: z.boolean().describe('Whether it is paused.'),
  auto_remove: z.boolean().describe('Whether it was started with --rm: it goes when it stops.'),
  restart_policy: z.string().describe('no, always, unless-stopped, on-failure.'),
  compose_project: z.string().nullable().describe('The compose project that it belongs to.'),
  compose_service: z.string().nullable().describe('The service in it.'),
  networks: z.array(z.string()).describe('The networks that it is in.'),
  volumes: z
    .array(
      z.strictObject({
        name: z.string().describe('The volume.'),
        destination: z.string().describe('Where it is in the container.'),
      }),
    )
    .describe('Its named volumes.'),
  anonymous_volumes: z
    .array(
      z.strictObject({
        name: z.string().describe('The name that Docker has made up.'),
        destination: z.string().describe('Where it is in the container.'),
      }),
    )
    .describe('Volumes that only this container knows.'),
  depends_on: z.array(z.string()).describe('Containers that must be there, and run, before it.'),
  changed_paths: z
    .int()
    .nullable()
    .describe('Paths that it has changed against its image; null without `changes`.'),
  changed_sample: z.array(z.string()).describe('Some of them: `+ /added`, `~ /changed`, `- /deleted`.'),
  left_out: z.string().nullable().describe('Why `docker_restore` would not make it again; null: it would.'),
});

export const imageSummary = z.strictObject({
  id: z.string().describe('Its id, with `sha256:`.'),
  tags: z.array(z.string()).describe('`lab/web:1`.'),
  digests: z.array(z.string()).describe('`lab/web@sha256:…`: what a registry knows it by.'),
  size: z.int().describe('Bytes, layers that it shares with others included.'),
  dangling: z.boolean().describe('It has no name of any kind, and is no step of another image.'),
  intermediate: z.boolean().describe('It has no name, and another image was built on it.'),
  local_only: z.boolean().describe('No registry is known to have it.'),
  used_by: z.array(z.string()).describe('Containers made from it.'),
});

export const networkSummary = z.strictObject({
  name: z.string().describe('Its name.'),
  id: z.string().describe('Its full id.'),
  driver: z.string().describe('bridge, macvlan, overlay, host, null.'),
  scope: z.string().describe('local or swarm.'),
  predefined: z.boolean().describe("Docker's own: bridge, host, none."),
  internal: z.boolean().describe('It leads nowhere else.'),
  subnets: z.array(z.string()).describe('Its ranges of addresses.'),
});

export const volumeSummary = z.strictObject({
  name: z.string().describe('Its name.'),
  driver: z.string().describe('local, or the plugin that keeps it.'),
  mountpoint: z.string().describe('Where it is on the host; empty where its driver does not say.'),
  anonymous: z.boolean().describe('Docker has made its name up.'),
  has_options: z.boolean().describe('It was made with options of its driver: a mount of something else.'),
  used_by: z.array(z.string()).describe('Containers that mount it.'),
});

export const hostSummary = z.strictObject({
  ServerVersion: z.string().describe("The daemon's version."),
  ApiVersion: z.string().describe('The newest version of the API that it speaks.'),
  Driver: z.string().describe('Its storage driver.'),
  DockerRootDir: z.string().describe('Its data-root.'),
  Name: z.string().describe("The host's name as Docker knows it."),
  Swarm: z.string().describe('inactive, active, pending, error, locked.'),
});

export function summarizeServer({ server }: DockerInventory): z.output<typeof hostSummary> {
  return {
    ServerVersion: server.version,
    ApiVersion: server.api_version,
    Driver: server.driver,
    DockerRootDir: server.root,
    Name: server.name,
    Swarm: server.swarm,
  };
}

export function summarizeContainers(inventory: DockerInventory): z.output<typeof containerSummary>[] {
  const { containers, changes } = inventory;
  const find = nameFinder(containers);
  return containers.map((container) => {
    const state = runStateOf(container);
    const labels = labelsOf(container);
    const volumes = volumesOf(container);
    const changed = changes[idOf(container)];
    const plain = ({ name, destination }: { name: string; destination: string }) => ({ name, destination });
    return {
      name: nameOf(container),
      id: idOf(container),
      image: textAt(container, 'Config', 'Image') ?? '',
      image_id: textAt(container, 'Image') ?? '',
      state: textAt(container, 'State', 'Status') ?? '',
      running: state !== 'stopped',
      paused: state === 'paused',
      auto_remove: boolAt(container, 'HostConfig', 'AutoRemove') ?? false,
      restart_policy: textAt(container, 'HostConfig', 'RestartPolicy', 'Name') ?? 'no',
      compose_project: textAt(labels, 'com.docker.compose.project'),
      compose_service: textAt(labels, 'com.docker.compose.service'),
      networks: endpointsOf(container).map(([name]) => name),
      volumes: volumes.filter(({ isAnonymous }) => !isAnonymous).map(plain),
      anonymous_volumes: volumes.filter(({ isAnonymous }) => isAnonymous).map(plain),
      depends_on: [...new Set([...neededBy(container, find), ...composeNeeds(container, containers)])].sort(),
      changed_paths: changed?.count ?? null,
      changed_sample: [...(changed?.sample ?? [])],
      left_out: reasonToLeaveOut(container) ?? null,
    };
  });
}

export function summarizeImages({ images, containers }: DockerInventory): z.output<typeof imageSummary>[] {
  const parents = new Set(images.map((image) => textAt(image, 'Parent')));
  return images.map((image) => {
    const [id, tags, digests] = [idOf(image), tagsOf(image), digestsOf(image)];
    const isNamed = tags.length + digests.length > 0;
    return {
      id,
      tags: [...tags],
      digests: [...digests],
      size: sizeOf(image),
      dangling: !isNamed && !parents.has(id),
      intermediate: !isNamed && parents.has(id),
      local_only: digests.length === 0,
      used_by: containers.filter((container) => textAt(container, 'Image') === id).map(nameOf),
    };
  });
}

/** Docker writes `<none>` where there is nothing. */
export function tagsOf(image: ValueMap): readonly string[] {
  return textsOf(listAt(image, 'RepoTags'))
    .filter((tag) => !tag.startsWith('<none>'))
    .sort();
}

export function digestsOf(image: ValueMap): readonly string[] {
  return textsOf(listAt(image, 'RepoDigests'))
    .filter((digest) => !digest.startsWith('<none>'))
    .sort();
}

/** Bytes, with the layers that other images have too. */
export function sizeOf(image: ValueMap): number {
  return intAt(image, 'Size') ?? 0;
}

export function summarizeNetworks({ networks }: DockerInventory): z.output<typeof networkSummary>[] {
  return networks.map((network) => {
    const name = textAt(network, 'Name') ?? '';
    return {
      name,
      id: idOf(network),
      driver: textAt(network, 'Driver') ?? '',
      scope: textAt(network, 'Scope') ?? '',
      predefined: isPredefined(name),
      internal: boolAt(network, 'Internal') ?? false,
      subnets: listAt(network, 'IPAM', 'Config').flatMap((range) => {
        const subnet = textAt(range, 'Subnet');
        return subnet === null ? [] : [subnet];
      }),
    };
  });
}

export function summarizeVolumes({ volumes, containers }: DockerInventory): z.output<typeof volumeSummary>[] {
  return volumes.map((volume) => {
    const name = textAt(volume, 'Name') ?? '';
    return {
      name,
      driver: textAt(volume, 'Driver') ?? '',
      mountpoint: textAt(volume, 'Mountpoint') ?? '',
      anonymous: isAnonymousName(name),
      has_options: Object.keys(mapAt(volume, 'Options')).length > 0,
      used_by: containers
        .filter((container) => volumesOf(container).some((mounted) => mounted.name === name))
        .map(nameOf),
    };
  });
}
