/**
 * Containers made again, as tables: what `inspect` says, and what then must be said to create. The bodies themselves are
 * tried on real hosts in test/lab/docker.test.ts.
 */
import { expect } from 'chai';
import { isMap, type ValueMap } from '../../../src/core/value.js';
import { idOf, inOrder, nameOf } from '../../../src/modules/docker/container.js';
import { creationOf, differences, type Surroundings } from '../../../src/modules/docker/create.js';
import type { DockerInventory } from '../../../src/modules/docker/inventory.js';
import { imageFinder } from '../../../src/modules/docker/restore-images.js';
import { findLeftOut, planRestore } from '../../../src/modules/docker/restore-plan.js';

const longId = (digit: string) => digit.repeat(64);

interface Given {
  readonly id?: string;
  readonly image?: string;
  readonly config?: ValueMap;
  readonly host?: ValueMap;
  readonly networks?: ValueMap;
  readonly mounts?: readonly ValueMap[];
  readonly state?: ValueMap;
}

/** As `docker inspect` has it, as far as a test needs it. */
function container(name: string, given: Given = {}): ValueMap {
  const id = given.id ?? longId((name.codePointAt(0) ?? 97).toString(16).slice(-1));
  return {
    Id: id,
    Name: `/${name}`,
    Image: given.image ?? 'sha256:image',
    State: { Status: 'exited', Running: false, StartedAt: '2026-08-07T10:00:00Z', ...given.state },
    Config: { Hostname: id.slice(0, 12), Image: 'app:1', Env: ['A=1'], ...given.config },
    HostConfig: { NetworkMode: 'default', RestartPolicy: { Name: 'no' }, ...given.host },
    NetworkSettings: { Networks: given.networks ?? { bridge: {} } },
    Mounts: given.mounts ?? [],
  };
}

const running = { Status: 'running', Running: true };

