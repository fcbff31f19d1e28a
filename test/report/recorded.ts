/** Owns what real hosts said of playbooks/overlay2.yaml, recorded in the lab: a check and a move. Knows no reporter. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunEvent, TaskRef, TaskResult } from '../../src/core/events.js';
import { finish, finished, result, started } from './events.js';

type Name = 'overlay2-check' | 'overlay2-move';

interface Recorded {
  readonly time: number;
  readonly task: TaskRef;
  readonly result: TaskResult;
}

function readRecorded(name: Name): readonly Recorded[] {
  const lines = readFileSync(path.join(import.meta.dirname, `recordings/${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded);
}

/** A real host that was moved, as it was told. */
export function moveOfAHost(): readonly RunEvent[] {
  const host = 'web1';
  return [
    ...started([host]),
    ...readRecorded('overlay2-move').map(({ time, task, result }) => ({
      ...finish(host, task, result),
      time,
    })),
    ...finished([[host, 'done', { ok: 74, changed: 26, skipped: 106 }]]),
  ];
}

const takes = 'Say what the move takes';

/** In this, hosts that are alike differ. */
function takesOf(i: number): string {
  return `The new volume needs 8 GiB of ${20 + i / 10} GiB that tank has\nContainers are expected to be down for about ${38 + (i % 3)} seconds, and longer where much is written meanwhile`;
}

/**
 * What a check of playbooks/overlay2.yaml said of a real host, on hosts that are like it: none is as fast as another, and two
 * are refused.
 */
export function checkOfTheMove(count: number): (RunEvent | number)[] {
  const recorded = readRecorded('overlay2-check');
  const hosts = Array.from({ length: count }, (_, i) => `web${String(i + 1).padStart(2, '0')}.example.org`);
  const isRefused = (i: number): boolean => i === 11 || i === 30;
  const refusal = recorded.findIndex(({ task: { name } }) => name.startsWith('Refuse a host'));
  const problem = {
    code: 'task-failed',
    message: 'not moved, nothing was touched: the pool tank has no room for the volume',
  } as const;
  const told = hosts.flatMap((host, i) =>
    recorded.slice(0, isRefused(i) ? refusal + 1 : undefined).map((each, step) => ({
      at: each.time * (1 + ((i * 7) % count) / count / 2),
      event: finish(
        host,
        each.task,
        isRefused(i) && step === refusal
          ? result('failed', problem.message, { problem })
          : { ...each.result, ...(each.task.name === takes && { message: takesOf(i) }) },
      ),
    })),
  );
  told.sort((a, b) => a.at - b.at);
  const events: (RunEvent | number)[] = [...started(hosts, true)];
  let now = 0;
  for (const { at, event } of told) {
    events.push(at - now, event);
    now = at;
  }
  const ends = hosts.map((host, i) =>
    isRefused(i)
      ? ([host, 'failed', { ok: 4, failed: 1, skipped: 9 }, problem] as const)
      : ([host, 'done', { ok: 62, changed: 26, skipped: 103, unknown: 4 }] as const),
  );
  return [...events, ...finished(ends, 2)];
}
