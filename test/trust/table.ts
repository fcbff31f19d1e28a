/** Owns the table of attacks: all of its rows, and how one is tried as a test. */
import { expect } from 'chai';
import { skipFor } from '../integration/skip.js';
import { withBench, type Attack } from './attack.js';
import { hostKeys } from './rows/host-keys.js';
import { peers } from './rows/peers.js';
import { sshSettings } from './rows/ssh-settings.js';

/** Each group is one file; a new one is a line here. */
export const groups: readonly (readonly [name: string, attacks: readonly Attack[]])[] = [
  ['peers', peers],
  ['host keys', hostKeys],
  ['ssh settings', sshSettings],
];

/** Makes each row a test of its own. */
export function tryAttacks(chosen: (attack: Attack) => boolean): void {
  for (const [name, attacks] of groups)
    describe(name, () => {
      for (const row of attacks.filter(chosen))
        it(`${row.attack}: ${row.expected}`, async function () {
          skipFor(this, row.missing?.());
          expect(await withBench((bench) => row.observe(bench))).to.equal(row.expected);
        });
    });
}
