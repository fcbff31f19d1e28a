import { expect } from 'chai';
import { parseRunCommand } from '../../src/cli/command-line.js';
import type { RunCommand } from '../../src/cli/run-options.js';
import { ZrunError } from '../../src/core/errors.js';
import { verbs } from '../../src/cli/verbs.js';
import { zrun } from './fake-environment.js';

function parse(line: string): RunCommand {
  const parsed = parseRunCommand(['play.yaml', ...line.split(' ').filter((word) => word !== '')], '1.2.3');
  if (parsed.type === 'run') return parsed.command;
  throw new Error(`this is ${parsed.type}`);
}

describe('the command line of a run', () => {
  const cases: readonly (readonly [line: string, meant: Partial<RunCommand>])[] = [
    [
      '',
      {
        check: false,
        diff: false,
        forks: 50,
        connectTimeoutMs: 10_000,
        verbosity: 0,
        inventory: [],
        limit: undefined,
      },
    ],
    ['-i a.yaml -i b.yaml', { inventory: ['a.yaml', 'b.yaml'] }],
    ['--inventory=a.yaml more.yaml', { inventory: ['a.yaml'], playbooks: ['play.yaml', 'more.yaml'] }],
    ['-l web1,db* -f 5', { limit: 'web1,db*', forks: 5 }],
    ['--limit web:!web3 --forks=100', { limit: 'web:!web3', forks: 100 }],
    ['-CDv', { check: true, diff: true, verbosity: 1 }],
    ['-vvvv', { verbosity: 4 }],
    ['-v -v', { verbosity: 2 }],
    ['-e a=1 -e @vars.yaml', { extraVars: ['a=1', '@vars.yaml'] }],
    ['-t a,b -t c --skip-tags d,e', { tags: ['a', 'b', 'c'], skipTags: ['d', 'e'] }],
    ['-b --become-user postgres -K', { become: true, becomeUser: 'postgres', askBecomePassword: true }],
    ['--become-password-file p', { becomePasswordFile: 'p' }],
    ['-u admin --private-key k -T 2.5', { user: 'admin', privateKey: 'k', connectTimeoutMs: 2500 }],
    ['--task-timeout 60 --accept-new-host-keys', { taskTimeoutMs: 60_000, acceptNewHostKeys: true }],
    ['--list-hosts', { list: 'hosts' }],
    ['--list-tasks', { list: 'tasks' }],
    ['--list-tags', { list: 'tags' }],
    ['--syntax-check', { syntaxCheck: true }],
    [
      '--start-at-task Stop --force-handlers --verify',
      { startAtTask: 'Stop', forceHandlers: true, verify: true },
    ],
    ['--output ndjson --detailed-exitcode', { output: 'ndjson', detailedExitCode: true }],
    ['--profile', { profile: true }],
    ['--report a.html --report b.JSON', { report: ['a.html', 'b.JSON'] }],
    ['--metrics /var/lib/node_exporter/zrun.prom', { metrics: '/var/lib/node_exporter/zrun.prom' }],
  ];
  for (const [line, meant] of cases) it(`reads '${line}'`, () => expect(parse(line)).to.deep.include(meant));

  const wrong: readonly (readonly [line: string, message: RegExp, hint: RegExp | undefined])[] = [
    ['--chekc', /unknown option --chekc/, /did you mean --check\?/],
    ['--start-at Stop', /unknown option --start-at/, undefined],
    ['--xyzzy', /unknown option --xyzzy/, /zrun --help/],
    ['--become-user=', /--become-user is empty/, /Leave it out to become root/],
    ['--user=', /--user is empty/, /as ssh does/],
    ['--start-at-task=', /--start-at-task is empty/, undefined],
    ['--tags=', /--tags is empty/, /Leave it out to run all tasks/],
    ['--skip-tags=,', /--skip-tags is empty/, undefined],
    ['-k --connection-password-file x', /asked for and read from a file at once/, /one of/],
    ['--become-method runas', /--become-method is sudo, su, doas, not 'runas'/, undefined],
    ['--flush-cache', /unknown option/, /nothing is cached/],
    ['-i', /--inventory.* argument missing/, /zrun --help/],
    ['--forks 0', /--forks needs a whole number above 0, not '0'/, undefined],
    ['--forks 2.5', /--forks needs a whole number/, undefined],
    ['--timeout soon', /--timeout needs a number of seconds above 0, not 'soon'/, undefined],
    [
      '--output xml',
      /--output is one of tty, plain, oneline, ndjson, json, junit, tap, not 'xml'/,
      undefined,
    ],
    ['--limit=', /the limit is empty/, /no host/],
    ['-K --become-password-file p', /at once/, /Use one/],
  ];
  for (const [line, message, hint] of wrong) {
    it(`refuses '${line}'`, () => {
      let thrown: unknown;
      try {
        parse(line);
      } catch (error) {
        thrown = error;
      }
      if (!(thrown instanceof ZrunError)) expect.fail(`not refused in the right way: ${String(thrown)}`);
      expect(thrown.code).to.equal('usage');
      expect(thrown.message).to.match(message);
      if (hint) expect(thrown.hint).to.match(hint);
    });
  }
});

