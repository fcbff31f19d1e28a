import { expect } from 'chai';
import { command } from '../../../src/modules/commands/command.js';
import { shell } from '../../../src/modules/commands/shell.js';
import { createCheck, createHost, perform, planOf, withFolder } from '../harness.js';
import { UnchangedError } from '../../../src/core/module.js';
import { Unknown } from '../../../src/core/value.js';

describe('command', () => {
  it('runs words that no shell has read', async () => {
    const argv = ['printf', '%s|', 'a b', '$HOME', '*', "it's", ''];
    const { result, exchanges } = await perform(command, { argv });
    expect(result).to.deep.include({ rc: 0, stdout: "a b|$HOME|*|it's||", stderr: '' });
    expect(exchanges, 'one to apply, none to plan').to.equal(1);
  });

  it('splits a line as a shell would', async () => {
    const { result } = await perform(command, {
      cmd: `printf '%s\\n' "two words" 'and $three'  more\\ here`,
    });
    expect(result['stdout_lines']).to.deep.equal(['two words', 'and $three', 'more here']);
  });

  for (const [cmd, message] of [
    ['ls | wc -l', /'\|' means a pipe to a shell.*`shell`/],
    ['echo $HOME', /'\$' means a variable/],
    ['echo "$HOME"', /'\$' means a variable/],
    ['a && b', /'&' means/],
    ['a > file', /'>' means a redirection/],
    ['echo `id`', /a command substitution/],
    ['a\nb', /a line break means/],
    ['echo "open', /is opened and not closed/],
    ['  ', /the command is empty/],
  ] as const) {
    it(`refuses ${JSON.stringify(cmd)}`, () => {
      expect(() => command.bind({ cmd })).to.throw(message);
    });
  }

  it('refuses both `cmd` and `argv`, or neither', () => {
    expect(() => command.bind({ cmd: 'ls', argv: ['ls'] })).to.throw(/either/);
    expect(() => command.bind({})).to.throw(/either/);
  });

  it('refuses a name that its schema would pass over', () => {
    const params: unknown = JSON.parse('{"cmd": "ls", "__proto__": 1}');
    expect(() => command.bind(params as Record<string, string>)).to.throw(/nothing of the name '__proto__'/);
  });

  it('takes a million line breaks off an end in no time', async () => {
    const cmd = `head -c 200000 /dev/zero | tr '\\0' '\\n'; printf 'x\\n\\n'`;
    const { result } = await perform(shell, { cmd });
    expect(result['stdout']).to.equal(`${'\n'.repeat(200_000)}x`);
  });

  it('returns what a failed command left, for the engine to judge', async () => {
    const { result } = await perform(shell, { cmd: 'echo out; echo err >&2; exit 3' });
    expect(result).to.deep.equal({
      rc: 3,
      msg: '',
      stdout: 'out',
      stderr: 'err',
      stdout_lines: ['out'],
      stderr_lines: ['err'],
      cmd: 'echo out; echo err >&2; exit 3',
      stdout_omitted: 0,
      stderr_omitted: 0,
    });
  });

  it('says so when there is no such program or directory', async () => {
    for (const program of ['no-such-program', '/no/such/program', 'cd']) {
      const missing = await perform(command, { argv: [program] }).catch((error: unknown) => error);
      if (!(missing instanceof UnchangedError)) throw new Error(`${program} was run`);
      expect(missing.message).to.equal(`the host has no program '${program}'`);
      expect(missing.result).to.deep.include({ rc: 2, msg: '', stdout: '', cmd: program });
    }
    for (const argv of [
      ['sh', '-c', 'no-such-program'],
      ['/bin/sh', '-c', 'exit 127'],
      ['env', 'no-such-program'],
    ])
      expect((await perform(command, { argv })).result['rc']).to.equal(127);
    const { result } = await perform(command, { argv: ['true'], chdir: '/no/such/directory' });
    expect(result['rc']).not.to.equal(0);
    expect(result['stderr']).to.include('/no/such/directory');
  });

  it('hands over its input, with a line break unless told otherwise', async () => {
    const cat = { argv: ['od', '-An', '-c'], stdin: 'x' };
    expect((await perform(command, cat)).result['stdout']).to.match(/x\s+\\n/);
    expect((await perform(command, { ...cat, stdin_add_newline: false })).result['stdout']).not.to.match(
      /\\n/,
    );
  });

  it('keeps line breaks at the end where asked', async () => {
    const { result } = await perform(shell, { cmd: 'echo x; echo', strip_empty_ends: false });
    expect(result).to.deep.include({ stdout: 'x\n\n', stdout_lines: ['x'] });
  });

  it('runs neither where `creates` exists nor where `removes` does not', () =>
    withFolder(async (tmp) => {
      const cases = [
        [{ creates: tmp }, false],
        [{ creates: `${tmp}/x` }, true],
        [{ removes: tmp }, true],
        [{ removes: `${tmp}/x` }, false],
      ] as const;
      for (const [params, changed] of cases) {
        const done = await perform(shell, { cmd: ':', ...params });
        expect(done.changed, JSON.stringify(params)).to.equal(changed);
        expect(done.exchanges).to.equal(changed ? 2 : 1);
        expect(done.result['rc']).to.equal(0);
      }
    }));

  it('is a change of unknown outcome in check mode, and is not run', () =>
    withFolder(async (tmp) => {
      const plan = await createCheck(createHost())(shell, { cmd: `echo x >${tmp}/made` });
      expect(plan.change).to.equal('some');
      if (plan.change === 'some') expect(plan.predicted['rc']).to.be.instanceOf(Unknown);
      const made = await createHost().run({ shellText: `test -e ${tmp}/made` });
      expect(made.status).not.to.equal(0);
    }));

  it('reads shell text with the shell that is asked for', async () => {
    const { result } = await perform(shell, { cmd: 'echo "$0"', executable: '/bin/bash' });
    expect(result['stdout']).to.equal('/bin/bash');
  });

  it('shortens a long command in its summary', async () => {
    const plan = await planOf(shell, { cmd: `\n${'x'.repeat(300)}\nsecond` }, createHost().read);
    expect(plan.change === 'some' && plan.summary).to.match(/^run x{99}…$/);
  });
});
