/**
 * A reboot as zrun sees it, over a real sshd: connections die, and what tells one boot from another changes or does not.
 * Nothing is rebooted. The real thing is an example that runs in the lab.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ZrunError } from '../../../src/core/errors.js';
import type { Connect } from '../../../src/core/host.js';
import { createTransport } from '../../../src/transport/index.js';
import { play, type Played } from '../../engine/play.js';
import { skipFor } from '../../integration/skip.js';
import { sshdMissing, startSshd, type Sshd } from '../../integration/sshd.js';

let sshd: Sshd;
/** Handshakes that are to fail first, as those with a host that is down. */
let downFor = 0;

function file(name: string): string {
  return path.join(sshd.folder, name);
}

const transport = createTransport({ acceptNewHostKeys: false, env: {}, homedir: '/nonexistent' });

const connect: Connect = (host, options) => {
  if (existsSync(file('down')) && downFor-- > 0)
    return Promise.reject(new ZrunError('connect-failed', 'connection refused'));
  return transport.connect({ ...host, target: sshd.target() }, options);
};

/** Waits for the command that reboots, and does what a reboot does to connections. */
async function dropWhenAsked(): Promise<void> {
  while (!existsSync(file('down'))) await sleep(50);
  await sshd.dropConnections();
}

function rebootTask(params: Record<string, string | number>, after = ''): string {
  const given = { boot_time_command: `cat ${file('boot')}`, connect_timeout: 5, ...params };
  return `
- hosts: all
  gather_facts: false
  tasks:
    - name: go
      reboot: ${JSON.stringify(given)}
${after}`;
}

async function go(text: string, options: Parameters<typeof play>[1] = {}): Promise<Played> {
  return play(text, { connect, ...options });
}

function statusOf({ lines }: Played): string {
  return lines.map((line) => line.replace(/^here \| /, '')).join('\n');
}

