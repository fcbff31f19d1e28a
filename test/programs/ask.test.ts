import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { askProgram, type Answer, type Question } from '../../src/programs/ask.js';
import { isAlive, until } from '../trust/look.js';

const patient: Question = {
  limitMs: 60_000,
  keep: { stdout: { bytes: 1000, over: 'refuse' }, stderr: { bytes: 1000, over: 'cut' } },
};

describe('programs that are asked', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-ask-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const ask = (script: string, question: Partial<Question> = {}): Promise<Answer> =>
    askProgram('sh', ['-c', script], { ...patient, cwd: folder, ...question });
  /** Leaves a child behind that holds both outputs open, and says when it is there. */
  const child = 'sleep 600 & echo $! > child';
  const childFile = (): string => path.join(folder, 'child');
  const isChildThere = (): Promise<boolean> =>
    readFile(childFile(), 'utf8').then(
      (text) => text !== '',
      () => false,
    );
  const endChild = async (): Promise<void> => {
    process.kill(Number(await readFile(childFile(), 'utf8')), 'SIGKILL');
  };

  it('answer with their outputs and their status', async () => {
    expect(await ask('echo "$1$A"; echo no >&2; exit 3', { env: { A: 'a' } })).to.deep.equal({
      how: 'ended',
      status: 3,
      stdout: 'a\n',
      stderr: 'no\n',
    });
  });

  it('are killed by somebody else', async () => {
    expect(await ask('echo no >&2; kill -TERM $$')).to.deep.equal({
      how: 'killed',
      by: 'SIGTERM',
      stderr: 'no\n',
    });
  });

  it('are not there, or cannot be started', async () => {
    for (const [file, code] of [
      ['no-such-program', 'ENOENT'],
      ['/', 'EACCES'],
    ] as const) {
      const answer = await askProgram(file, [], patient);
      expect(answer.how === 'unstarted' && answer.cause.code).to.equal(code);
    }
    expect((await askProgram('sh', ['\0'], patient)).how).to.equal('unstarted');
  });

  it('answer although a child of theirs holds their outputs open', async () => {
    const answer = await ask(`${child}; echo done`);
    expect(answer).to.deep.equal({ how: 'ended', status: 0, stdout: 'done\n', stderr: '' });
    await endChild();
  });

  it('end with what they have started when their limit is over', async () => {
    // However slow the start: the limit only has to be over before the program is.
    let limitMs = 500;
    let answer = await ask(`${child}; echo why >&2; wait`, { limitMs });
    while (!(await isChildThere())) {
      limitMs *= 2;
      answer = await ask(`${child}; echo why >&2; wait`, { limitMs });
    }
    expect(answer).to.deep.include({ how: 'stopped', why: 'late' });
    await until(() => !isAlive(childFile()));
  });

  it('end with what they have started when nobody wants to know any more', async () => {
    const stop = new AbortController();
    const answer = ask(`${child}; wait`, { signal: stop.signal });
    while (!(await isChildThere())) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    expect(await answer).to.deep.equal({ how: 'stopped', why: 'aborted', stderr: '' });
    await until(() => !isAlive(childFile()));
    expect(await ask('echo never', { signal: stop.signal })).to.deep.include({ why: 'aborted' });
  });

  it('end when they print more than is kept, unless that may be cut', async () => {
    expect(await ask('yes')).to.deep.include({ how: 'stopped', why: 'endless' });
    const answer = await ask('seq 1 10000 >&2; echo done');
    expect(answer).to.deep.include({ how: 'ended', stdout: 'done\n' });
    expect(answer.how === 'ended' && answer.stderr.length).to.be.lessThan(1100);
  });
});
