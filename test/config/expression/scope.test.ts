import { expect } from 'chai';
import { Unknown, UnknownValueError } from '../../../src/core/value.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { messageOf, readVars } from '../read.js';

describe('a scope', () => {
  it('takes a name from the strongest layer that has it', () => {
    const scope = createScope([{ a: 1, b: 1, c: 1 }, readVars('{b: 2, c: 2}'), { c: 3 }]);
    expect(['a', 'b', 'c', 'd'].map((name) => scope.get(name))).to.deep.equal([1, 2, 3, undefined]);
    expect([...scope.names()].sort()).to.deep.equal(['a', 'b', 'c']);
    expect(scope.has('a')).to.equal(true);
    expect(scope.has('toString')).to.equal(false);
    expect(scope.get('constructor')).to.equal(undefined);
  });

  it('renders templates over all layers, and each once', () => {
    let asked = 0;
    const values = Object.defineProperty({}, 'base', { enumerable: true, get: () => ((asked += 1), '/srv') });
    const scope = createScope([readVars('path: "{{base}}/{{name}}"'), values, { name: 'x' }]);
    expect([scope.get('path'), scope.get('path')]).to.deep.equal(['/srv/x', '/srv/x']);
    expect(asked).to.be.lessThan(4);
  });

  it('renders nothing that nobody asks for', () => {
    const scope = createScope([readVars('{good: 1, bad: "{{missing}}"}')]);
    expect(scope.get('good')).to.equal(1);
    expect(messageOf(() => scope.get('bad'))).to.equal("nothing defines 'missing'");
  });

  it('takes values for what they are, whatever they hold', () => {
    const scope = createScope([{ secret: 's', fromHost: '{{secret}}' }, readVars('said: "{{fromHost}}!"')]);
    expect(scope.get('fromHost')).to.equal('{{secret}}');
    expect(scope.get('said')).to.equal('{{secret}}!');
  });

  const circles: readonly (readonly [text: string, message: string])[] = [
    ['a: "{{a}}"', "'a' refers to itself"],
    ['{a: "{{b}}", b: "x {{c}}", c: "{{a}}"}', 'variables refer to each other in a circle: a → b → c → a'],
    ['{a: {x: "{{b}}"}, b: \'{{cel "a.x"}}\'}', 'variables refer to each other in a circle: a → b → a'],
    [
      '{a: "{{b}}", b: "{{default c 1}}", c: "{{b}}"}',
      'variables refer to each other in a circle: b → c → b',
    ],
  ];
  for (const [text, message] of circles) {
    it(`finds the circle in ${text}`, () => {
      const scope = createScope([readVars(text)]);
      expect(messageOf(() => scope.get('a'))).to.equal(message);
      expect(
        messageOf(() => scope.get('a')),
        'a second time',
      ).to.equal(message);
    });
  }

  it('hands out unknown values only to who peeks', () => {
    const scope = createScope([
      { u: new Unknown('build') },
      readVars('{a: "{{u}}", b: {c: "x{{u}}", d: 1}}'),
    ]);
    expect(scope.peek('a')).to.deep.equal(new Unknown('build'));
    expect(() => scope.get('a')).to.throw(UnknownValueError);
    expect(scope.get('b')).to.deep.equal({ c: new Unknown('build'), d: 1 });
    expect(scope.peek('missing')).to.equal(undefined);
  });
});
