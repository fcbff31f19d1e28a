import { expect } from 'chai';
import { complaintsOf, tasks } from '../load.js';

/** `m` is a literal with one part, `a`, so that no part `b` is known of. */
const literal = 'm: {a: 1}\nitems: [{a: 1}, {a: 2}]\n';

function play(task: string): string {
  return tasks(task).replace('  tasks:', `  vars:\n${literal.replace(/^(?=.)/gm, '    ')}  tasks:`);
}

const msg = (value: string): string => `- debug: {msg: ${value}}\n`;
const says = (text: string): string => msg(JSON.stringify(text));

describe('a part that may be missing', () => {
  const guarded: readonly (readonly [title: string, task: string])[] = [
    ['has', '- debug: {}\n  when: has(m.b) && m.b > 1\n'],
    ['has, on the other side', '- debug: {}\n  when: m.b > 1 && has(m.b)\n'],
    ['has, negated', "- debug: {}\n  when: '!has(m.b) || m.b > 1'\n"],
    ['has in brackets', '- debug: {}\n  when: (has(m.b) && size(m) > 0) && (m.b > 1 || m.b < 0)\n'],
    ['has, and a part of the part', '- debug: {}\n  when: has(m.b) && has(m.b.c) && m.b.c.d == 1\n'],
    ['has in a choice', msg("!cel 'has(m.b) ? m.b : 1'")],
    ['has in a choice, negated', msg("!cel '!has(m.b) ? 1 : m.b'")],
    ['in', `- debug: {}\n  when: '"b" in m && m.b > 1'\n`],
    ['in keys()', `- debug: {}\n  when: '"b" in m.keys() && m["b"] > 1'\n`],
    ['a question mark', msg(`!cel 'm.?b.orValue("x")'`)],
    ['a question mark in brackets', msg(`!cel 'm[?"b"].orValue("x")'`)],
    ['question marks in a row', msg(`!cel 'm.?b.?c.orValue("x")'`)],
    ['hasValue', '- debug: {}\n  when: m.?b.hasValue() && m.b > 1\n'],
    ['default', msg("!cel 'default(m.b, 1)'")],
    ['default, and then its value', '- debug: {}\n  when: default(m.b, null) != null && m.b > 1\n'],
    ['items that have it', msg("!cel 'items.filter(x, has(x.b)).map(x, x.b)'")],
    ['items that have it, in one go', msg("!cel 'items.map(x, has(x.b), x.b)'")],
    ['any item that has it', '- debug: {}\n  when: items.exists(x, has(x.b) && x.b > 1)\n'],
    ['a list of conditions', '- debug: {}\n  when: [has(m.b), m.b > 1]\n'],
    ['conditions of assert', '- assert: {that: [has(m.b), m.b > 1]}\n'],
    ['parameters of a task with a condition', `${says('{{m.b}}')}  when: has(m.b)\n`],
    ['variables of a task with a condition', `${says('{{x}}')}  vars: {x: '{{m.b}}'}\n  when: has(m.b)\n`],
    ['a loop of a task with a condition', `${says('{{item}}')}  loop: '{{m.b}}'\n  when: has(m.b)\n`],
    ['an item that a condition asks', `${says('{{item.b}}')}  loop: '{{items}}'\n  when: has(item.b)\n`],
    ['tasks of a block with a condition', `- block:\n    ${says('{{m.b}}')}  when: has(m.b)\n`],
    ['default in a template', says('{{default m.b 1}}')],
    ['#if', says('{{#if m.b}}{{m.b}}{{m.b.c}}{{/if}}')],
    ['#if, and its else', says('{{#if m.b}}{{m.b}}{{else if m.c}}{{m.c}}{{/if}}')],
    ['#unless', says('{{#unless m.b}}none{{else}}{{m.b}}{{/unless}}')],
    ['#if in #with', says('{{#with m}}{{#if b}}{{b}}{{this.b}}{{/if}}{{/with}}')],
    ['#if in #each', says('{{#each items}}{{#if this.b}}{{this.b}}{{/if}}{{/each}}')],
    [
      '#if with a name for the item',
      says('{{#each items as |x|}}{{#if x.b}}{{x.b}}{{cel "x.b"}}{{/if}}{{/each}}'),
    ],
    ['#if of an expression', says("{{#if (cel 'has(m.b)')}}{{m.b}}{{/if}}")],
    ['#if of an expression, and its else', says("{{#if (cel '!has(m.b)')}}none{{else}}{{m.b}}{{/if}}")],
    ['#if of a default', says('{{#if (default m.b false)}}{{m.b}}{{/if}}')],
  ];
  for (const [title, task] of guarded)
    it(`may be asked for: ${title}`, async () => expect(await complaintsOf(play(task))).to.deep.equal([]));

  it('may be asked for of what -e gives', async () => {
    const text = tasks(`${msg('!cel m.?b.orValue(1)')}- debug: {}\n  when: has(m.b) && m.b > 1\n`);
    expect(await complaintsOf(text, { extraVars: ['{"m": {"a": 1}}'] })).to.deep.equal([]);
  });

  const unguarded: readonly (readonly [title: string, task: string, said: string])[] = [
    ['by itself', '- debug: {}\n  when: m.b > 1\n', "m has no 'b'"],
    ['where it is not there', msg("!cel 'has(m.b) ? 1 : m.b'"), "m has no 'b'"],
    ['beside what may hold without it', '- debug: {}\n  when: has(m.b) || m.b > 1\n', "m has no 'b'"],
    ['after another one', '- debug: {}\n  when: has(m.c) && m.b > 1\n', "m has no 'b'"],
    ['before what asks for it', '- debug: {}\n  when: [m.b > 1, has(m.b)]\n', "m has no 'b'"],
    ['of a part that may be missing', '- debug: {}\n  when: has(m.b.c)\n', "m has no 'b'"],
    ['of an item of another list', msg("!cel 'items.filter(x, has(x.b)).map(x, x.c)'"), "x has no 'c'"],
    ['in a template', says('{{m.b}}'), "'m' has no 'b'"],
    ['in the other branch', says('{{#if m.b}}{{else}}{{m.b}}{{/if}}'), "'m' has no 'b'"],
    ['behind the block', says('{{#if m.b}}{{/if}}{{m.b}}'), "'m' has no 'b'"],
    ['of a name that nothing defines', says('{{#if n.b}}{{/if}}'), "nothing defines 'n'"],
  ];
  for (const [title, task, said] of unguarded)
    it(`is an error ${title}`, async () => {
      const [complaint = '', ...others] = await complaintsOf(play(task));
      expect(others).to.deep.equal([]);
      expect(complaint).to.contain(said);
    });

  it('is an error where facts cannot have it, however it is asked for', async () => {
    for (const condition of [
      'facts.?dokcer.hasValue()',
      'facts[?"dokcer"].hasValue()',
      'has(facts.dokcer)',
    ]) {
      const [complaint = ''] = await complaintsOf(play(`- debug: {}\n  when: '${condition}'\n`));
      expect(complaint, condition).to.contain("facts has no 'dokcer'");
    }
  });
});
