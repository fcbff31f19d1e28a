import { expect } from 'chai';
import { hintForJinja, refuseJinja } from '../../../src/config/functions/jinja-hints.js';
import { looseText } from '../../../src/config/source/source.js';

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
    [
      "{{ lookup('env', 'HOME') }}",
      'there are no lookups: give the value on the command line, as in -e home="$HOME", and write {{home}}',
    ],
    ["{{ lookup('file', 'x') }}", /there are no lookups/],
    ["{{ a.split(',')[0] }}", `write {{cel "a.split(',')[0]"}}`],
    ['{{ a.strip().upper() }}', 'write {{cel "a.trim().upperAscii()"}}'],
    ['{{ a | length }}', 'write {{size a}}'],
    ['{{ a.b | first }}', 'write {{first a.b}}'],
    ['{{ a is defined }}', /default x "y"/],
    ["{{ hostvars['web-1'].y }}", 'write {{hostvars.[web-1].y}}'],
    ["{{ hostvars[groups['a'][0]].y }}", /cel "hostvars\[x\]\.y"/],
    ['{{ a ~ b }}', /side by side/],
    ['{{ a + 1 }}', /cel/],
    ["{{ a | regex_replace('x', 'y') }}", 'write {{regex.replace a "x" "y"}}'],
    ['{{ a | int }}', 'write {{cel "int(a)"}}'],
    ['{{ a | nonsense }}', /nothing like a filter 'nonsense'/],
    ['{% if a == 1 %}', /#if \(cel/],
    ['{% for x in y %}', /#each/],
    ['{% endfor %}', /#each/],
    ['{% raw %}', /\\\{\{/],
    ['{# a #}', 'write {{!-- … --}}'],
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

describe('Jinja in a text', () => {
  const found: readonly (readonly [text: string, jinja: string])[] = [
    ['a {% if b %}c{% endif %}', '{% if b %}'],
    ['{%- for a in b -%}\n', '{%- for a in b -%}'],
    ['{%set a = 1%}', '{%set a = 1%}'],
    ['{% endif %}', '{% endif %}'],
    ['{{a}} {# why #}', '{# why #}'],
    ['{#- why\nso -#}', '{#- why\nso -#}'],
    ['a {#why#}', '{#why#}'],
  ];
  for (const [text, jinja] of found) {
    it(`is found: ${JSON.stringify(text)}`, () => {
      const at = refuseJinja(looseText('x', text), 'yaml')?.at;
      expect(at && text.slice(at.start, at.end)).to.equal(jinja);
    });
  }

  const others: readonly (readonly [what: string, text: string])[] = [
    ["a shell's lengths and ends", 'echo ${#a[@]} ${#b} ${c##*#}'],
    ["awk's braces", `awk '{printf "{%s} {%d%}", $1, $2}'`],
    ['a date', 'date +{%Y-%m-%d}'],
    ["curl's variables", "curl -w '%{http_code} {%{size}%}'"],
    ["sed's own signs", "sed 's#{#(#; s#}#)#' && sed -i 's#^{#{ \"a\": 1,#' x"],
    ['blocks and comments of Handlebars', '{{#if a}} # {{/if}}{{#each b}} #{{/each}}{{!-- {% --}}'],
    ['what is never closed', '{% if a } {# b }'],
    ["LaTeX's comments", '{% a comment\n}'],
  ];
  for (const [what, text] of others) {
    it(`is not ${what}`, () => {
      expect(refuseJinja(looseText('x', text), 'yaml')).to.equal(undefined);
    });
  }
});
