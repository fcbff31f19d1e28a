import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  forgetSecrets,
  isMarkedSecret,
  keepSecret,
  mask,
  maskPiece,
  reveal,
  Secret,
  shorten,
} from '../../src/core/secret.js';
import { quote } from '../../src/core/shell.js';

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

describe('secrets that are kept', () => {
  beforeEach(forgetSecrets);
  afterEach(forgetSecrets);

  it('are masked in every form that zrun makes of them', () => {
    keepSecret(`it's "so"\\secret`);
    const text = `it's "so"\\secret`;
    for (const form of [
      text,
      JSON.stringify(text),
      quote(text),
      JSON.stringify(quote(text)),
      quote(JSON.stringify(text)),
      JSON.stringify(JSON.stringify(text)),
      ...['', 'x', 'xy'].map((before) => Buffer.from(`${before}${text}`).toString('base64')),
    ])
      expect(mask(`<${form}>`)).to.match(/^<.{0,4}••••••.{0,4}>$/);
  });

  it('are masked line by line, and a text below the limit is not', () => {
    keepSecret('first line\n  second\r\nabc\n');
    expect(mask('+first line\n-  second\nabc')).to.equal('+••••••\n-  ••••••\nabc');
  });

  it('are masked as the longest that stands there', () => {
    keepSecret('hunter2');
    keepSecret('hunter2-and-more');
    expect(mask('hunter2-and-more, hunter2-and')).to.equal('••••••, ••••••-and');
  });

  it('are masked across the pieces of a stream', () => {
    keepSecret('hunter2');
    let said = '';
    let held = '';
    for (const piece of ['ab hun', 'te', 'r2 hunt', ' h']) {
      const { masked, held: rest } = maskPiece(held + piece);
      said += masked;
      held = rest;
    }
    expect([said, held]).to.deep.equal(['ab •••••• hunt ', 'h']);
  });

  it('are masked before a text is cut, so that no half of one is left', () => {
    keepSecret('hunter2-and-more');
    expect(shorten('login with hunter2-and-more now', 20)).to.equal('login with •••••• n…');
    expect(shorten('login with hunter2-and-more', 20)).to.equal('login with ••••••');
    expect(shorten('short', 20)).to.equal('short');
  });

  it('are forgotten with the run', () => {
    const secret = new Secret('hunter2');
    expect(mask('hunter2')).to.equal(secret.toString());
    forgetSecrets();
    expect([mask('hunter2'), reveal(secret)]).to.deep.equal(['hunter2', 'hunter2']);
  });

  it('cost no more than the text, however many they are', () => {
    for (let i = 0; i < 20_000; i += 1) keepSecret(`secret number ${i}`);
    expect(mask('secretive '.repeat(100_000))).to.have.length(1_000_000);
  });

  it('stand in files that mark themselves among their first comments', () => {
    for (const text of [
      '# zrun: secret\n',
      '---\n# of us\n\n#zrun: secret',
      '\uFEFF# zrun: secret because\r\n',
    ])
      expect(isMarkedSecret(text), text).to.equal(true);
    for (const text of ['a: b\n# zrun: secret\n', '# zrun: secretive', 'a: "# zrun: secret"', ''])
      expect(isMarkedSecret(text), text).to.equal(false);
  });
});
