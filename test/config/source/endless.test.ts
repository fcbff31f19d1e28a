/** Files that a playbook names and that never end: they are errors at once, and nobody waits for a writer. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun } from '../../cli/fake-environment.js';

const cases = [
  { what: 'vars_files', play: '  vars_files: [pipe.yaml]\n', task: 'debug: {msg: a}' },
  { what: 'include_vars', play: '', task: 'include_vars: {file: pipe.yaml}' },
  { what: 'include_tasks', play: '', task: 'include_tasks: pipe.yaml' },
  { what: 'a template', play: '', task: 'template: {src: pipe.yaml, dest: /nowhere}' },
];

describe('a pipe instead of a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'zrun-endless-'));
    execFileSync('mkfifo', [path.join(folder, 'pipe.yaml')]);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { what, play, task } of cases)
    it(`is an error before the run: ${what}`, async () => {
      writeFileSync(
        path.join(folder, 'site.yaml'),
        `- hosts: localhost\n  gather_facts: false\n${play}  tasks:\n    - ${task}\n`,
      );
      const ended = await zrun([path.join(folder, 'site.yaml'), '-i', 'localhost,']);
      expect(ended.code).to.equal(4);
      expect(ended.stderr).to.contain('it is a pipe or a device, not a file');
    });
});
