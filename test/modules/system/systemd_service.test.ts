/** What a plan makes of a unit's state; the examples run against a real systemd in the lab. */
import { expect } from 'chai';
import { setState, type Read } from '../../../src/core/probe.js';
import { createOverlay } from '../../../src/engine/overlay.js';
import { copy } from '../../../src/modules/files/copy.js';
import { fileKind } from '../../../src/modules/host/file.js';
import { directoryState } from '../../../src/modules/host/file-state.js';
import {
  parseUnit,
  staleKind,
  unitKind,
  unitName,
  unitOfFile,
  type UnitState,
} from '../../../src/modules/host/unit.js';
import { systemdService } from '../../../src/modules/system/systemd_service.js';
import { createHost, failureOf, planOf } from '../harness.js';

const running: UnitState = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  file: 'enabled',
  masked: false,
  maskedRuntime: false,
  installed: true,
  needsReload: false,
  fragment: '/lib/systemd/system/docker.service',
};
const stopped: UnitState = {
  ...running,
  active: 'inactive',
  sub: 'dead',
  file: 'disabled',
  installed: false,
};
const maskedNow: UnitState = { ...stopped, load: 'masked', file: 'masked-runtime', maskedRuntime: true };
const failed: UnitState = { ...running, active: 'failed', sub: 'failed' };
const missing: UnitState = { ...stopped, load: 'not-found', file: '', fragment: '' };

/** Reads a host whose docker.service is as given. */
function hostWith(unit: UnitState, isStale = false): Read {
  const overlay = createOverlay();
  const effects = [setState(unitKind, 'docker.service', unit), setState(staleKind, '', isStale)];
  overlay.record('the host', { effects });
  return overlay.over(createHost().read);
}

const name = 'docker';

describe('systemd_service', () => {
  for (const [what, unit, params, expected] of [
    ['already running', running, { state: 'started', enabled: true }, undefined],
    ['already stopped', stopped, { state: 'stopped', enabled: false }, undefined],
    ['failed counts as stopped', failed, { state: 'stopped' }, undefined],
    ['not masked anyway', running, { masked: false, runtime_masked: false }, undefined],
    ['reload not needed', running, { state: 'started', daemon_reload: true }, undefined],
    ['static is enabled enough', { ...running, file: 'static' }, { enabled: true }, undefined],
    ['enabled until reboot only', { ...running, file: 'enabled-runtime' }, { enabled: true }, 'enable'],
    ['start', stopped, { state: 'started' }, 'start'],
    ['start what failed', failed, { state: 'started' }, 'start'],
    ['stop', running, { state: 'stopped' }, 'stop'],
    ['restart', running, { state: 'restarted' }, 'restart'],
    ['reload', running, { state: 'reloaded' }, 'reload'],
    ['reload what is stopped', stopped, { state: 'reloaded' }, 'start'],
    ['enable before the start', stopped, { state: 'started', enabled: true }, 'enable, start'],
    ['stop before the mask', running, { state: 'stopped', runtime_masked: true }, 'stop, mask until reboot'],
    ['mask for good', stopped, { masked: true }, 'mask'],
    [
      'unmask before the start',
      maskedNow,
      { state: 'started', runtime_masked: false },
      'unmask until reboot, start',
    ],
    [
      'files that have changed',
      { ...running, needsReload: true },
      { state: 'restarted', daemon_reload: true },
      'make systemd reload the files of, restart',
    ],
    [
      // What a mask hid is known from the links that enable makes.
      'enabled behind a mask',
      { ...maskedNow, installed: true },
      { enabled: true, runtime_masked: false },
      'unmask until reboot',
    ],
  ] as const) {
    it(what, async () => {
      const plan = await planOf(systemdService, { name, ...params }, hostWith(unit));
      expect(plan.change === 'some' ? plan.summary : undefined).to.equal(
        expected && `${expected} docker.service`,
      );
      if (plan.change === 'none') return;
      // What was predicted is what was wanted: a second look would change nothing, unless it is meant to.
      const overlay = createOverlay();
      overlay.record('the task', plan);
      const again = await planOf(systemdService, { name, ...params }, overlay.over(hostWith(unit)));
      expect(again.change).to.equal(plan.repeats ? 'some' : 'none');
    });
  }

  for (const [what, unit, params, message] of [
    ['no such unit', missing, { state: 'started' }, /the host has no unit docker.service/],
    ['masked', maskedNow, { state: 'started' }, /is masked, so it cannot be started/],
    ['to be masked', running, { state: 'restarted', masked: true }, /is masked, so it cannot be restarted/],
    ['static', { ...running, file: 'static' }, { enabled: false }, /is static: it is not enabled by itself/],
    [
      'a file in /etc',
      { ...running, fragment: '/etc/systemd/system/docker.service' },
      { runtime_masked: true },
      /cannot be masked: its own file is/,
    ],
    ['no systemd', { ...missing, load: 'no-systemd' }, { state: 'started' }, /does not run systemd/],
  ] as const) {
    it(`refuses: ${what}`, async () => {
      const error = await failureOf(planOf(systemdService, { name, ...params }, hostWith(unit)));
      expect(error.message).to.match(message);
      expect(error.hint).to.be.a('string');
    });
  }

  it('masks a unit that is not there', async () => {
    const plan = await planOf(systemdService, { name, masked: true }, hostWith(missing));
    expect(plan.change).to.equal('some');
  });

  it('reloads systemd alone only where a file has changed', async () => {
    const params = { daemon_reload: true };
    expect(await planOf(systemdService, params, hostWith(running))).to.include({ change: 'none' });
    expect(await planOf(systemdService, params, hostWith(running, true))).to.include({ change: 'some' });
  });

  it('knows in check mode that a drop-in which an earlier task writes needs a reload', async () => {
    const host = hostWith(running);
    const overlay = createOverlay();
    const read = overlay.over(host);
    const params = { name, daemon_reload: true };
    expect((await planOf(systemdService, params, read, { check: true })).change).to.equal('none');
    const dropIn = { content: '[Unit]\n', dest: '/run/systemd/system/docker.service.d/zrun.conf' };
    const folder = '/run/systemd/system/docker.service.d';
    // The folder itself is another task's.
    overlay.record('folder', { effects: [setState(fileKind, folder, directoryState())] });
    const written = await planOf(copy, dropIn, read, { check: true });
    if (written.change === 'some') overlay.record('copy', written);
    const reload = await planOf(systemdService, params, read, { check: true });
    expect(reload.change).to.equal('some');
    expect((await planOf(systemdService, { daemon_reload: true }, read)).change).to.equal('some');
    if (reload.change === 'some') overlay.record('reload', reload);
    expect((await planOf(systemdService, { daemon_reload: true }, read)).change).to.equal('none');
  });

  it('refuses parameters that say nothing', () => {
    for (const params of [{}, { state: 'started' }, { name: 'a b', state: 'started' }, { name: '-x' }]) {
      expect(() => systemdService.bind(params), JSON.stringify(params)).to.throw();
    }
  });
});

