/** Every attack, each a row with what must come of it. */
import { tryAttacks } from './table.js';

describe('attacks and faults', function () {
  this.timeout(180_000);
  tryAttacks(() => true);
});
