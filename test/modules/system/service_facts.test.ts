/** What is made of systemd's lists; that a real one is read at all is an example that runs in the lab. */
import { expect } from 'chai';
import { parseServices } from '../../../src/modules/system/service_facts.js';
import { failureOf } from '../harness.js';

const answer = (stdout: string, status = 0) => ({
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(''),
  status,
});

// As systemd 252 (Debian 12) prints them; version 247 marks a failed unit with a dot.
const lists = `docker.service            loaded    active   running Docker Application Container Engine
ssh.service               loaded    active   running OpenBSD Secure Shell server
systemd-sysctl.service    loaded    active   exited  Apply Kernel Variables
apache-htcacheclean.service loaded  inactive dead    Disk Cache Cleaning Daemon for Apache HTTP Server
● nginx.service           loaded    failed   failed  A high performance web server
auditd.service            not-found inactive dead    auditd.service
plymouth.service          masked    inactive dead    plymouth.service

docker.service            enabled         enabled
ssh.service               enabled         enabled
systemd-sysctl.service    static          -
apache-htcacheclean.service disabled      enabled
nginx.service             enabled         enabled
plymouth.service          masked          enabled
getty@.service            enabled         enabled
rsync.service             disabled        enabled
`;

describe('service_facts', () => {
  it('tells what runs and what starts at boot', () => {
    const services = parseServices(answer(lists));
    const told = Object.values(services).map(({ name, state, status }) => `${name} ${state} ${status}`);
    expect(told).to.deep.equal([
      'apache-htcacheclean.service stopped disabled',
      'auditd.service stopped not-found',
      'docker.service running enabled',
      'getty@.service inactive enabled',
      'nginx.service failed enabled',
      'plymouth.service stopped masked',
      'rsync.service inactive disabled',
      'ssh.service running enabled',
      'systemd-sysctl.service stopped static',
    ]);
    expect(services['ssh.service']?.source).to.equal('systemd');
  });

  it('says what is wrong with a host', async () => {
    const asked = (stdout: string, status: number) =>
      failureOf(Promise.resolve().then(() => parseServices(answer(stdout, status))));
    expect((await asked('no-systemd\n', 0)).message).to.equal('the host does not run systemd');
    expect((await asked('', 1)).message).to.equal('systemd does not answer');
  });
});
