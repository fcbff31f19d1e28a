/** The attacks that take no more than a few seconds each. All of them: `npm run test:trust`. */
import { tryAttacks } from './table.js';

describe('attacks and faults, the fast ones', () => {
  tryAttacks(({ isFast }) => isFast === true);
});
