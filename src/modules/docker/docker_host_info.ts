/**
 * Owns `docker_host_info`: what Docker holds, for a playbook to decide by, and as a record on the host from which
 * `docker_restore` makes it again. Never starts Docker by asking.
 */
import * as z from 'zod';
import { sha256Of } from '../../core/content.js';
import { defineModule, type Diff } from '../../core/module.js';
import type { ValueMap } from '../../core/value.js';
import { mapAt } from './info.js';
import { idOf, runStateOf } from './container.js';
import { readInventory, writeRecord, type DockerInventory } from './inventory.js';
import {
  containerSummary,
  hostSummary,
  imageSummary,
  networkSummary,
  summarizeContainers,
  summarizeImages,
  summarizeNetworks,
  summarizeServer,
  summarizeVolumes,
  volumeSummary,
} from './summary.js';
import { fileProbe } from '../host/file.js';
import { applyFileContent, lookAtFile, planFileContent } from '../files/file-content.js';
import { readListedContainers } from '../system/held-containers.js';
import { hostPath } from '../host/path.js';

const params = z.strictObject({
  containers: z.boolean().default(true).describe('Tells about containers, stopped ones too.'),
  images: z.boolean().default(true).describe('Tells about images, intermediate ones too.'),
  networks: z.boolean().default(true).describe('Tells about networks.'),
  volumes: z.boolean().default(true).describe('Tells about volumes.'),
  changes: z
    .boolean()
    .default(false)
    .describe(
      'Also what each container has changed against its image (`docker diff`). Docker may have to compare all of its files for it.',
    ),
  dest: hostPath(
    'A file that gets everything as `docker inspect` has it, whatever else is asked for: what `docker_restore` reads. Only root reads it, because variables of containers hold passwords.',
  ).optional(),
  ran: hostPath(
    'A list of containers that ran before units were stopped, as `systemd_hold` keeps it beside its record (RECORD.containers): in the record, these run. Without the file, all is as Docker says.',
  ).optional(),
});

export const dockerHostInfo = defineModule({
  name: 'docker_host_info',
  summary: 'Tell what Docker holds, and keep a record of it on the host',
  params,
  returns: z.strictObject({
    can_talk_to_docker: z.boolean().describe('True: where Docker cannot be asked, the task fails.'),
    host_info: hostSummary.describe('The daemon.'),
    containers: z.array(containerSummary).optional().describe('The containers, by name.'),
    images: z.array(imageSummary).optional().describe('The images, by id.'),
    networks: z.array(networkSummary).optional().describe('The networks, by name.'),
    volumes: z.array(volumeSummary).optional().describe('The volumes, by name.'),
    dest: z.string().optional().describe('The record, links followed.'),
    checksum: z.string().optional().describe("The record's SHA-256, in hex."),
  }),
  examples: [
    {
      title: 'Which containers would be lost by a stop',
      task: `
docker_host_info:
  images: false
register: docker`,
      needs: 'docker',
      before: 'docker info >/dev/null',
      after: 'test -z "$(ls -A "$tmp")"',
    },
    {
      title: 'A record of everything that Docker holds',
      task: `
docker_host_info:
  dest: '{{tmp}}/docker.json'`,
      needs: 'docker',
      after: `
test "$(stat -c %a "$tmp/docker.json")" = 600
test "$(grep -c '"AutoRemove":' "$tmp/docker.json")" = "$(docker ps -aq | wc -l)"`,
    },
  ],
  async plan(read, p, context) {
    const [found, list, sight] = await Promise.all([
      readInventory(read, context, { changes: p.changes }),
      p.ran === undefined ? undefined : read(fileProbe(p.ran, { content: true })),
      // Its checksum is enough to compare.
      p.dest === undefined ? undefined : lookAtFile(read, { path: p.dest, mode: '0600' }, { limit: 0 }),
    ]);
    const inventory = list?.type === 'file' ? withListed(found, textOf(list)) : found;
    const told = tell(inventory, p);
    if (!sight) return { change: 'none', reason: describeInventory(inventory), result: told };
    const content = writeRecord(inventory);
    const plan = planFileContent(sight, { content });
    const result = { ...told, dest: plan.path, checksum: sha256Of(content) };
    if (plan.change === 'none') return { change: 'none', reason: plan.reason, result };
    return {
      change: 'some',
      summary: `${plan.summary} (${describeInventory(inventory)})`,
      diff: [shownRecord(plan.path, sight.file.type === 'absent', inventory)],
      // Docker goes on meanwhile: the record of the next moment can be another one.
      repeats: true,
      effects: plan.effects,
      detail: plan.detail,
      predicted: result,
    };
  },
  async apply(write, { detail, predicted }) {
    await applyFileContent(write, detail);
    return predicted;
  },
});

/** What units have stopped ran before that, and is theirs to start or to make anew. */
function withListed(found: DockerInventory, text: string): DockerInventory {
  const { ran, stopped } = readListedContainers(text);
  const [wasUp, isTheirs] = [new Set(ran), new Set(stopped.map(({ id }) => id))];
  return {
    ...found,
    containers: found.containers.map((container) =>
      wasUp.has(idOf(container)) && runStateOf(container) === 'stopped'
        ? {
            ...container,
            State: { ...mapAt(container, 'State'), Status: 'running', Running: true },
          }
        : container,
    ),
    leftToUnits: found.containers.map(idOf).filter((id) => isTheirs.has(id)),
  };
}

function textOf({ content }: { readonly content?: Uint8Array | undefined }): string {
  return Buffer.from(content ?? []).toString('utf8');
}

function tell(inventory: DockerInventory, p: z.output<typeof params>): ValueMap {
  return {
    can_talk_to_docker: true,
    host_info: summarizeServer(inventory),
    ...(p.containers && { containers: summarizeContainers(inventory) }),
    ...(p.images && { images: summarizeImages(inventory) }),
    ...(p.networks && { networks: summarizeNetworks(inventory) }),
    ...(p.volumes && { volumes: summarizeVolumes(inventory) }),
  };
}

function describeInventory({ containers, images, networks, volumes }: DockerInventory): string {
  const count = (list: readonly unknown[], one: string) =>
    `${list.length} ${one}${list.length === 1 ? '' : 's'}`;
  return [
    count(containers, 'container'),
    count(images, 'image'),
    count(networks, 'network'),
    count(volumes, 'volume'),
  ].join(', ');
}

/** What the record holds may be secret, and is long: it is not shown. */
function shownRecord(dest: string, isNew: boolean, inventory: DockerInventory): Diff {
  const after = `a record of ${describeInventory(inventory)}`;
  const before = isNew ? undefined : 'another record';
  return { type: 'fields', subject: dest, fields: [{ name: 'content', before, after }] };
}