describe('zrun', () => {
  it('--help fits in 80 columns, groups its options, and ends with examples and exit codes', async () => {
    const { code, stdout, stderr } = await zrun(['--help']);
    expect([code, stderr]).to.deep.equal([0, '']);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
    for (const group of ['Hosts:', 'What is done:', 'Connection:', 'Output:', 'Examples:', 'Exit codes:'])
      expect(stdout).to.contain(`\n${group}\n`);
    expect(stdout).to.match(/\n {4}4 {2}wrong command line/);
  });

  it('lists its verbs, and each has a help of its own that fits in 80 columns', async () => {
    const { stdout } = await zrun(['--help']);
    for (const [verb, { summary }] of Object.entries(verbs)) {
      expect(stdout).to.match(new RegExp(`^  ${verb} +${summary}$`, 'm'));
      const help = await zrun([verb, '--help']);
      expect([help.code, help.stderr], verb).to.deep.equal([0, '']);
      expect(help.stdout).to.match(new RegExp(`^Usage: zrun ${verb}`));
      for (const line of help.stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
    }
  });

  it('help and version are verbs, and files of these names go by their paths', async () => {
    expect(await zrun(['help'])).to.deep.equal(await zrun(['--help']));
    expect(await zrun(['help', 'exec'])).to.deep.equal(await zrun(['exec', '--help']));
    expect(await zrun(['version'])).to.deep.equal(await zrun(['--version']));
    for (const [argv, stderr] of [
      [
        ['help', 'exce'],
        "error: there is no playbook and no verb 'exce'\n  hint: did you mean 'zrun exec'?\n",
      ],
      [['help', 'exec', 'ping'], 'error: one verb at a time\n  hint: zrun help exec\n'],
      [['version', 'x'], "error: 'x' stands where nothing belongs\n"],
      [['./help', '-i', 'a,'], 'error: cannot read ./help: there is no such file\n'],
    ] as const)
      expect((await zrun(argv)).stderr).to.contain(stderr);
  });

  it('--version says its version, whatever else is there', async () => {
    expect(await zrun(['play.yaml', '--version'])).to.deep.equal({
      code: 0,
      stdout: 'zrun 0.0.0-test\n',
      stderr: '',
    });
  });

  it('without words shows its help, as an error', async () => {
    const { code, stdout, stderr } = await zrun([]);
    expect([code, stdout]).to.deep.equal([4, '']);
    expect(stderr).to.match(/^Usage: zrun PLAYBOOK/);
  });

  it('with options alone says what is missing', async () => {
    const { code, stderr } = await zrun(['-i', 'hosts.yaml']);
    expect(code).to.equal(4);
    expect(stderr).to.equal(
      'error: no playbook is given\n  hint: zrun PLAYBOOK -i INVENTORY; zrun --help shows all options\n',
    );
  });

  it('shows no escape sequence of an argument', async () => {
    const { stderr } = await zrun(['play.yaml', '--\u001b]0;x\u0007']);
    expect(stderr).to.contain('unknown option --\\x1b]0;x\\x07');
  });
});
