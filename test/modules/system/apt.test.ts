/** What is made of apt's and dpkg's answers; real packages come and go in the lab, and here only in a simulation. */
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Probe, Read } from '../../../src/core/probe.js';
import { apt } from '../../../src/modules/system/apt.js';
import { explainApt, parseSteps } from '../../../src/modules/system/apt-query.js';
import { play } from '../../engine/play.js';
import { createCheck, createHost, failureOf, perform, planOf } from '../harness.js';

/** A host whose dpkg and apt answer this. */
function hostThatSays(...lines: readonly string[]): Read {
  const stdout = Buffer.from(`${lines.join('\n')}\n`);
  return <T>(probe: Probe<T>) =>
    Promise.resolve().then(() => probe.parse({ stdout, stderr: Buffer.alloc(0), status: 0 }));
}

const simulation = `Reading package lists...
The following packages will be REMOVED:
  exim4
Remv exim4 [4.96-15]
Purg exim4-base [4.96-15]
Inst postfix (3.7.11-0+deb12u1 Debian:12.6/stable [amd64])
Inst curl [7.88.1-10] (7.88.1-10+deb12u5 Debian:12.5/stable [amd64]) []
Conf postfix (3.7.11-0+deb12u1 Debian:12.6/stable [amd64])
Conf libhalf (1.0 Debian:12 [amd64])
`;

describe('apt', () => {
  it('reads a simulation', () => {
    const steps = parseSteps(simulation).map(({ verb, name, before, after }) =>
      [verb, name, before ?? '-', after ?? '-'].join(' '),
    );
    expect(steps).to.deep.equal([
      'remove exim4 4.96-15 -',
      'purge exim4-base 4.96-15 -',
      'install postfix - 3.7.11-0+deb12u1',
      'install curl 7.88.1-10 7.88.1-10+deb12u5',
      'configure libhalf - 1.0',
    ]);
  });

  const works = ['== want postfix', '== simulation', ...simulation.trimEnd().split('\n'), '== status 0'];
  for (const [what, params, answer, expected] of [
    ['installed', { name: 'bash' }, ['== age 100000', '== have bash 5.2'], undefined],
    [
      'installed, and lists never matter',
      { name: 'bash', update_cache: true },
      ['== have bash 5.2'],
      undefined,
    ],
    ['not installed', { name: 'postfix' }, ['== age 5', ...works], 'install postfix (and 4 more)'],
    [
      'not installed, old lists',
      { name: 'postfix', cache_valid_time: 3600 },
      ['== age 3601', ...works],
      'fetch the package lists and install postfix (and 4 more)',
    ],
    [
      'not installed, new lists',
      { name: 'postfix', cache_valid_time: 3600 },
      ['== age 3599', ...works],
      'install postfix (and 4 more)',
    ],
    [
      'unknown to lists that are fetched first',
      { name: 'new', update_cache: true },
      ['== want new', '== simulation', 'E: Unable to locate package new', '== status 100'],
      'fetch the package lists and install new',
    ],
    [
      'newest already',
      { name: 'bash', state: 'latest' },
      ['== have bash 5', '== want bash', '== simulation', '0 upgraded', '== status 0'],
      undefined,
    ],
    [
      'newest by old lists',
      { name: 'bash', state: 'latest', update_cache: true },
      ['== have bash 5', '== want bash', '== simulation', '== status 0'],
      'fetch the package lists and bring up to date bash',
    ],
    ['gone already', { name: 'exim4', state: 'absent' }, ['== age 5'], undefined],
    [
      'there',
      { name: 'exim4', state: 'absent' },
      ['== want exim4', '== simulation', 'Remv exim4 [4]', '== status 0'],
      'remove exim4',
    ],
    ['lists alone, new', { cache_valid_time: 60 }, ['== age 59'], undefined],
    ['lists alone, old', { cache_valid_time: 60 }, ['== age 61'], 'fetch the package lists'],
    ['lists alone, each time', { update_cache: true }, ['== age 0'], 'fetch the package lists'],
    [
      'what nothing needs',
      { autoremove: true },
      ['== simulation', 'Remv libold [1]', '== status 0'],
      'remove libold, which nothing needs',
    ],
    ['nothing that nothing needs', { autoremove: true }, ['== simulation', '== status 0'], undefined],
  ] as const) {
    it(what, async () => {
      const plan = await planOf(apt, params, hostThatSays(...answer));
      expect(plan.change === 'some' ? plan.summary : undefined).to.equal(expected);
    });
  }

  it('names what goes for good', async () => {
    const plan = await planOf(apt, { name: 'postfix' }, hostThatSays(...works));
    expect(plan.change === 'some' && plan.destroys).to.equal('these packages go: exim4, exim4-base');
  });

  it('touches nothing where dpkg was interrupted, and says how to go on', async () => {
    const error = await failureOf(planOf(apt, { name: 'postfix' }, hostThatSays('== interrupted', ...works)));
    expect(error.message).to.match(/^dpkg was interrupted/);
    expect(error.hint).to.match(/dpkg --configure -a/);
    const satisfied = await planOf(apt, { name: 'a' }, hostThatSays('== interrupted', '== have a 1'));
    expect(satisfied.change, 'a task that has nothing to do').to.equal('none');
  });

  it('says what apt says, and what to do', async () => {
    const host = hostThatSays('== want x', '== simulation', 'E: Unable to locate package x', '== status 100');
    const error = await failureOf(planOf(apt, { name: 'x' }, host));
    expect(error.message).to.equal('apt: Unable to locate package x');
    expect(error.hint).to.match(/update_cache: true/);
    const none = await failureOf(planOf(apt, { name: 'x' }, hostThatSays('== no-apt')));
    expect(none.message).to.equal('the host has no apt');
  });

  for (const [said, advice] of [
    ['E: dpkg was interrupted, you must manually run dpkg --configure -a', /configure -a/],
    ['E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)', /lock_timeout/],
    [
      'E: Could not open lock file /x (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/x), are you root?',
      /become: true/,
    ],
    ['E: Failed to fetch http://x Could not connect', /does not reach its package archive/],
    ['E: Packages were downgraded and -y was used without --allow-downgrades.', /allow_downgrade/],
    ['E: Held packages were changed and -y was used', /unhold/],
  ] as const) {
    it(`advises on: ${said.slice(3, 50)}`, () => expect(explainApt(said)).to.match(advice));
  }

  for (const [params, message] of [
    [{}, /give `name`/],
    [{ name: 'foo*' }, /name of a package/],
    [{ name: '-o' }, /name of a package/],
    [{ name: ['a; reboot'] }, /name of a package/],
  ] as const) {
    it(`refuses ${JSON.stringify(params)}`, () => expect(() => apt.bind(params)).to.throw(message));
  }
});

