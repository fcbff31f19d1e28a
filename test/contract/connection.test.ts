/**
 * The contract of core/host.ts: one table of cases, passed by every transport.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { ZrunError, type ErrorCode } from '../../src/core/errors.js';
import type { Connection, Output, RunOptions } from '../../src/core/host.js';
import { printBytes, sh, type ShellText } from '../../src/core/shell.js';
import { errorOf } from '../integration/error.js';
import { watchHeld } from '../integration/held.js';
import { skipFor } from '../integration/skip.js';
import { transports, type Running } from './transports.js';

interface Answer {
  readonly title: string;
  readonly script: ShellText;
  readonly stdin?: Uint8Array;
  readonly status?: number | readonly number[];
  readonly stdout?: string | Buffer;
  /** Where the words are the shell's own, only that there are some. */
  readonly stderr?: string | Buffer | RegExp;
}

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const raw = (text: string): ShellText => ({ shellText: text });

/** What a script answers, whatever the transport. */
const answers: readonly Answer[] = [
  { title: 'exit 0', script: sh`true` },
  { title: 'exit 1', script: sh`false`, status: 1 },
  { title: 'exit in a script', script: sh`exit 3; echo not reached`, status: 3 },
  { title: 'exit 255', script: sh`exit 255`, status: 255 },
  {
    title: 'a command that does not exist',
    script: sh`no-such-command-here`,
    status: 127,
    stderr: /not found/,
  },
  { title: 'a signal', script: raw(`sh -c 'kill -TERM $$'`), status: 143, stderr: /^(?:Terminated)?[^]*$/ },
  { title: 'exec', script: sh`exec sh -c 'echo replaced; exit 4'`, status: 4, stdout: 'replaced\n' },
  { title: 'an empty script', script: sh`` },
  { title: 'a comment without a line end', script: sh`echo a # and no more`, stdout: 'a\n' },
  { title: 'a script that begins with a dash', script: sh`-x`, status: 127, stderr: /not found/ },
  {
    title: 'stdout and stderr apart',
    script: sh`echo out; echo err >&2; echo out2`,
    stdout: 'out\nout2\n',
    stderr: 'err\n',
  },
  { title: 'no line end', script: sh`printf out; printf err >&2`, stdout: 'out', stderr: 'err' },
  { title: 'every byte on stdout', script: printBytes(allBytes), stdout: allBytes },
  { title: 'every byte on stderr', script: sh`{ ${printBytes(allBytes)}; } >&2`, stderr: allBytes },
  { title: 'every byte on stdin', script: sh`cat`, stdin: allBytes, stdout: allBytes },
  {
    title: 'stdin that begins with a dash',
    script: sh`cat`,
    stdin: Buffer.from('-e \\n %s'),
    stdout: '-e \\n %s',
  },
  { title: 'no stdin', script: sh`cat; read line || echo empty`, stdout: 'empty\n' },
  {
    title: 'stdin with a status',
    script: sh`cat; exit 7`,
    stdin: Buffer.from('in'),
    stdout: 'in',
    status: 7,
  },
  { title: 'stdin that nobody reads', script: sh`exit 5`, stdin: Buffer.alloc(200_000, 'x'), status: 5 },
  {
    title: 'large stdin that nobody reads',
    script: sh`exit 5`,
    stdin: Buffer.alloc(400_000, 'x'),
    status: 5,
  },
  { title: 'stdin and exec', script: sh`exec cat`, stdin: Buffer.from('through'), stdout: 'through' },
  { title: 'an unterminated quote', script: raw(`echo 'never closed`), status: [1, 2], stderr: /./ },
  { title: 'half of an if', script: raw('if true; then'), status: [1, 2], stderr: /./ },
  { title: 'a stray parenthesis', script: raw('echo a )'), status: [1, 2], stderr: /./ },
  { title: 'a stray brace and done', script: raw('} ; done'), status: [1, 2], stderr: /./ },
  { title: 'a here-document', script: raw('cat <<EOF\n$((1 + 1))\nEOF'), stdout: '2\n' },
  {
    title: 'a here-document that is not closed',
    script: raw('cat <<EOF\nline\n'),
    stdout: 'line\n',
    stderr: /^[^]*$/,
  },
  {
    title: 'quotes of all kinds',
    script: sh`printf '%s\n' ${`it's`} ${'"$HOME" `id` \\ \\\\'} ${'!a *?[x]{a,b} ~ #'}`,
    stdout: `it's\n"$HOME" \`id\` \\ \\\\\n!a *?[x]{a,b} ~ #\n`,
  },
  {
    title: 'names that are not ASCII',
    script: sh`printf %s ${'größe 大 🚀\n\ttab'}`,
    stdout: 'größe 大 🚀\n\ttab',
  },
  {
    title: 'what looks like a mark',
    script: sh`printf '%s-0\n' ${'0123456789abcdef'.repeat(2)}; exit 6`,
    stdout: `${'0123456789abcdef'.repeat(2)}-0\n`,
    status: 6,
  },
  { title: 'closed outputs', script: sh`exec >&- 2>&-; exit 8`, status: 8 },
  { title: 'set -e', script: sh`set -e; false; echo not reached`, status: 1 },
  { title: 'a trap on exit', script: sh`trap 'echo left' EXIT; exit 9`, stdout: 'left\n', status: 9 },
];

