import { expect } from 'chai';
import { modules } from '../../src/modules/index.js';
import { zrun } from './fake-environment.js';

describe('zrun doc', () => {
  it('lists every module with its summary', async () => {
    const { code, stdout } = await zrun(['doc']);
    expect(code).to.equal(0);
    const names = [...stdout.matchAll(/^(\w+) {2,}/gm)].map(([, name]) => name);
    expect(names).to.deep.equal([...modules.keys()].sort());
    const text = stdout.replace(/\s+/g, ' ');
    for (const { name, summary } of modules.values()) expect(text).to.contain(`${name} ${summary}`);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
  });

  it('shows what a module takes, returns and does', async () => {
    const { code, stdout } = await zrun(['doc', 'stat']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^stat: Look at what is at a path$/m);
    expect(stdout).to.match(/^ {2}path \(text; required\)$/m);
    expect(stdout).to.match(/^ {2}follow \(true \| false; default false\)$/m);
    expect(stdout).to.match(/^ {6}checksum \(text; not always\)$/m);
    expect(stdout).to.match(/^Examples$/m);
  });

  it("shows a parameter's other names", async () => {
    const { stdout } = await zrun(['doc', 'lineinfile']);
    expect(stdout).to.match(/^ {2}path \(text; required\)\n(?: {6}.*\n)+ {6}aliases: dest, destfile, name$/m);
    expect((await zrun(['doc', '--markdown'])).stdout).to.contain('(aliases: `regex`)');
  });

  it('fits in 80 columns but for examples', async () => {
    for (const name of modules.keys()) {
      const { stdout } = await zrun(['doc', name]);
      const [text = ''] = stdout.split('\nExamples\n');
      for (const line of text.split('\n')) expect(line.length, `${name}: ${line}`).to.be.at.most(80);
    }
  });

  it('tells what runs once, and shows nothing of what is only a test’s', async () => {
    const { stdout } = await zrun(['doc', 'pause', 'fail']);
    expect(stdout).to.contain('Runs once for all hosts of a batch, on the machine that zrun runs on.');
    expect(stdout).not.to.contain('when: false');
    expect((await zrun(['doc', 'shell', 'command'])).stdout.match(/^ +name: /gm)).to.equal(null);
  });

  it('writes Markdown for all, every parameter in it', async () => {
    const { code, stdout } = await zrun(['doc', '--markdown']);
    expect(code).to.equal(0);
    for (const { name, params } of modules.values()) {
      const section = stdout.split(/^## /m).find((each) => each.startsWith(`${name}\n`)) ?? '';
      for (const parameter of Object.keys(params.shape))
        expect(section, name).to.contain(`| \`${parameter}\` |`);
    }
    expect(stdout).not.to.contain('undefined');
    expect(stdout).not.to.contain('[object Object]');
  });

  it('knows the nearest module of a misspelt name', async () => {
    const { code, stderr } = await zrun(['doc', 'cpoy']);
    expect(code).to.equal(4);
    expect(stderr).to.equal("error: there is no module 'cpoy'\n  hint: did you mean 'copy'?\n");
  });

  it('refuses an unknown option', async () => {
    const { code, stderr } = await zrun(['doc', '--markdwon']);
    expect(code).to.equal(4);
    expect(stderr).to.contain('did you mean --markdown?');
  });
});
