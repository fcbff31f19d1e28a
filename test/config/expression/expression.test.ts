import { expect } from 'chai';
import { Unknown, UnknownValueError, type ValueMap } from '../../../src/core/value.js';
import { compileExpression } from '../../../src/config/expression/expression.js';
import { collectFindings, throwFindings } from '../../../src/config/source/findings.js';
import { createResolver, createNameUse } from '../../../src/config/expression/declarations.js';
import {
  anyShape,
  boolShape,
  intShape,
  listOf,
  mapOf,
  maybe,
  objectOf,
  textShape,
  type Shape,
} from '../../../src/config/expression/shape.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { looseText } from '../../../src/config/source/source.js';
import { lazy, evaluate, messageOf } from '../read.js';

const values: ValueMap = {
  size: 8,
  half: 0.5,
  big: 2 ** 53,
  name: 'web1',
  on: true,
  docker: null,
  items: [1, 2, 3],
  mounts: [
    { path: '/', type: 'ext4' },
    { path: '/var', type: 'zfs' },
  ],
  pools: { tank: { free: 10 }, data: { free: 5 } },
  skipped: { skipped: true, changed: false },
};

describe('expressions', () => {
  const evaluated: readonly (readonly [text: string, value: unknown])[] = [
    ['size + 1', 9],
    ['size / 3', 2],
    ['size * 1.5', 12],
    ['half * 3', 1.5],
    ['size == 8 && name == "web1"', true],
    ['size == 8.0', true],
    ['big', 2 ** 53],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740991', 9007199254740991],
    ['docker == null', true],
    ['docker != null && docker.version == "1"', false],
    ['items', [1, 2, 3]],
    ['items.map(x, x * 2)', [2, 4, 6]],
    ['mounts', values['mounts']],
    ['mounts.filter(m, m.type == "zfs")', [{ path: '/var', type: 'zfs' }]],
    ['mounts.exists(m, m.path == "/var")', true],
    ['mounts.all(m, m.path.startsWith("/"))', true],
    ['pools.exists(p, pools[p].free > 7)', true],
    ['pools["tank"].free', 10],
    ['"tank" in pools && 2 in items', true],
    ['size(items) + size(name) + items.size()', 10],
    ['has(pools.tank) && !has(pools.x)', true],
    ['pools.?x.?free.orValue(0)', 0],
    ['on ? "a" : "b"', 'a'],
    ['{"a": size}', { a: 8 }],
    ['[size, "a", null]', [8, 'a', null]],
    ['versionAtLeast("2.1.11-1~bpo12", "2.1.7")', true],
    ['versionAtLeast("2.1.6", "2.1.7")', false],
    ['versionAtLeast("2.1", "2.1.0")', true],
    [
      'toBytes("64GiB") == 68719476736 && toBytes("1.5K") == 1536 && toBytes("1KB") == 1024 && toBytes("8GB") == toBytes("8G")',
      true,
    ],
    ['humanBytes(68719476736)', '64 GiB'],
    ['basename("/a/b") + dirname("/a/b")', 'b/a'],
    ['name.matches("^web[0-9]$")', true],
    ['items.map(x, string(x)).exists(x, x.matches("^\\\\d+$"))', true],
    ['(on ? name : docker).matches("(?i)WEB")', true],
    ['"é".matches("^.$") && "\\n".matches("^\\\\s$") && "a1".matches("[[:alpha:]]\\\\d")', true],
    ['string(size) + "x"', '8x'],
    ['int("12") + 1', 13],
  ];
  for (const [text, value] of evaluated) {
    it(`${text} is ${JSON.stringify(value)}`, () => {
      expect(evaluate(text, values)).to.deep.equal(value);
    });
  }

  const failing: readonly (readonly [text: string, message: string])[] = [
    ['missing', "nothing defines 'missing' on this host"],
    ['docker.version', "docker is null, so it has no 'version'"],
    ['pools.x.free', "pools has no 'x' on this host"],
    ['skipped.rc == 0', "skipped has no 'rc' on this host"],
    ['size + name', "'+' does not work between a whole number and text"],
    ['name && on', '&& and || need true or false on both sides, but one is text'],
    ['versionAtLeast(name + "x", "a")', "'a' is not a version"],
    ['toBytes("many")', "'many' is not a size; write it as in 64GiB"],
    ['pools.constructor', "pools has no 'constructor' on this host"],
    ['items.matches("a")', "'matches' does not take text on a list"],
    ['name.matches(size)', "'matches' does not take a whole number on text"],
    [
      'name.matches(name + "(?!x)")',
      'this regular expression does not work: RE2 has no lookahead and no lookbehind ((?=…), (?!…), (?<=…), (?<!…))',
    ],
    [
      'name.matches("(" + name + "{500}){3}")',
      'this regular expression does not work: RE2 repeats at most 1000 times in all, nested repetitions multiplied ({3})',
    ],
    ['items[7]', 'items has 3 items, counted from 0, and none at 7'],
    ['items[-1]', 'a list is counted from 0'],
    ['size > 1 ? 1 : "a"', 'before : stands a whole number, behind it text: both must be of one type'],
    ['duration("1d") > duration("1h")', "'1d' is no length of time"],
    ['timestamp(name)', 'this text is no time'],
    ['int(name)', 'this is no whole number'],
    ['double(name)', 'this is no number'],
    ['bool(name)', '"web1" is neither true nor false'],
    ['size / 0', 'this divides by zero'],
    ['1.0 / 0.0', 'this gives a number without end'],
    ['[0.0 / 0.0]', 'this gives no number'],
    ['math.round(half / 0.0)', 'this gives a number without end'],
    [
      'items.first() + items.last()',
      "'+' does not work between something that may be missing and something that may be missing",
    ],
    ['pools.?x.value()', 'this is not there, and .value() needs it'],
    ['size.orValue(1)', "'orValue' is for what may be missing, and nothing says that this may be"],
    ['items.zip({"a": 1})', "'zip' does not take a map on a list"],
    ['{"a": 1}.join()', "'join' does not work on a map"],
    ['name.replace()', "'replace' needs a value, and is given none"],
    ['pools.trim()', "'trim' does not work on a map"],
    ['items.contains(1)', "'contains' is for texts, and this is a list"],
    ['name.join("-")', "'join' does not take text on text"],
    ['name.substring(9)', 'name has 4 characters, and none from 9 to 4'],
  ];
  for (const [text, message] of failing) {
    it(`${text} fails`, () => {
      expect(messageOf(() => evaluate(text, values))).to.equal(message);
    });
  }

  describe('over maps', () => {
    const asked: string[] = [];
    const hostvars = lazy(['web1', 'web2', 'constructor'], (host) => {
      asked.push(host);
      return lazy(['ip', 'count'], (name) => {
        asked.push(name);
        return name === 'count' ? 3 : `${host}-${name}`;
      });
    });
    const scope = createScope([{ hostvars, other: 'web2' }]);
    const looked: readonly (readonly [text: string, value: unknown, asked: readonly string[]])[] = [
      ['hostvars["web1"].ip', 'web1-ip', ['web1', 'ip']],
      ['hostvars[other].count + 1', 4, ['web2', 'count']],
      ['hostvars.web1.?none.orValue("x")', 'x', ['web1']],
      ['has(hostvars.web3)', false, []],
      ['"web1" in hostvars', true, ['web1']],
      ['size(hostvars)', 3, []],
      ['hostvars.exists(h, hostvars[h].ip == "web1-ip")', true, ['web1', 'ip']],
    ];
    for (const [text, value, touched] of looked) {
      it(`${text} looks at no more than it needs`, () => {
        asked.length = 0;
        expect(evaluate(text, scope)).to.equal(value);
        // CEL may look at one value besides, to learn of what type a map's values are.
        expect(asked.slice(0, 2)).to.include.members([...touched]);
        expect(asked.length).to.be.at.most(2);
      });
    }
    it('hands a map out as it came', () => {
      expect(evaluate('hostvars', scope)).to.equal(hostvars);
    });
    it('compares maps', () => {
      expect(evaluate('hostvars.web1 == hostvars.web1 && hostvars.web1 != hostvars.web2', scope)).to.equal(
        true,
      );
      expect(evaluate('hostvars.web1 == {"ip": "web1-ip", "count": 3}', scope)).to.equal(true);
    });
  });

  describe('with unknown values', () => {
    const scope = createScope([
      {
        u: new Unknown('build'),
        part: { u: new Unknown('build'), k: 1 },
        items: [1, new Unknown('build')],
        on: true,
        m: {},
      },
    ]);
    const decided: readonly (readonly [text: string, value: unknown])[] = [
      ['u || on', true],
      ['on || u', true],
      ['u && !on', false],
      ['!on && u', false],
      ['u == 1 || on', true],
      ['part.k == 1', true],
      ['items[0] == 1', true],
      ['size(items) == 2', true],
      ['items.exists(x, x == 1)', true],
      ['on ? 1 : u', 1],
    ];
    for (const [text, value] of decided) {
      it(`${text} is decided`, () => {
        expect(evaluate(text, scope)).to.equal(value);
      });
    }
    const waiting = [
      'u',
      'u == 1',
      'u && on',
      'on && u',
      'u || !on',
      '!on || u',
      '!u',
      'part.u == 1',
      'items[1] == 1',
      'items.exists(x, x == 2)',
      'items.all(x, x == 1)',
      'u ? 1 : 2',
      'u || m.missing',
      'm.missing || u',
      'u.part',
      'u in items',
      '(u || !on) || !on',
      'items == [1, 2]',
    ];
    for (const text of waiting) {
      it(`${text} waits`, () => {
        expect(() => evaluate(text, scope))
          .to.throw(UnknownValueError)
          .with.property('waitsFor', 'build');
      });
    }
    it('hands out a map that holds an unknown value as it came', () => {
      expect(evaluate('part', scope)).to.deep.equal({ u: new Unknown('build'), k: 1 });
    });
  });

  describe('as conditions', () => {
    const condition = (text: string): ReturnType<typeof compileExpression> =>
      compileExpression(looseText('expression', text), throwFindings, { condition: true });
    it('are true or false', () => {
      expect(condition('size > 4')?.evaluate(createScope([values]))).to.equal(true);
      expect(messageOf(() => condition('name')?.evaluate(createScope([values])))).to.equal(
        "a condition must be true or false, but this is the text 'web1'",
      );
    });
  });

  describe('checked before a run', () => {
    const shapes: Readonly<Record<string, Shape>> = {
      facts: objectOf([
        ['memory', intShape],
        ['load', { type: 'number' }],
        ['host', textShape],
        ['root', boolShape],
        [
          'docker',
          maybe(
            objectOf([
              ['version', textShape],
              ['driver', maybe(textShape)],
            ]),
          ),
        ],
        ['pools', mapOf(objectOf([['free', intShape]]))],
        ['mounts', listOf(objectOf([['path', textShape]]))],
      ]),
      settings: objectOf([['size', intShape]], { declared: false }),
      free: anyShape,
      list: anyShape,
    };
    const resolve = createResolver({
      base: new Map(Object.entries(shapes).map(([name, shape]) => [name, [shape]])),
      setByTasks: new Map(),
      given: new Map(),
      isOpen: false,
      explain: () => undefined,
      use: createNameUse(),
      hosts: undefined,
    });
    const declared = resolve(undefined);
    const check = (text: string): string[] => {
      const findings = collectFindings();
      const compiled = compileExpression(looseText('', text), findings.report, { condition: true });
      compiled?.check(declared, findings.report);
      return findings.errors.map((error) => error.message);
    };

    const right = [
      'facts.docker != null && facts.docker.version == "27"',
      'facts.docker.driver == "zfs"',
      'versionAtLeast(facts.docker.version, "20")',
      'facts.load > 0.5 && facts.load * 2 > 1',
      'facts.memory * 1.5 > 4.0',
      'facts.pools["tank"].free > 5 && facts.pools.tank.free > 5',
      'facts.pools.exists(p, facts.pools[p].free > 5)',
      'facts.mounts.filter(m, m.path == "/").size() == 1',
      'facts.mounts.map(m, m.path).exists(p, p == "/")',
      '"tank" in facts.pools',
      'facts.mounts[0].path.startsWith("/")',
      'has(facts.docker.version) && has(settings.maybe)',
      'settings.size == 8 && settings["size"] == 8',
      'free.what.ever == 3 && free',
      'free in ["a", 1]',
      'facts.?docker.?version.orValue("none") == "27"',
      'cel.bind(d, facts.docker, d != null && d.version == "1")',
      'type(facts.host) == string',
      'facts.root ? free : facts.host == "a"',
    ];
    for (const text of right) {
      it(`lets pass ${text}`, () => {
        expect(check(text)).to.deep.equal([]);
      });
    }

    const wrong: readonly (readonly [text: string, message: string])[] = [
      ['fact.memory > 1', "nothing defines 'fact'"],
      ['facts.memry > 1', "facts has no 'memry'"],
      ['facts.docker.verzion == "1"', "facts.docker has no 'verzion'"],
      ['has(facts.dokcer)', "facts has no 'dokcer'"],
      ['has(facts.docker.verzion)', "facts.docker has no 'verzion'"],
      ['facts["memry"] > 1', "facts has no 'memry'"],
      ['facts.mounts.exists(m, m.pth == "/")', "m has no 'pth'"],
      ['facts.mounts[0].pth == "/"', "facts.mounts[0] has no 'pth'"],
      ['facts.pools.tank.fre > 1', "facts.pools.tank has no 'fre'"],
      ['facts.host.name == "a"', "facts.host is text, and has no 'name'"],
      ['settings.sise == 8', "settings has no 'sise'"],
      ['facts.memory == "8"', "'==' does not work between a whole number and text"],
      ['facts.host > 4', "'>' does not work between text and a whole number"],
      ['facts.host', 'a condition must be true or false, but this is text'],
      ['facts.memory && true', '&& and || need true or false on both sides, but one is a whole number'],
      ['!facts.host', "'!' does not work on text"],
      [
        'type(facts.host) == string && list == 1',
        "'list' is the name of a type in CEL, and hides the variable of that name",
      ],
      ['facts.memory.matches("1")', "'matches' does not take text on a whole number"],
      ['facts.host.matches("a(")', 'this regular expression does not work: missing closing )'],
      ['hash(facts.host, "crc") == ""', "there is no hash 'crc'"],
      [
        'regex.replace(facts.host, "(", "x") == ""',
        'this regular expression does not work: missing closing )',
      ],
      [
        'regex.replace(facts.host, "a", r"\\1") == ""',
        "the new text has '\\1', and the regular expression has no such group",
      ],
      [
        'regex.extractAll(facts.host, "(a)(b)") == []',
        'this regular expression has 2 groups, and may have one',
      ],
      ['ip("300.1.1.1") == facts.host', "'300.1.1.1' is not an address of IP"],
      ['cidr("10.0.0.0/8").containsIP("10.0.0.300")', "'10.0.0.300' is not an address of IP"],
      ['"10.0.0.0/33".containsIP(facts.host)', "'10.0.0.0/33' is not a range of addresses"],
      [
        'facts.mounts.all(m, !m.path.matches("(?=a)"))',
        'this regular expression does not work: RE2 has no lookahead and no lookbehind ((?=…), (?!…), (?<=…), (?<!…))',
      ],
      ['duration("1d") > duration("1h")', "'1d' is no length of time"],
      ['timestamp("yesterday") < now()', 'this text is no time'],
      ['int("a") > facts.memory', 'this is no whole number'],
      ['facts.memory > toBytes("many")', "'many' is not a size; write it as in 64GiB"],
      ['"%q".format([facts.host]) == ""', '"%q" has \'%q\', which stands for no value'],
      ['versionAtLeast(facts.host, "new")', "'new' is not a version"],
      ['facts.memory > 1 / 0', 'this divides by zero'],
      [
        'facts.?host.orValue(1) == 1',
        'this is text, and orValue gives a whole number in its place: both must be of one type',
      ],
      ['facts.host.startsWith(facts.memory)', "'startsWith' does not take a whole number on text"],
    ];
    const several: readonly (readonly [text: string, ...messages: string[]])[] = [
      [
        'facts.memory == "8" || facts.host > 4 || fact.x',
        "nothing defines 'fact'",
        "'==' does not work between a whole number and text",
        "'>' does not work between text and a whole number",
      ],
      [
        'facts.memry > 1 && facts.host + 1 == "a"',
        "facts has no 'memry'",
        "'+' does not work between text and a whole number",
      ],
      [
        'facts.mounts.all(m, m.path > 1 && m.type > 2)',
        "m has no 'type'",
        "'>' does not work between text and a whole number",
      ],
      [
        'facts.host.replace(1, 2) == facts.host.relpace("a")',
        "'replace' does not take a whole number, a whole number on text",
        "there is no method 'relpace'",
      ],
      ['default(facts.memry, 1) == 1', "facts has no 'memry'"],
      ['facts.mounts.sortBy(m, m.pth).size() > 0', "m has no 'pth'"],
      ['facts.mounts.distinct()[0].pth == "/"', "facts.mounts.distinct()[0] has no 'pth'"],
      [
        'facts.host.split(",").first().orValue(1) == "a" && math.flor(1.5) == 1',
        "there is no function 'math.flor'",
      ],
      [
        'facts.memry > 1 and facts.host | lower == "a"',
        "CEL has no 'and'",
        'CEL has no filters',
        "facts has no 'memry'",
      ],
      [
        'fact.x is defined or not facts.memry',
        "CEL has no 'is defined'",
        "CEL has no 'or'",
        "CEL has no 'not'",
        "nothing defines 'fact'",
        "facts has no 'memry'",
      ],
      [
        'facts.host = "a" or facts.memory in (1, 2)',
        "'=' does not compare",
        "CEL has no 'or'",
        'a list stands in square brackets',
      ],
    ];
    for (const [text, ...messages] of several) {
      it(`says of ${text} all that is wrong`, () => {
        expect(check(text)).to.deep.equal(messages);
      });
    }
    for (const [text, message] of wrong) {
      it(`refuses ${text}`, () => {
        expect(check(text)).to.deep.equal([message]);
      });
    }
  });
});