function around(containers: readonly ValueMap[], changes: Partial<Surroundings> = {}): Surroundings {
  const byName = new Map(containers.map((each) => [nameOf(each), each]));
  const byId = new Map(containers.map((each) => [idOf(each), nameOf(each)]));
  return {
    image: 'app:1',
    imageData: undefined,
    findContainer: (reference) =>
      byId.get(reference) ??
      (byName.has(reference.replace(/^\//, '')) ? reference.replace(/^\//, '') : undefined),
    containers: byName,
    networkName: (reference) => reference,
    apiVersion: '1.41',
    hostName: 'the-host',
    ...changes,
  };
}

function mapAt(value: ValueMap, ...path: readonly string[]): ValueMap {
  const found = path.reduce<ValueMap>((inner, key) => {
    const next = inner[key];
    return isMap(next) ? next : {};
  }, value);
  return found;
}

describe('the body that makes a container again', () => {
  const host = (given: Given, changes: Partial<Surroundings> = {}, others: readonly ValueMap[] = []) => {
    const one = container('one', given);
    return creationOf(one, around([one, ...others], changes));
  };

  const hostnames: readonly [string, Given, string | undefined][] = [
    ['made up from the id', {}, undefined],
    ['given', { config: { Hostname: 'db.example' } }, 'db.example'],
    [
      "the host's own, in its network",
      { config: { Hostname: 'the-host' }, host: { NetworkMode: 'host' } },
      undefined,
    ],
    [
      'given, in the network of the host',
      { config: { Hostname: 'other' }, host: { NetworkMode: 'host' } },
      'other',
    ],
    [
      "another container's",
      { config: { Hostname: 'db.example' }, host: { NetworkMode: `container:${longId('d')}` } },
      undefined,
    ],
    [
      "the host's, by its UTS namespace",
      { config: { Hostname: 'the-host' }, host: { UTSMode: 'host' } },
      undefined,
    ],
  ];
  for (const [what, given, expected] of hostnames) {
    it(`hostname: ${what}`, () => {
      expect(host(given).body['Hostname']).to.equal(expected);
    });
  }

  it('names the container whose namespaces it shares, and exposes no ports of its own then', () => {
    const db = container('db', { id: longId('d') });
    const { body, network, joins } = host(
      {
        config: { ExposedPorts: { '80/tcp': {} } },
        host: {
          NetworkMode: `container:${longId('d')}`,
          PidMode: `container:${longId('d')}`,
          IpcMode: 'container:by-name',
        },
        networks: {},
      },
      {},
      [db],
    );
    expect(mapAt(body, 'HostConfig')).to.include({
      NetworkMode: 'container:db',
      PidMode: 'container:db',
      IpcMode: 'container:by-name',
    });
    expect(body).not.to.have.property('ExposedPorts');
    expect(body).not.to.have.property('NetworkingConfig');
    expect([network, joins]).to.deep.equal([undefined, []]);
  });

  it('writes legacy links as create wants them, and drops those that lead nowhere', () => {
    const db = container('db');
    const { body } = host({ host: { Links: ['/db:/one/database', '/gone:/one/x'] } }, {}, [db]);
    expect(mapAt(body, 'HostConfig')['Links']).to.deep.equal(['db:database']);
  });

  it('joins one network at its creation and the others afterwards, with what was asked for in each', () => {
    const given = {
      host: { NetworkMode: 'app' },
      networks: {
        app: {
          IPAMConfig: { IPv4Address: '172.30.0.10' },
          Aliases: ['database', 'ffffffffffff'],
          IPAddress: '172.30.0.10',
          MacAddress: '02:42:ac:1e:00:0a',
          NetworkID: 'n1',
          DriverOpts: null,
        },
        edge: { IPAMConfig: null, Aliases: ['front'], GwPriority: 7, Links: ['db:d'] },
      },
    };
    const { body, network, joins, leaves } = host({ ...given, id: longId('f') });
    expect(network).to.equal('app');
    expect(mapAt(body, 'NetworkingConfig', 'EndpointsConfig')).to.deep.equal({
      app: { IPAMConfig: { IPv4Address: '172.30.0.10' }, Aliases: ['database'] },
    });
    expect(joins).to.deep.equal([['edge', { Aliases: ['front'], GwPriority: 7, Links: ['db:d'] }]]);
    expect(leaves).to.equal(undefined);
  });

  const aliases: readonly [string, readonly string[], readonly string[]][] = [
    ['that Docker has put there by itself', ['db', 'ffffffffffff', 'db.example'], ['db']],
    ["that is the host's name, where it was asked for", ['db.example', 'ffffffffffff'], ['db.example']],
    ['of a recent daemon, which tells only those that were asked for', ['db.example'], ['db.example']],
  ];
  for (const [what, given, expected] of aliases) {
    it(`a name in a network ${what}`, () => {
      const { body } = host({
        id: longId('f'),
        config: { Hostname: 'db.example' },
        host: { NetworkMode: 'app' },
        networks: { app: { Aliases: given } },
      });
      expect(mapAt(body, 'NetworkingConfig', 'EndpointsConfig', 'app')['Aliases']).to.deep.equal(expected);
    });
  }

  it('leaves the network of its mode where it was taken out of it', () => {
    const { leaves, joins } = host({ host: { NetworkMode: 'app' }, networks: { edge: {} } });
    expect([leaves, joins]).to.deep.equal(['app', [['edge', {}]]]);
  });

  it('asks nothing of the default bridge, which would refuse it', () => {
    const { body, network } = host({ networks: { bridge: { IPAMConfig: { IPv4Address: '172.17.0.2' } } } });
    expect(network).to.equal('bridge');
    expect(body).not.to.have.property('NetworkingConfig');
  });

  it('puts a MAC address that was asked for where the daemon wants it', () => {
    const given = {
      config: { MacAddress: '02:42:ac:1e:00:63' },
      host: { NetworkMode: 'app' },
      networks: { app: {} },
    };
    const old = host(given, { apiVersion: '1.43' }).body;
    const recent = host(given, { apiVersion: '1.44' }).body;
    expect(old['MacAddress']).to.equal('02:42:ac:1e:00:63');
    expect(mapAt(old, 'NetworkingConfig', 'EndpointsConfig')).to.deep.equal({ app: {} });
    expect(recent).not.to.have.property('MacAddress');
    expect(mapAt(recent, 'NetworkingConfig', 'EndpointsConfig')).to.deep.equal({
      app: { MacAddress: '02:42:ac:1e:00:63' },
    });
  });

  it('keeps an entrypoint away that was taken off the image', () => {
    const imageData = { Config: { Entrypoint: ['/bin/wait'] } };
    const bare = host({ config: { Entrypoint: null, Cmd: ['/bin/x'] } }, { imageData });
    expect(bare.body['Entrypoint']).to.deep.equal(['']);
    expect(host({ config: { Entrypoint: null } }).body['Entrypoint']).to.equal(null);
  });

  const volume = (name: string, destination: string, more: ValueMap = {}) => ({
    Type: 'volume',
    Name: name,
    Source: `/var/lib/docker/volumes/${name}/_data`,
    Destination: destination,
    RW: true,
    ...more,
  });
  const attached = (name: string, target: string, more: ValueMap = {}) => ({
    Type: 'volume',
    Source: name,
    Target: target,
    ...more,
    VolumeOptions: { NoCopy: true },
  });
  const mounts: readonly [string, Given, ValueMap][] = [
    [
      'a volume without a name of its own, by the name that Docker made up',
      { mounts: [volume(longId('a'), '/data')], host: { Binds: null } },
      { Binds: null, Mounts: [attached(longId('a'), '/data')] },
    ],
    [
      'one that was read-only',
      { mounts: [volume(longId('a'), '/data', { RW: false })] },
      { Binds: null, Mounts: [attached(longId('a'), '/data', { ReadOnly: true })] },
    ],
    [
      'one that was asked for by --mount without a source, in its place',
      { mounts: [volume(longId('a'), '/data')], host: { Mounts: [{ Type: 'volume', Target: '/data/' }] } },
      {
        Binds: null,
        Mounts: [{ Type: 'volume', Target: '/data/', Source: longId('a'), VolumeOptions: { NoCopy: true } }],
      },
    ],
    [
      'one that was asked for by a bind without a source',
      { mounts: [volume(longId('a'), '/data')], host: { Binds: ['/data'] } },
      { Binds: null, Mounts: [attached(longId('a'), '/data')] },
    ],
    [
      'nothing twice',
      {
        mounts: [volume('data', '/srv'), { Type: 'bind', Source: '/etc', Destination: '/etc', RW: false }],
        host: { Binds: ['data:/srv:ro', '/etc:/etc/:ro'], Mounts: [] },
      },
      { Binds: ['data:/srv:ro', '/etc:/etc/:ro'], Mounts: [] },
    ],
    [
      'what came from a container that is gone',
      {
        mounts: [volume('data', '/srv'), { Type: 'bind', Source: '/etc', Destination: '/e', RW: false }],
        host: { VolumesFrom: ['gone:ro'] },
      },
      { Binds: ['/etc:/e:ro'], Mounts: [attached('data', '/srv')] },
    ],
  ];
  for (const [what, given, expected] of mounts) {
    it(`mounts ${what}`, () => {
      const { Binds, Mounts } = mapAt(host(given).body, 'HostConfig');
      expect({ Binds, Mounts }).to.deep.equal(expected);
    });
  }

  it('mounts nothing by itself that comes from another container', () => {
    const db = container('db', { id: longId('d'), mounts: [volume('data', '/srv')] });
    const given = { mounts: [volume('data', '/srv')], host: { VolumesFrom: [`${longId('d')}:ro`] } };
    const { body } = host(given, {}, [db]);
    expect(mapAt(body, 'HostConfig')).to.include({ Binds: null });
    expect(mapAt(body, 'HostConfig')['VolumesFrom']).to.deep.equal(['db:ro']);
    expect(mapAt(body, 'HostConfig')).not.to.have.property('Mounts');
  });
});

describe('two containers', () => {
  const body = (given: Given) => {
    const one = container('one', given);
    return creationOf(one, around([one])).body;
  };
  const cases: readonly [string, Given, Given, readonly string[]][] = [
    ['with other ids', { id: longId('a') }, { id: longId('b') }, []],
    [
      'where one says nothing at length',
      {},
      { host: { Memory: 0, CapAdd: [], Dns: null, Privileged: false } },
      [],
    ],
    [
      'with no restart policy, in the words of two daemons',
      { host: { RestartPolicy: { Name: '' } } },
      {},
      [],
    ],
    [
      'with another restart policy',
      { host: { RestartPolicy: { Name: 'always' } } },
      {},
      ['HostConfig.RestartPolicy'],
    ],
    ['with other variables', { config: { Env: ['A=2'] } }, {}, ['Env']],
    ['with other labels', { config: { Labels: { a: 'b' } } }, { config: { Labels: { a: 'c' } } }, ['Labels']],
  ];
  for (const [what, a, b, expected] of cases) {
    it(`${what} ${expected.length === 0 ? 'are the same' : `differ in ${expected.join()}`}`, () => {
      expect(differences(body(a), body(b))).to.deep.equal(expected);
    });
  }
});

describe('the order of containers', () => {
  const composed = (service: string, needs?: string): Given => ({
    config: {
      Labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': service,
        ...(needs !== undefined && { 'com.docker.compose.depends_on': needs }),
      },
    },
  });
  const cases: readonly [string, readonly ValueMap[], readonly string[]][] = [
    [
      'shared namespaces, by id and by name',
      [
        container('a', { host: { NetworkMode: `container:${longId('b')}` } }),
        container('b', { id: longId('b'), host: { PidMode: 'container:c' } }),
        container('c'),
      ],
      ['c', 'b', 'a'],
    ],
    [
      'volumes and links',
      [
        container('a', { host: { VolumesFrom: ['b:ro'] } }),
        container('b', { host: { Links: ['/c:/b/x'] } }),
        container('c'),
      ],
      ['c', 'b', 'a'],
    ],
    [
      "compose's wishes, with several containers of a service",
      [
        container('a', composed('web', 'db:service_healthy:true,cache:service_started:false')),
        container('b', composed('db')),
        container('c', composed('db')),
        container('d', composed('cache', 'db:service_started:true')),
      ],
      ['b', 'c', 'd', 'a'],
    ],
    [
      'a circle is cut',
      [
        container('a', composed('one', 'two:service_started')),
        container('b', composed('two', 'one:service_started')),
      ],
      ['b', 'a'],
    ],
  ];
  for (const [what, containers, expected] of cases) {
    it(what, () => {
      expect(inOrder(containers).map(nameOf)).to.deep.equal(expected);
    });
  }

  it('leaves out what cannot be made, and those that hang on it', () => {
    const found = findLeftOut([
      container('a', { host: { AutoRemove: true } }),
      container('b', { host: { NetworkMode: 'container:a' } }),
      container('c', { config: { Labels: { 'com.docker.swarm.task.id': 'x' } } }),
      container('d', { host: { IpcMode: `container:${longId('9')}` } }),
      container('e'),
    ]);
    expect(found).to.deep.equal([
      { name: 'a', reason: 'it was started with --rm and goes when it stops', isExpected: true },
      { name: 'b', reason: 'it shares a namespace with a, which is not made again', isExpected: true },
      { name: 'c', reason: 'it is a task of a swarm, which makes it again by itself', isExpected: true },
      {
        name: 'd',
        reason: `it shares a namespace with ${longId('9').slice(0, 12)}, which was removed`,
        isExpected: false,
      },
    ]);
  });
});

describe('names of images', () => {
  const find = imageFinder([
    { Id: 'sha256:1', RepoTags: ['app:1', 'localhost:5000/x:2'], RepoDigests: ['nginx@sha256:d'] },
    { Id: 'sha256:2', RepoTags: ['app:latest'] },
  ]);
  const cases: readonly [string, string | undefined][] = [
    ['app:1', 'sha256:1'],
    ['app', 'sha256:2'],
    ['docker.io/library/app', 'sha256:2'],
    ['localhost:5000/x:2', 'sha256:1'],
    ['localhost:5000/x', undefined],
    ['nginx@sha256:d', 'sha256:1'],
    ['nginx:1.25@sha256:d', 'sha256:1'],
    ['library/nginx@sha256:d', 'sha256:1'],
    ['sha256:2', 'sha256:2'],
    ['none', undefined],
  ];
  for (const [name, id] of cases) {
    it(`${name} is ${id ?? 'nothing'}`, () => {
      expect(find(name)).to.equal(id);
    });
  }
});

describe('a restore', () => {
  const server = {
    version: '20.10.24',
    api_version: '1.41',
    driver: 'overlay2',
    root: '/var/lib/docker',
    name: 'the-host',
    swarm: 'inactive',
  };
  const images = [{ Id: 'sha256:image', RepoTags: ['app:1'] }];
  const bridge = { Name: 'bridge', Scope: 'local', Id: 'nb' };
  const app = {
    Name: 'app',
    Id: 'n1',
    Scope: 'local',
    Driver: 'bridge',
    IPAM: { Driver: 'default', Config: [{ Subnet: '172.30.0.0/24' }] },
    Labels: { net: 'app' },
  };
  const inventory = (changes: Partial<DockerInventory>): DockerInventory => ({
    server,
    containers: [],
    images,
    networks: [bridge],
    volumes: [],
    changes: {},
    ...changes,
  });
  const plan = (
    record: Partial<DockerInventory>,
    now: Partial<DockerInventory> = {},
    more: {
      known?: Readonly<Record<string, string>>;
      isToCome?: boolean;
      later?: readonly string[];
    } = {},
  ) => planRestore({ record: inventory(record), now: inventory(now), known: {}, isToCome: false, ...more });

  const old = { id: longId('a') };
  const fresh = { id: longId('b'), state: { Status: 'created', StartedAt: '0001-01-01T00:00:00Z' } };

  it('makes what is missing and starts what ran, networks first', () => {
    const { networks, containers } = plan({
      networks: [bridge, app],
      containers: [
        container('one', { state: running }),
        container('two'),
        container('three', { state: { ...running, Paused: true } }),
        container('four', { state: { Status: 'restarting', Restarting: true } }),
      ],
    });
    expect(networks.map(({ body }) => body)).to.deep.equal([
      {
        Name: 'app',
        Driver: 'bridge',
        Labels: { net: 'app' },
        IPAM: { Driver: 'default', Config: [{ Subnet: '172.30.0.0/24' }] },
        CheckDuplicate: true,
      },
    ]);
    expect(containers.map(({ name, id, starts, pauses }) => [name, id, starts, pauses])).to.deep.equal([
      ['one', undefined, true, false],
      ['two', undefined, false, false],
      ['three', undefined, true, true],
      ['four', undefined, true, false],
    ]);
  });

  it('only starts a container that never was away', () => {
    const given = { host: { NetworkMode: 'gone' }, networks: { gone: {} } };
    const now = { containers: [container('one', old), container('two', { ...given, id: longId('2') })] };
    const record = {
      containers: [container('one', old), container('two', { ...given, id: longId('2'), state: running })],
    };
    const { containers, warnings } = plan(record, now);
    expect(containers.map(({ name, id, joins, starts }) => [name, id, joins, starts])).to.deep.equal([
      ['two', longId('2'), [], true],
    ]);
    expect(warnings).to.deep.equal([]);
    expect(plan(record, record).containers).to.deep.equal([]);
  });

  it('leaves what units have stopped to them, but for what others need', () => {
    const joining = (name: string, id: string, peer: string) =>
      container(name, { id, state: running, host: { NetworkMode: `container:${peer}` } });
    const record = {
      containers: [
        container('alone', { id: longId('1'), state: running }),
        container('base', { id: longId('2'), state: running }),
        joining('joined', longId('3'), longId('2')),
        joining('side', longId('4'), longId('1')),
      ],
    };
    const starts = (later: readonly string[], now: Partial<DockerInventory> = {}) =>
      plan(record, now, { later })
        .containers.filter((each) => each.starts)
        .map(({ name }) => name);
    expect(starts([])).to.deep.equal(['alone', 'base', 'joined', 'side']);
    expect(starts(['alone', 'base', 'side'])).to.deep.equal(['base', 'joined']);
    // Where they never were away.
    const stopped = record.containers.map((each) => ({ ...each, State: { Status: 'exited' } }));
    expect(starts(['alone', 'base', 'side'], { containers: stopped })).to.deep.equal(['base', 'joined']);
  });

  it('does not ask for what a unit has made again, or removed', () => {
    const record = { containers: [container('one', { ...old, state: running })], leftToUnits: [old.id] };
    const anew = container('one', { ...fresh, config: { Env: ['A=2'] }, state: running });
    for (const [containers, reason] of [
      [[anew], 'the unit that starts it has recreated it'],
      [[], 'the unit that starts it has removed it'],
    ] as const) {
      const found = plan(record, { containers }, { known: { [old.id]: longId('c') } });
      expect(found).to.deep.include({ containers: [], obstacles: [] });
      expect(found.leftOut).to.deep.equal([{ name: 'one', reason, isExpected: true }]);
    }
  });

  it('goes on with a container that an earlier run has made, known or not', () => {
    const record = { containers: [container('one', { ...old, state: running })] };
    const now = { containers: [container('one', fresh)] };
    for (const known of [{}, { [old.id]: fresh.id }]) {
      const { containers, obstacles } = plan(record, now, { known });
      expect(obstacles).to.deep.equal([]);
      expect(containers.map(({ id, starts }) => [id, starts])).to.deep.equal([[fresh.id, true]]);
    }
  });

  it('joins the networks that a run which was interrupted has not joined', () => {
    const given = { host: { NetworkMode: 'app' }, networks: { app: {}, edge: { Aliases: ['x'] } } };
    const edge = { ...app, Name: 'edge', Id: 'n2' };
    const { containers } = plan(
      { networks: [app, edge], containers: [container('one', { ...old, ...given })] },
      {
        networks: [app, edge],
        containers: [container('one', { ...fresh, ...given, networks: { app: {} } })],
      },
    );
    expect(containers[0]?.joins).to.deep.equal([['edge', { Aliases: ['x'] }]]);
  });

  it('joins the network of one that a power cut has left without it, as long as it never ran', () => {
    const given = { host: { NetworkMode: 'app' }, networks: { app: { Aliases: ['www'] } } };
    const [neverRan, ran] = ['0001-01-01T00:00:00Z', '2026-08-07T10:00:00Z'];
    for (const StartedAt of [neverRan, ran]) {
      const left = container('one', { ...fresh, ...given, networks: {}, state: { StartedAt } });
      const { containers } = plan(
        { networks: [app], containers: [container('one', { ...old, ...given, state: running })] },
        { networks: [app], containers: [left] },
        { known: { [old.id]: fresh.id } },
      );
      expect(containers[0]?.joins).to.deep.equal(StartedAt === ran ? [] : [['app', { Aliases: ['www'] }]]);
    }
  });

  it('does not take another container of the same name for it', () => {
    const record = { containers: [container('one', old)] };
    const stranger = container('one', { ...fresh, config: { Env: ['A=2'] }, image: 'sha256:other' });
    expect(plan(record, { containers: [stranger] }).obstacles).to.deep.equal([
      { name: 'one', kind: 'conflict', reason: 'there is another container of this name: Image, Env differ' },
    ]);
  });

  it('does not take another network of the same name for it', () => {
    const other = { ...app, Id: 'n9', IPAM: { Config: [{ Subnet: '10.0.0.0/24' }] } };
    expect(
      plan({ networks: [app] }, { networks: [other] }).obstacles.map(({ reason }) => reason),
    ).to.deep.equal(['there is another network of this name: IPAM differ']);
    expect(plan({ networks: [app] }, { networks: [{ ...app, Id: 'n9' }] }).obstacles).to.deep.equal([]);
  });

  it('says which image or volume is not there', () => {
    const mounts = [{ Type: 'volume', Name: longId('e'), Destination: '/data', RW: true }];
    const { obstacles, containers } = plan({
      containers: [
        container('one', { image: 'sha256:gone' }),
        container('two', { mounts }),
        container('three'),
      ],
    });
    expect(obstacles).to.deep.equal([
      { name: 'one', kind: 'lack', reason: 'its image app:1 is not there' },
      {
        name: 'two',
        kind: 'lack',
        reason: `its volume ${longId('e')} is not there, and it would get empty ones`,
      },
    ]);
    expect(containers.map(({ name }) => name)).to.deep.equal(['three']);
  });

  const choices: readonly [string, readonly ValueMap[], string, boolean][] = [
    ['by name', images, 'app:1', false],
    [
      'by id, where the name means another one',
      [{ Id: 'sha256:image' }, { Id: 'sha256:2', RepoTags: ['app:1'] }],
      'sha256:image',
      false,
    ],
    [
      'what it had written, where that was committed',
      [...images, { Id: 'sha256:c', RepoTags: ['zrun-carried:aaaaaaaaaaaa'] }],
      'zrun-carried:aaaaaaaaaaaa',
      true,
    ],
  ];
  for (const [what, there, image, isCommitted] of choices) {
    it(`takes the image ${what}`, () => {
      const [one] = plan({ containers: [container('one', old)] }, { images: there }).containers;
      expect([one?.image, one?.isCommitted, one?.creation.body['Image']]).to.deep.equal([
        image,
        isCommitted,
        image,
      ]);
    });
  }

  it('sees in check mode that the containers will be gone', () => {
    const containers = [container('one', { ...old, state: running })];
    const { containers: made } = plan({ containers }, { containers, images: [] }, { isToCome: true });
    expect(made.map(({ id, starts }) => [id, starts])).to.deep.equal([[undefined, true]]);
  });

  it('does not take a commit in check mode that another move has left in the old Docker', () => {
    const containers = [container('one', old)];
    const there = [...images, { Id: 'sha256:c', RepoTags: ['zrun-carried:aaaaaaaaaaaa'] }];
    const [one] = plan({ containers }, { containers, images: there }, { isToCome: true }).containers;
    expect([one?.image, one?.isCommitted]).to.deep.equal(['app:1', false]);
  });
});
