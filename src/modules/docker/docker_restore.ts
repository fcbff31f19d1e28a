/**
 * Owns `docker_restore`: containers made again, over the Engine API, from the record that `docker_host_info` has kept,
 * and started where they ran.
 *
 * What `docker inspect` may say otherwise of a container that was restored:
 * - `Id`, `Created`, `State` (process ids, times, exit codes; one that had ended is `created`), `RestartCount`, and the
 *   paths that hold the id or the data-root: `LogPath`, `HostnamePath`, `HostsPath`, `ResolvConfPath`, `GraphDriver`
 * - `Config.Hostname` and the network aliases, where they were the beginning of the old id
 * - `Config.Image`, where its name means another image by now, or its writable layer was carried: the id, or
 *   `zrun-carried:…`; `Image` only in the second case
 * - `HostConfig.Mounts` and `Mounts[].Mode`, for volumes without a name of their own: they are attached by name. Docker
 *   then takes them for named ones, which `docker rm -v` keeps.
 * - `HostConfig.VolumesFrom` and `Links`, where they meant a container that is gone; `container:ID` modes have new ids
 * - `NetworkSettings`: addresses and MAC addresses that Docker had given by itself, ids of networks that were missing,
 *   of endpoints and of the sandbox; a MAC address asked for in a second network (Docker does not tell that it was)
 */
import * as z from 'zod';
import { sha256Of } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import {
  defineModule,
  type Change,
  type Diff,
  type Plan,
  type TaskContext,
  type Write,
} from '../../core/module.js';
import {
  setState,
  unknownState,
  type Effect,
  type Probe,
  type ProbeKind,
  type Read,
} from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import {
  complaintOf,
  exchangeScript,
  isGood,
  readAnswers,
  writeRequests,
  type ApiAnswer,
  type ApiRequest,
} from './api.js';
import { intAt, mapAt, textAt, textMapOf } from './info.js';
import { idOf, nameOf, runStateOf } from './container.js';
import { inventoryKind, readInventory, readRecord, type DockerInventory } from './inventory.js';
import { parseDockerJson } from './json.js';
import { planRestore, type ContainerToDo, type Obstacle, type RestorePlan } from './restore-plan.js';
import { everyStatus } from '../host/status.js';
import { fileKind, fileProbe } from '../host/file.js';
import { describeType, type FileState } from '../host/file-state.js';
import { readListedContainers } from '../system/held-containers.js';
import { hostPath, joinPath, parentOf } from '../host/path.js';
import { syncFileSystem } from '../host/sync.js';

const params = z.strictObject({
  src: hostPath('The record, as `docker_host_info` has written it with `dest`.'),
  missing: z
    .enum(['fail', 'leave_out'])
    .default('fail')
    .describe(
      'What happens where an image or a volume of a container is not there. fail: nothing at all is made. leave_out: the other containers are.',
    ),
  conflict: z
    .enum(['fail', 'keep'])
    .default('fail')
    .describe(
      'What happens where another container has the name of one. fail: nothing at all is made. keep: that container stays as it is, and the one of the record is left out.',
    ),
  create: z
    .boolean()
    .default(true)
    .describe('Makes containers and networks that are not there. Without it, only what is there is started.'),
  start: z
    .boolean()
    .default(true)
    .describe(
      'Starts the containers that ran, in the order of their needs. One that does not start is tried again as long as others do, and half a minute longer.',
    ),
  later: hostPath(
    'A list of containers that units have stopped, as `systemd_hold` keeps it beside its record (RECORD.containers): these start when the units are released, and only those that other containers need are started here. Without the file, all are.',
  ).optional(),
});

type Params = z.output<typeof params>;

interface Detail {
  readonly plan: RestorePlan;
  readonly stateFile: string;
  /** The record's checksum. */
  readonly record: string;
  /** Docker's data-root. */
  readonly root: string;
}

