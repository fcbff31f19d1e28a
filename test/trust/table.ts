/** Owns the table of attacks: all of its rows, and how one is tried as a test. */
import { expect } from 'chai';
import { skipFor } from '../integration/skip.js';
import { withBench, type Attack } from './attack.js';
import { files } from './rows/files.js';
import { hostKeys } from './rows/host-keys.js';
import { inputs } from './rows/inputs.js';
import { output } from './rows/output.js';
import { patterns } from './rows/patterns.js';
import { peers } from './rows/peers.js';
import { secrets } from './rows/secrets.js';
import { sshSettings } from './rows/ssh-settings.js';
import { streams } from './rows/streams.js';
import { sudo } from './rows/sudo.js';

/** Each group is one file; a new one is a line here. */
const groups: readonly (readonly [name: string, attacks: readonly Attack[]])[] = [
  ['peers', peers],
  ['host keys', hostKeys],
  ['ssh settings', sshSettings],
  ['patterns', patterns],
  ['secrets', secrets],
  ['sudo', sudo],
  ['files', files],
  ['output', output],
  ['streams', streams],
  ['inputs', inputs],
];

/** Makes each row a test of its own. */
export function tryAttacks(chosen: (attack: Attack) => boolean): void {
  for (const [name, attacks] of groups)
    describe(name, () => {
      for (const row of attacks.filter(chosen))
        it(`${row.attack}: ${row.expected}`, async function () {
          skipFor(this, row.missing?.());
          expect(await withBench((bench) => row.observe(bench, row.expected))).to.equal(row.expected);
        });
    });
}
