/**
 * Owns how engine tests run a playbook: the text as a user writes it, real modules, real shells on this machine, and
 * the events that came of it. A host is a name; what a test says breaks, breaks.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadInventory, loadPlaybook, parseExtraVars, selectHosts } from '../../src/config/index.js';
import { createController } from '../../src/cli/controller.js';
import { ZrunError } from '../../src/core/errors.js';
import type { RunEvent } from '../../src/core/events.js';
import type { Connect, Connection } from '../../src/core/host.js';
import type { ValueMap } from '../../src/core/value.js';
import { run, type RunOutcome, type RunSettings, type StepAnswer } from '../../src/engine/index.js';
import { modules } from '../../src/modules/index.js';
import { createLocalTransport } from '../../src/transport/local.js';
import { usualSettings } from './settings.js';

export interface PlayOptions {
  readonly hosts?: readonly string[];
  readonly settings?: Partial<RunSettings>;
  /** Hosts that cannot be connected to. */
  readonly unreachable?: readonly string[];
  /** Called before a script is sent; throws to break the connection there. */
  readonly onScript?: (host: string, script: string) => void;
  /** Aborted when an event is seen for which this is true. */
  readonly interruptAt?: (event: RunEvent) => boolean;
  readonly extraVars?: readonly string[];
  /** To `vars_prompt`. */
  readonly answers?: ValueMap;
  /** Answers to `--step`, in order. */
  readonly steps?: readonly StepAnswer[];
  /** Another way to the hosts than a shell on this machine; they then count as other machines. */
  readonly connect?: Connect;
  /** Of each host, as they stand between braces in YAML. */
  readonly hostVars?: string;
  /** What an earlier run has left. */
  readonly pendingHandlers?: ReadonlyMap<string, readonly string[]>;
}

export interface Played {
  readonly outcome: RunOutcome;
  readonly events: readonly RunEvent[];
  /** `host | status | task | summary or message`, in order. */
  readonly lines: readonly string[];
  /** Host and exchanges that its connections cost. */
  readonly exchanges: Readonly<Record<string, number>>;
}

/** Runs a playbook on this machine. `{{tmp}}` is a folder that is gone afterwards. */
export async function play(text: string, options: PlayOptions = {}, folder?: string): Promise<Played> {
  const tmp = folder ?? (await mkdtemp(path.join(tmpdir(), 'zrun-play-')));
  try {
    return await playIn(tmp, text, options);
  } finally {
    if (folder === undefined) await rm(tmp, { recursive: true, force: true });
  }
}

async function playIn(tmp: string, text: string, options: PlayOptions): Promise<Played> {
  const hostNames = options.hosts ?? ['here'];
  await writeFile(path.join(tmp, 'play.yaml'), text);
  const hostVars = options.hostVars ?? (options.connect ? '' : 'ansible_connection: local');
  const hostLines = hostNames.map((name) => `    ${name}: {${hostVars}}`).join('\n');
  await writeFile(path.join(tmp, 'hosts.yaml'), `all:\n  hosts:\n${hostLines}\n  vars: {tmp: '${tmp}'}\n`);
  const extraVars = await parseExtraVars(options.extraVars ?? [], { cwd: tmp });
  const inventory = await loadInventory(['hosts.yaml'], { cwd: tmp, extraVars });
  const hosts = new Map([...inventory.hosts, ['localhost', inventory.implicitLocalhost] as const]);
  const playbook = await loadPlaybook('play.yaml', { modules, cwd: tmp, inventory, extraVars });

  const events: RunEvent[] = [];
  const interrupt = new AbortController();
  const steps = [...(options.steps ?? [])];
  const outcome = await run({
    playbooks: [
      {
        playbook,
        hostsOf: (each) => selectHosts(inventory, each.hosts, undefined, { at: each.at }),
        inventoryOf: () => hosts,
        strangerOf: (_play, name) => inventory.stranger(name),
        answersOf: () => options.answers ?? {},
      },
    ],
    groups: () => ({}),
    ...(options.pendingHandlers && { pendingHandlers: options.pendingHandlers }),
    settings: { ...usualSettings, extraVars, ...options.settings },
    connect: options.connect ?? connectWith(options),
    controller: createController({
      cwd: tmp,
      homeFolder: tmp,
      inTurn: (_, asking) => asking(),
    }),
    emit(event) {
      events.push(event);
      if (options.interruptAt?.(event)) interrupt.abort();
    },
    signal: interrupt.signal,
    confirmStep: () => Promise.resolve(steps.shift() ?? 'no'),
    now: () => Date.now(),
  });
  return {
    outcome,
    events,
    lines: events.flatMap((event) => lineOf(event, tmp) ?? []),
    exchanges: Object.fromEntries(outcome.hosts.map((host) => [host.host, host.exchanges])),
  };
}

function connectWith({ unreachable = [], onScript }: PlayOptions): Connect {
  const local = createLocalTransport();
  return async (host, options) => {
    if (unreachable.includes(host.name)) throw new ZrunError('connect-failed', 'no route to host');
    const connection = await local.connect(host, options);
    if (!onScript) return connection;
    const watched: Connection = {
      counters: connection.counters,
      async run(script, runOptions) {
        onScript(host.name, script.shellText);
        return connection.run(script, runOptions);
      },
      close: () => connection.close(),
    };
    return watched;
  };
}

function lineOf(event: RunEvent, tmp: string): string | undefined {
  if (event.type === 'rescue-started') return `${event.host} | rescue | ${event.block}`;
  if (event.type !== 'task-finished') return undefined;
  const { host, task, result } = event;
  const said = result.message ?? result.problem?.message ?? result.summary;
  const line = [host, result.ignored ? 'ignored' : result.status, task.name, said].join(' | ');
  return line.replaceAll(tmp, '$tmp');
}