const restoredContainer = z.strictObject({
  name: z.string().describe('Its name.'),
  old_id: z.string().describe('The id that it had.'),
  id: z.string().describe('The id that it has.'),
  created: z.boolean().describe('This task has made it.'),
  started: z.boolean().describe('This task has started it.'),
  running: z.boolean().describe('It runs, or is paused.'),
  exit_code: z.int().describe('What it has ended with, where it does not run.'),
});

const leftOut = z.strictObject({
  name: z.string().describe('Its name.'),
  reason: z.string().describe('Why it was not made.'),
  expected: z
    .boolean()
    .describe(
      'It is of a kind that is never made again, as those started with --rm, or somebody else makes it again.',
    ),
});

/** How large a record can be, in bytes. */
const recordLimit = 64 * 1024 * 1024;

export const dockerRestore = defineModule({
  name: 'docker_restore',
  summary: 'Make containers again from a record of what Docker held',
  params,
  returns: z.strictObject({
    containers: z
      .array(restoredContainer)
      .describe('The containers that were made or found, in the order in which they are started.'),
    networks_created: z.array(z.string()).describe('The networks that were missing and have been made.'),
    left_out: z.array(leftOut).describe('The containers that were not made.'),
    warnings: z.array(z.string()).describe('What is not as it was.'),
    ids: z.record(z.string(), z.string()).describe('New ids by old ones.'),
  }),
  examples: [
    {
      title: 'Containers come back after they were removed, and the one that ran runs',
      task: `
docker_restore:
  src: '{{tmp}}/docker.json'`,
      needs: 'docker',
      before: exampleBefore(),
      after: `
test "$(docker inspect -f '{{.State.Running}} {{.Config.Image}} {{index .Config.Labels "a"}}' zrun-example)" = 'true zrun-example:1 b'
docker rm -f zrun-example >/dev/null
docker rmi zrun-example:1 >/dev/null`,
    },
  ],
  async plan(read, p, context): Promise<Plan<Detail>> {
    const stateFile = `${p.src}.restored`;
    const toStart = context.check ? await read(toStartProbe(p.src)) : undefined;
    if (toStart) return predictStart(toStart, p, context);
    const [file, state, list, now] = await Promise.all([
      read(fileProbe(p.src, { content: { limit: recordLimit } })),
      read(fileProbe(stateFile, { content: true })),
      p.later === undefined ? undefined : read(fileProbe(p.later, { content: true })),
      readInventory(read, context),
    ]);
    const content = contentOf(p.src, file);
    const record = readRecord(p.src, content);
    const sum = sha256Of(content);
    const known = readState(state, sum);
    if (known?.isDone === true) {
      return { change: 'none', reason: 'was restored already', result: foundResult(known.ids, now) };
    }
    const isToCome = context.check && (await willBeEmpty(read, now.server.root));
    const later = list?.type === 'file' ? readListedContainers(textOf(list)).stopped : [];
    const whole = planRestore({
      ...{ record, now, known: known?.ids ?? {}, isToCome },
      later: later.map(({ name }) => name),
    });
    const plan = p.create ? whole : withoutCreation(whole);
    const { obstacles } = plan;
    const isFatal = obstacles.some(({ kind }) => {
      if (kind === 'network') return true;
      return kind === 'lack' ? p.missing === 'fail' : p.conflict === 'fail';
    });
    if (isFatal) throw refuse(p.src, obstacles);
    const ids = Object.fromEntries(
      plan.containers.flatMap(({ oldId, id }) => (id === undefined ? [] : [[oldId, id]])),
    );
    const found = { ...foundResult(ids, now), left_out: leftOutOf(plan), warnings: plan.warnings };
    const isEmpty = plan.containers.length === 0 && plan.networks.length === 0;
    // What is whole is written down as such, once: from then on it is the user's to stop and to remove.
    if (isEmpty || (!hasWork(plan, p) && !isWhole(plan, p))) {
      const reason =
        record.containers.length === 0 ? 'the record has no container' : 'every container is there';
      return { change: 'none', reason, result: found };
    }
    return {
      change: 'some',
      summary: describePlan(plan, p),
      diff: diffOf(plan, p),
      effects: effectsOf(stateFile, p, plan),
      detail: { plan, stateFile, record: sum, root: now.server.root },
      predicted: {
        ...found,
        containers: new Unknown(context.task),
        networks_created: plan.networks.map(({ name }) => name),
        ids: new Unknown(context.task),
      },
    };
  },
  apply: applyRestore,
});

