import { inspect } from 'node:util';
import { expect } from 'chai';
import { reveal, Secret } from '../../src/core/secret.js';

describe('a secret', () => {
  const secret = new Secret('hunter2');
  const printed: readonly (readonly [string, string])[] = [
    ['String()', String(secret)],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ secret }, { depth: 9, showHidden: true })],
    ['template', secret.toString()],
  ];
  for (const [way, text] of printed) {
    it(`does not show in ${way}`, () => expect(text).to.not.contain('hunter2'));
  }
  it('is had by asking for it', () => expect(reveal(secret)).to.equal('hunter2'));
});
