/** `--profile`, from events made by hand: the slowest first, and sums that a reader can check. */
import { expect } from 'chai';
import { createProfile } from '../../src/report/profile.js';
import { colourless } from '../../src/report/style.js';
import { finish, finished, result, started, task } from './events.js';

function profileOf(...events: Parameters<ReturnType<typeof createProfile>['tell']>[0][]): readonly string[] {
  let text = '';
  const profile = createProfile({ out: { write: (piece: string) => (text += piece) }, paint: colourless });
  for (const event of events) profile.tell(event);
  return text.split('\n').map((line) => line.trimEnd());
}

describe('--profile', () => {
  it('says what each task and each host cost', () => {
    const [copy, tell] = [task('Copy it', 10), task('Tell', 14)];
    const lines = profileOf(
      ...started(['web1', 'web2']),
      { type: 'host-connected', host: 'web1', ms: 40 },
      { type: 'host-connected', host: 'web2', ms: 60 },
      finish('web1', tell, result('ok', 'said', { ms: 1, exchanges: 0 })),
      finish('web1', copy, result('changed', 'made', { ms: 300, exchanges: 2 })),
      finish('web2', tell, result('ok', 'said', { ms: 3, exchanges: 0 })),
      finish('web2', copy, result('ok', 'as wanted', { ms: 100, exchanges: 1 })),
      ...finished([
        ['web1', 'done', {}],
        ['web2', 'done', {}],
      ]),
    );
    expect(lines).to.deep.equal([
      '',
      'PROFILE of tasks',
      '  task      hosts   round trips     mean   slowest',
      '  Copy it       2   1 to 2 each   200 ms   300 ms, web1',
      '  Tell          2        0 each     2 ms   3 ms, web2',
      '',
      'PROFILE of hosts',
      '  host   handshakes   round trips   connecting   all tasks',
      '  web1            1             9        40 ms   301 ms',
      '  web2            1             9        60 ms   103 ms',
      '  in all: 2 hosts, 2 handshakes, 18 round trips',
      '',
    ]);
  });

  it('names only the slowest hosts of many, and keeps no line for each host and task', () => {
    const hosts = Array.from({ length: 500 }, (_, i) => `web${i}`);
    const one = task('One', 10);
    const lines = profileOf(
      ...started(hosts),
      ...hosts.map((host, i) => finish(host, one, result('ok', 'fine', { ms: i }))),
      ...finished(hosts.map((host) => [host, 'done', {}])),
    );
    expect(lines).to.include('PROFILE of hosts, the slowest 10 of 500');
    expect(lines.filter((line) => /^ {2}web\d/.test(line))).to.have.length(10);
    expect(lines.some((line) => line.startsWith('  web499 '))).to.equal(true);
  });

  it('shows no escape sequence of a name', () => {
    const evil = task('\u001b[2JGone', 10);
    const lines = profileOf(
      ...started(['web1']),
      finish('web1', evil, result('ok', 'fine')),
      ...finished([]),
    );
    expect(lines.join('\n')).not.to.contain('\u001b');
  });
});
