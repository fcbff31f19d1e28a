/**
 * `npm run fuzz [-- --count N] [--seed S] [--workers N] [--target NAME] [--only INDEX]`: generated inputs for every
 * parser. Exit code 1 where one crashes, hangs, or answers without a place.
 */
import { parseArgs } from 'node:util';
import { inputOf, tryInput } from './inputs.js';
import { loadTargets } from './load-targets.js';
import { formatFailure, fuzz } from './run.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    only: { type: 'string' },
  },
});

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const choice = { only: values.target };

if (values.only !== undefined) {
  const input = inputOf(await loadTargets(choice), seed, Number(values.only));
  console.log(`${input.target.name}: ${JSON.stringify(input.text)}`);
  const error = await tryInput(input);
  console.log(error ? (error.stack ?? error.message) : 'ok');
  process.exitCode = error ? 1 : 0;
} else {
  const count = Number(values.count);
  console.log(`seed ${seed}, ${count} inputs`);
  const start = performance.now();
  let shown = 0;
  const { failures, times } = await fuzz({
    ...choice,
    seed,
    count,
    workers: Number(values.workers),
    onProgress(done) {
      if (done - shown < count / 10) return;
      shown = done;
      console.log(`${done} done, ${Math.round((performance.now() - start) / 1000)} s`);
    },
  });
  for (const failure of failures) console.log(`\n${formatFailure(seed, failure)}`);
  console.log('\ntarget            inputs  slowest');
  for (const { name, count: made, slowest, index } of times) {
    console.log(`${name.padEnd(15)} ${String(made).padStart(8)}  ${slowest.toFixed(0)} ms (input ${index})`);
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n${count} inputs, ${failures.length} failures, ${seconds} s, seed ${seed}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
