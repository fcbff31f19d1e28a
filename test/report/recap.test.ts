/** The end of a run's account: what it groups, what it leaves out, and what it tells of time and room. */
import { expect } from 'chai';
import type { Problem } from '../../src/core/errors.js';
import type { RunEvent } from '../../src/core/events.js';
import { createNarrator } from '../../src/report/narrate.js';
import { createRecap } from '../../src/report/recap/recap.js';
import { colourless } from '../../src/report/style.js';
import { finish, finished, result, started, task } from './events.js';

const step = task('Install it', 3);

function recapOf(events: readonly RunEvent[]): string {
  const recap = createRecap({ paint: colourless, verbosity: 0 });
  for (const event of events) recap.tell(event);
  return recap.format();
}

function narrated(events: readonly RunEvent[]): string {
  const narrator = createNarrator({ paint: colourless, verbosity: 0, diff: false });
  for (const event of events) narrator.tell(event);
  return narrator.drain();
}

function failing(host: string, problem: Partial<Problem>): RunEvent {
  const told: Problem = { code: 'command-failed', message: 'the command failed', ...problem };
  return finish(host, step, result('failed', 'install it', { problem: told }));
}

function endOf(problems: readonly (readonly [string, Partial<Problem>])[]): RunEvent[] {
  return [
    ...started(problems.map(([host]) => host)),
    ...problems.map(([host, problem]) => failing(host, problem)),
    ...finished(
      problems.map(([host]) => [host, 'failed', { failed: 1 }]),
      2,
    ),
  ];
}

describe('the rows of a recap', () => {
  it('mark each host that is not done, also where no task counts for it', () => {
    const text = recapOf([
      ...started(['a', 'b', 'c', 'd']),
      ...finished(
        [
          ['a', 'done', { ok: 1 }],
          ['b', 'interrupted', { ok: 1 }],
          ['c', 'halted', { ok: 1 }],
          ['d', 'failed', { ok: 1, failed: 1 }],
        ],
        130,
      ),
    ]);
    const rows = text.split('\n').filter((line) => / : /.test(line));
    expect(rows).to.deep.equal([
      'a : ok=1  changed=0',
      'b : ok=1  changed=0  interrupted',
      'c : ok=1  changed=0  halted',
      'd : ok=1  changed=0  failed=1',
    ]);
  });
});

