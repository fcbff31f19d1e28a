/**
 * Owns a run of the fuzzer: workers, and the watchdog that ends one that stands still.
 */
import { Worker } from 'node:worker_threads';
import { inputOf } from './inputs.js';
import { loadTargets, type TargetChoice } from './load-targets.js';

interface FuzzOptions extends TargetChoice {
  readonly seed: number;
  readonly count: number;
  readonly workers?: number;
  /** Milliseconds that one input may take. Generous: a busy machine is no hang. */
  readonly limit?: number;
  /** After so many inputs that hang, no more are tried: each costs the whole limit. */
  readonly maxHangs?: number;
  /** Told now and then how many inputs are done. */
  readonly onProgress?: (done: number) => void;
}

interface Failure {
  readonly target: string;
  readonly index: number;
  /** As small as it was made. */
  readonly input: string;
  readonly said: string;
}

interface TargetTimes {
  readonly name: string;
  readonly count: number;
  /** Milliseconds of the slowest input, and which one it was. */
  readonly slowest: number;
  readonly index: number;
}

interface FuzzResult {
  readonly failures: readonly Failure[];
  readonly times: readonly TargetTimes[];
}

export interface WorkerTask extends TargetChoice {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Two numbers: the input that is worked on, and a count of what was tried to make one small. */
  readonly progress: SharedArrayBuffer;
}

export type FromWorker =
  | { readonly type: 'failure'; readonly failure: Failure }
  | { readonly type: 'done'; readonly times: readonly TargetTimes[] };

/** A thread does not inherit what makes Node read TypeScript, and its own file cannot be TypeScript before that. */
const startWorker = `
  import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
    .then(({ register }) => register())
    .then(() => import(${JSON.stringify(new URL('./worker.ts', import.meta.url).href)}))
    .catch((error) => setImmediate(() => { throw error; }));`;

const defaultLimit = 120_000;
const defaultMaxHangs = 5;

/** Milliseconds that a worker may take to load what it is to try. */
const loadingLimit = 300_000;
const notBegun = -1;

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { count, workers = 1 } = options;
  const share = Math.ceil(count / workers);
  const parts = Array.from(
    { length: workers },
    (_, i) => [i * share, Math.min(count, (i + 1) * share)] as const,
  );
  const done = new Array<number>(workers).fill(0);
  const results = await Promise.all(
    parts.map(([from, to], i) =>
      workThrough(options, from, to, (index) => {
        done[i] = index - from;
        options.onProgress?.(done.reduce((sum, one) => sum + one, 0));
      }),
    ),
  );
  return {
    failures: results.flatMap(({ failures }) => failures),
    times: mergeTimes(results.flatMap(({ times }) => times)),
  };
}

/** A worker that hangs is ended, and another one goes on behind the input that it hung on. */
async function workThrough(
  options: FuzzOptions,
  from: number,
  to: number,
  onIndex: (index: number) => void,
): Promise<FuzzResult> {
  const failures: Failure[] = [];
  const times: TargetTimes[] = [];
  let next = from;
  let hangs = 0;
  while (next < to && hangs < (options.maxHangs ?? defaultMaxHangs)) {
    const ended = await runWorker(options, next, to, failures, onIndex);
    if (ended.type === 'done') {
      times.push(...ended.times);
      break;
    }
    const { target, text } = inputOf(await loadTargets(options), options.seed, ended.index);
    failures.push({ target: target.name, index: ended.index, input: text, said: ended.said });
    next = ended.index + 1;
    hangs += 1;
  }
  return { failures, times };
}

type Ended =
  | { readonly type: 'done'; readonly times: readonly TargetTimes[] }
  | { readonly type: 'broken'; readonly index: number; readonly said: string };

function runWorker(
  { seed, only, module, limit = defaultLimit }: FuzzOptions,
  from: number,
  to: number,
  failures: Failure[],
  onIndex: (index: number) => void,
): Promise<Ended> {
  const progress = new SharedArrayBuffer(8);
  const at = new Int32Array(progress);
  Atomics.store(at, 0, notBegun);
  const workerData: WorkerTask = { seed, from, to, progress, only, module };
  return new Promise((resolve) => {
    const worker = new Worker(startWorker, {
      eval: true,
      workerData,
      // As the main thread has it: recursion that fits here fits there.
      resourceLimits: { stackSizeMb: 1 },
    });
    let last = '';
    let quietSince = performance.now();
    const settle = (ended: Ended): void => {
      clearInterval(watchdog);
      void worker.terminate().then(() => resolve(ended));
    };
    const watchdog = setInterval(
      () => {
        const index = Atomics.load(at, 0);
        if (index !== notBegun) onIndex(index);
        const patience = index === notBegun ? loadingLimit : limit;
        const now = `${index} ${Atomics.load(at, 1)}`;
        if (now !== last) {
          last = now;
          quietSince = performance.now();
        } else if (performance.now() - quietSince > patience) {
          settle({
            type: 'broken',
            index: Math.max(from, index),
            said: `no answer within ${limit / 1000} s`,
          });
        }
      },
      Math.min(500, limit / 4),
    );
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'failure') failures.push(message.failure);
      else settle(message);
    });
    worker.on('error', (error) => {
      settle({
        type: 'broken',
        index: Math.max(from, Atomics.load(at, 0)),
        said: error.stack ?? error.message,
      });
    });
  });
}

function mergeTimes(times: readonly TargetTimes[]): readonly TargetTimes[] {
  const merged = new Map<string, TargetTimes>();
  for (const one of times) {
    const known = merged.get(one.name);
    const slower = known && known.slowest > one.slowest ? known : one;
    merged.set(one.name, { ...slower, count: one.count + (known?.count ?? 0) });
  }
  return [...merged.values()];
}

/** A failure as a person reads it, with what makes it happen again. */
export function formatFailure(seed: number, { target, index, input, said }: Failure): string {
  const shown = input.length > 4000 ? `${input.slice(0, 4000)}… (${input.length} characters)` : input;
  return [
    `${target}: ${said}`,
    `input (as JSON): ${JSON.stringify(shown)}`,
    `again: npm run fuzz -- --seed ${seed} --only ${index}`,
  ].join('\n');
}