for (const transport of transports) {
  describe(`contract: ${transport.name}`, () => {
    let running: Running | undefined;
    let connection: Connection;
    const opened: Connection[] = [];

    const theRunning = (): Running => {
      if (running === undefined) throw new Error('not started');
      return running;
    };
    const connect = async (signal?: AbortSignal): Promise<Connection> => {
      const fresh = await theRunning().connect(signal && { signal });
      opened.push(fresh);
      return fresh;
    };
    const run = (script: ShellText, options: RunOptions = {}, on = connection): Promise<Output> =>
      on.run(script, { as: theRunning().as, ...options });
    /** A file of the test's folder, in which scripts leave process ids. */
    const file = (name: string): string => path.join(theRunning().folder, name);
    const pidIn = async (name: string): Promise<number> => {
      for (;;) {
        const text = await readFile(file(name), 'utf8').catch(() => '');
        if (text.endsWith('\n')) return Number(text);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };

    before(async function () {
      skipFor(this, transport.missing());
      running = await transport.start();
      connection = await connect();
    });
    after(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await running?.stop();
    });

    for (const { title, script, stdin, status = 0, stdout = '', stderr = '' } of answers) {
      it(title, async () => {
        const output = await run(script, { stdin });
        expect(output.status, output.stderr.toString()).to.be.oneOf(
          typeof status === 'number' ? [status] : status,
        );
        expect(output.stdout.toString('latin1')).to.equal(Buffer.from(stdout).toString('latin1'));
        if (stderr instanceof RegExp) expect(output.stderr.toString()).to.match(stderr);
        else expect(output.stderr.toString('latin1')).to.equal(Buffer.from(stderr).toString('latin1'));
      });
    }

    it('runs as the user that was asked for', async () => {
      expect((await run(sh`id -un`)).stdout.toString()).to.equal(`${theRunning().user}\n`);
    });

    it('finds programs in sbin', async () => {
      const { stdout } = await run(raw('echo ":$PATH:"'));
      for (const folder of ['/usr/local/sbin', '/usr/sbin', '/sbin'])
        expect(stdout.toString()).to.contain(`:${folder}:`);
    });

    it('hands out 5 MB as they are', async () => {
      const seed = randomBytes(5_000);
      const { stdout } = await run(
        raw(`cat > ${file('seed')}; i=0; while [ $i -lt 1000 ]; do cat ${file('seed')}; i=$((i + 1)); done`),
        { stdin: seed },
      );
      expect(stdout.length).to.equal(5_000_000);
      expect(stdout.equals(Buffer.concat(Array.from({ length: 1000 }, () => seed)))).to.equal(true);
    });

    it('takes in 1 MB as it is, and leaves no file behind', async () => {
      const bytes = randomBytes(1_000_000);
      const { stdout, status } = await run(sh`cat; ls ${theRunning().folder} | grep -c '^tmp' >&2`, {
        stdin: bytes,
      });
      expect(stdout.equals(bytes)).to.equal(true);
      expect(status).to.equal(1);
    });

    it('takes in 64 MB that are read while they are sent, and holds little of them', async () => {
      const piece = randomBytes(256 * 1024);
      const pieces = 256;
      const hash = createHash('sha256');
      const allowed = 32_000_000;
      const held = watchHeld(allowed);
      let most = 0;
      const stdin = {
        length: piece.length * pieces,
        async *read() {
          for (let i = 0; i < pieces; i++) {
            if (i % 16 === 15) most = Math.max(most, held());
            const bytes = Buffer.from(piece);
            bytes.writeUInt32BE(i);
            hash.update(bytes);
            yield await Promise.resolve(bytes);
          }
        },
      };
      const { stdout } = await run(sh`sha256sum; ls ${theRunning().folder} | grep -c '^tmp' >&2`, { stdin });
      expect(stdout.toString()).to.equal(`${hash.digest('hex')}  -\n`);
      // All 67 would be there at once if nothing waited for the host to take them.
      expect(most).to.be.at.most(allowed);
    });

    it('does not run a script whose input breaks off here, and goes on', async () => {
      for (const length of [1_000, 1_000_000]) {
        const stdin = {
          length,
          async *read() {
            yield await Promise.resolve(Buffer.alloc(length / 2, 'x'));
            throw new ZrunError('file-unreadable', 'it has changed');
          },
        };
        const [error, { stdout }] = await Promise.all([
          errorOf(run(sh`touch ${file('ran')}`, { stdin }), 'file-unreadable'),
          run(sh`ls ${file('ran')} 2>/dev/null; echo next`),
        ]);
        expect(error.message).to.equal('it has changed');
        expect(stdout.toString()).to.equal('next\n');
      }
    });

    it('hands out output while the script runs', async () => {
      const heard: string[] = [];
      let go = (): void => undefined;
      const first = new Promise<void>((resolve) => (go = resolve));
      const done = run(
        sh`echo one; echo two >&2; while [ ! -e ${file('go')} ]; do sleep 0.05; done; echo three`,
        {
          onOutput(stream, chunk) {
            heard.push(`${stream}: ${chunk.toString()}`);
            if (heard.join('').includes('one') && heard.join('').includes('two')) go();
          },
        },
      );
      await first;
      const other = await connect();
      await run(sh`: > ${file('go')}`, {}, other);
      expect((await done).stdout.toString()).to.equal('one\nthree\n');
      expect(heard).to.include('stdout: one\n').and.include('stderr: two\n').and.include('stdout: three\n');
    });

    it('keeps no state between scripts', async () => {
      await run(raw('cd /; x=1; export x; umask 077; set -f; f() { :; }; trap "" TERM; exec 5>/dev/null'));
      const { stdout } = await run(raw('echo "${x-unset} $(umask) $-"; command -v f || echo none; pwd'));
      const before = (await run(raw('umask; pwd'))).stdout.toString().split('\n');
      const [line = '', none, where] = stdout.toString().split('\n');
      expect(line).to.match(/^unset 0*22 /);
      expect(line.split(' ')[2]).not.to.contain('f');
      expect(none).to.equal('none');
      expect(where).to.equal(before[1]);
    });

    it('does not wait for a background child that keeps the output open', async () => {
      const { stdout, status } = await run(raw(`sleep 600 & echo $! > ${file('background')}; echo started`));
      expect(stdout.toString()).to.equal('started\n');
      expect(status).to.equal(0);
      // It is not ours to end: `nohup` and its like must outlive a task.
      const pid = await pidIn('background');
      expect(await isAlive(pid)).to.equal(true);
      process.kill(pid);
    });

    it('keeps what a background child says between scripts out of the next one', async () => {
      await run(
        raw(
          `(while [ ! -e ${file('speak')} ]; do sleep 0.05; done; echo late; echo late >&2; : > ${file('spoken')}) &`,
        ),
      );
      const other = await connect();
      await run(
        raw(`: > ${file('speak')}; while [ ! -e ${file('spoken')} ]; do sleep 0.05; done`),
        {},
        other,
      );
      const { stdout, stderr } = await run(sh`echo mine`);
      expect(stdout.toString()).to.equal('mine\n');
      expect(stderr.toString()).to.equal('');
    });

    it('keeps what a background child says out of every script that runs meanwhile', async () => {
      const fresh = await connect();
      const talk = (times: number): string =>
        `(i=0; while [ $i -lt ${times} ]; do echo late; echo late >&2; sleep 0.02; i=$((i + 1)); done; : > ${file('talked')}) &`;
      const outputs = await Promise.all([
        run(raw(`${talk(20)} echo first`), {}, fresh),
        run(raw(`while [ ! -e ${file('talked')} ]; do sleep 0.05; done; echo second`), {}, fresh),
        run(sh`echo third`, { isTerse: true }, fresh),
      ]);
      const said = outputs.map(({ stdout, stderr }) => `${stdout.toString()}${stderr.toString()}`);
      expect(said[0]?.replace(/late\n/g, '')).to.equal('first\n');
      expect(said.slice(1)).to.deep.equal(['second\n', 'third\n']);
    });

    it('goes on though ten scripts in a row leave a child behind', async () => {
      const fresh = await connect();
      // What lives as long as its shell (host_lock) must not lose it to what comes later.
      const anchored = await run(raw('echo $$'), { isAnchored: true }, fresh);
      for (let i = 0; i < 10; i++) {
        const { stdout } = await run(raw(`sleep 600 & echo ${i}; echo $! >> ${file('children')}`), {}, fresh);
        expect(stdout.toString()).to.equal(`${i}\n`);
      }
      const children = (await readFile(file('children'), 'utf8')).trim().split('\n').map(Number);
      expect(await Promise.all(children.map(isAlive))).to.deep.equal(children.map(() => true));
      expect(await isAlive(Number(anchored.stdout.toString()))).to.equal(true);
      for (const pid of children) process.kill(pid);
    });

    it('says what was left out of a long output, and hands all of it on', async () => {
      let heard = 0;
      const { stdout, stderr, omitted } = await run(raw('seq 1 100000; echo mine >&2'), {
        keep: { bytes: 1000, over: 'cut' },
        onOutput: (stream, chunk) => (heard += stream === 'stdout' ? chunk.length : 0),
      });
      expect(heard).to.equal(588_895);
      expect(omitted).to.deep.equal({ stdout: 587_895, stderr: 0 });
      expect(stdout.toString()).to.match(
        /^1\n2\n3\n[^]*\n\[zrun left out 587895 bytes here\]\n[^]*\n99999\n100000\n$/,
      );
      expect(stderr.toString()).to.equal('mine\n');
    });

    it('never hands out a part of what is only of use as a whole', async () => {
      const keep = { bytes: 1024 * 1024, over: 'refuse' } as const;
      const error = await errorOf(run(raw('seq 1 300000; echo mine >&2'), { keep }), 'output-unexpected');
      expect(error.message).to.equal('the host answered with more than 1 MiB on stdout');
      expect((await run(raw('echo next'), { keep })).stdout.toString()).to.equal('next\n');
    });

    it('hears of a terse script all that matters', async () => {
      const terse = { isTerse: true };
      const fresh = await connect();
      const check = async (): Promise<void> => {
        const [good, bad, after] = await Promise.all([
          run(raw('echo one; echo aside >&2'), terse, fresh),
          run(raw('echo two; echo "why not" >&2; exit 3'), terse, fresh),
          run(raw('echo three; cat'), { ...terse, stdin: Buffer.from('four\n') }, fresh),
        ]);
        expect([good.stdout.toString(), good.status]).to.deep.equal(['one\n', 0]);
        expect([bad.stdout.toString(), bad.status]).to.deep.equal(['two\n', 3]);
        // What the one before it has said late is heard too.
        expect(bad.stderr.toString()).to.match(/^(aside\n)?why not\n$/);
        expect([after.stdout.toString(), after.status]).to.deep.equal(['three\nfour\n', 0]);
      };
      await check();
      const { stdout, stderr } = await run(raw('echo "$#"; echo mine >&2'), {}, fresh);
      expect([stdout.toString(), stderr.toString()]).to.deep.equal(['0\n', 'mine\n']);
      await check();
    });

    it('keeps what a background child says between scripts out of a terse one', async () => {
      const fresh = await connect();
      await run(sh`echo first`, { isTerse: true }, fresh);
      await run(
        raw(`(while [ ! -e ${file('tell')} ]; do sleep 0.05; done; echo late; : > ${file('told')}) &`),
        {},
        fresh,
      );
      const other = await connect();
      await run(raw(`: > ${file('tell')}; while [ ! -e ${file('told')} ]; do sleep 0.05; done`), {}, other);
      expect((await run(sh`echo mine`, { isTerse: true }, fresh)).stdout.toString()).to.equal('mine\n');
    });

    it('counts: two awaited scripts cost two exchanges, three sent together one', async () => {
      const fresh = await connect();
      const { exchangesToStart, handshakes } = theRunning();
      expect(fresh.counters).to.deep.include({ exchanges: 0 });
      await run(sh`true`, {}, fresh);
      expect(fresh.counters).to.deep.equal({ handshakes, exchanges: exchangesToStart + 1 });
      await run(sh`true`, {}, fresh);
      expect(fresh.counters.exchanges).to.equal(exchangesToStart + 2);
      const outputs = await Promise.all([1, 2, 3].map((n) => run(sh`echo ${n}; exit ${n}`, {}, fresh)));
      expect(outputs.map((output) => [output.status, output.stdout.toString()])).to.deep.equal([
        [1, '1\n'],
        [2, '2\n'],
        [3, '3\n'],
      ]);
      expect(fresh.counters).to.deep.equal({ handshakes, exchanges: exchangesToStart + 3 });
    });

    it('counts: a large input is asked for, which costs one more', async () => {
      const connection = await connect();
      await run(sh`true`, {}, connection);
      const before = connection.counters.exchanges;
      await run(sh`cat >/dev/null`, { stdin: Buffer.alloc(300_000, 'x') }, connection);
      expect(connection.counters.exchanges - before).to.equal(2);
    });

    it('runs in the order of the calls, with large inputs among them', async () => {
      const log = file('order');
      const big = Buffer.alloc(300_000, 'b');
      await Promise.all([
        run(sh`sleep 0.1; echo 1 >> ${log}`),
        run(sh`wc -c >> ${log}`, { stdin: big }),
        run(sh`echo 3 >> ${log}`),
        run(sh`cat >> ${log}`, { stdin: Buffer.from('4\n') }),
      ]);
      expect((await run(sh`cat ${log}`)).stdout.toString().replace(/ /g, '')).to.equal('1\n300000\n3\n4\n');
    });

    it('a limit kills the whole tree, and what stood behind runs in a fresh shell', async () => {
      const slow = run(
        raw(
          `sh -c 'echo $$ > ${file('child')}; trap "" TERM; sleep 600' & ` +
            `echo $! > ${file('sub')}; sleep 600 | sleep 600; echo not reached > ${file('reached')}`,
        ),
        { timeoutMs: 1500 },
      );
      const behind = run(sh`echo behind`);
      await expectError(slow, 'task-timeout');
      expect(await isAlive(await pidIn('child'))).to.equal(false);
      expect(await isAlive(await pidIn('sub'))).to.equal(false);
      expect((await behind).stdout.toString()).to.equal('behind\n');
      expect((await run(sh`cat ${file('reached')}`)).status).to.equal(1);
    });

    it("a limit does not begin before the script's turn", async () => {
      const [first, second] = await Promise.all([
        run(sh`sleep 2; echo first`),
        run(sh`echo second`, { timeoutMs: 1900 }),
      ]);
      expect([first.stdout.toString(), second.stdout.toString()]).to.deep.equal(['first\n', 'second\n']);
    });

    it('an interrupt kills what runs, and rejects what waits', async () => {
      const controller = new AbortController();
      const fresh = await connect(controller.signal);
      const running1 = run(raw(`sh -c 'echo $$ > ${file('interrupted')}; exec sleep 600'`), {}, fresh);
      const waiting = run(sh`: > ${file('not-begun')}`, {}, fresh);
      const both = Promise.all([expectError(running1, 'interrupted'), expectError(waiting, 'interrupted')]);
      const pid = await pidIn('interrupted');
      controller.abort();
      await both;
      expect(await isAlive(pid)).to.equal(false);
      await expectError(run(sh`true`, {}, fresh), 'interrupted');
      expect((await run(sh`ls ${file('not-begun')}`)).status).not.to.equal(0);
    });

    it('a script that is no longer wanted is killed alone: the connection and the others go on', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const slow = run(raw(`sh -c 'echo $$ > ${file('unwanted')}; exec sleep 600'`), { signal });
      const alsoUnwanted = run(sh`: > ${file('not-begun-either')}`, { signal });
      const wanted = run(sh`echo wanted`);
      const both = Promise.all([expectError(slow, 'interrupted'), expectError(alsoUnwanted, 'interrupted')]);
      const pid = await pidIn('unwanted');
      controller.abort();
      await both;
      expect(await isAlive(pid)).to.equal(false);
      expect((await wanted).stdout.toString()).to.equal('wanted\n');
      expect((await run(sh`ls ${file('not-begun-either')}`)).status).not.to.equal(0);
      await expectError(run(sh`true`, { signal }), 'interrupted');
    });

    it('the death of the shell is a lost connection, and the next script has a new one', async () => {
      const dying = run(raw('kill -KILL $$'));
      const behind = run(sh`echo behind`);
      await Promise.all([expectError(dying, 'connection-lost'), expectError(behind, 'connection-lost')]);
      expect((await run(sh`echo again`)).stdout.toString()).to.equal('again\n');
    });

    it('close ends what runs', async () => {
      const fresh = await connect();
      const slow = run(raw(`sh -c 'echo $$ > ${file('closed')}; exec sleep 600'`), {}, fresh);
      const rejected = expectError(slow, 'connection-lost');
      const pid = await pidIn('closed');
      await fresh.close();
      await rejected;
      expect(await isAlive(pid)).to.equal(false);
      await expectError(run(sh`true`, {}, fresh), 'connection-lost');
      await fresh.close();
    });
  });
}

async function expectError(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  expect((await errorOf(work, code)).message).not.to.contain('could not be killed');
}

/** A process that has ended and whose parent has not asked how is not alive, though it has an entry. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return stat !== undefined && !/\) Z \d+ /.test(stat);
}