describe('reboot', () => {
  before(async function () {
    skipFor(this, sshdMissing());
    sshd = await startSshd();
  });

  after(() => (sshd as Sshd | undefined)?.stop());

  beforeEach(() => {
    downFor = 0;
    writeFileSync(file('boot'), 'first\n');
    for (const name of ['down', 'count']) rmSync(file(name), { force: true });
  });

  it('ends when another boot answers over a new connection, and the play goes on', async () => {
    const rebooting = `(sleep 1; touch ${file('down')}; sleep 1; echo second >${file('boot')}) >/dev/null 2>&1 &`;
    downFor = 2;
    const dropped = dropWhenAsked();
    const played = await go(
      rebootTask(
        { reboot_command: rebooting },
        '    - {name: after, command: cat /proc/uptime, changed_when: false}',
      ),
    );
    await dropped;
    expect(statusOf(played)).to.match(/^changed \| go \| reboot\nok \| after /);
    expect(played.outcome.exitCode).to.equal(0);
    expect(downFor, 'attempts while it was down').to.be.lessThan(1);
  });

  it('is not troubled where the command takes its own answer along', async () => {
    const rebooting = `echo second >${file('boot')}; touch ${file('down')}; sleep 60`;
    const dropped = dropWhenAsked();
    const played = await go(rebootTask({ reboot_command: rebooting }));
    await dropped;
    expect(statusOf(played)).to.equal('changed | go | reboot');
  });

  it('does not take a host that answers for one that was rebooted', async () => {
    const played = await go(rebootTask({ reboot_command: 'true', reboot_timeout: 2 }));
    expect(statusOf(played)).to.equal(
      'failed | go | the host has not rebooted within 2 s: it answers, and it is the same boot as before',
    );
  });

  it('does not take an answer without a boot in it for another boot', async () => {
    const rebooting = `: >${file('boot')}`;
    const played = await go(rebootTask({ reboot_command: rebooting, reboot_timeout: 2 }));
    expect(statusOf(played)).to.match(
      /^failed \| go \| the host is not back after 2 seconds: it answers, but/,
    );
  });

  it('says why a host is not back', async () => {
    const rebooting = `touch ${file('down')}`;
    downFor = 1000;
    const dropped = dropWhenAsked();
    const played = await go(rebootTask({ reboot_command: rebooting, reboot_timeout: 2 }));
    await dropped;
    expect(statusOf(played)).to.equal(
      'failed | go | the host is not back after 2 seconds: connection refused',
    );
  });

  it('waits for the test command, and shows its last answer where it never succeeds', async () => {
    const rebooting = `echo second >${file('boot')}`;
    const third = `echo x >>${file('count')}; test $(wc -l <${file('count')}) -ge 3`;
    const good = await go(rebootTask({ reboot_command: rebooting, test_command: third }));
    expect(statusOf(good)).to.equal('changed | go | reboot');
    expect(readFileSync(file('count'), 'utf8')).to.equal('x\nx\nx\n');
    writeFileSync(file('boot'), 'first\n');
    const bad = await go(
      rebootTask({ reboot_command: rebooting, test_command: 'echo not yet >&2; exit 3', reboot_timeout: 2 }),
    );
    const finished = bad.events.find((event) => event.type === 'task-finished');
    expect(finished?.result.problem).to.include({
      message: 'the host is back, but `test_command` has not succeeded within 2 s',
      status: 3,
      stderr: 'not yet\n',
    });
  });

  it('says what the host says where it does not let itself be rebooted', async () => {
    const played = await go(rebootTask({ reboot_command: 'echo permission denied >&2; exit 1' }));
    const finished = played.events.find((event) => event.type === 'task-finished');
    expect(finished?.result.problem).to.include({
      code: 'task-failed',
      message: 'the host does not let itself be rebooted',
      stderr: 'permission denied\n',
    });
    expect(finished?.result.problem?.hint).to.match(/become: true/);
  });

  it('fails before it does anything where a boot cannot be told from another', async () => {
    const touch = `touch ${file('down')}`;
    const played = await go(rebootTask({ boot_time_command: 'true', reboot_command: touch }));
    expect(statusOf(played)).to.equal('failed | go | the host does not say which boot this is');
    expect(existsSync(file('down'))).to.equal(false);
  });

  it('uses shutdown where nothing else is said, with the message as one word', async () => {
    const bin = file('bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      `${bin}/shutdown`,
      `#!/bin/sh\nprintf '%s|' "$@" >${file('called')}\necho second >${file('boot')}\n`,
    );
    chmodSync(`${bin}/shutdown`, 0o755);
    const faked: Connect = async (host, options) => {
      const connection = await connect(host, options);
      return {
        counters: connection.counters,
        close: () => connection.close(),
        run: (script, more) => connection.run({ shellText: `PATH=${bin}:$PATH; ${script.shellText}` }, more),
      };
    };
    const played = await go(rebootTask({ msg: 'it\'s "time"' }), { connect: faked });
    expect(statusOf(played)).to.equal('changed | go | reboot');
    expect(readFileSync(file('called'), 'utf8')).to.equal(`-r|now|it's "time"|`);
  });

  it('ends at once when the user stops the run', async () => {
    const played = await go(rebootTask({ reboot_command: `touch ${file('down')}` }), {
      interruptAt: (event) => event.type === 'host-connected' && existsSync(file('down')),
    });
    expect(played.outcome.hosts[0]?.outcome).to.equal('interrupted');
  });

  it('refuses to end the run by rebooting the machine that it runs on', async () => {
    const played = await play(rebootTask({ reboot_command: `touch ${file('down')}` }));
    expect(statusOf(played)).to.equal('failed | go | this host is the machine that zrun itself runs on');
    expect(existsSync(file('down'))).to.equal(false);
  });

  it('is only planned in check mode', async () => {
    const played = await go(rebootTask({ reboot_command: `touch ${file('down')}` }), {
      settings: { check: true },
    });
    expect(statusOf(played)).to.equal('changed | go | reboot');
    expect(existsSync(file('down'))).to.equal(false);
  });
});
