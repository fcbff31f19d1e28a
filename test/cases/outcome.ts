/**
 * Owns what the playbooks say of a recorded host: the real files, read by the real loader and run by the real engine.
 */
import path from 'node:path';
import { createController } from '../../src/cli/controller.js';
import { loadInventory, loadPlaybook, parseExtraVars, selectHosts } from '../../src/config/index.js';
import type { RunEvent } from '../../src/core/events.js';
import { run, type RunSettings } from '../../src/engine/index.js';
import { modules } from '../../src/modules/index.js';
import { usualSettings } from '../engine/settings.js';
import { recordedHost, type Recording } from './recorded-host.js';

export const projectRoot = path.resolve(import.meta.dirname, '../..');

export interface Outcome {
  readonly exitCode: number;
  readonly events: readonly FinishedTask[];
  /** What was sent to the host that no look is. */
  readonly rejected: readonly string[];
}

type FinishedTask = Extract<RunEvent, { readonly type: 'task-finished' }>;

interface Ask {
  readonly playbook: 'audit' | 'overlay2' | 'finalize';
  readonly recording: Recording;
  /** As after -e. */
  readonly extraVars?: readonly string[];
  readonly settings?: Partial<RunSettings>;
  /** In the run, all of them this one. */
  readonly hosts?: readonly string[];
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** Reading and checking a playbook takes longer than running it on a recording; most rows need the same one. */
const known = new Map<string, Promise<Loaded>>();

async function load(playbook: Ask['playbook'], words: readonly string[], hosts: readonly string[]) {
  const extraVars = await parseExtraVars(words, { cwd: projectRoot });
  const inventory = await loadInventory([`${hosts.join(',')},`], { cwd: projectRoot, extraVars });
  const loaded = await loadPlaybook(`playbooks/${playbook}.yaml`, {
    modules,
    cwd: projectRoot,
    inventory,
    extraVars,
  });
  return { extraVars, inventory, playbook: loaded };
}

export async function ask(asked: Ask): Promise<Outcome> {
  const { playbook, recording, extraVars: words = [], settings, hosts = ['host'] } = asked;
  const key = JSON.stringify([playbook, words, hosts]);
  const loading = known.get(key) ?? load(playbook, words, hosts);
  known.set(key, loading);
  const { extraVars, inventory, playbook: loaded } = await loading;
  const host = recordedHost(recording);
  const events: FinishedTask[] = [];
  const { exitCode } = await run({
    playbooks: [
      {
        playbook: loaded,
        hostsOf: (play) => selectHosts(inventory, play.hosts, undefined, { at: play.at }),
        inventoryOf: () => inventory.hosts,
        strangerOf: (_play, name) => inventory.stranger(name),
        answersOf: () => ({}),
      },
    ],
    groups: () => ({}),
    settings: { ...defaults, extraVars, ...settings },
    connect: host.connect,
    controller: createController({
      cwd: projectRoot,
      homeFolder: '/nonexistent',
      inTurn: (_, asking) => asking(),
    }),
    emit: (event) => {
      if (event.type === 'task-finished') events.push(event);
    },
    signal: new AbortController().signal,
    now: () => Date.now(),
  });
  return { exitCode, events, rejected: host.rejected };
}

const defaults: RunSettings = { ...usualSettings, runId: '20260801T000000Z-0000' };
