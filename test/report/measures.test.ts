/** What messages of playbooks are read as measurements, and which are not. */
import { expect } from 'chai';
import { readMeasure } from '../../src/report/measures.js';

describe('a measurement in a message', () => {
  const down = (what: string, seconds: number) => ({ kind: 'downtime', what, seconds });
  const change = (what: string, unit: string, before: number, after: number) => ({
    kind: 'change',
    what,
    unit,
    before,
    after,
  });
  for (const [message, meant] of [
    ['Docker was down for 12 seconds', down('Docker', 12)],
    ['Units around Docker were down for 1 second.', down('Units around Docker', 1)],
    ['It was down for 0.5 seconds', down('It', 0.5)],
    ['Build time: 93.2 s before, 4.1 s after', change('Build time', 'seconds', 93.2, 4.1)],
    ['Build time: 2 min before, 900 ms after', change('Build time', 'seconds', 120, 0.9)],
    ['Storage: 20 GiB before, 512MiB after', change('Storage', 'bytes', 20 * 2 ** 30, 512 * 2 ** 20)],
    ['Mounts of a build: 84 calls before, 2 calls after', change('Mounts of a build', 'count', 84, 2)],
    ['Docker was down for a while', undefined],
    ['It took 12 seconds', undefined],
    ['Storage: 20 GiB before, 5 s after', undefined],
    ['Storage: 20 apples before, 5 apples after', undefined],
    ['Docker was down for 12 seconds\nand more', undefined],
    [`${'x'.repeat(300)} was down for 12 seconds`, undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const)
    it(JSON.stringify(message ?? null).slice(0, 60), () => expect(readMeasure(message)).to.deep.equal(meant));
});
