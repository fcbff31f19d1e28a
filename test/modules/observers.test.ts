/** The modules that only look or only talk: none of them ever changes anything. */
import { createServer } from 'node:net';
import { expect } from 'chai';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { UnknownValueError, type Value } from '../../src/core/value.js';
import { assert } from '../../src/modules/control/assert.js';
import { debug } from '../../src/modules/control/debug.js';
import { fail } from '../../src/modules/control/fail.js';
import { setFact } from '../../src/modules/control/set_fact.js';
import { stat } from '../../src/modules/files/stat.js';
import { waitFor } from '../../src/modules/commands/wait_for.js';
import { createHost, failureOf, perform, planOf, withFolder } from './harness.js';

const read = createHost().read;

describe('stat', () => {
  it('tells of a file, a directory, a link and nothing', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/f`, 'abc');
      await chmod(`${tmp}/f`, 0o640);
      await mkdir(`${tmp}/d`);
      await symlink('f', `${tmp}/l`);
      const look = async (path: string, more = {}): Promise<Value | undefined> => {
        const { result, exchanges } = await perform(stat, { path, ...more });
        expect(exchanges).to.equal(1);
        return result['stat'];
      };
      expect(await look(`${tmp}/f`)).to.include({
        exists: true,
        isreg: true,
        isdir: false,
        mode: '0640',
        size: 3,
        nlink: 1,
        ismount: false,
        // printf abc | sha256sum
        checksum: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      });
      expect(await look(`${tmp}/f`, { get_checksum: false })).not.to.have.property('checksum');
      expect(await look(`${tmp}/d`)).to.include({ isdir: true, isreg: false });
      expect(await look(`${tmp}/l`)).to.include({ islnk: true, lnk_target: 'f', lnk_source: `${tmp}/f` });
      expect(await look(`${tmp}/l`, { follow: true })).to.include({ islnk: false, isreg: true, size: 3 });
      expect(await look(`${tmp}/none`)).to.deep.equal({ exists: false, path: `${tmp}/none` });
      expect(await look(`${tmp}/f/below`)).to.include({ exists: false });
      expect(await look('/proc')).to.include({ ismount: true });
    }));
});

describe('assert', () => {
  it('passes where all hold, and names the first that does not', async () => {
    const passed = await planOf(assert, { that: ['1 < 2', 'true'] }, read);
    expect(passed).to.include({ change: 'none', reason: 'all 2 conditions hold' });
    const error = await failureOf(planOf(assert, { that: ['1 < 2', '2 < 1', 'nonsense('] }, read));
    expect(error).to.include({ code: 'assertion-failed', message: 'this does not hold: 2 < 1' });
  });

  it("says the user's message, and which condition it was", async () => {
    const error = await failureOf(planOf(assert, { that: '2 < 1', fail_msg: 'no room' }, read));
    expect(error).to.include({ message: 'no room', hint: 'this does not hold: 2 < 1' });
  });

  it('wants true or false', async () => {
    const error = await failureOf(planOf(assert, { that: '"yes"' }, read));
    expect(error.code).to.equal('expression-type');
  });

  it('is unknown where a condition is, unless another one is false for certain', async () => {
    const evaluate = (text: string): Value => {
      if (text === 'unknown') throw new UnknownValueError('an earlier task');
      return text === 'true';
    };
    const outcome = (that: string[]): Promise<unknown> =>
      planOf(assert, { that }, read, { evaluate }).catch((error: unknown) => error);
    expect(await outcome(['unknown', 'true'])).to.be.instanceOf(UnknownValueError);
    expect(await outcome(['unknown', 'false'])).to.have.property('code', 'assertion-failed');
  });
});

describe('fail, debug, set_fact', () => {
  it('fails with its message', async () => {
    const error = await failureOf(planOf(fail, { msg: 'the pool is degraded' }, read));
    expect(error).to.include({ code: 'task-failed', message: 'the pool is degraded' });
  });

  it('shows a text or a value', async () => {
    expect(await planOf(debug, { msg: 'text' }, read)).to.include({ message: 'text' });
    expect(await planOf(debug, { msg: [1] }, read)).to.include({ message: '[\n  1\n]' });
    const shown = await planOf(debug, { var: '[1, 2]' }, read);
    expect(shown).to.have.nested.property('result.value').that.deep.equals([1, 2]);
    expect(() => debug.bind({ msg: 'a', var: 'b' })).to.throw(/either/);
  });

  it('sets variables under names that can be used', async () => {
    const plan = await planOf(setFact, { pool: 'tank', sizes: [1, 2] }, read);
    expect(plan.change === 'none' && plan.vars).to.deep.equal({ pool: 'tank', sizes: [1, 2] });
    for (const params of [{}, { 'not-a-name': 1 }, { '1st': 1 }, { cacheable: true }]) {
      expect(() => setFact.bind(params), JSON.stringify(params)).to.throw();
    }
  });
});

describe('wait_for', () => {
  it('goes on at once where it is so already', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/log`, 'starting\nready\n');
      for (const params of [
        { path: `${tmp}/log` },
        { path: `${tmp}/none`, state: 'absent' },
        { path: `${tmp}/log`, search_regex: '^ready$' },
        { path: `${tmp}/log`, search_regex: '^gone$', state: 'absent' },
      ]) {
        const { changed, exchanges } = await perform(waitFor, { ...params, timeout: 5 });
        expect({ changed, exchanges }).to.deep.equal({ changed: false, exchanges: 1 });
      }
    }));

  it('waits on the host until a file comes', () =>
    withFolder(async (tmp) => {
      const made = createHost().run({ shellText: `sleep 0.3; : >${tmp}/late` });
      const { exchanges } = await perform(waitFor, { path: `${tmp}/late`, timeout: 20 });
      expect(exchanges, 'however often it looked').to.equal(1);
      await made;
    }));

  it('says what it waited for when the time is over', async () => {
    const error = await failureOf(perform(waitFor, { path: '/no/such/file', timeout: 0 }));
    expect(error.message).to.equal(
      'waited 0 s until /no/such/file is there, but still /no/such/file is gone',
    );
    const own = await failureOf(perform(waitFor, { path: '/no/such/file', timeout: 0, msg: 'too late' }));
    expect(own.message).to.equal('too late');
  });

  it('sees a port that is listened on, here and as another host', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await perform(waitFor, { port, timeout: 5 });
    await perform(waitFor, { port, host: '127.0.0.01', timeout: 5 });
    const error = await failureOf(perform(waitFor, { port, state: 'stopped', timeout: 0 }));
    expect(error.message).to.match(/but still port \d+ of 127.0.0.1 answers$/);
    await new Promise((resolve) => server.close(resolve));
    await perform(waitFor, { port, state: 'stopped', timeout: 5 });
    await perform(waitFor, { port, state: 'stopped', host: '127.0.0.01', timeout: 5 });
  });

  it('refuses a pattern that grep does not understand', async () => {
    const error = await failureOf(perform(waitFor, { path: '/etc/passwd', search_regex: '(' }));
    expect(error.problem.stderr).to.match(/[Uu]nmatched|[Mm]issing/);
  });

  it('looks once in check mode and never waits', async () => {
    const plan = await planOf(waitFor, { path: '/no/such/file' }, read, { check: true });
    expect(plan).to.include({
      change: 'none',
      reason: 'not yet; a run waits until /no/such/file is there',
    });
  });
});
