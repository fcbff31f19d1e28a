/** What comes from a host to the controller: `fetch` and `slurp`; and `pause`, which touches no host. */
import { expect } from 'chai';
import { appendFile, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { copy } from '../../../src/modules/files/copy.js';
import { fetch } from '../../../src/modules/files/fetch.js';
import { pause } from '../../../src/modules/control/pause.js';
import { slurp } from '../../../src/modules/files/slurp.js';
import { createController } from '../../../src/cli/controller.js';
import type { TaskContext } from '../../../src/core/module.js';
import { play } from '../../engine/play.js';
import {
  createCheck,
  createHost,
  failureOf,
  localRun,
  perform,
  performTwice,
  planOf,
  textIn,
  withFolder,
} from '../harness.js';

const MiB = 1024 * 1024;

describe('fetch', () => {
  it('puts a file into a folder of the host, in two exchanges, once', () =>
    withFolder(async (tmp) => {
      const bytes = Buffer.from([...Array(256).keys()]);
      await writeFile(`${tmp}/a file`, bytes);
      const params = { src: `${tmp}/a file`, dest: `${tmp}/got` };
      const { exchanges, result } = await performTwice(fetch, params);
      expect(exchanges).to.equal(2);
      expect(result['dest']).to.equal(`${tmp}/got/test${tmp}/a file`);
      expect((await readFile(textIn(result, 'dest'))).equals(bytes)).to.equal(true);
      await appendFile(`${tmp}/a file`, 'more');
      expect((await performTwice(fetch, params)).changed).to.equal(true);
    }));

  it('is relative to the playbook, and takes a name that is not one folder for one', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/a`, 'x');
      for (const [params, host, dest] of [
        [{ dest: 'got' }, 'web1', `${tmp}/plays/got/web1${tmp}/a`],
        [{ dest: 'got' }, '../..', `${tmp}/plays/got/.._..${tmp}/a`],
        [{ dest: 'got' }, '..', `${tmp}/plays/got/_${tmp}/a`],
        [{ dest: 'b', flat: true }, 'web1', `${tmp}/plays/b`],
        [{ dest: 'flat/', flat: true }, 'web1', `${tmp}/plays/flat/a`],
        [{ dest: `${tmp}/c`, flat: true }, 'web1', `${tmp}/c`],
      ] as const) {
        const context = { host, playbook: `${tmp}/plays/site.yaml` };
        const { result } = await perform(fetch, { src: `${tmp}/a`, ...params }, createHost(), context);
        expect(result['dest']).to.equal(dest);
        expect(await readFile(dest, 'utf8')).to.equal('x');
      }
    }));

  it('brings a large file in pieces, whole', () =>
    withFolder(async (tmp) => {
      const bytes = Buffer.alloc(40 * MiB + 5, 'zrun');
      bytes.writeUInt32BE(1, 16 * MiB);
      await writeFile(`${tmp}/large`, bytes);
      const { exchanges } = await performTwice(fetch, { src: `${tmp}/large`, dest: `${tmp}/l`, flat: true });
      expect(exchanges).to.equal(4);
      expect((await readFile(`${tmp}/l`)).equals(bytes)).to.equal(true);
    }));

  it('leaves the old file where the new one changes while it is read', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/log`, 'one\n');
      await writeFile(`${tmp}/l`, 'old\n');
      const run = localRun();
      const host = createHost(async (script, stdin) => {
        if (script.shellText.startsWith('cat <')) await appendFile(`${tmp}/log`, 'two\n');
        return run(script, stdin);
      });
      const params = { src: `${tmp}/log`, dest: `${tmp}/l`, flat: true };
      const error = await failureOf(perform(fetch, params, host));
      expect(error.message).to.equal(`${tmp}/log changed on the host while it was fetched`);
      expect(await readFile(`${tmp}/l`, 'utf8')).to.equal('old\n');
      expect(await readdir(tmp)).to.have.members(['log', 'l']);
      await perform(fetch, { ...params, validate_checksum: false }, host);
      expect(await readFile(`${tmp}/l`, 'utf8')).to.equal('one\ntwo\ntwo\n');
    }));

  it('reads what the kernel makes, and what a link leads to', () =>
    withFolder(async (tmp) => {
      await symlink('/proc/self/mountinfo', `${tmp}/link`);
      const params = { src: `${tmp}/link`, dest: `${tmp}/m`, flat: true, validate_checksum: false };
      await perform(fetch, params);
      expect(await readFile(`${tmp}/m`, 'utf8')).to.contain(' / ');
    }));

  it('fails where there is no file, or passes over it', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/dir`);
      for (const [name, message] of [
        ['none', /there is no file .*\/none/],
        ['dir', /dir is a directory, not a file/],
      ] as const) {
        const params = { src: `${tmp}/${name}`, dest: `${tmp}/got` };
        const error = await failureOf(perform(fetch, params));
        expect(error.message).to.match(message);
        expect(error.hint).to.match(/fail_on_missing/);
        const { changed, result } = await perform(fetch, { ...params, fail_on_missing: false });
        expect(changed).to.equal(false);
        expect(result['msg']).to.match(message);
      }
    }));

  it('writes nothing in check mode, and sees what an earlier task would leave', () =>
    withFolder(async (tmp) => {
      const check = createCheck(createHost());
      await check(copy, { dest: `${tmp}/a`, content: 'x' });
      const plan = await check(fetch, { src: `${tmp}/a`, dest: `${tmp}/got` });
      expect(plan.change).to.equal('some');
      expect(await readdir(tmp)).to.deep.equal([]);
    }));

  it('shows its content nowhere', async () => {
    const { events, outcome } = await play(`
- hosts: all
  gather_facts: false
  tasks:
    - copy: {content: "s3cret-content", dest: '{{tmp}}/key'}
      no_log: true
    - fetch: {src: '{{tmp}}/key', dest: got}
      register: got
`);
    expect(outcome.exitCode).to.equal(0);
    expect(JSON.stringify(events)).not.to.contain('s3cret-content');
  });
});

describe('slurp', () => {
  it('reads any bytes, of a link too, and of what the kernel makes', () =>
    withFolder(async (tmp) => {
      const bytes = Buffer.from([0, 255, 10, 13]);
      await writeFile(`${tmp}/a`, bytes);
      await symlink('a', `${tmp}/link`);
      const { result, exchanges } = await performTwice(slurp, { src: `${tmp}/link` });
      expect(exchanges).to.equal(1);
      expect(result).to.deep.equal({
        content: bytes.toString('base64'),
        encoding: 'base64',
        source: `${tmp}/a`,
      });
      const { result: uptime } = await perform(slurp, { src: '/proc/uptime' });
      expect(Buffer.from(textIn(uptime, 'content'), 'base64').toString()).to.match(/^[\d.]+ [\d.]+\n$/);
    }));

  it('says what cannot be read', () =>
    withFolder(async (tmp) => {
      for (const [src, message] of [
        [`${tmp}/none`, /there is no file/],
        [tmp, /is a directory, not a file/],
      ] as const) {
        expect((await failureOf(perform(slurp, { src }))).message).to.match(message);
      }
    }));

  it('sees in check mode what an earlier task would leave', () =>
    withFolder(async (tmp) => {
      const check = createCheck(createHost());
      await check(copy, { dest: `${tmp}/a`, content: 'x' });
      const plan = await check(slurp, { src: `${tmp}/a` });
      expect(plan.change === 'none' && plan.result['content']).to.equal('eA==');
    }));
});

describe('pause', () => {
  /** A user who answers everything in the same way; what was asked and waited for is kept. */
  function answering(answer: string): { context: Partial<TaskContext>; said: string[] } {
    const said: string[] = [];
    const controller = {
      ...createController({
        cwd: '/nonexistent',
        homeFolder: '/nonexistent',
        inTurn: (_, asking) => asking(),
      }),
      wait: (ms: number) => Promise.resolve(void said.push(`wait ${ms}`)),
      ask: (question: string, { echo }: { echo: boolean }) => {
        said.push(`${question}${echo ? '' : '(hidden)'}`);
        return Promise.resolve(answer);
      },
    };
    return { context: { controller, task: 'look', say: (text) => void said.push(text) }, said };
  }

  for (const [params, asked, reason] of [
    [{ seconds: 5 }, ['wait 5000'], 'paused for 5 seconds'],
    [{ seconds: 1 }, ['wait 1000'], 'paused for 1 second'],
    [{ minutes: 1.5 }, ['wait 90000'], 'paused for 1.5 minutes'],
    [{}, ['\n[look]\nEnter goes on, Ctrl-C stops the run: '], 'paused for the user'],
    [{ prompt: 'Well?', echo: false }, ['\n[look]\nWell? (hidden)'], 'paused for the user'],
  ] as const) {
    it(JSON.stringify(params), async () => {
      const { context, said } = answering('yes');
      const host = createHost();
      const plan = await planOf(pause, params, host.read, context);
      expect(said).to.deep.equal(asked);
      expect(plan.change === 'none' && plan.reason).to.equal(reason);
      expect(host.exchanges()).to.equal(0);
      const isAsked = !('seconds' in params) && !('minutes' in params);
      expect(plan.change === 'none' && plan.result['user_input']).to.equal(isAsked ? 'yes' : undefined);
    });

    it(`${JSON.stringify(params)} in check mode waits for nothing`, async () => {
      const { context, said } = answering('yes');
      await planOf(pause, params, createHost().read, { ...context, check: true });
      expect(said).to.deep.equal([]);
    });
  }

  it('says its prompt before it waits', async () => {
    const { context, said } = answering('');
    await planOf(pause, { seconds: 1, prompt: 'the cache fills' }, createHost().read, context);
    expect(said).to.deep.equal(['the cache fills', 'wait 1000']);
  });

  it('runs once for all hosts of a batch', () => expect(pause.once).to.equal(true));

  for (const params of [{ seconds: 1, minutes: 1 }, { seconds: 0 }, { minutes: -1 }, { secs: 1 }]) {
    it(`refuses ${JSON.stringify(params)}`, () => expect(() => pause.bind(params)).to.throw());
  }
});
