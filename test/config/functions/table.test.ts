/**
 * The table of functions: each example says what it says, each function keeps its bounds, and what other languages call
 * it leads to it.
 */
import { expect } from 'chai';
import { Unknown, UnknownValueError, type Value } from '../../../src/core/value.js';
import { functionTable, helperNamesOf } from '../../../src/config/functions/table.js';
import { signaturesOf } from '../../../src/config/functions/signature.js';
import { translateFilters } from '../../../src/config/functions/jinja-filters.js';
import { evaluate, messageOf, render } from '../read.js';

describe('functions', () => {
  for (const { name, examples } of functionTable) {
    for (const { text, gives } of examples) {
      it(`${name}: ${text}`, () => {
        expect(text.includes('{{') ? render(text, {}) : evaluate(text, {})).to.deep.equal(gives);
      });
    }
  }

  it('each have a summary, an example that uses them, and signatures that can be read', () => {
    for (const entry of functionTable) {
      const words = [entry.name, ...helperNamesOf(entry)];
      expect(entry.summary, entry.name).to.match(/^\S/);
      expect(
        entry.examples.some(({ text }) => words.some((word) => text.includes(word))),
        entry.name,
      ).to.equal(true);
      for (const { gives } of signaturesOf(entry)) expect(gives, entry.name).to.match(/^[\w.]+(<\w+>)?$/);
    }
    const names = functionTable.flatMap((entry) => [
      entry.name,
      ...helperNamesOf(entry).filter((each) => each !== entry.name),
    ]);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  const values = {
    name: 'web1',
    words: ['a', 'b'],
    mixed: [1, 'a'],
    long: 'x'.repeat(5000),
    docker: { version: '27' },
    nothing: null,
    // What are others' names for things are names of variables here too.
    math: 3,
    json: 'j',
  };

  const evaluated: readonly (readonly [text: string, gives: Value])[] = [
    ['math + 1', 4],
    ['json + "x"', 'jx'],
    ['math.abs(-1) + math', 4],
    ['[1, -2].map(x, math.abs(x))', [1, 2]],
    ['[[2, 1]].map(l, l.sort())', [[1, 2]]],
    ['default(docker.x.y.z, "none")', 'none'],
    ['default(missing, "none")', 'none'],
    ['default(nothing, words)', ['a', 'b']],
    ['default(words[7], "none")', 'none'],
    ['default(default(missing, nothing), 1)', 1],
    ['size(words.sortBy(x, x)) + words.sortBy(x, -size(x)).size()', 4],
    ['math.greatest(words.map(x, size(x)))', 1],
    ['"a-b".replace("-", "$&")', 'a$&b'],
    ['"ab".replace("", "-")', '-a-b-'],
    ['"aaa".replace("a", "b", 2)', 'bba'],
    ['[1.5, 2].sum()', 3.5],
    ['string(base64.decode("YQ=="))', 'a'],
    ['json.decode("{\\"__proto__\\": 1}").items()', [{ key: '__proto__', value: 1 }]],
    ['"%5d|%-5d|%05d|%+d|% 3s".format([-4, -4, -4, 4, "a"])', '   -4|-4   |-0004|+4|  a'],
    ['"%08.3f|%-6s|%6s|%04x|%%".format([-1.5, "ab", "ab", 255])', '-001.500|ab    |    ab|00ff|%'],
    ['["a", 1, 2.5, true].join("-") + [].join() + ["x"].join()', 'a-1-2.5-truex'],
    ['words.map(x, size(x)).join(", ")', '1, 1'],
    ['"%5 100%%".replace("%5 ", "")', '100%%'],
    ['regex.replace("aaa", "a*", "x")', 'x'],
    ['regex.replace("abc", "", "-")', '-a-b-c-'],
    ['regex.extractAll("k=1 j=2", "(?:^| )(\\\\w)=")', ['k', 'j']],
    ['ip("::ffff:10.0.0.1")', '::ffff:a00:1'],
    ['isIP("1.2.3") || isCIDR("1.2.3.4/33")', false],
    ['"10.0.0.5/0".masked()', '0.0.0.0/0'],
    ['"2001:db8::/64".hostAt(-1)', '2001:db8::ffff:ffff:ffff:ffff'],
    ['now() - duration("1h") < now()', true],
  ];
  for (const [text, gives] of evaluated) {
    it(`${text} is ${JSON.stringify(gives)}`, () => {
      expect(evaluate(text, values)).to.deep.equal(gives);
    });
  }

  const failing: readonly (readonly [text: string, message: string])[] = [
    ['base64.decode("a-b!")', '"a-b!" is not base64'],
    ['base64.decode("/w==")', '"/w==" holds bytes that are no text in UTF-8'],
    ['mixed.sort()', 'mixed holds a text and a whole number, which cannot be put in order'],
    ['mixed.sortBy(x, x)', 'mixed holds a text and a whole number, which cannot be put in order'],
    ['[].max()', '[] is an empty list, which has no least and no greatest'],
    ['"%d".format([])', `"%d" has more places than there are values (0): '%d'`],
    ['"%s".format([1, 2])', '"%s" has 1 places, and there are 2 values'],
    ['"%d".format(["x"])', "value 1 is a text, and '%d' needs a whole number"],
    ['"%s %.1f".format(["x", null])', "value 2 is null, and '%.1f' needs a number"],
    ['"%5q".format([1])', `"%5q" has '%5q', which stands for no value`],
    ['"%9999d".format([1])', `"%9999d" has '%9999d', and 1000 is the greatest width`],
    ['[[1], 2].join("-")', '[[1], 2] has an item that is a list, and no text'],
    ['[null].join("-")', '[null] has an item that is null, and no text'],
    ['"%.999f".format([1])', `"%.999f" has '%.999f', and 100 is the most digits`],
    ['hash(name, "crc")', "there is no hash 'crc'"],
    ['json.decode("{")', `"{" is not JSON: Expected property name or '}' in JSON`],
    [
      'yaml.decode("a: [")',
      '"a: [" is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5:',
    ],
    ['name.containsIP("10.0.0.1")', "'web1' is not a range of addresses"],
    ['name.strftime("%Y")', "'web1' is not a time"],
    ['timestamp(0).strftime("%Q")', "the form has '%Q', which stands for nothing"],
    ['regex.replace(name, "(", "")', 'this regular expression does not work: missing closing )'],
    [
      'regex.replace(name, "a", "\\\\1")',
      "the new text has '\\1', and the regular expression has no such group",
    ],
    ['regex.extract(name, "(a)(b)")', 'this regular expression has 2 groups, and may have one'],
    ['math.abs(name)', 'name is a text, and must be a number'],
    ['math.abs(words)', 'words is a list, and must be a number'],
    ['math.abs(1, 2)', "'math.abs' does not take a whole number, a whole number"],
    ['name.replace(1, 2)', "'replace' does not take a whole number, a whole number on text"],
    ['name.relpace("a", "b")', "there is no method 'relpace'"],
    ['sort(words)', "there is no function 'sort'"],
    ['combine(docker, docker)', "there is no function 'combine'"],
    // Whatever a chain of them makes of a few bytes has a bound.
    ['long.replace("x", long)', `long would make a text of 25000000 characters, and 16777216 is the most`],
    ['lists.range(100000000)', '100000000 would make a list of 100000000 values, and 1000000 is the most'],
    ['name.indent(100000)', 'name cannot be indented by 100000: 0 to 1000'],
    [
      'regex.replace(long, "x", long)',
      'long would make a text of 16780000 characters, and 16777216 is the most',
    ],
    [doubled(30), 'this has more than 1000000 values in it'],
    [
      'yaml.decode("{a: &a [x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], d: [*c,*c,*c,*c,*c,*c,*c,*c,*c]}")',
      'Excessive alias count indicates a resource exhaustion attack',
    ],
  ];
  for (const [text, message] of failing) {
    it(`${text.slice(0, 100)} fails`, () => {
      const said = messageOf(() => evaluate(text, values));
      expect(said).to.include(message);
    });
  }

  it('tell of what is not known yet, if they look at it', () => {
    const scope = { words: ['a', new Unknown('look')], entries: { z: 1, a: new Unknown('look') } };
    for (const text of [
      'words.distinct()',
      'words.join(",")',
      'json.encode(entries)',
      'default(entries.a, 1)',
      'entries.values()[1] + 1',
    ])
      expect(() => evaluate(text, scope), text).to.throw(UnknownValueError);
    for (const text of ['{{join words ","}}', '{{json entries}}', '{{default entries.a 1}}'])
      expect(() => render(text, scope), text).to.throw(UnknownValueError);
    expect(evaluate('words.slice(0, 1)', scope)).to.deep.equal(['a']);
    expect(evaluate('entries.keys()', scope)).to.deep.equal(['z', 'a']);
    expect(evaluate('size(entries.values())', scope)).to.equal(2);
    expect(evaluate('json.encode(entries) == "" || size(words) == 2', scope)).to.equal(true);
  });
});

/** A list in which each level holds the one below twice: 2^n values of a few bytes. */
function doubled(levels: number): string {
  const names = Array.from({ length: levels }, (_, i) => i + 1);
  return names.reduceRight(
    (inner, i) => `cel.bind(x${i}, ${i === 1 ? '[1]' : `[x${i - 1}, x${i - 1}]`}, ${inner})`,
    `json.encode(x${levels})`,
  );
}

describe("Jinja's filters", () => {
  const translated: readonly (readonly [
    jinja: string,
    cel: string | undefined,
    helper: string | undefined,
  ])[] = [
    ['x | lower', 'x.lowerAscii()', 'lower x'],
    ["x.y | lower | replace('a', 'b')", 'x.y.lowerAscii().replace("a", "b")', 'replace (lower x.y) "a" "b"'],
    ["x | default('a')", 'default(x, "a")', 'default x "a"'],
    ['x | default(omit)', 'default(x, null)', 'default x omit'],
    ['x | default([], true) | join(",")', 'default(x, []).join(",")', undefined],
    ['x | d(False) | bool', 'toBool(default(x, false))', 'bool (default x false)'],
    ["x | regex_replace('^a', '')", 'regex.replace(x, "^a", "")', 'regex.replace x "^a" ""'],
    ["x | regex_search('[0-9]+')", 'regex.extract(x, "[0-9]+").orValue("")', 'regex.extract x "[0-9]+"'],
    ['x | first', 'x[0]', 'first x'],
    ['x | length', 'size(x)', 'size x'],
    ['x | int', 'int(x)', undefined],
    ['x | combine(y)', 'x.merge(y)', 'merge x y'],
    ['x | combine(y, recursive=True)', 'x.merge(y, true)', 'merge x y true'],
    ["x | map(attribute='n') | list", 'x.map(x, x.n)', undefined],
    ["x | selectattr('a', 'equalto', 'b')", 'x.filter(x, x.a == "b")', undefined],
    ["x | sort(attribute='n')", 'x.sortBy(x, x.n)', undefined],
    ['x | dict2items', 'x.items()', 'items x'],
    ["x | version('1.2', '>=')", 'versionAtLeast(x, "1.2")', undefined],
    ["x | ternary('a', 'b')", 'x ? "a" : "b"', undefined],
    ['x | to_nice_json', 'json.encode(x, 4)', 'json x 4'],
    ['x | b64encode | hash("sha1")', 'hash(base64.encode(x), "sha1")', 'hash (base64.encode x) "sha1"'],
    ['x | difference(y) | unique', 'x.difference(y).distinct()', 'distinct (difference x y)'],
    ['x | nonsense', undefined, undefined],
    ['x + y | lower', undefined, undefined],
  ];
  for (const [jinja, cel, helper] of translated) {
    it(`${jinja} is ${String(cel)}`, () => {
      const made = translateFilters(jinja);
      expect([made?.cel, made?.helper]).to.deep.equal([cel, helper]);
    });
  }
});