function exampleBefore(): string {
  return `
docker rm -f zrun-example >/dev/null 2>&1 || :
mkdir "$tmp/root" && cp "$(command -v busybox)" "$tmp/root/busybox"
tar -C "$tmp/root" -c . | docker import -c 'CMD ["/busybox", "sleep", "1000"]' - zrun-example:1 >/dev/null
docker run -d --name zrun-example --network none --label a=b zrun-example:1 >/dev/null
printf '%s' '{"format": "zrun docker record 1", "server": {}, "images": [], "networks": [], "volumes": [], "containers": ' >"$tmp/docker.json"
docker inspect zrun-example >>"$tmp/docker.json" && echo '}' >>"$tmp/docker.json"
docker rm -f zrun-example >/dev/null`;
}

function textOf({ content }: { readonly content?: Uint8Array | undefined }): string {
  return Buffer.from(content ?? []).toString('utf8');
}

function contentOf(path: string, found: FileState): Uint8Array {
  const file = found.type === 'link' ? found.resolved : found;
  if (file.type === 'file' && file.content !== undefined) return file.content;
  if (file.type === 'file' && file.size > recordLimit) {
    throw new ZrunError('task-failed', `${path} is too large for a record: ${file.size} bytes`, {});
  }
  if (file.type === 'file') {
    throw new ZrunError('task-failed', `${path} cannot be read`, {
      hint: 'Does the task need `become: true`?',
    });
  }
  throw new ZrunError('task-failed', `there is no record ${path}: it is ${describeType(file)}`, {
    hint: '`docker_host_info` with `dest` writes it, while Docker still has its containers.',
  });
}

/** Whatever was removed since stays removed. */
function withoutCreation(plan: RestorePlan): RestorePlan {
  const gone = plan.containers.filter(({ id }) => id === undefined);
  return {
    ...plan,
    networks: [],
    containers: plan.containers.filter(({ id }) => id !== undefined),
    leftOut: [
      ...plan.leftOut,
      ...gone.map(({ name }) => ({ name, reason: 'it is not there any more', isExpected: true })),
    ],
    // What is not there lacks nothing.
    obstacles: plan.obstacles.filter(({ kind }) => kind === 'conflict'),
  };
}

interface RestoreState {
  readonly isDone: boolean;
  readonly ids: Readonly<Record<string, string>>;
}

/** What an earlier run of the same record has written down. */
function readState(file: FileState, record: string): RestoreState | undefined {
  if (file.type !== 'file' || file.content === undefined) return undefined;
  const state = parseDockerJson(Buffer.from(file.content).toString('utf8'));
  if (textAt(state, 'record') !== record) return undefined;
  return { isDone: mapAt(state)['done'] === true, ids: textMapOf(mapAt(state, 'ids')) };
}

/** Whether the tasks before this one, in a check, would have put another data-root in the place of Docker's. */
async function willBeEmpty(read: Read, root: string): Promise<boolean> {
  return root !== '' && (await read(fileProbe(joinPath(root, 'containers')))).type === 'absent';
}

function refuse(src: string, obstacles: readonly Obstacle[]): ZrunError {
  const list = obstacles.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  const isLack = obstacles.every(({ kind }) => kind === 'lack');
  return new ZrunError('task-failed', `the containers of ${src} cannot be made. ${list}`, {
    hint: isLack
      ? 'Nothing was made. Bring what is missing, or say `missing: leave_out` to make the others.'
      : 'Nothing was made. Rename or remove what has the name (`docker rename`), then run again.',
  });
}

