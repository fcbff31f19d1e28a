/**
 * `npm run test:race -- [tries [part of a name]]`: each way in which root writes a file, a thousand times against a user
 * who swaps names in the folder. Only root can.
 */
import { race, ways } from './race.js';

const [tries = '1000', part = ''] = process.argv.slice(2);
let isBroken = false;
for (const way of ways.filter(({ name }) => name.includes(part))) {
  const { done, refused, broken } = await race(way, Number(tries));
  console.log(`${broken.length === 0 ? 'held' : 'BROKEN'}  ${way.name}: done ${done}, refused ${refused}`);
  for (const line of broken) console.log(`  ${line}`);
  isBroken ||= broken.length > 0;
}
process.exitCode = isBroken ? 1 : 0;
