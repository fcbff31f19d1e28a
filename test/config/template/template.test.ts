import { expect } from 'chai';
import { Unknown, UnknownValueError, type ValueMap } from '../../../src/core/value.js';
import { blockHelpers, findHelper, helperNames } from '../../../src/config/template/helpers.js';
import { createScope } from '../../../src/config/expression/scope.js';
import { lazy, messageOf, readTemplate, render } from '../read.js';

const values: ValueMap = {
  name: 'web1',
  size: 8,
  on: true,
  off: false,
  nothing: null,
  list: ['a', 'b c'],
  empty: [],
  docker: { version: '27.1', root: '/var/lib/docker', 'data-root': '/x' },
  disks: [
    { path: '/dev/sda', gib: 8 },
    { path: '/dev/sdb', gib: 16 },
  ],
  hostile: '{{name}} $(reboot) \'"',
};

describe('an expression as a value', () => {
  const yaml: readonly (readonly [text: string, value: unknown])[] = [
    ['!cel size + 1', 9],
    ['!cel "on && !off"', true],
    ['!cel \'{"a": empty}.a\'', []],
    ['!cel >-\n  size > 4 ?\n  "large" : "small"', 'large'],
    ['[!cel size, "{{size}}"]', [8, 8]],
  ];
  for (const [text, value] of yaml) {
    it(text, () => expect(readTemplate(text).render(createScope([values]))).to.deep.equal(value));
  }

  it('is Unknown where a part of it is', () => {
    const template = readTemplate('[!cel size + 1, !cel later + 1]');
    expect(template.renderPartial(createScope([{ size: 8, later: new Unknown('build') }]))).to.deep.equal([
      9,
      new Unknown('build'),
    ]);
  });
});

describe('rules', () => {
  const rules = (text: string): unknown => readTemplate(`!rules\n${text}`).render(createScope([values]));

  it('say what those of them say whose conditions hold, in their order', () =>
    expect(
      rules(
        '- {when: on, say: first}\n- {when: off, say: second}\n- {when: size > 4, say: "third {{size}}"}',
      ),
    ).to.deep.equal(['first', 'third 8']));

  it('render nothing of the others', () =>
    expect(rules('- when: nothing != null\n  say: !cel nothing.size() + 1')).to.deep.equal([]));

  it('wait for what is not known yet', () => {
    const template = readTemplate('!rules\n- {when: later, say: a}');
    expect(() => template.render(createScope([{ later: new Unknown('build') }]))).to.throw(UnknownValueError);
  });

  const wrong: readonly (readonly [text: string, message: RegExp])[] = [
    ['- when: on', /a rule needs 'when', a condition, and 'say'/],
    ['- {when: on, say: a, then: b}', /a rule has no 'then'/],
    ['- on', /a rule must be a map, but is a boolean/],
    ['- {when: on &&, say: a}', /expression/],
  ];
  for (const [text, message] of wrong)
    it(`refuses ${text}`, () => expect(messageOf(() => readTemplate(`!rules\n${text}`))).to.match(message));
});

