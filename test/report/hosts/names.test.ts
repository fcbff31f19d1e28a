/** How the names of many hosts are written. */
import { expect } from 'chai';
import { foldNames, someOf, wrapNames } from '../../../src/report/hosts/names.js';

const range = (from: number, to: number, name: (number: number) => string): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => name(from + i));
const padded = (number: number): string => `web${String(number).padStart(3, '0')}`;

const folded: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['none', [], []],
  ['one', ['web1'], ['web1']],
  ['two', ['web006', 'web004'], ['web[004,006]']],
  ['two that differ in more', ['web1', 'db1'], ['db1', 'web1']],
  ['a row of them', range(1, 120, padded), ['web[001-120]']],
  ['without zeros in front', range(8, 12, (n) => `web${n}.example.org`), ['web[8-12].example.org']],
  ['with gaps', ['web1', 'web2', 'web4', 'web7', 'web8'], ['web[1-2,4,7-8]']],
  ['in any order', ['web3', 'web1', 'web2'], ['web[1-3]']],
  ['zeros in front tell names apart', ['web7', 'web08', 'web9'], ['web[7,9,08]']],
  ['several groups', ['db1', 'web1', 'db2', 'web2', 'cache'], ['cache', 'db[1-2]', 'web[1-2]']],
  ['another number is the same in all', ['r1-web1', 'r1-web2', 'r1-web3'], ['r1-web[1-3]']],
  ['a number behind it is the same in all', ['a1.ec2', 'a2.ec2', 'a3.ec2'], ['a[1-3].ec2']],
  ['addresses', ['10.0.0.1', '10.0.0.2', '10.0.0.3'], ['10.0.0.[1-3]']],
  ['names without numbers', ['alpha', 'beta', 'gamma'], ['alpha', 'beta', 'gamma']],
  [
    'very long numbers',
    ['x9007199254740993', 'x9007199254740994', 'y'],
    ['x[9007199254740993-9007199254740994]', 'y'],
  ],
];

describe('names of hosts', () => {
  for (const [what, names, said] of folded)
    it(`are folded: ${what}`, () => expect(foldNames(names)).to.deep.equal(said));

  it('are told in passing: all where they are short, or else the first few', () => {
    expect(someOf(range(1, 200, padded))).to.equal('web[001-200]');
    expect(someOf(['eve', 'ada', 'bob', 'dee', 'cy'])).to.equal('ada, bob, cy, dee, eve');
    expect(someOf([...range(1, 60, (n) => padded(n * 2)), 'db1'])).to.equal(
      'db1, web[002,004,006,008,010,012,014,016,018,020,022,024,026] and 47 more',
    );
    expect(someOf(['a'.repeat(70), 'b'.repeat(70)])).to.equal(`${'a'.repeat(70)} and 1 more`);
  });

  it('are wrapped to lines of a bearable length', () => {
    const lines = wrapNames(['one-name', 'another-name', 'a-third'], 24);
    expect(lines).to.deep.equal(['a-third, another-name,', 'one-name']);
    expect(
      wrapNames(
        range(1, 6, (n) => padded(n * 2)),
        20,
      ),
    ).to.deep.equal(['web[002,004,006],', 'web[008,010,012]']);
  });
});
