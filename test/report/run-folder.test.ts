/** Folders of runs, made and taken away by many at once; who still works in one; the logs and lists that lie in it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { RunEvent } from '../../src/core/events.js';
import { createHostLogs, hostLogName } from '../../src/report/host-log.js';
import { createRetryFile } from '../../src/report/retry.js';
import { isGoing, ownerOf, writeClaim } from '../../src/report/run-claim.js';
import { createRunFolder, listRuns, pruneRuns, runFolderOf } from '../../src/report/run-folder.js';
import { fleet, finished, started, task, finish, result } from './events.js';

describe('the folders of runs', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-runs-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const failOnTrouble = (error: unknown): void => expect.fail(String(error));

  it('are different ones, however many runs begin in one millisecond', () => {
    const now = new Date('2026-07-22T15:30:12.345Z');
    let calls = 0;
    // Each digit is drawn twice, as chance may have it.
    const made = Array.from({ length: 8 }, () =>
      createRunFolder(
        folder,
        () => now,
        () => Math.floor(calls++ / 2).toString(16),
      ),
    );
    expect(new Set(made.map((each) => each.folder.id)).size).to.equal(8);
    expect(listRuns(folder).map(({ id }) => id)[0]).to.equal('20260722T153012Z-1597');
    for (const each of made) expect(isGoing(each.folder.claim)).to.equal(true);
    for (const each of made) each.claim.release();
    expect(listRuns(folder).filter(({ claim }) => isGoing(claim))).to.deep.equal([]);
  });

  it('keep the newest, those that are still going, and what is none of them', () => {
    const ids = [
      '20260101T000000Z-0000',
      '20260102T000000Z-0000',
      '20260103T000000Z-0000',
      '20260104T000000Z-0000',
    ];
    for (const id of ids) mkdirSync(path.join(folder, id));
    mkdirSync(path.join(folder, 'notes'));
    writeClaim(runFolderOf(folder, ids[0] ?? '').claim);
    pruneRuns(folder, 2);
    expect(readdirSync(folder).sort()).to.deep.equal([ids[0], ids[2], ids[3], 'notes']);
    pruneRuns(path.join(folder, 'missing'), 2);
  });

  describe('are known to be in use', () => {
    const claim = (): string => path.join(folder, 'process.json');
    const age = (file: string, seconds: number): void => {
      const then = new Date(Date.now() - seconds * 1000);
      utimesSync(file, then, then);
    };
    const write = (value: unknown): void => writeFileSync(claim(), JSON.stringify(value));
    const own = (): Record<string, string> =>
      JSON.parse(readFileSync(claim(), 'utf8')) as Record<string, string>;

    it('by the process that wrote it, however long ago', () => {
      writeClaim(claim());
      age(claim(), 3600);
      expect(ownerOf(claim())).to.match(/^process \d+ on \S+$/);
    });

    it('not by a process that has ended, nor by one that has its number since', async () => {
      const child = spawn('sleep', ['60']);
      await once(child, 'spawn');
      writeClaim(claim());
      write({ ...own(), pid: String(child.pid), startTime: '1' });
      expect(isGoing(claim())).to.equal(false);
      const stat = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8').split(' ');
      write({ ...own(), startTime: stat[21] });
      expect(isGoing(claim())).to.equal(true);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(isGoing(claim())).to.equal(false);
    });

    const cases: readonly (readonly [
      what: string,
      claim: Record<string, string>,
      seconds: number,
      going: boolean,
    ])[] = [
      [
        'this machine, before it was started anew',
        { machine: hostname(), boot: 'x', pid: '1', startTime: '1' },
        1,
        false,
      ],
      [
        'another machine, touched just now',
        { machine: 'elsewhere', boot: 'x', pid: '1', startTime: '1' },
        1,
        true,
      ],
      [
        'another machine, touched long ago',
        { machine: 'elsewhere', boot: 'x', pid: '1', startTime: '1' },
        120,
        false,
      ],
      ['a machine without /proc, touched just now', { machine: 'mac' }, 1, true],
      ['a machine without /proc, touched long ago', { machine: 'mac' }, 120, false],
    ];
    for (const [what, text, seconds, going] of cases) {
      it(`${going ? 'by' : 'not by'} ${what}`, () => {
        write(text);
        age(claim(), seconds);
        expect(isGoing(claim())).to.equal(going);
      });
    }

    it('by a container of this machine only as long as it touches the file', () => {
      writeClaim(claim());
      write({ ...own(), pidSpace: 'pid:[1]', pid: '1', startTime: '1' });
      expect(isGoing(claim())).to.equal(true);
      age(claim(), 120);
      expect(isGoing(claim())).to.equal(false);
    });

    it('not by a file that is damaged', () => {
      writeFileSync(claim(), '{"machi');
      expect(isGoing(claim())).to.equal(false);
    });
  });

  it('list the hosts that were not done, a line each; none where all were', async () => {
    const tellAll = async (file: string, events: readonly (RunEvent | null)[]): Promise<void> => {
      const retry = createRetryFile(file, failOnTrouble);
      for (const event of events) if (event) retry.tell(event);
      await retry.close();
    };
    const file = path.join(folder, 'retry');
    await tellAll(file, fleet);
    const names = [1, 2, 3, 4, 5, 6, 8, 10, 11, 12].map((number) => `web${number}.example.org\n`);
    expect(readFileSync(file, 'utf8')).to.equal(names.join(''));
    await tellAll(path.join(folder, 'none'), [...started(['a']), ...finished([['a', 'done', {}]])]);
    expect(existsSync(path.join(folder, 'none'))).to.equal(false);
    // The user left at once: whoever has not ended is left.
    await tellAll(path.join(folder, 'left'), started(['a', 'b']));
    expect(readFileSync(path.join(folder, 'left'), 'utf8')).to.equal('a\nb\n');
  });

  describe("hosts' logs", () => {
    const logs = (onTrouble = failOnTrouble): ReturnType<typeof createHostLogs> =>
      createHostLogs({
        folder: path.join(folder, 'hosts'),
        onTrouble,
        now: () => new Date('2026-07-22T15:30:12.345Z'),
      });

    it('have what happened on one host, what its tasks wrote included', async () => {
      const reporter = logs();
      const copy = task('Copy', 3);
      for (const event of started(['web1', 'web2'])) reporter.tell(event);
      reporter.tell({ type: 'task-started', host: 'web1', task: copy });
      reporter.tell({ type: 'task-output', host: 'web1', task: copy, stream: 'stdout', text: '40 %\n' });
      reporter.tell(finish('web1', copy, result('changed', 'copy it')));
      reporter.tell(finish('web2', copy, result('ok', 'is there')));
      for (const event of finished([['web1', 'done', { ok: 1, changed: 1 }]])) reporter.tell(event);
      await reporter.close();
      const text = readFileSync(path.join(folder, 'hosts/web1.log'), 'utf8');
      expect(text.replaceAll('2026-07-22T15:30:12.345Z ', '')).to.equal(
        [
          'run 20260722T153012Z-4f9a, zrun 0.1.0',
          'PLAY [Move Docker to overlay2] 1 host',
          'web1 | start   | Copy',
          'web1 | stdout  | Copy',
          '    40 %',
          'web1 | changed | Copy: copy it [12 ms, 1 exchange]',
          '    command at play.yaml:3:7',
          'web1 | done    | nothing left to do',
          'done: ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0 unknown=0',
          '',
        ].join('\n'),
      );
      expect(statSync(path.join(folder, 'hosts/web1.log')).mode & 0o777).to.equal(0o600);
    });

    it('have output as it comes, a line in pieces, between what else happens', async () => {
      const reporter = logs();
      const copy = task('Copy', 3);
      for (const event of started(['web1'])) reporter.tell(event);
      const write = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): void =>
        reporter.tell({ type: 'task-output', host: 'web1', task: copy, stream, text });
      write('one');
      write(' line\nand');
      write(' another\u001b[2J');
      write('aside\n', 'stderr');
      write('no end');
      reporter.tell(finish('web1', copy, result('changed', 'copy it')));
      await reporter.close();
      const text = readFileSync(path.join(folder, 'hosts/web1.log'), 'utf8');
      expect(text.replaceAll('2026-07-22T15:30:12.345Z ', '').split('\n').slice(2, -2)).to.deep.equal([
        'web1 | stdout  | Copy',
        '    one line',
        '    and another\\x1b[2J',
        'web1 | stderr  | Copy',
        '    aside',
        'web1 | stdout  | Copy',
        '    no end',
        'web1 | changed | Copy: copy it [12 ms, 1 exchange]',
      ]);
    });

    it('say how much of a loud host they lack, and have the beginning of each later task', async () => {
      const reporter = createHostLogs({
        folder: path.join(folder, 'hosts'),
        onTrouble: failOnTrouble,
        mostOutput: 100_000,
      });
      for (const event of started(['web1'])) reporter.tell(event);
      const say = (number: number, text: string): void =>
        reporter.tell({
          type: 'task-output',
          host: 'web1',
          task: task(`Say ${number}`, number),
          stream: 'stdout',
          text,
        });
      for (let i = 0; i < 3; i++) say(1, 'x'.repeat(50_000));
      reporter.tell(finish('web1', task('Say 1', 1), result('ok', '')));
      say(2, 'later\n');
      await reporter.close();
      const text = readFileSync(path.join(folder, 'hosts/web1.log'), 'utf8');
      expect(text).to.contain(
        `    ${'x'.repeat(100_000)}\n    [zrun left 50000 characters out of this log]\n`,
      );
      expect(text).to.match(/\n {4}later\n$/);
    });

    it('take nothing more of output from a disk that is almost full, and say so once', async () => {
      const said: string[] = [];
      const reporter = createHostLogs({
        folder: path.join(folder, 'hosts'),
        onTrouble: failOnTrouble,
        onLittleRoom: (message) => said.push(message),
        reserve: Number.MAX_SAFE_INTEGER,
      });
      for (const event of started(['web1'])) reporter.tell(event);
      for (let i = 0; i < 3; i++)
        reporter.tell({
          type: 'task-output',
          host: 'web1',
          task: task('Say', 1),
          stream: 'stdout',
          text: 'x',
        });
      reporter.tell(finish('web1', task('Say', 1), result('ok', 'there')));
      await reporter.close();
      expect(said).to.have.length(1);
      expect(readFileSync(path.join(folder, 'hosts/web1.log'), 'utf8')).to.contain('[zrun left 3 characters');
    });

    it('of a thousand hosts need no open file at all', async () => {
      const hosts = Array.from({ length: 1000 }, (_, i) => `web${i}`);
      const reporter = logs();
      const open = (): number => readdirSync('/proc/self/fd').length;
      const before = open();
      for (const event of started(hosts)) reporter.tell(event);
      for (const host of hosts) reporter.tell(finish(host, task('Try', 2), result('ok', 'x'.repeat(10_000))));
      expect(open()).to.be.at.most(before);
      await reporter.close();
      expect(readdirSync(path.join(folder, 'hosts'))).to.have.length(1000);
    });

    it('have names that stay in their folder', () => {
      const cases: readonly (readonly [host: string, name: string])[] = [
        ['web1.example.org', 'web1.example.org.log'],
        ['[::1]:2222', '%5B::1%5D:2222.log'],
        ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd.log'],
        ['.', '%2E.log'],
        ['a b\u0000ü', 'a%20b%00%C3%BC.log'],
      ];
      for (const [host, name] of cases) expect(hostLogName(host)).to.equal(name);
      const long = [`${'x'.repeat(300)}1`, `${'x'.repeat(300)}2`].map(hostLogName);
      expect(new Set(long).size).to.equal(2);
      for (const name of long) expect(name.length).to.be.below(250);
    });

    it('that cannot be written say so once', async () => {
      const troubles: unknown[] = [];
      const reporter = logs((error) => troubles.push(error));
      for (const event of started(['a', 'b'])) reporter.tell(event);
      rmSync(path.join(folder, 'hosts'), { recursive: true });
      await reporter.close();
      expect(troubles).to.have.length(1);
    });
  });
});
