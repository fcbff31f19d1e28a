/**
 * Owns what a journal says of a run, however far it goes: how each host stands, and which handlers it still needs.
 * Knows nothing of files.
 */
import { count, noCounts } from '../core/counts.js';
import type { Counts, EventOf, HostOutcome, HostSummary, TaskRef } from '../core/events.js';
import { readEvent, type WrittenEvent, type WrittenResult } from './written.js';

export interface RunRecord {
  readonly started: EventOf<'run-started'>;
  /** Undefined where the run goes on, or was interrupted. */
  readonly finished: EventOf<'run-finished'> | undefined;
  /** Every host of the run, in its order. */
  readonly hosts: ReadonlyMap<string, HostRecord>;
}

export interface HostRecord {
  /** Undefined where the journal ends before the host does: it is not done. */
  readonly outcome: HostOutcome | undefined;
  readonly isBegun: boolean;
  readonly counts: Counts;
  /** The task that was under way. */
  readonly doing: TaskRef | undefined;
  /**
   * Handlers that were notified and have not run. Those of a task of which nobody knows whether it has changed something
   * (it was interrupted, or its connection broke) are among them: one run too many does less harm than one too few.
   */
  readonly pendingHandlers: readonly string[];
}

interface Host {
  outcome: HostOutcome | undefined;
  isBegun: boolean;
  counts: Counts;
  doing: EventOf<'task-started'> | undefined;
  readonly pending: Set<string>;
}

interface RunReader {
  tell(event: WrittenEvent): void;
  /** Undefined where not even the run's start is there. */
  read(): RunRecord | undefined;
}

export function createRunReader(): RunReader {
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  const hosts = new Map<string, Host>();

  function start(event: EventOf<'run-started'>): void {
    started = event;
    for (const name of event.hosts) add(name, event.pendingHandlers?.[name]);
  }

  function add(name: string, handlers?: readonly string[]): void {
    const pending = new Set(handlers);
    hosts.set(name, { outcome: undefined, isBegun: false, counts: noCounts, doing: undefined, pending });
  }

  return {
    tell(event) {
      const host = 'host' in event ? hosts.get(event.host) : undefined;
      switch (event.type) {
        case 'run-started':
          start(event);
          return;
        case 'hosts-added':
          for (const name of event.hosts) add(name);
          return;
        case 'task-started':
          if (host) Object.assign(host, { isBegun: true, doing: event });
          return;
        case 'task-finished':
          if (host) finishTask(host, event.task, event.result, started?.check ?? false);
          return;
        case 'handler-finished':
          host?.pending.delete(event.handler);
          return;
        case 'host-finished':
          if (!host) return;
          Object.assign(host, { outcome: event.outcome, counts: event.counts, doing: undefined });
          event.pendingHandlers?.forEach((handler) => host.pending.add(handler));
          return;
        case 'run-finished': {
          const read = readEvent(event);
          if (read.type === 'run-finished') finished = read;
          return;
        }
        case 'task-output':
        case 'item-started':
        case 'task-progressed':
        case 'task-said':
        case 'task-retried':
        case 'play-started':
        case 'batch-started':
        case 'host-connected':
        case 'rescue-started':
        case 'play-stopped':
        case 'run-stopping':
        case 'warning':
          return;
      }
    },
    read() {
      if (!started) return undefined;
      const records = [...hosts].map(([name, { outcome, isBegun, counts, doing, pending }]) => {
        const unsure = doing?.notifies ?? [];
        const record = {
          outcome,
          isBegun,
          counts,
          doing: doing?.task,
          pendingHandlers: [...new Set([...pending, ...unsure])],
        };
        return [name, record] as const;
      });
      return { started, finished, hosts: new Map(records) };
    },
  };
}

function finishTask(host: Host, task: TaskRef, result: WrittenResult, check: boolean): void {
  const notifies = host.doing?.task.id === task.id ? (host.doing.notifies ?? []) : [];
  host.doing = undefined;
  // But for rescues: whether one has gone well is not known before the host ends.
  host.counts = count(host.counts, result);
  if (mayHaveChanged(result, check)) notifies.forEach((handler) => host.pending.add(handler));
}

/** A loop that fails at its third item may have changed something by its first. */
function mayHaveChanged({ status, items = [] }: WrittenResult, check: boolean): boolean {
  const isOpen = (one: string): boolean => one === 'changed' || (one === 'unknown' && !check);
  return isOpen(status) || items.some((item) => isOpen(item.status));
}

/** How a host stands. In a run that goes on it may have come to no outcome yet; `waiting`: it is not begun. */
export type HostStanding = HostOutcome | 'running' | 'waiting';

export type StandingSummary = Omit<HostSummary, 'outcome'> & { readonly outcome: HostStanding };

/** How the hosts of a run that goes on stand. */
export function summariseGoing({ hosts }: RunRecord): readonly StandingSummary[] {
  return [...hosts].map(([host, { outcome, isBegun, counts, pendingHandlers }]) => ({
    host,
    outcome: outcome ?? (isBegun ? 'running' : 'waiting'),
    counts,
    ...(pendingHandlers.length > 0 && outcome !== 'done' && { pendingHandlers }),
    handshakes: 0,
    exchanges: 0,
  }));
}

/** How the hosts of a run that was interrupted stand, as its recap would have told. */
export function summariseCutOff({ hosts }: RunRecord): readonly HostSummary[] {
  return [...hosts].map(([host, { outcome, isBegun, counts, doing, pendingHandlers }]) => {
    const under = doing ? `, in the middle of '${doing.name}'` : '';
    return {
      host,
      outcome: outcome ?? (isBegun ? 'interrupted' : 'not-tried'),
      counts,
      ...(outcome === undefined && {
        problem: {
          code: 'interrupted' as const,
          message: `the run was interrupted${isBegun ? under : ' before it came to this host'}`,
        },
      }),
      ...(pendingHandlers.length > 0 && outcome !== 'done' && { pendingHandlers }),
      handshakes: 0,
      exchanges: 0,
    };
  });
}
