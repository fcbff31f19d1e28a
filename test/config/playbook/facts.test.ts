/**
 * Which facts a play gathers: those that anything asks for, as far as that can be told before the run, and else all. And
 * what those read who write Ansible's names for them.
 */
import { expect } from 'chai';
import { createScope } from '../../../src/config/expression/scope.js';
import { complaintsOf, tasks, withPlaybook, type Around } from '../load.js';

async function gathered(text: string, around: Around = {}): Promise<unknown> {
  return await withPlaybook(text, around, ({ plays }) => {
    const args = plays[0]?.gatherFacts?.args.render(createScope([]));
    return (args as { gather_subset?: unknown } | undefined)?.gather_subset;
  });
}

describe('facts that a play gathers', () => {
  const asked: readonly (readonly [
    what: string,
    tasks: string,
    parts: readonly string[],
    around?: Around,
  ])[] = [
    ['nothing', '- command: x', []],
    ['a condition', '- {command: x, when: facts.hostname == "a"}', ['hostname']],
    ['a template', '- command: "x {{facts.pools.tank.health}}"', ['pools']],
    ['a part by its name in brackets', '- {command: x, when: \'facts["hostname"] == "a"\'}', ['hostname']],
    ['has()', '- {command: x, when: has(facts.docker)}', ['docker']],
    ['a part that may not be there', '- {command: x, when: facts.?load.orValue(1.0) > 2.0}', ['load']],
    ['default()', '- {command: x, when: "default(facts.load, 1) == 2"}', ['load']],
    ['an expression in a template', `- command: 'x {{cel "facts.memory_bytes + 1"}}'`, ['memory_bytes']],
    [
      'a block',
      '- command: "x {{#each facts.mounts}}{{path}}{{@root.facts.hostname}}{{/each}}"',
      ['hostname', 'mounts'],
    ],
    ['a variable of its own', '- {command: "x {{f}}", vars: {f: "{{facts.load}}"}}', ['load']],
    ['a loop', '- {command: "x {{item.path}}", loop: "{{facts.mounts}}"}', ['mounts']],
    [
      'a variable of the inventory',
      '- command: "x {{it}}"',
      ['load'],
      { hosts: 'all: {hosts: {web1: {it: "{{facts.load}}"}}}' },
    ],
    ['one that nobody uses', '- command: x', [], { hosts: 'all: {hosts: {web1: {it: "{{facts.load}}"}}}' }],
    ["another host's facts", '- command: "x {{hostvars.web1.facts.hostname}}"', ['hostname']],
    [
      "another host's, in a condition",
      '- {command: x, when: "hostvars[inventory_hostname].facts.load > 1.0"}',
      ['load'],
    ],
    [
      "another host's variable that asks for some",
      '- command: "x {{hostvars.web1.it}}"',
      ['load'],
      { hosts: 'all: {hosts: {web1: {it: "{{facts.load}}"}}}' },
    ],
    ['all of them as a map', '- command: "x {{json facts}}"', ['all']],
    ['a part whose name is a value', '- command: "x {{lookup facts inventory_hostname}}"', ['all']],
    ['all of them by another name', '- {command: "x {{f.load}}", vars: {f: "{{facts}}"}}', ['all']],
    [
      'a file of tasks',
      '- include_tasks: more.yaml',
      ['load'],
      { files: { 'books/more.yaml': '- command: "x {{facts.load}}"' } },
    ],
    [
      'a file of tasks that only the run names',
      '- include_tasks: "{{which}}.yaml"',
      ['load'],
      {
        files: { 'books/more.yaml': '- command: "x {{facts.load}}"' },
        hosts: 'all: {hosts: {web1: {which: more}}}',
      },
    ],
    [
      'one that is nowhere yet',
      '- include_tasks: "none/{{which}}.yaml"',
      ['all'],
      { hosts: 'all: {hosts: {web1: {which: more}}}' },
    ],
    [
      'a template file',
      '- template: {src: a.conf, dest: /a}',
      ['load'],
      { files: { 'books/templates/a.conf': '{{facts.load}}' } },
    ],
    [
      'a template file that only the run names',
      '- template: {src: "{{which}}", dest: /a}',
      ['all'],
      { hosts: 'all: {hosts: {web1: {which: a}}}' },
    ],
  ];
  for (const [what, text, parts, around] of asked) {
    it(what, async () => {
      expect(await gathered(tasks(text), around)).to.deep.equal(parts);
    });
  }

  it('are those that later plays use too', async () => {
    const later = '- {hosts: all, gather_facts: false, tasks: [{command: "x {{facts.load}}"}]}';
    expect(await gathered(`${tasks('- command: "x {{facts.hostname}}"')}\n${later}`)).to.deep.equal([
      'hostname',
      'load',
    ]);
  });
});

describe("Ansible's names of facts", () => {
  const named: readonly (readonly [task: string, hint: RegExp])[] = [
    ['- {command: x, when: ansible_os_family == "Debian"}', /zrun's is called facts\.os\.family\)$/],
    ['- {command: x, when: ansible_facts.os_family == "Debian"}', /called facts\.os\.family\)$/],
    [
      '- {command: x, when: \'ansible_facts["distribution"] == "Debian"\'}',
      /called facts\.os\.id, which has/,
    ],
    ['- command: "x {{ansible_default_ipv4.address}}"', /called facts\.network\.default_ipv4\.address\)$/],
    [
      "- command: \"x {{ ansible_facts['default_ipv4']['macaddress'] }}\"",
      /called facts\.network\.default_ipv4\.mac\)$/,
    ],
    ['- {command: x, when: ansible_memtotal_mb > 2048}', /called facts\.memory\.total, in bytes/],
    ['- command: "x {{ansible_facts.packages}}"', /'zrun doc facts' lists them/],
    ['- {command: x, when: facts.hostnam == "a"}', /did you mean 'hostname'/],
  ];
  for (const [task, hint] of named) {
    it(task, async () => {
      const said = await complaintsOf(tasks(task));
      expect(said).to.have.lengthOf(1);
      expect(said[0]).to.match(hint);
    });
  }
});
