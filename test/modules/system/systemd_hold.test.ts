/** What a plan makes of units that depend on others; the examples and test/lab/cases/units.test.ts run on a real systemd. */
import { expect } from 'chai';
import { setState, type Read } from '../../../src/core/probe.js';
import { createOverlay } from '../../../src/engine/overlay.js';
import type { Dependent } from '../../../src/modules/system/dependents.js';
import { holdKind, type HoldSight } from '../../../src/modules/system/held-units.js';
import { systemdHold } from '../../../src/modules/system/systemd_hold.js';
import { createCheck, createHost, failureOf, planOf } from '../harness.js';

const app: Dependent = {
  unit: 'app.service',
  how: 'requires',
  active: 'active',
  sub: 'running',
  stays: false,
};
const idle: Dependent = { ...app, unit: 'idle.service', active: 'inactive', sub: 'dead' };
const looping: Dependent = { ...app, unit: 'loop.service', active: 'activating', sub: 'auto-restart' };
const done: Dependent = { ...app, unit: 'done.service', how: 'calls', sub: 'exited', stays: true };
const later: Dependent = { ...app, unit: 'later.service', how: 'after' };

const record = '/var/lib/zrun-test/units';
const held = { name: 'test', state: 'held', of: ['docker.service'], record };
const released = { name: 'test', state: 'released', record };

function hostWith(sight: Partial<HoldSight>): Read {
  const overlay = createOverlay();
  const state: HoldSight = { dependents: [], recorded: [], held: [], outcome: undefined, ...sight };
  overlay.record('the host', { effects: [setState(holdKind, 'test', state)] });
  return overlay.over(createHost().read);
}

describe('systemd_hold', () => {
  for (const [what, sight, params, expected] of [
    ['nothing depends on it', {}, held, undefined],
    ['stops what is active and holds it', { dependents: [app] }, held, 'stop and hold app.service'],
    ['holds what is not', { dependents: [idle] }, held, 'hold idle.service'],
    ['one between two tries is active', { dependents: [looping] }, held, 'stop and hold loop.service'],
    [
      'leaves what has done its work, and what only comes later',
      { dependents: [done, later] },
      held,
      undefined,
    ],
    [
      'leaves what it is told to leave',
      { dependents: [{ ...app, how: 'calls' }] },
      { ...held, except: ['app'] },
      undefined,
    ],
    [
      'but remembers it where systemd stops it all the same',
      { dependents: [app] },
      { ...held, except: ['app'] },
      'write down that app.service ran',
    ],
    ['once', { dependents: [app], recorded: [app] }, { ...held, except: ['app'] }, undefined],
    [
      'held already',
      { dependents: [{ ...app, active: 'inactive' }], recorded: [app], held: ['app.service'] },
      held,
      undefined,
    ],
    [
      'one that has started nevertheless',
      { dependents: [app], recorded: [app], held: ['app.service'] },
      held,
      'stop and hold app.service',
    ],
    [
      'stopped by an earlier run, and let go by a reboot',
      { dependents: [idle], recorded: [{ unit: 'idle.service', active: 'active' }] },
      held,
      'hold idle.service',
    ],
    ['nothing is held', {}, released, undefined],
    [
      'starts what was active',
      { recorded: [app], held: ['app.service', 'idle.service'] },
      released,
      'start app.service again',
    ],
    [
      'one that systemd stops with Docker only',
      { dependents: [app, { ...app, unit: 'last.service', stopsWithDocker: true }] },
      held,
      'stop and hold app.service',
    ],
    ['lets go of what was not', { held: ['idle.service'] }, released, 'let idle.service start again'],
    ['starts it after a reboot, too', { recorded: [app] }, released, 'start app.service again'],
  ] as const) {
    it(what, async () => {
      const plan = await planOf(systemdHold, params, hostWith(sight));
      expect(plan.change === 'some' ? plan.summary : undefined).to.equal(expected);
    });
  }

  it('remembers one that stops with Docker only', async () => {
    const last = { ...app, unit: 'last.service', stopsWithDocker: true };
    const plan = await planOf(systemdHold, held, hostWith({ dependents: [last] }));
    expect(plan.change === 'some' && [plan.summary, plan.predicted]).to.deep.equal([
      'hold last.service',
      { units: ['last.service'], stopped: ['last.service'], differing: [] },
    ]);
    const again = hostWith({ dependents: [last], recorded: [last], held: ['last.service'] });
    expect((await planOf(systemdHold, held, again)).change).to.equal('none');
  });

  it('stops nothing where one could not be started again', async () => {
    const trans: Dependent = { ...app, unit: 'trans.service', obstacle: 'transient' };
    const error = await failureOf(planOf(systemdHold, held, hostWith({ dependents: [app, trans] })));
    expect(error.message).to.match(/^nothing was stopped: trans\.service was started by systemd-run/);
    const known = hostWith({ dependents: [trans], recorded: [trans], held: [trans.unit] });
    expect((await planOf(systemdHold, held, known)).change).to.equal('some');
    const stopped = hostWith({ dependents: [{ ...trans, active: 'inactive' }] });
    expect((await planOf(systemdHold, held, stopped)).change).to.equal('some');
  });

  it('remembers what an earlier run has stopped', async () => {
    const recorded = [{ unit: 'old.service', active: 'active' }];
    const plan = await planOf(systemdHold, held, hostWith({ dependents: [app], recorded }));
    expect(plan.change === 'some' && plan.predicted['stopped']).to.deep.equal(['old.service', 'app.service']);
  });

  it('remembers what a release has found, where the connection broke meanwhile, and no other run does', async () => {
    const differing = [{ unit: 'app.service', was: 'active', is: 'failed' }];
    for (const [run, expected] of [
      ['test-run', differing],
      ['another', []],
    ] as const) {
      const plan = await planOf(systemdHold, released, hostWith({ outcome: { run, differing } }));
      expect(plan.change === 'none' && plan.result['differing'], run).to.deep.equal(expected);
    }
  });

  it('a check releases what it would have held', async () => {
    const host = createHost();
    const check = createCheck({ ...host, read: hostWith({ dependents: [app] }) });
    expect((await check(systemdHold, held)).change).to.equal('some');
    expect(await check(systemdHold, held)).to.include({ change: 'none', reason: 'held already' });
    const release = await check(systemdHold, released);
    expect(release.change === 'some' && release.summary).to.equal('start app.service again');
    expect(await check(systemdHold, released)).to.include({ change: 'none', reason: 'nothing is held' });
  });

  for (const params of [
    { ...held, of: [] },
    { ...held, name: 'a/b' },
    { ...held, of: ['a b'] },
  ]) {
    it(`refuses ${JSON.stringify(params)}`, () => {
      expect(() => systemdHold.bind(params)).to.throw();
    });
  }
});
