/** What Docker says of itself. Outputs of 20.10.24 on Debian 12 unless said otherwise. */
import { expect } from 'chai';
import {
  driverStatusOf,
  isAnonymousName,
  isLayerName,
  parseDaemonFlags,
  parseEnvironment,
  parseValues,
  versionNumbers,
} from '../../../src/modules/docker/info.js';

describe('dockerd’s command line', () => {
  const cases: readonly [
    what: string,
    command: string,
    environment: Record<string, string>,
    flags: Record<string, string>,
  ][] = [
    [
      'Debian',
      '/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS',
      {},
      { hosts: 'fd://', containerd: '/run/containerd/containerd.sock' },
    ],
    [
      'flags from the environment file',
      '/usr/sbin/dockerd -H fd:// $DOCKER_OPTS',
      { DOCKER_OPTS: '--storage-driver=zfs --data-root /srv/docker --storage-opt zfs.fsname=tank/d' },
      {
        hosts: 'fd://',
        'storage-driver': 'zfs',
        'data-root': '/srv/docker',
        'storage-opts': 'zfs.fsname=tank/d',
      },
    ],
    [
      'short forms',
      'dockerd -s overlay2 -g /old -D -H unix:///run/x.sock',
      {},
      { 'storage-driver': 'overlay2', 'data-root': '/old', debug: 'true', hosts: 'unix:///run/x.sock' },
    ],
    [
      'a switch does not eat the next flag',
      'dockerd --live-restore --graph=/d --userns-remap default',
      {},
      { 'live-restore': 'true', 'data-root': '/d', 'userns-remap': 'default' },
    ],
    [
      'a name within a word',
      'dockerd --data-root=${BASE}/docker',
      { BASE: '/srv' },
      { 'data-root': '/srv/docker' },
    ],
    ['quotes that systemd keeps', `dockerd --label "a=b c" --debug`, {}, { labels: 'a=b c', debug: 'true' }],
    ['nothing', '', {}, {}],
  ];
  for (const [what, command, environment, flags] of cases) {
    it(`is read: ${what}`, () => {
      const found = parseDaemonFlags(command, environment).map(({ key, value }) => [key, value] as const);
      expect(Object.fromEntries(found)).to.deep.equal(flags);
    });
  }

  it('gets its environment from files with comments and quotes', () => {
    const text = `# Docker Upstart and SysVinit configuration file\n#DOCKER_OPTS="--dns 8.8.8.8"\nDOCKER_OPTS="--debug --label=\\"x\\""\nexport DOCKER_DRIVER='zfs'\n\nODD=a=b\n`;
    expect(parseEnvironment(text)).to.deep.equal({
      DOCKER_OPTS: '--debug --label="x"',
      DOCKER_DRIVER: 'zfs',
      ODD: 'a=b',
    });
  });
});

describe('docker info', () => {
  it('has the driver’s status as pairs', () => {
    const info = {
      DriverStatus: [
        ['Zpool', 'tank'],
        ['Zpool Health', 'ONLINE'],
        ['Parent Dataset', 'tank/docker'],
        ['Parent Quota', 'no'],
      ],
    };
    expect(driverStatusOf(info)).to.deep.equal({
      Zpool: 'tank',
      'Zpool Health': 'ONLINE',
      'Parent Dataset': 'tank/docker',
      'Parent Quota': 'no',
    });
    expect(driverStatusOf({ DriverStatus: null })).to.deep.equal({});
    expect(driverStatusOf(undefined)).to.deep.equal({});
  });

  const versions: readonly [string | null, (number | null)[]][] = [
    ['20.10.24+dfsg1', [20, 10, 24]],
    ['26.1.5', [26, 1, 5]],
    ['29.0.0-rc.1', [29, 0, 0]],
    ['2.1.11-1+deb12u1', [2, 1, 11]],
    ['v2.3', [2, 3, null]],
    ['dev', [null, null, null]],
    [null, [null, null, null]],
  ];
  for (const [text, numbers] of versions) {
    it(`has a version: ${text ?? 'none'}`, () =>
      expect(Object.values(versionNumbers(text))).to.deep.equal(numbers));
  }

  it('may come with lines that are no JSON', () => {
    expect(parseValues('WARNING: No swap limit support\n{"a":1}\n\n[1]\n{"a":2}')).to.deep.equal([
      { a: 1 },
      { a: 2 },
    ]);
  });
});

describe('names that Docker makes up', () => {
  const layer = '0250990e39523c3efd5d52b1e9587103018c60b5afd4d6431933c6590278e111';
  it('are told from those of people', () => {
    expect([layer, 'data', `${layer}0`].map(isAnonymousName)).to.deep.equal([true, false, false]);
    const names = [layer, `${layer}-init`, 'k2x9a0b1c2d3e4f5g6h7i8j9k', 'volumes', 'home', `${layer}/x`];
    expect(names.map(isLayerName)).to.deep.equal([true, true, true, false, false, false]);
  });
});