describe('units', () => {
  for (const [given, expected] of [
    ['docker', 'docker.service'],
    ['docker.socket', 'docker.socket'],
    ['getty@tty1', 'getty@tty1.service'],
    ['my.app', 'my.app.service'],
    ['var-lib-docker.mount', 'var-lib-docker.mount'],
  ] as const) {
    it(`${given} is ${expected}`, () => expect(unitName(given)).to.equal(expected));
  }

  for (const [path, expected] of [
    ['/etc/systemd/system/docker.service', 'docker.service'],
    ['/etc/systemd/system/docker.service.d/zrun.conf', 'docker.service'],
    ['/lib/systemd/system/docker.socket', 'docker.socket'],
    ['/etc/systemd/system/docker.service.d/notes.txt', undefined],
    ['/etc/systemd/system.conf', undefined],
    ['/etc/docker/daemon.json', undefined],
  ] as const) {
    it(`${path} belongs to ${expected ?? 'no unit'}`, () => expect(unitOfFile(path)).to.equal(expected));
  }

  it('reads what systemctl show says', () => {
    // As systemd 252 prints it for a running docker.service, runtime-masked meanwhile.
    const stdout = Buffer.from(
      'LoadState=masked\nActiveState=active\nSubState=running\nFragmentPath=/run/systemd/system/docker.service\n' +
        'UnitFileState=masked-runtime\nNeedDaemonReload=no\nMasked=/run\nInstalled=yes\n',
    );
    expect(parseUnit('docker.service', { stdout, stderr: Buffer.alloc(0), status: 0 })).to.deep.equal({
      ...running,
      load: 'masked',
      file: 'masked-runtime',
      maskedRuntime: true,
      fragment: '/run/systemd/system/docker.service',
    });
  });
});
