import { expect } from 'chai';
import { formatPlace } from '../../../src/core/errors.js';
import { ansibleBoolean, readBoolean, toValue, type YamlNode } from '../../../src/config/yaml/yaml.js';
import { readNode } from '../read.js';

describe('YAML', () => {
  const values: readonly (readonly [text: string, value: unknown])[] = [
    ['', null],
    ['# nothing\n', null],
    ['a: 1\nb: [x, 2.5, true, ~]', { a: 1, b: ['x', 2.5, true, null] }],
    ['a: yes\nb: off\nc: "no"\nd: y', { a: true, b: false, c: 'no', d: 'y' }],
    ['1: a\nyes: b\ntrue: c', { '1': 'a', yes: 'b', true: 'c' }],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3', { a: { b: 1, c: 2 }, d: { c: 3, b: 1 } }],
    ['a: !raw "{{.Names}}"', { a: '{{.Names}}' }],
    ['a: |\n  one\n  two\nb: >-\n  three\n  four', { a: 'one\ntwo\n', b: 'three four' }],
    [
      'a: 1_000\nb: 0x1f\nc: -0x_1F\nd: 0b11\ne: 0_77\nf: .5\ng: 1.50\nh: 1:90\ni: 1_0.5',
      { a: 1000, b: 31, c: -31, d: 3, e: 63, f: 0.5, g: 1.5, h: '1:90', i: 10.5 },
    ],
    [
      'mode: "0644"\nzero: 0\nip: 10.0.0.1\ndate: 2026-01-02',
      { mode: '0644', zero: 0, ip: '10.0.0.1', date: '2026-01-02' },
    ],
    ['a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
    ['{"json": [1, {"a": null}]}', { json: [1, { a: null }] }],
    ['__proto__: {a: 1}', JSON.parse('{"__proto__": {"a": 1}}')],
  ];
  for (const [text, value] of values) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(toValue(readNode(text))).to.deep.equal(value);
    });
  }

  it('knows the place of every key and value', () => {
    const root = readNode('a:\n  - b: c\n    d: "e"\n');
    if (root.kind !== 'map') throw new Error('no map');
    const list = root.entries.get('a')?.value;
    const item = list?.kind === 'list' ? list.items[0] : undefined;
    const entry = item?.kind === 'map' ? item.entries.get('d') : undefined;
    expect(entry && formatPlace(entry.keyAt)).to.equal('test.yaml:3:5');
    expect(entry && formatPlace(entry.value.at)).to.equal('test.yaml:3:8');
  });

  it('takes booleans of Ansible for booleans only where they are plain', () => {
    const read = (text: string): boolean | undefined => readBoolean(readNode(text));
    expect(['yes', 'No', 'on', 'OFF', 'true', 'False', '"yes"', 'perhaps', '1'].map(read)).to.deep.equal([
      true,
      false,
      true,
      false,
      true,
      false,
      undefined,
      undefined,
      undefined,
    ]);
    expect(ansibleBoolean('y')).to.equal(true);
  });

  it('refuses aliases that grow without bound', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    expect(() => readNode(['l0: &l0 x', ...levels].join('\n'))).to.throw('aliases make this file larger');
  });

  /** `^` marks what is looked for in the value, and where it must be found in the text. */
  const placed: readonly (readonly [text: string, part: string, where: string])[] = [
    ['a: one two', 'two', '1:8'],
    ['a: "one two"', 'two', '1:9'],
    ["a: 'it''s two'", 'two', '1:11'],
    ['a: "tab\\t\\u0041 two"', 'two', '1:17'],
    ['a: |\n  one\n\n  four two\n', 'two', '4:8'],
    ['a: >-\n  one\n  two', 'two', '3:3'],
    ['a: >- # why\n    one\n    two', 'two', '3:5'],
    ['a: one\n  two', 'two', '2:3'],
    ['a: "one\n  two"', 'two', '2:3'],
    ['a: |2\n    one\n   two\n', 'two', '3:4'],
    ['- !raw "one two"', 'two', '1:13'],
  ];
  for (const [text, part, where] of placed) {
    it(`finds '${part}' in ${JSON.stringify(text)}`, () => {
      const scalar = firstScalar(readNode(text));
      const start = scalar.text.text.indexOf(part);
      const place = scalar.text.inside(start, start + part.length);
      expect(formatPlace(place)).to.equal(`test.yaml:${where}`);
      expect(text.slice(place.start, place.end)).to.equal(part);
    });
  }
});

function firstScalar(node: YamlNode): YamlNode & { kind: 'scalar' } {
  if (node.kind === 'scalar') return node;
  const inner = node.kind === 'list' ? node.items[0] : [...node.entries.values()][0]?.value;
  if (!inner) throw new Error('no scalar');
  return firstScalar(inner);
}
