import { expect } from 'chai';
import { createTagFilter } from '../../src/engine/index.js';

describe('--tags and --skip-tags, as Ansible has them', () => {
  const cases: readonly (readonly [only: string, skip: string, tags: string, runs: boolean])[] = [
    ['', '', '', true],
    ['', '', 'a', true],
    ['', '', 'never', false],
    ['', '', 'never a', false],
    ['a', '', 'never a', true],
    ['a', '', 'a b', true],
    ['a', '', 'b', false],
    ['a', '', '', false],
    ['a', '', 'always', true],
    ['', 'a', 'a', false],
    ['', 'a', 'always a', false],
    ['', 'always', 'always', false],
    ['a', 'b', 'a b', false],
    ['tagged', '', '', false],
    ['tagged', '', 'x', true],
    ['untagged', '', '', true],
    ['untagged', '', 'x', false],
    ['all', '', 'never', false],
    ['never', '', 'never', true],
  ];
  for (const [only, skip, tags, runs] of cases) {
    it(`--tags '${only}' --skip-tags '${skip}': a task with tags '${tags}' ${runs ? 'runs' : 'is passed over'}`, () => {
      const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
      expect(createTagFilter(words(only), words(skip)).selects(words(tags))).to.equal(runs);
    });
  }
});
