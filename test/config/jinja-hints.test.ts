import { expect } from 'chai';
import { hintForJinja } from '../../src/config/jinja-hints.js';

describe('hints for Jinja', () => {
  const hints: readonly (readonly [jinja: string, hint: string | RegExp | undefined])[] = [
    ["{{ a | default('b') }}", 'write {{default a "b"}}'],
    ['{{a.b|d(c, true)}}', 'write {{default a.b c}}'],
    ['{{ a | default(1) }}', 'write {{default a 1}}'],
    ['{{ a | default(False) }}', 'write {{default a false}}'],
    ['{{ a | default(omit) | int }}', /default/],
    ['{{- a | upper -}}', 'write {{upper a}}'],
    ['{{ a | to_json }}', 'write {{json a}}'],
    ['{{ a | quote }}', 'write {{sh a}}'],
    ["{{ 'x' if a else b.c }}", 'write {{#if a}}x{{else}}{{b.c}}{{/if}}'],
    ["{{ 1 if a else 'y' }}", 'write {{#if a}}1{{else}}y{{/if}}'],
    ["{{ a['b'].c }}", 'write {{a.b.c}}'],
    ["{{ a['b']['c'][0] }}", 'write {{a.b.c.[0]}}'],
    ["{{ lookup('env', 'HOME') }}", /there are no lookups/],
    ["{{ hostvars['web-1'].y }}", 'write {{hostvars.[web-1].y}}'],
    ["{{ hostvars[groups['a'][0]].y }}", /cel "hostvars\[x\]\.y"/],
    ['{{ a ~ b }}', /side by side/],
    ['{{ a + 1 }}', /cel/],
    ["{{ a | regex_replace('x', 'y') }}", /no filters/],
    ['{% if a == 1 %}', /#if \(cel/],
    ['{% for x in y %}', /#each/],
    ['{% raw %}', /#if/],
    ['{# a #}', /\{\{! … \}\}/],
    ['{{ a }}', undefined],
  ];
  for (const [jinja, hint] of hints) {
    it(jinja, () => {
      const given = hintForJinja(jinja);
      if (hint instanceof RegExp) expect(given).to.match(hint);
      else expect(given).to.equal(hint);
    });
  }
});
