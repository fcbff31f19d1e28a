/**
 * --tags and --skip-tags, against what ansible-core 2.14's Task.evaluate_tags says of each combination.
 */
import { expect } from 'chai';
import { createTagFilter } from '../../src/engine/index.js';

const tasks: readonly string[] = ['', 'a', 'always', 'never', 'always,a', 'never,a', 'always,never'];

const only: readonly string[] = [
  ...['', 'a', 'b', 'all', 'tagged', 'untagged', 'always', 'never', 'tagged,never', 'untagged,a'],
];

/** For each --skip-tags and each --tags, a letter for each task: x for those that run. */
const answers: readonly (readonly [skip: string, runs: string])[] = [
  ['', 'xxx.x.x .xx.xxx ..x.x.x xxx.x.x .xx.x.x x.x.x.x ..x.x.x ..xxxxx .xxxxxx xxx.xxx'],
  ['a', 'x.x...x ..x...x ..x...x x.x...x ..x...x x.x...x ..x...x ..xx..x ..xx..x x.x...x'],
  ['all', '..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x'],
  ['tagged', 'x...... ....... ....... x...... ....... x...... ....... ....... ....... x......'],
  ['untagged', '.xx.x.x .xx.xxx ..x.x.x .xx.x.x .xx.x.x ..x.x.x ..x.x.x ..xxxxx .xxxxxx .xx.xxx'],
  ['always', 'xx..... .x...x. ....... xx..... .x..... x...... ....... ...x.x. .x.x.x. xx...x.'],
  ['never', 'xxx.x.. .xx.x.. ..x.x.. xxx.x.. .xx.x.. x.x.x.. ..x.x.. ..x.x.. .xx.x.. xxx.x..'],
  ['all,a', '..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x ..x.x.x'],
  ['all,always', '....... ....... ....... ....... ....... ....... ....... ....... ....... .......'],
];

describe('--tags and --skip-tags, as Ansible has them', () => {
  const words = (text: string): string[] => text.split(',').filter((word) => word !== '');

  for (const [skip, runs] of answers) {
    for (const [index, row] of runs.split(' ').entries()) {
      const chosen = only[index] ?? '';
      it(`--tags '${chosen}' --skip-tags '${skip}'`, () => {
        const filter = createTagFilter(words(chosen), words(skip));
        const left = tasks.map((tags) => (filter.selects(words(tags)) ? 'x' : '.'));
        expect(left.join('')).to.equal(row);
      });
    }
  }
});
