/**
 * Canaries of every kind of secret, in a run that is asked for all there is to see: they are in none of what it leaves.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createSecretFolder, type SecretFolder } from '../../secrets/tools.js';
import { zrun } from '../fake-environment.js';

const fixtures = path.join(import.meta.dirname, '../../secrets/fixtures');

describe('secrets that were decrypted', () => {
  let there: SecretFolder;
  before(() => {
    there = createSecretFolder();
    there.write('password', 'swordfish-of-vault\n');
    there.write('dev', 'lanternfish-of-vault\n');
    const recipient = there.keygen('key.txt');
    execFileSync(
      'sh',
      ['-c', `cat '${fixtures}/sops-key.txt' >>key.txt; mkdir -p group_vars host_vars vars`],
      {
        cwd: there.folder,
      },
    );
    const vault = ['--vault-password-file', 'password'];
    there.vault('group_vars/all.yml', 'from_group: canary-group\n', vault);
    there.vault('vars/play.yml', 'from_vars_files: canary-vars-files\nnumber: 48151623\n', [
      '--vault-id',
      'dev@dev',
    ]);
    there.vault('included.yml', 'from_include: canary-include\n', vault);
    there.write('host_vars/h1.yml', there.age('from_host: canary-host\n', ['-a', '-r', recipient]));
    there.write('extra.yml', there.age('from_extra: canary-extra\n', ['-a', '-r', recipient]));
    const value = there.run('ansible-vault', [
      'encrypt_string',
      ...vault,
      '--name',
      'value',
      'canary\'value"1',
    ]);
    there.write(
      'vars/values.yml',
      `${value}\naged: !age |\n${there.age('canary-aged', ['-a', '-r', recipient]).replace(/^/gm, '  ')}`,
    );
    execFileSync('cp', [path.join(fixtures, 'sops.yaml'), there.file('vars/sops.yml')]);
    there.write('hosts.yml', 'all: {hosts: {h1: {ansible_connection: local}}}\n');
    there.write(
      'play.yml',
      `- hosts: all
  gather_facts: false
  vars_files: [vars/play.yml, vars/values.yml, vars/sops.yml]
  vars:
    all_of_them: "{{from_group}} {{from_vars_files}} {{from_host}} {{from_extra}} {{value}} {{aged}} {{number}} {{complex.value}}"
  tasks:
    - include_vars: included.yml
    - name: "say {{from_group}}"
      debug: {msg: "{{all_of_them}} {{from_include}}"}
    - shell: "printf '%s\\\\n' {{sh all_of_them}} | tee /dev/stderr; printf %s {{sh from_group}} | base64"
      register: said
    - copy: {content: "{{all_of_them}}\\n", dest: "\${folder}/out/{{from_vars_files}}"}
    - set_fact: {kept: "{{aged}}"}
    - debug: {var: said}
    - command: "false {{value}}"
      when: kept != ""
`.replaceAll('${folder}', there.folder),
    );
  });
  after(() => there.remove());

  const canaries = [
    'canary-group',
    'canary-vars-files',
    'canary-include',
    'canary-host',
    'canary-extra',
    'canary\'value"1',
    'canary-aged',
    '48151623',
    'this is a secret',
    'swordfish-of-vault',
    'lanternfish-of-vault',
  ];

  for (const output of ['plain', 'json', 'tty'] as const)
    it(`are in no artefact of a run at -vvvv, --output ${output}`, async () => {
      execFileSync('rm', ['-rf', 'state', 'out', 'reports'], { cwd: there.folder });
      execFileSync('mkdir', ['-p', 'out', 'reports'], { cwd: there.folder });
      const ended = await zrun(
        [
          ...['play.yml', '-i', 'hosts.yml', '-vvvv', '--diff', '--output', output, '-e', '@extra.yml'],
          ...['--vault-password-file', 'password', '--vault-id', 'dev@dev', '--age-identity', 'key.txt'],
          ...['html', 'json', 'xml', 'md'].flatMap((kind) => ['--report', `reports/run.${kind}`]),
        ],
        { cwd: there.folder, homeFolder: there.folder, env: { XDG_STATE_HOME: there.file('state') } },
      );
      expect(ended.code, ended.stderr + ended.stdout).to.equal(2);
      // What was asked for was done with the text in clear.
      expect(readFileSync(there.file('out/canary-vars-files'), 'utf8')).to.include(
        'canary-group canary-vars-files',
      );
      const files = ['state', 'reports'].flatMap((folder) =>
        readdirSync(there.file(folder), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.join(entry.parentPath, entry.name)),
      );
      expect(files.length).to.be.greaterThan(5);
      const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
      texts.set('stdout', ended.stdout).set('stderr', ended.stderr);
      const found: string[] = [];
      for (const [name, text] of texts)
        for (const canary of canaries)
          for (const form of [
            canary,
            JSON.stringify(canary).slice(1, -1),
            Buffer.from(canary).toString('base64').slice(0, -4),
          ])
            if (text.includes(form)) found.push(`${name}: ${form}`);
      expect(found).to.deep.equal([]);
    });
});