describe('the causes in a recap', () => {
  it('are one where texts differ in the host, its address and numbers', () => {
    const text = recapOf(
      endOf([
        [
          'db1',
          { message: 'db1 says no, at 10.0.0.1:22', stderr: 'E: lock is held by process 417 on db1\n' },
        ],
        ['db2', { message: 'db2 says no, at 10.0.0.2:22', stderr: 'E: lock is held by process 29 on db2\n' }],
      ]),
    );
    expect(text).to.contain("failed on 2 hosts, in task 'Install it': <host> says no, at <address>\n");
    expect(text).to.contain(
      '\n  db[1-2]\n  on db1; numbers differ from host to host:\n  stderr: E: lock is held by process 417 on db1\n',
    );
  });

  it('do not say that numbers differ where they do not', () => {
    const stderr = 'only 3 GB free on /dev/sda1\n';
    const text = recapOf(
      endOf([
        ['db1', { stderr: `db1: ${stderr}` }],
        ['db2', { stderr: `db2: ${stderr}` }],
      ]),
    );
    expect(text).to.contain('\n  on db1:\n  stderr: db1: only 3 GB');
  });

  it('are several where a command ended for several reasons', () => {
    const text = recapOf(
      endOf([
        ['a', { stderr: 'E: no space left\n' }],
        ['b', { stderr: 'E: lock is held\n' }],
        ['c', { stderr: 'warning: x\nE: no space left\n' }],
      ]),
    );
    expect(text.match(/^failed on .*/gm)).to.deep.equal([
      "failed on b, in task 'Install it': the command failed",
      "failed on 2 hosts, in task 'Install it': the command failed",
    ]);
  });

  it('never say that a word is a host, which only looks like a name', () => {
    const message = 'docker.service does not start; see docker-compose';
    const events = endOf([
      ['docker', { message }],
      ['compose', { message }],
    ]);
    expect(recapOf(events)).to.contain(`: ${message}\n`);
    expect(narrated(events)).to.contain(`: ${message}\n`);
  });

  it('and equal results are one where the name of the host is part of a word', () => {
    const hosts = ['web001', 'web002', 'web003'];
    const made = task('Make a file', 3);
    const events = [
      ...started(hosts),
      ...hosts.map((host) => finish(host, made, result('changed', `create /tmp/x/backup-${host}.txt`))),
    ];
    expect(narrated(events)).to.contain('3 hosts | changed | Make a file: create /tmp/x/backup-<host>.txt\n');
    expect(recapOf(endOf(hosts.map((host) => [host, { message: `no room for ${host}.txt` }])))).to.contain(
      "failed on 3 hosts, in task 'Install it': no room for <host>.txt\n",
    );
  });

  it('name where they were told before, and say the cause of what is ignored again', () => {
    const hosts = ['web001', 'web002', 'web003'];
    const check = task('Check it', 3);
    const problem: Problem = {
      code: 'command-failed',
      message: '`check` ended with exit code 3',
      stderr: 'looks at it\nport 80 is in use\n',
    };
    const narrator = createNarrator({ paint: colourless, verbosity: 0, diff: false });
    const said = hosts.map((host) => {
      if (host === 'web001') for (const event of started(hosts)) narrator.tell(event);
      narrator.tell(finish(host, check, result('failed', 'run check', { problem, ignored: true })));
      return narrator.drain();
    });
    expect(said[1]?.trim()).to.equal(
      [
        'web002  | ignored | Check it: `check` ended with exit code 3',
        '    port 80 is in use',
        '    (the rest as for web001 above)',
      ].join('\n'),
    );
  });

  it('are bounded', () => {
    const hosts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(i + 2));
    const text = recapOf(endOf(hosts.map((host, i) => [host, { stderr: 'x'.repeat(i + 1) }])));
    expect(text.match(/^failed on .*/gm)).to.have.length(13);
    expect(text).to.contain('failed on 28 hosts, with 28 other causes: zrun report shows them\n');
  });

  it('name a command, its exit code and what was wanted once', () => {
    const message = '`sh -c x` ended with exit code 3';
    const problem: Problem = { code: 'command-failed', message, command: 'sh -c x', status: 3, stderr: 'no' };
    const events = [
      ...started(['a']),
      finish('a', step, result('failed', 'run sh -c x', { problem })),
      ...finished([['a', 'failed', { failed: 1 }, problem]], 2),
    ];
    const text = narrated(events);
    expect(text.match(/sh -c x/g), text).to.have.length(1);
    expect(text.match(/exit code/g), text).to.have.length(1);
    expect(recapOf(events).match(/sh -c x/g)).to.have.length(1);
  });

  it('name the item of a loop, and its message once', () => {
    const problem: Problem = { code: 'task-failed', message: 'no such package' };
    const items = [
      { ...result('ok', 'there'), label: 'vim', item: 'vim' },
      { ...result('failed', 'install nano', { problem }), label: 'nano', item: 'nano' },
    ];
    const events = [
      ...started(['a']),
      finish('a', step, result('failed', '1 of 2 items: install nano', { problem, items })),
      ...finished([['a', 'failed', { failed: 1 }, problem]], 2),
    ];
    const text = narrated(events);
    expect(text).to.contain(
      '| failed  | Install it: 1 of 2 items\n    failed (item nano): no such package\n',
    );
    expect(recapOf(events)).to.contain("failed on a, in task 'Install it' (item nano): no such package\n");
  });

  it('say how many more items of a loop failed, and that a host printed something only if it did', () => {
    const problem: Problem = { code: 'command-failed', message: 'no', stdout: '', stderr: '' };
    const items = ['vim', 'nano', 'ed'].map((label) => ({
      ...result('failed', 'no', { problem }),
      label,
      item: label,
    }));
    const text = recapOf([
      ...started(['a', 'b']),
      ...['a', 'b'].map((host) => finish(host, step, result('failed', 'no', { problem, items }))),
      ...finished([
        ['a', 'failed', { failed: 1 }, problem],
        ['b', 'failed', { failed: 1 }, problem],
      ]),
    ]);
    expect(text).to.contain(
      "failed on 2 hosts, in task 'Install it' (item vim and 2 more): no\n  a, b\n  at: ",
    );
  });
});