function leftOutOf({ leftOut: list, obstacles }: RestorePlan): ValueMap[] {
  return [
    ...list.map(({ name, reason, isExpected }) => ({ name, reason, expected: isExpected })),
    ...obstacles.map(({ name, reason }) => ({ name, reason, expected: false })),
  ];
}

/** What is there of an earlier run. */
function foundResult(ids: Readonly<Record<string, string>>, now: DockerInventory): ValueMap {
  const oldIds = new Map(Object.entries(ids).map(([old, id]) => [id, old]));
  const containers = now.containers.flatMap((container) => {
    const old = oldIds.get(idOf(container));
    return old === undefined ? [] : [containerResult(container, old, { created: false, started: false })];
  });
  return { containers, networks_created: [], left_out: [], warnings: [], ids: { ...ids } };
}

function hasWork({ networks, containers }: RestorePlan, p: Params): boolean {
  const isOpen = ({ id, joins, leaves, starts, pauses }: ContainerToDo): boolean =>
    id === undefined || joins.length > 0 || leaves !== undefined || (p.start && (starts || pauses));
  return networks.length > 0 || containers.some(isOpen);
}

/** Nothing is left for a later run, if all of this goes well. */
function isWhole({ containers, obstacles }: RestorePlan, p: Params): boolean {
  return obstacles.length === 0 && (p.start || !containers.some(({ starts }) => starts));
}

function describePlan({ networks, containers }: RestorePlan, p: Params): string {
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
  const made = containers.filter(({ id }) => id === undefined).length;
  const started = p.start ? containers.filter(({ starts }) => starts).length : 0;
  const steps = [
    networks.length > 0 && `create ${count(networks.length, 'network')}`,
    made > 0 && `create ${count(made, 'container')}`,
    started > 0 && `start ${started === made ? (started === 1 ? 'it' : 'them') : started}`,
  ].filter((step) => step !== false);
  return steps.length > 0 ? steps.join(', ') : 'finish what an earlier run has begun';
}

function diffOf({ networks, containers, leftOut: list }: RestorePlan, p: Params): readonly Diff[] {
  return [
    ...networks.map(({ name, body }): Diff => ({
      type: 'fields',
      subject: `network ${name}`,
      fields: [{ name: 'driver', before: undefined, after: textAt(body, 'Driver') ?? '' }],
    })),
    ...containers.map(({ name, id, image, starts, pauses, joins, isCommitted }): Diff => {
      const after = p.start && starts ? (pauses ? 'paused' : 'running') : 'created';
      return {
        type: 'fields',
        subject: `container ${name}`,
        fields: [
          ...(id === undefined
            ? [
                {
                  name: 'image',
                  before: undefined,
                  after: `${image}${isCommitted ? ' (with what it had written)' : ''}`,
                },
              ]
            : []),
          ...(id === undefined || starts ? [{ name: 'state', before: id && 'stopped', after }] : []),
          ...joins.map(([network]) => ({ name: 'network', before: undefined, after: network })),
        ],
      };
    }),
    ...list.map(({ name, reason }): Diff => ({
      type: 'fields',
      subject: `container ${name}`,
      fields: [{ name: 'left out', before: undefined, after: reason }],
    })),
  ];
}

function effectsOf(stateFile: string, p: Params, { containers }: RestorePlan): readonly Effect[] {
  const names = containers.filter(({ starts }) => starts).map(({ name }) => name);
  return [
    unknownState(inventoryKind, ''),
    unknownState(inventoryKind, 'changes'),
    unknownState(fileKind, stateFile),
    setState(toStartKind, p.src, { names: p.start ? [] : names }),
  ];
}

/** What a task before this one, in a check, would have made and left to be started. The host itself never says so. */
interface ToStart {
  readonly names: readonly string[];
}

