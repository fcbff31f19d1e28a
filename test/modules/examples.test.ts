/** Runs every example that any machine can run; the others run in the lab. */
import { modules } from '../../src/modules/index.js';
import { runExample } from './harness.js';

describe('examples', () => {
  for (const module of modules.values()) {
    for (const example of module.examples) {
      if (example.needs !== 'nothing') continue;
      it(`${module.name}: ${example.title}`, () => runExample(module, example));
    }
  }
});
