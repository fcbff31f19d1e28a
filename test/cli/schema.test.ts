import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import * as z from 'zod';
import { zrun } from './fake-environment.js';

const shape = z.looseObject({ $schema: z.string(), title: z.string() });

describe('zrun schema', () => {
  let cwd: string;

  before(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-schema-'));
  });
  after(() => rm(cwd, { recursive: true }));

  for (const [name, title] of [
    ['playbook', 'zrun playbook'],
    ['tasks', 'zrun tasks'],
    ['inventory', 'zrun inventory'],
    ['vars', 'zrun variables'],
    ['events', 'zrun event (zrun-events/1)'],
    ['report', 'zrun report'],
  ] as const) {
    it(`writes that of ${name} as JSON`, async () => {
      const { code, stdout, stderr } = await zrun(['schema', name], { cwd });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      const schema = shape.parse(JSON.parse(stdout));
      expect(schema.title).to.equal(title);
      expect(schema.$schema).to.equal('http://json-schema.org/draft-07/schema#');
    });
  }

  it('writes into a file, the same', async () => {
    const { code, stdout } = await zrun(['schema', 'vars', '-o', 'vars.json'], { cwd });
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' });
    const shown = await zrun(['schema', 'vars'], { cwd });
    expect(await readFile(path.join(cwd, 'vars.json'), 'utf8')).to.equal(shown.stdout);
  });

  it('explains itself, with what VS Code is told', async () => {
    const { code, stdout } = await zrun(['schema', '--help'], { cwd });
    expect(code).to.equal(0);
    expect(stdout).to.contain('"yaml.schemas"').and.contain('zrun schema playbook -o');
  });

  for (const [argv, said] of [
    [[], 'no schema is named'],
    [['playbok'], "did you mean 'playbook'?"],
    [['playbook', 'vars'], 'one schema at a time'],
    [['vars', '-o', 'no/where.json'], 'cannot write no/where.json: its folder is not there'],
    [['vars', '--ouput', 'x'], 'did you mean --output?'],
  ] as const) {
    it(`refuses '${argv.join(' ')}'`, async () => {
      const { code, stderr } = await zrun(['schema', ...argv], { cwd });
      expect(code).to.equal(4);
      expect(stderr).to.contain(said);
    });
  }
});
