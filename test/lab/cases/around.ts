/** Owns what the stories of units around Docker share: the units themselves, and how it is seen that all of it stands. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { guestFolder } from '../recipe.js';
import { ask, driverOf } from '../story.js';

const units = [
  'lab-needs.service',
  'lab-bound.service',
  'lab-writer.service',
  'lab-job.timer',
  'lab-done.service',
];

/** A line a unit: its state, once nothing about it is under way any more. */
const states = `for u in ${units.join(' ')}; do
i=0; while a=$(systemctl is-active $u); [ "$a" = activating ] && [ $i -lt 120 ]; do i=$((i + 1)); sleep 1; done; echo "$u $a"
done`;

const lines = '/var/lib/docker/volumes/lines/_data/log';

export async function setUpUnits(host: string): Promise<void> {
  await ask(host, await readFile(path.join(guestFolder, 'units.sh'), 'utf8'));
}

/** Lines that the journal of this boot knows and the volume lacks. Each is written before it is told. */
export const linesLost = (host: string): Promise<string> =>
  ask(
    host,
    `journalctl -b -u lab-writer -o cat | sed -n 's/^line //p' | sort >/tmp/told
sort ${lines} >/tmp/kept; comm -23 /tmp/told /tmp/kept`,
  );

export const lineCount = async (host: string): Promise<number> => Number(await ask(host, `wc -l <${lines}`));

/** Docker runs on this driver, with all of its containers and every unit, and nothing of a hold is left. */
export async function expectAround(host: string, driver: string, what: string): Promise<void> {
  expect(await driverOf(host), what).to.equal(driver);
  expect(await ask(host, states), what).to.equal(units.map((unit) => `${unit} active`).join('\n'));
  // The writer writes on.
  await ask(
    host,
    `lines() { cat ${lines} 2>/dev/null | wc -l; }
n=$(lines); i=0; until [ "$(lines)" -gt "$n" ]; do i=$((i + 1)); [ $i -lt 300 ] || exit 1; sleep 1; done`,
  );
  expect(await ask(host, "docker ps --format '{{.Names}}' | sort | tr '\\n' ' '"), what).to.equal(
    'cache web writer',
  );
  const left =
    'find /run/systemd/system -name "zrun-*"; ls /var/lib/zrun/overlay2 2>/dev/null | grep -x units || :';
  expect(await ask(host, left), what).to.equal('');
}
