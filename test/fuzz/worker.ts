/**
 * Owns a thread that works through inputs, and tells its watchdog which one it is at, so that a hang is noticed from
 * outside.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { inputOf, kindOf, tryInput } from './inputs.js';
import { minimise } from './minimise.js';
import type { FromWorker, WorkerTask } from './run.js';
import { loadTargets } from './load-targets.js';

const task = workerData as WorkerTask;
const progress = new Int32Array(task.progress);
const targets = await loadTargets(task);

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

const seen = new Set<string>();
const times = new Map<string, { count: number; slowest: number; index: number }>();
for (let index = task.from; index < task.to; index++) {
  const input = inputOf(targets, task.seed, index);
  Atomics.store(progress, 0, index);
  const start = performance.now();
  const error = await tryInput(input);
  const took = performance.now() - start;
  const known = times.get(input.target.name) ?? { count: 0, slowest: 0, index };
  const isSlowest = took > known.slowest;
  times.set(input.target.name, {
    count: known.count + 1,
    slowest: Math.max(known.slowest, took),
    index: isSlowest ? index : known.index,
  });
  if (!error) continue;
  const kind = `${input.target.name}: ${kindOf(error)}`;
  if (seen.has(kind)) continue;
  seen.add(kind);
  const smallest = await minimise(input.text, async (text) => {
    // The watchdog looks for standstill, and this is none.
    Atomics.add(progress, 1, 1);
    const again = await tryInput({ target: input.target, text });
    return again !== undefined && kindOf(again) === kindOf(error);
  });
  const said = (await tryInput({ target: input.target, text: smallest })) ?? error;
  send({
    type: 'failure',
    failure: { target: input.target.name, index, input: smallest, said: said.stack ?? said.message },
  });
}
send({ type: 'done', times: [...times].map(([name, time]) => ({ name, ...time })) });