describe('apt on this machine', function () {
  if (spawnSync('apt-get', ['--version']).status !== 0) {
    it('skipped: there is no apt on this machine');
    return;
  }

  it('takes one exchange where all is as wanted, with a version and what a package provides', async () => {
    const version = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'dpkg'], { encoding: 'utf8' }).stdout;
    const names = ['bash', `dpkg=${version}`, `dpkg=${version.slice(0, 2)}*`, 'awk'];
    const { changed, exchanges, result } = await perform(apt, { name: names });
    expect(changed).to.equal(false);
    expect(exchanges).to.equal(1);
    expect(result['packages']).to.include({ dpkg: version });
  });

  it('finds out what is not known before anything is done', async () => {
    const { read } = createHost();
    const wrong = await failureOf(planOf(apt, { name: 'zrun-no-such-package' }, read));
    expect(wrong.message).to.equal('apt: Unable to locate package zrun-no-such-package');
    const version = await failureOf(planOf(apt, { name: 'bash=0.0' }, read));
    expect(version.message).to.match(/^apt: Version '0\.0' for 'bash' was not found/);
    expect(version.hint).to.be.a('string');
  });

  it('shows what goes along, and predicts it for the tasks that follow', async () => {
    const check = createCheck(createHost());
    const removal = await check(apt, { name: 'mount', state: 'absent' });
    expect(removal.change === 'some' && removal.summary).to.match(/^remove mount/);
    expect((await check(apt, { name: 'mount', state: 'absent' })).change).to.equal('none');
    expect((await check(apt, { name: ['bash', 'mount'] })).change).to.equal('some');
    expect((await check(apt, { name: 'bash' })).change).to.equal('none');
    expect(spawnSync('dpkg-query', ['-W', 'mount']).status, 'it is still there').to.equal(0);
  });

  it('leaves open in check mode what its files would be; what rests on no look at the host is as sure as ever', async () => {
    const { lines } = await play(
      `
- hosts: all
  gather_facts: false
  tasks:
    - {name: before, lineinfile: {path: /nonexistent/a, line: x}, ignore_errors: true}
    - {name: remove, apt: {name: mount, state: absent}}
    - {name: removed, lineinfile: {path: /nonexistent/a, line: x}, ignore_errors: true}
    - {name: install, apt: {name: mount}}
    - {name: line, lineinfile: {path: /nonexistent/a, line: x}, register: r}
    - {name: use, debug: {msg: "{{r.changed}}"}}
    - {name: there, copy: {dest: "{{tmp}}/x", content: x}}
    - {name: claim, assert: {that: 1 > 2}}
`,
      { settings: { check: true } },
    );
    expect(lines.map((line) => line.split(' | ').slice(1, 3).join(' '))).to.deep.equal([
      'ignored before',
      'changed remove',
      'ignored removed',
      'changed install',
      'unknown line',
      'unknown use',
      'changed there',
      'failed claim',
    ]);
  });
});