describe('time in a recap', () => {
  const say = task('Say how long Docker was down', 9);
  const hosts = ['a', 'b', 'c', 'd'];

  it('has the downtime of each host that a playbook tells, the longest first', () => {
    const text = recapOf([
      ...started(hosts),
      ...[8, 31, 8, 9].map((seconds, i) =>
        finish(
          hosts[i] ?? '',
          say,
          result('ok', '', { message: `Docker was down for ${String(seconds)} seconds` }),
        ),
      ),
      ...finished(hosts.map((host) => [host, 'done', { ok: 1 }])),
    ]);
    expect(text).to.contain(
      '\nDocker down, half of 4 hosts at most 8.0 s\n  31.0 s  b\n  9.0 s   d\n  8.0 s   a, c\n',
    );
  });

  it('stays short for hosts that all differ', () => {
    const many = Array.from({ length: 300 }, (_, i) => `web${String(i + 1)}`);
    const text = recapOf([
      ...started(many),
      ...many.map((host, i) =>
        finish(host, say, result('ok', '', { message: `Docker was down for ${String(i + 1)} seconds` })),
      ),
      ...finished(many.map((host) => [host, 'done', { ok: 1 }])),
    ]);
    expect(text).to.contain('half of 300 hosts at most 2 min 30 s\n  5 min 00 s  web300\n');
    expect(text).to.contain('  1.0 s – 4 min 55 s  web[1-295]\n');
  });

  it('names the tasks that took longest, if any took long', () => {
    const long = result('changed', 'x', { ms: 95_000 });
    const text = recapOf([
      ...started(['a', 'b']),
      finish('a', step, { ...long, ms: 5000 }),
      finish('b', step, long),
      finish('b', task('Quick', 4), { ...long, ms: 9999 }),
      ...finished([['a', 'done', { ok: 1 }]]),
    ]);
    expect(text).to.contain('\nslowest tasks\n  1 min 35 s  Install it (b, on average 50.0 s)\n\n');
  });
});

describe('a fleet after a check', () => {
  it('says what would be done, what it needs and what it is expected to cost', () => {
    const room = task('Say what room it takes', 5);
    const hosts = ['a', 'b', 'c'];
    const text = recapOf([
      ...started(hosts, true),
      ...['8 GiB of 93 GiB', '16 GiB of 17.5 GiB', '8 GiB of 9 TiB'].map((amounts, i) =>
        finish(
          hosts[i] ?? '',
          room,
          result('ok', '', { message: `The new volume needs ${amounts} that tank has` }),
        ),
      ),
      ...[20, 90].map((seconds, i) =>
        finish(
          hosts[i] ?? '',
          say,
          result('ok', '', { message: `Docker is expected to be down for ${String(seconds)} seconds` }),
        ),
      ),
      finish('a', step, result('changed', 'install 1', { destroys: '/dev/sda' })),
      finish('b', step, result('changed', 'install 2')),
      ...finished([
        ['a', 'done', { ok: 1, changed: 1 }],
        ['b', 'done', { ok: 1, changed: 1 }],
        ['c', 'done', { ok: 1 }],
      ]),
    ]);
    expect(text).to.contain(`
A run: 2 of 3 hosts would change, 1 would stay as it is
  2 hosts  Install it
  WOULD DESTROY: /dev/sda (a)
  room: The new volume: 32 GiB on 3 hosts, at most 16 GiB; least is left on b: 1.5 GiB
  expected downtime: Docker: 20 s to 1 min 30 s, longest on b
`);
  });
});

const say = task('Say what it costs', 9);
