/**
 * Extra variables that nothing uses, and that are nearly called as what is used: misspelt, most likely. What is used in
 * whatever way, or called as nothing else, is left in peace.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  createNameUse,
  findMisspelt,
  loadInventory,
  loadPlaybook,
  parseExtraVars,
} from '../../../src/config/index.js';
import { modules } from '../../../src/modules/index.js';

const root = path.resolve(import.meta.dirname, '../../..');

interface Book {
  readonly play: string;
  readonly vars: readonly string[];
  readonly hosts?: string;
  readonly files?: Readonly<Record<string, string>>;
}

async function said({
  play,
  vars,
  hosts = 'all: {hosts: {a: }}\n',
  files = {},
}: Book): Promise<readonly string[]> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-use-'));
  try {
    for (const [name, text] of Object.entries({ 'play.yaml': play, 'hosts.yaml': hosts, ...files })) {
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), text);
    }
    return await saidIn(cwd, 'play.yaml', 'hosts.yaml', vars);
  } finally {
    await rm(cwd, { recursive: true });
  }
}

async function saidIn(
  cwd: string,
  playbook: string,
  hosts: string,
  vars: readonly string[],
): Promise<readonly string[]> {
  const extraVars = await parseExtraVars(vars, { cwd });
  const inventory = await loadInventory([hosts], { cwd, extraVars });
  const use = createNameUse();
  await loadPlaybook(playbook, { modules, cwd, inventory, extraVars, use });
  return findMisspelt(extraVars, use, new Set([inventory]));
}

const play = (rest: string): string => `- hosts: all\n  gather_facts: false\n${rest}`;
const task = (text: string): string => play(`  tasks:\n    - ${text}\n`);
const nothingUses = (name: string, near: string): string =>
  `nothing uses '${name}' of -e, as far as is known before the run; did you mean '${near}'?`;

describe('an extra variable that nothing uses', () => {
  const misspelt: readonly (readonly [
    what: string,
    book: Book,
    near: readonly (readonly [string, string])[],
  ])[] = [
    [
      'a keyword that is needed before the run',
      { play: play('  serial: "{{default batch 1}}"\n'), vars: ['batchs=1'] },
      [['batchs', 'batch']],
    ],
    [
      'a template',
      { play: task('debug: {msg: "{{default size 1}}"}'), vars: ['sise=1'] },
      [['sise', 'size']],
    ],
    [
      'what a play sets itself, and a condition uses',
      {
        play: play('  vars: {max_fail: 1}\n  tasks: [{ping: , when: max_fail > 0}]\n'),
        vars: ['max_fial=2'],
      },
      [['max_fial', 'max_fail']],
    ],
    [
      "a host's variable",
      { play: task('ping:'), hosts: 'all: {hosts: {a: {colour: red}}}\n', vars: ['color=blue'] },
      [['color', 'colour']],
    ],
    [
      'a prompt',
      { play: play('  vars_prompt: [{name: version}]\n'), vars: ['verzion=1'] },
      [['verzion', 'version']],
    ],
    [
      "a role's default",
      {
        play: play('  roles: [r]\n'),
        files: { 'roles/r/defaults/main.yml': 'port: 80\n', 'roles/r/tasks/main.yml': '- ping:\n' },
        vars: ['prot=81'],
      },
      [['prot', 'port']],
    ],
  ];
  for (const [what, book, near] of misspelt) {
    it(`may have been meant for ${what}`, async () => {
      expect(await said(book)).to.deep.equal(near.map(([name, meant]) => nothingUses(name, meant)));
    });
  }

  const peaceful: readonly (readonly [why: string, book: Book])[] = [
    ['no name is near', { play: task('debug: {msg: "{{default size 1}}"}'), vars: ['owner=me'] }],
    [
      'its near one is given too: they are two',
      { play: task('debug: {msg: "{{disk1}}"}'), vars: ['disk1=a', 'disk2=b'] },
    ],
    [
      'two letters of a short name differ',
      { play: task('debug: {msg: "{{default db_port 1}}"}'), vars: ['web_port=1'] },
    ],
    ['it is about the connection', { play: task('ping:'), vars: ['ansible_usr=me'] }],
    ["its near one is the run's own", { play: task('debug: {msg: "{{json groups}}"}'), vars: ['group=x'] }],
    [
      'a play sets it, though nothing uses it',
      {
        play: play('  vars: {size: 1, sizes: [2]}\n  tasks: [{debug: {msg: "{{json sizes}}"}}]\n'),
        vars: ['size=3'],
      },
    ],
    [
      "a host's address uses it",
      {
        play: task('debug: {msg: "{{default domains 1}}"}'),
        hosts: 'all: {hosts: {a: {ansible_host: "a.{{domain}}"}}}\n',
        vars: ['domain=example.org'],
      },
    ],
    [
      'another one uses it',
      {
        play: task('debug: {msg: "{{default sizes 1}} {{all_of_it}}"}'),
        vars: ['size=1', 'all_of_it={{size}}'],
      },
    ],
    [
      'the hosts of a play use it',
      {
        play: '- hosts: "{{target}}"\n  tasks: [{debug: {msg: "{{default targets 1}}"}}]\n',
        vars: ['target=a'],
      },
    ],
    [
      'a template file uses it',
      {
        play: task('template: {src: t.hbs, dest: "/x{{default sizes 1}}"}'),
        files: { 'templates/t.hbs': '{{size}}\n' },
        vars: ['size=1'],
      },
    ],
    [
      'a file of variables uses it, by an expression',
      {
        play: play('  vars_files: more.yaml\n  tasks: [{debug: {msg: "{{most}} {{default sizes 1}}"}}]\n'),
        files: { 'more.yaml': 'most: "{{cel \'size + 1\'}}"\n' },
        vars: ['{"size": 1}'],
      },
    ],
    [
      'a file uses it of which only a host says whether it is read',
      {
        play: task('include_tasks: "of-{{inventory_hostname}}.yaml"\n      vars: {x: "{{default sizes 1}}"}'),
        files: {
          'of-a.yaml': '- debug: {msg: "{{size}}"}\n- template: {src: t.hbs, dest: /x}\n',
          't.hbs': '{{limit}} {{default limits 1}}',
        },
        vars: ['size=1', 'limit=2'],
      },
    ],
  ];
  for (const [why, book] of peaceful) {
    it(`is left in peace where ${why}`, async () => expect(await said(book)).to.deep.equal([]));
  }

  it('of the flagship: every setting is known, and each of them misspelt is found', async () => {
    const settings = [
      ...['strategy', 'zvol_size', 'zvol_sparse', 'images', 'carry_writable', 'before_host', 'after_host'],
      ...[
        'batch',
        'max_fail',
        'force_lock',
        'allow_swarm',
        'drain_swarm',
        'swarm_manager',
        'allow_auto_remove',
        'move_hidden',
        'allow_inner_docker',
      ],
    ];
    const check = (vars: readonly string[]): Promise<readonly string[]> =>
      saidIn(root, 'playbooks/overlay2.yaml', 'inventory.example.yaml', vars);
    expect(await check(settings.map((name) => `${name}=1`))).to.deep.equal([]);
    const swapped = settings.map(
      (name) => [`${name.slice(0, -2)}${name.slice(-1)}${name.slice(-2, -1)}`, name] as const,
    );
    expect(await check(swapped.map(([wrong]) => `${wrong}=1`))).to.deep.equal(
      swapped.map(([wrong, right]) => nothingUses(wrong, right)),
    );
  });
});
