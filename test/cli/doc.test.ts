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

  it('writes Markdown for a topic', async () => {
    const { code, stdout } = await zrun(['doc', '--markdown', 'helpers', 'copy']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^## helpers\n[^]*^\| `sh` \| quotes a value [^|]*\|$[^]*^## copy$/m);
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

  const pages: readonly (readonly [argv: readonly string[], text: RegExp])[] = [
    [['helpers'], /^sh +quotes a value as one word of a shell/m],
    [['functions'], /^basename +/m],
    [['keywords'], /^serial +How many hosts at a time/m],
    [['keywords'], /^collections +not there yet: zrun's modules are all built in$/m],
    [['facts'], /^facts\.host\.kernel +as uname -r says \(text\)$/m],
    [['facts'], /^facts\.host\.os\.id +`debian` \(text \| null\)$/m],
    [['errors'], /^auth-failed +the host refused every key\b/m],
    [['modules'], /^copy +Put a file/m],
    [['auth-failed'], /^auth-failed \(error\): the host refused every key[^]*\n\nzrun ping HOST -vvv lists /],
    [['serial'], /^serial \(keyword\): How many hosts[\s\S]*Stands on: play\.$/m],
    [['keywords', 'serial'], /^serial \(keyword\): How many hosts/],
    [['facts', 'docker.driver'], /^facts\.docker\.driver \(fact\)/],
    [['facts.docker.driver'], /^facts\.docker\.driver \(fact\): the storage driver/],
    [['docker.driver'], /^facts\.docker\.driver \(fact\)/],
    [['facts.docker'], /^facts\.docker\.driver +/m],
    [['sh'], /^sh \(helper\): quotes a value/],
    [['to_nice_yaml'], /^In place of the filter 'to_nice_yaml', zrun has a function:\n\nyaml\.encode \(/],
    [
      ['ansible_distribution'],
      /^'ansible_distribution' is a word of Ansible's: zrun's is called facts\.os\.id\b/,
    ],
    [['ansible_facts.os_family'], /zrun's is called\nfacts\.os\.family$/m],
    [['with_items'], /: write loop: with the same list$/m],
    [['ternary'], /write\ncondition \? "yes" : "no"/],
    [['defined'], /write default\(x, null\) != null/],
    [['query'], /there are no lookups/],
    [['become'], /sudo|become_method/],
    [['copy', 'mode'], /^copy: mode \(/],
    [['copy', 'mode', 'serial'], /^copy: mode \([^]*^serial \(keyword\)/m],
    [['ansible.builtin.copy'], /^copy: Put a file/],
    [['community.general.zfs'], /^zfs: Make a ZFS filesystem/],
    [['--search', 'permissions', 'octal'], /^parameter copy\.mode +Permissions in octal/m],
    [['-s', 'service'], /^module systemd_service /m],
  ];
  for (const [argv, text] of pages) {
    it(`shows ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr } = await zrun(['doc', ...argv]);
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(text);
      expect(stdout).not.to.match(/undefined|\[object|\(anything\)/);
      if (argv.length === 1 && !argv[0]?.includes('.')) return;
      for (const line of stdout.split('\nExamples\n')[0]?.split('\n') ?? [])
        expect(line.length, line).to.be.at.most(80);
    });
  }

  it('has a word on every helper, function, keyword, fact and error', async () => {
    for (const topic of ['helpers', 'functions', 'keywords', 'facts', 'errors']) {
      const { stdout } = await zrun(['doc', topic]);
      const lines = stdout.split('\n\n')[1]?.split('\n') ?? [];
      expect(lines.length, topic).to.be.greaterThan(5);
      for (const [i, line] of lines.entries()) {
        expect(line.length, line).to.be.at.most(80);
        // A name that fills its column has what is said of it on the next line.
        if (/^\S+$/.test(line)) expect(lines[i + 1], line).to.match(/^ {2}/);
      }
    }
  });

  const unknown: readonly (readonly [argv: readonly string[], error: string])[] = [
    [['service'], "error: there is no module 'service'\n  hint: zrun's is called 'systemd_service'\n"],
    [['sereal'], "error: nothing that is called 'sereal' is documented\n  hint: did you mean 'serial'?\n"],
    [
      ['keywords', 'qqqq'],
      "error: there is no 'qqqq' among the keywords\n  hint: zrun doc keywords lists them\n",
    ],
    [
      ['keywords', 'sereal'],
      "error: there is no 'sereal' among the keywords\n  hint: did you mean 'serial'?\n",
    ],
    [
      ['auth-faild'],
      "error: nothing that is called 'auth-faild' is documented\n  hint: did you mean 'auth-failed'?\n",
    ],
    [
      ['docker.drver'],
      "error: nothing that is called 'docker.drver' is documented\n  hint: did you mean 'docker.driver'?\n",
    ],
    [
      ['--search', 'qqqq'],
      "error: nothing is documented about 'qqqq'\n  hint: try a part of the word; zrun doc lists the modules\n",
    ],
    [
      ['community.docker.docker_container'],
      "error: there is no module 'community.docker.docker_container'\n  hint: 'zrun doc' lists the modules\n",
    ],
    [
      ['copy', 'nope'],
      "error: copy has no parameter 'nope', and nothing else has that name\n  hint: zrun doc copy lists its parameters\n",
    ],
    [
      ['copy', 'own'],
      "error: copy has no parameter 'own', and nothing else has that name\n  hint: zrun doc copy lists its parameters\n",
    ],
    [['--search'], 'error: nothing to look for is given\n  hint: zrun doc --search WORD\n'],
  ];
  for (const [argv, error] of unknown) {
    it(`knows nothing of ${argv.join(' ')}`, async () => {
      expect(await zrun(['doc', ...argv])).to.deep.equal({ code: 4, stdout: '', stderr: error });
    });
  }
});