const toStartKind: ProbeKind<ToStart | undefined> = { kind: 'docker-to-start' };

function toStartProbe(src: string): Probe<ToStart | undefined> {
  return { of: toStartKind, key: src, script: sh`:`, parse: () => undefined };
}

function predictStart({ names }: ToStart, p: Params, context: TaskContext): Plan<Detail> {
  const result = { containers: [], networks_created: [], left_out: [], warnings: [], ids: {} };
  if (names.length === 0 || !p.start) return { change: 'none', reason: 'every container is there', result };
  return {
    change: 'some',
    summary: `start ${names.length === 1 ? '1 container' : `${names.length} containers`}`,
    diff: names.map((name): Diff => ({
      type: 'fields',
      subject: `container ${name}`,
      fields: [{ name: 'state', before: 'created', after: 'running' }],
    })),
    effects: [setState(toStartKind, p.src, { names: [] })],
    // Never applied: only a check predicts.
    detail: { plan: nothingToRestore, stateFile: `${p.src}.restored`, record: '', root: '' },
    predicted: { ...result, containers: new Unknown(context.task), ids: new Unknown(context.task) },
  };
}

const nothingToRestore: RestorePlan = {
  networks: [],
  containers: [],
  leftOut: [],
  obstacles: [],
  warnings: [],
};

interface Step {
  readonly what: string;
  readonly request: ApiRequest;
}

const post = (path: string, body?: ValueMap): ApiRequest => ({
  method: 'POST',
  path,
  ...(body !== undefined && { body }),
});
const at = encodeURIComponent;

/** Everything is made before anything is started, so that nothing runs where not all can be made. */
async function applyRestore(
  write: Write,
  { detail }: Change<Detail>,
  p: Params,
  context: TaskContext,
): Promise<ValueMap> {
  const { plan } = detail;
  const making: Step[] = [
    ...plan.networks.map(({ name, body }) => ({
      what: `create network ${name}`,
      request: post('/networks/create', body),
    })),
    ...plan.containers.flatMap(makingOf),
  ];
  const made = await ask(write, making);
  const failed = failures(making, made);
  if (failed.length === 0 && p.start) failed.push(...(await startAll(write, plan.containers, context)));
  const looking: Step[] = plan.containers.map(({ name }) => ({
    what: `look at ${name}`,
    request: { method: 'GET', path: `/containers/${at(name)}/json` },
  }));
  const found = (await ask(write, looking)).map(({ status, body }) =>
    status === 200 ? mapAt(body) : undefined,
  );
  const ids = Object.fromEntries(
    plan.containers.flatMap(({ oldId }, i) => {
      const container = found[i];
      return container ? [[oldId, idOf(container)]] : [];
    }),
  );
  await writeState(write, detail, ids, failed.length === 0 && isWhole(plan, p));
  if (failed.length > 0) {
    throw new ZrunError('task-failed', `not every container could be restored: ${failed.join('; ')}`, {
      hint: 'What was made stays, and the next run goes on from there. `docker ps -a` shows it.',
    });
  }
  return {
    containers: plan.containers.flatMap(({ oldId, id, starts }, i) => {
      const container = found[i];
      const done = { created: id === undefined, started: p.start && starts };
      return container ? [containerResult(container, oldId, done)] : [];
    }),
    networks_created: plan.networks.map(({ name }) => name),
    left_out: leftOutOf(plan),
    warnings: [...plan.warnings],
    ids,
  };
}

function makingOf({ name, id, creation, joins, leaves }: ContainerToDo): readonly Step[] {
  return [
    ...(id === undefined
      ? [{ what: `create ${name}`, request: post(`/containers/create?name=${at(name)}`, creation.body) }]
      : []),
    ...(leaves === undefined
      ? []
      : [
          {
            what: `take ${name} out of network ${leaves}`,
            request: post(`/networks/${at(leaves)}/disconnect`, { Container: name, Force: true }),
          },
        ]),
    ...joins.map(([network, endpoint]) => ({
      what: `join ${name} to network ${network}`,
      request: post(`/networks/${at(network)}/connect`, { Container: name, EndpointConfig: endpoint }),
    })),
  ];
}

