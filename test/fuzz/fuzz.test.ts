/**
 * A short run over all parsers (`npm run fuzz` is the long one), and proof that the fuzzer sees what it is there for.
 */
import { expect } from 'chai';
import { inputOf } from './inputs.js';
import { minimise } from './minimise.js';
import { mutate } from './mutate.js';
import { createRandom } from './random.js';
import { formatFailure, fuzz } from './run.js';
import { targets } from './targets.js';

/** The same inputs each time; ZRUN_FUZZ_SEED gives others. */
const seed = Number(process.env['ZRUN_FUZZ_SEED'] ?? 1);
const count = 2000;

describe('fuzz', () => {
  it(`${count} generated inputs: no crash, no hang, always a value or an error with its place (seed ${seed})`, async () => {
    const { failures, times } = await fuzz({ seed, count });
    expect(failures.map((failure) => formatFailure(seed, failure)).join('\n\n')).to.equal('');
    expect(times.map(({ name }) => name)).to.have.members(targets.map(({ name }) => name));
    expect(times.reduce((sum, one) => sum + one.count, 0)).to.equal(count);
  }).timeout(600_000);

  it('gives the same inputs for the same seed, and others for another', () => {
    const texts = (from: number): readonly string[] =>
      Array.from({ length: 50 }, (_, i) => inputOf(targets, from, i).text);
    expect(texts(1)).to.deep.equal(texts(1));
    expect(texts(1)).to.not.deep.equal(texts(2));
  });

  it('makes texts that differ, from damage that is damage', () => {
    const random = createRandom(3);
    const damaged = new Set(Array.from({ length: 200 }, () => mutate(random, 'hosts: all\ntasks: []\n')));
    expect(damaged.size).to.be.greaterThan(150);
  });

  it('makes a failing input small', async () => {
    const small = await minimise('xxxxbxxxxxxxcxxxxx', (text) => Promise.resolve(/b.*c/.test(text)));
    expect(small).to.equal('bc');
  });
});

describe('the fuzzer', () => {
  it('finds what crashes, what says no place, and what hangs, and goes on behind it', async () => {
    const module = new URL('./faulty-targets.ts', import.meta.url).href;
    // Long enough for a worker on a busy machine to load, as nothing here but the hang takes time.
    const { failures } = await fuzz({ seed: 3, count: 60, module, limit: 10_000 });
    const byTarget = new Map(failures.map((failure) => [failure.target, failure]));
    expect([...byTarget.keys()]).to.have.members(['crashes', 'has no place', 'hangs']);
    expect(byTarget.get('crashes')?.input).to.match(/^(?:bc|cb)$/);
    expect(byTarget.get('crashes')?.said).to.contain('TypeError: b and c');
    expect(byTarget.get('has no place')?.input).to.equal('d');
    expect(byTarget.get('has no place')?.said).to.contain('an error without a place');
    expect(byTarget.get('hangs')?.said).to.equal('no answer within 10 s');
  }).timeout(600_000);
});