describe('templates', () => {
  const rendered: readonly (readonly [text: string, value: unknown])[] = [
    ['plain', 'plain'],
    ['{{name}}', 'web1'],
    ['{{ size }}', 8],
    ['{{on}}', true],
    ['{{nothing}}', null],
    ['{{list}}', ['a', 'b c']],
    ['{{docker}}', values['docker']],
    ['{{ size }} GiB', '8 GiB'],
    ['{{on}}-{{off}}', 'true-false'],
    ['{{docker.version}}', '27.1'],
    ['{{docker.data-root}}', '/x'],
    ['{{docker.[data-root]}}', '/x'],
    ['{{list.[1]}} {{list.length}}', 'b c 2'],
    ['{{disks.[1].gib}}', 16],
    ['\\{{name}}', '{{name}}'],
    ['<&> {{hostile}}', '<&> {{name}} $(reboot) \'"'],
    ['{{sh hostile}}', `'{{name}} $(reboot) '\\''"'`],
    ['{{sh list}}', "a 'b c'"],
    ['{{json docker.version}}', '"27.1"'],
    ['{{json list}}', '["a","b c"]'],
    ['{{json list 2}}', '[\n  "a",\n  "b c"\n]'],
    ['{{default missing "y"}}', 'y'],
    ['{{default docker.missing "y"}}', 'y'],
    ['{{default missing.part.of 3}}', 3],
    ['{{default nothing name}}', 'web1'],
    ['{{default off true}}', false],
    ['{{default missing false}}', false],
    ['{{bool off}} {{bool "Yes"}} {{bool "0"}} {{bool 1}}', 'false true false true'],
    ['{{bool (default missing "off")}}', false],
    ['{{join list}}', 'a, b c'],
    ['{{join list "/"}}', 'a/b c'],
    ['{{upper name}} {{lower "ABC"}}', 'WEB1 abc'],
    ['{{basename docker.root}} {{dirname docker.root}}', 'docker /var/lib'],
    ['{{bytes 8589934592}} {{bytes 1500}} {{bytes "64G"}}', '8 GiB 1.5 KiB 64 GiB'],
    ['{{upper (default missing "x")}}', 'X'],
    ['{{lookup docker "version"}}', '27.1'],
    ['{{lookup list 1}} {{lookup disks 0 "path"}}', 'b c /dev/sda'],
    ['{{lookup (lookup disks 1) "gib"}}', 16],
    ['{{default (lookup docker name "x") "none"}}', 'none'],
    ['{{#if (lookup docker name)}}yes{{else}}no{{/if}}', 'no'],
    ['{{cel "size * 2"}}', 16],
    ['{{cel \'docker.version == "27.1"\'}}', true],
    ['{{#if on}}yes{{else}}no{{/if}}', 'yes'],
    ['{{#if off}}yes{{else if size}}eight{{else}}no{{/if}}', 'eight'],
    ['{{#if empty}}yes{{/if}}', ''],
    ['{{#if docker.missing}}yes{{else}}no{{/if}}', 'no'],
    ['{{#unless off}}yes{{/unless}}', 'yes'],
    ['{{#if (cel "size > 4")}}big{{/if}}', 'big'],
    ['{{#each list}}{{@index}}:{{this}}{{#unless @last}}, {{/unless}}{{/each}}', '0:a, 1:b c'],
    [
      '{{#each disks as |d i|}}{{i}} {{d.path}} on {{@root.name}};{{/each}}',
      '0 /dev/sda on web1;1 /dev/sdb on web1;',
    ],
    ['{{#each disks}}{{path}}={{gib}} {{../name}} {{/each}}', '/dev/sda=8 web1 /dev/sdb=16 web1 '],
    ['{{#each disks as |d|}}{{cel "d.gib * size"}} {{/each}}', '64 128 '],
    ['{{#each docker}}{{@key}} {{/each}}', 'version root data-root '],
    ['{{#each empty}}x{{else}}none{{/each}}', 'none'],
    ['{{#with docker}}{{version}}{{/with}}', '27.1'],
    ['a\n{{#if on}}\nb\n{{/if}}\nc\n', 'a\nb\nc\n'],
    ['{{! a comment }}x', 'x'],
  ];
  for (const [text, value] of rendered) {
    it(`renders ${JSON.stringify(text)}`, () => {
      expect(render(text, values)).to.deep.equal(value);
    });
  }

  const refused: readonly (readonly [text: string, message: string])[] = [
    ['{{missing}}', "nothing defines 'missing'"],
    ['{{docker.verzion}}', "'docker' has no 'verzion'"],
    ['{{nothing.part}}', "'nothing' is null, so it has no 'part'"],
    ['{{name.length}}', "'name' has no 'length'"],
    ['x {{nothing}}', "'nothing' is null, and null has no form as text"],
    ['x {{docker}}', "'docker' is a map, which has no one form as text"],
    ['x {{list}}', "'list' is a list, which has no one form as text"],
    ['{{sh docker}}', "'docker' is a map, which has no one form as text"],
    ['{{upper missing}}', "nothing defines 'missing'"],
    ['{{join name}}', "'name' is a text, and must be a list"],
    ['{{#each name}}{{/each}}', "'#each' needs a list or a map, but this is text"],
    ['{{#with docker}}{{name}}{{/with}}', "the item has no 'name'"],
    // Nothing of JavaScript's own is a variable.
    ['{{constructor}}', "nothing defines 'constructor'"],
    ['{{docker.constructor}}', "'docker' has no 'constructor'"],
    ['{{list.constructor}}', "'list' has no 'constructor'"],
    ['{{name.constructor}}', "'name' has no 'constructor'"],
    ['{{docker.__proto__}}', "'docker' has no '__proto__'"],
    ['{{toString}}', "nothing defines 'toString'"],
    ['{{> file}}', 'partials and decorators are not supported in templates'],
    ['{{upper name loud=true}}', 'helpers take no named values here'],
    ['{{upper name name}}', "'upper' takes 1 value, not 2"],
    ['{{#if name size}}{{/if}}', "'#if' takes one value, not 2"],
    ['{{#eahc list}}{{/eahc}}', "there is no block '#eahc'"],
    ['{{constructor name}}', "there is no helper 'constructor'"],
    ['{{cel name}}', "'cel' takes a quoted expression, not a value"],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text}`, () => {
      expect(messageOf(() => render(text, values))).to.equal(message);
    });
  }

  it('says of every helper how it is written', () => {
    for (const name of helperNames())
      expect(findHelper(name)?.usage).to.match(new RegExp(`^\\{\\{${name.replace('.', '[.]')} `));
    expect(blockHelpers).to.deep.equal(['if', 'unless', 'each', 'with']);
  });

  it('keeps the form of lists and maps, and their types', () => {
    const template = readTemplate('[a, "{{size}}", {b: "{{list}}", c: !raw "{{size}}", d: yes}]');
    expect(template.isConstant).to.equal(false);
    expect(template.render(createScope([values]))).to.deep.equal([
      'a',
      8,
      { b: ['a', 'b c'], c: '{{size}}', d: true },
    ]);
    expect(readTemplate('[a, {b: 1}]').isConstant).to.equal(true);
  });

  describe('omit', () => {
    const omitted: readonly (readonly [yaml: string, value: unknown])[] = [
      ['{a: "{{omit}}", b: 1}', { b: 1 }],
      ['{a: "{{default missing omit}}", b: "{{default name omit}}"}', { b: 'web1' }],
      ['{a: "{{default missing (default nothing omit)}}"}', {}],
      ['{a: "{{default missing (default name omit)}}"}', { a: 'web1' }],
      ['{a: "{{default (lookup docker name) omit}}", b: {c: "{{omit}}"}}', { b: {} }],
      ['[{a: "{{omit}}"}, {a: "{{default off omit}}"}]', [{}, { a: false }]],
    ];
    for (const [yaml, value] of omitted) {
      it(`leaves out a parameter of ${yaml}`, () => {
        const template = readTemplate(yaml);
        expect(template.render(createScope([values]))).to.deep.equal(value);
        expect(template.renderPartial(createScope([values]))).to.deep.equal(value);
      });
    }
    for (const yaml of ['"{{omit}}"', '{a: "x {{omit}}"}', '["{{omit}}"]']) {
      it(`is no value, as in ${yaml}`, () => {
        expect(messageOf(() => readTemplate(yaml).render(createScope([values])))).to.equal(
          "nothing defines 'omit'",
        );
      });
    }
  });

  it('looks at no more of a map than it needs', () => {
    const asked: string[] = [];
    const hostvars = lazy(['web1', 'web2'], (host) => {
      asked.push(host);
      return lazy(['ip', 'name'], (name) => {
        asked.push(name);
        return `${host}-${name}`;
      });
    });
    const scope = createScope([{ hostvars, other: 'web2' }]);
    expect(readTemplate('"{{hostvars.web1.ip}}"').render(scope)).to.equal('web1-ip');
    expect(readTemplate('"{{hostvars.[web1].ip}}"').render(scope)).to.equal('web1-ip');
    expect(readTemplate('"{{lookup hostvars other \'ip\'}}"').render(scope)).to.equal('web2-ip');
    expect(new Set(asked)).to.deep.equal(new Set(['web1', 'web2', 'ip']));
  });

  describe('with unknown values', () => {
    const scope = createScope([
      { all: new Unknown('build'), some: { known: 1, out: new Unknown('build') }, ok: true },
    ]);

    const waiting = [
      '{{all}}',
      '{{some.out}}',
      'x {{some.out}}',
      '{{all.part}}',
      '{{default all "x"}}',
      '{{#if all}}{{/if}}',
      '{{json some.out}}',
    ];
    for (const text of waiting) {
      it(`${text} waits`, () => {
        expect(() => readTemplate(JSON.stringify(text)).render(scope))
          .to.throw(UnknownValueError)
          .with.property('waitsFor', 'build');
      });
    }

    it('uses what is known of a map', () => {
      expect(readTemplate('"{{some.known}}"').render(scope)).to.equal(1);
      expect(readTemplate('"{{#if ok}}x{{else}}{{all}}{{/if}}"').render(scope)).to.equal('x');
    });

    it('renders in part where that is enough', () => {
      const template = readTemplate('{a: "{{some.known}}", b: ["x {{all}}"]}');
      expect(template.renderPartial(scope)).to.deep.equal({ a: 1, b: [new Unknown('build')] });
      expect(() => template.render(scope)).to.throw(UnknownValueError);
    });
  });
});