/** Seconds before each further try, once one has started nothing more. */
const patience = [1, 2, 4, 8, 15];

/**
 * What one container needs of another does not always stand in its record: a log driver that speaks to a container of
 * this host, a server behind a published port. So what fails is tried again as long as others have started since, and for
 * a while after: such a server takes its time until it answers. Returns why the rest does not start.
 */
async function startAll(
  write: Write,
  containers: readonly ContainerToDo[],
  { controller, signal }: TaskContext,
): Promise<readonly string[]> {
  let left = containers.map(startingOf).filter((steps) => steps.length > 0);
  const all = left.length;
  const waits = [...patience];
  for (;;) {
    const answers = [...(await ask(write, left.flat()))];
    const tried = left.map((steps) => ({ steps, failed: failures(steps, answers.splice(0, steps.length)) }));
    const failing = tried.filter(({ failed }) => failed.length > 0);
    if (failing.length === 0) return [];
    if (failing.length === left.length) {
      const wait = failing.length < all ? waits.shift() : undefined;
      if (wait === undefined) return failing.flatMap(({ failed }) => failed);
      await controller.wait(wait * 1000, signal);
    }
    left = failing.map(({ steps }) => steps);
  }
}

function startingOf({ name, starts, pauses }: ContainerToDo): readonly Step[] {
  return [
    ...(starts ? [{ what: `start ${name}`, request: post(`/containers/${at(name)}/start`) }] : []),
    ...(pauses ? [{ what: `pause ${name}`, request: post(`/containers/${at(name)}/pause`) }] : []),
  ];
}

async function ask(write: Write, steps: readonly Step[]): Promise<readonly ApiAnswer[]> {
  if (steps.length === 0) return [];
  const output = await write.run(exchangeScript(), {
    stdin: writeRequests(steps.map(({ request }) => request)),
    accept: everyStatus,
    shownAs: 'docker system dial-stdio',
  });
  return readAnswers(output, steps.length);
}

function failures(steps: readonly Step[], answers: readonly ApiAnswer[]): string[] {
  return steps.flatMap(({ what }, i) => {
    const answer = answers[i];
    return answer && !isGood(answer) ? [`${what}: ${complaintOf(answer)}`] : [];
  });
}

/**
 * In the place of the old one at once, and only root's. What it says of Docker must be on the disk before it is: Docker
 * itself leaves it to the file system when a container's state gets there (5 s on ext4), and a container that was made
 * and, for the disk, never started is not started at boot either.
 */
async function writeState(
  write: Write,
  { stateFile, record, root }: Detail,
  ids: Readonly<Record<string, string>>,
  isDone: boolean,
): Promise<void> {
  const script = lines(
    // A Docker that does not say where its data-root is.
    sh`${root === '' ? sh`sync` : syncFileSystem(root)} || exit`,
    sh`umask 077; f=${stateFile}; cat >"$f.new" && sync -- "$f.new" && mv -f -- "$f.new" "$f" && sync -- ${parentOf(stateFile)}`,
  );
  const state = JSON.stringify({ record, done: isDone, ids });
  await write.run(script, { stdin: Buffer.from(`${state}\n`), shownAs: `write ${stateFile}` });
}

function containerResult(
  container: ValueMap,
  oldId: string,
  done: { readonly created: boolean; readonly started: boolean },
): ValueMap {
  return {
    name: nameOf(container),
    old_id: oldId,
    id: idOf(container),
    ...done,
    running: runStateOf(container) !== 'stopped',
    exit_code: intAt(container, 'State', 'ExitCode') ?? 0,
  };
}
