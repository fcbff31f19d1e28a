/**
 * `docker_image_copy` as far as it goes without a Docker: what it decides by what it sees, and what it makes of what its
 * scripts say. With real daemons it is tried in test/lab.
 */
import { expect } from 'chai';
import { sha256Of } from '../../../src/core/content.js';
import type { Output } from '../../../src/core/host.js';
import type { BoundPlan, Write } from '../../../src/core/module.js';
import type { Read } from '../../../src/core/probe.js';
import type { ValueMap } from '../../../src/core/value.js';
import { dockerImageCopy } from '../../../src/modules/docker/docker_image_copy.js';
import type { DockerInventory } from '../../../src/modules/docker/inventory.js';
import { noStaging, type RootCheck, type Staging } from '../../../src/modules/docker/staging.js';
import { failureOf, planOf } from '../harness.js';

interface Sight {
  readonly inventory?: Partial<DockerInventory>;
  readonly staging?: Partial<Staging>;
  readonly root?: Partial<RootCheck>;
  readonly others?: Readonly<Record<string, unknown>>;
}

function readerOf({ inventory = {}, staging = {}, root = {}, others = {} }: Sight): Read {
  const states: Readonly<Record<string, unknown>> = {
    'docker-inventory': {
      server: { version: '', api_version: '', driver: 'zfs', root: '/var/lib/docker', name: '', swarm: '' },
      containers: [],
      images: [],
      networks: [],
      volumes: [],
      changes: {},
      ...inventory,
    },
    'docker-staging': { ...noStaging, available: 1e12, ...staging },
    'docker-root-check': { isSame: false, available: 1e12, missing: [], layers: new Map(), ...root },
    ...others,
  };
  return (probe) => {
    const state = states[probe.of.kind];
    if (state === undefined) throw new Error(`nobody has said what a ${probe.of.kind} is here`);
    // What stands above is of the kinds' own types.
    return Promise.resolve(state as never);
  };
}

const plan = (sight: Sight, params: ValueMap = {}): Promise<BoundPlan> =>
  planOf(dockerImageCopy, { data_root: '/new', ...params }, readerOf(sight));

/** Says what the script says that loads images, and nothing to any other. */
function writerOf(rows: readonly string[], repositories: ValueMap): { write: Write; scripts: string[] } {
  const scripts: string[] = [];
  const stdout = Buffer.from([...rows, 'repositories', JSON.stringify(repositories)].join('\n'));
  const write: Write = {
    run(script): Promise<Output> {
      scripts.push(script.shellText);
      return Promise.resolve({ stdout, stderr: Buffer.alloc(0), status: 0 });
    },
    reconnect: () => Promise.reject(new Error('no script of this module ends the connection')),
  };
  return { write, scripts };
}

const id = (digit: string) => digit.repeat(64);

function image(digit: string, more: ValueMap = {}): ValueMap {
  return { Id: `sha256:${id(digit)}`, Size: 1, RootFS: { Layers: [`sha256:${id(digit)}`] }, ...more };
}

function container(name: string, of: string): ValueMap {
  return { Id: id('c'), Name: `/${name}`, Image: `sha256:${id(of)}`, State: { Status: 'exited' } };
}

describe('docker_image_copy, where there is little room', () => {
  const layers = ['a', 'b', 'c'].map((top) => [`sha256:${id('0')}`, `sha256:${id(top)}`] as const);
  const images = layers.map((list, i) => image(`${i + 1}`, { Size: 1100, RootFS: { Layers: list } }));
  const sizes = new Map<string, number>([
    [`sha256:${id('0')}`, 1000],
    ...layers.map(
      ([base, top]) => [`sha256:${sha256Of(Buffer.from(`${base} ${top}`))}`, 100] as [string, number],
    ),
  ]);
  const refused = /^\/new has .* free, and the images may take/;

  it('asks for what the layers take, each once', async () => {
    const exact = { inventory: { images }, root: { layers: sizes } };
    const planned = await plan({ ...exact, staging: { available: 2600 } });
    expect(planned.change === 'some' && planned.predicted['bytes']).to.equal(1300);
    expect((await failureOf(plan({ ...exact, staging: { available: 2599 } }))).message).to.match(refused);
    const guessed = plan({ inventory: { images }, staging: { available: 2600 } });
    expect((await failureOf(guessed)).message).to.match(refused);
  });

  const mount = (id: number | undefined, source: string, target: string) => ({
    ...{ id, parent: undefined, devno: undefined, root: '/', options: 'rw', fstype: 'ext4' },
    ...{ source, target },
  });
  const host = mount(1, '/dev/sda1', '/');
  const device = (size: number) => ({ exists: true, size });
  const cases: readonly [string, Readonly<Record<string, unknown>>, Partial<Staging>, boolean][] = [
    [
      'a device that will be mounted there and is too small',
      { mounts: [host, mount(undefined, '/dev/zvol/tank/new', '/new')], 'block-device': device(2599) },
      { exists: false },
      true,
    ],
    [
      'one that may be large enough',
      { mounts: [host, mount(undefined, '/dev/zvol/tank/new', '/new')], 'block-device': device(2600) },
      { available: 10 },
      false,
    ],
    [
      'a dataset that will be mounted there',
      { mounts: [host, mount(undefined, 'tank/new', '/new')] },
      { available: 10 },
      false,
    ],
    [
      'a folder on something that will be mounted somewhere',
      { mounts: [host, mount(undefined, '/dev/zvol/tank/new', '/elsewhere')] },
      { available: 10 },
      false,
    ],
    ['a folder that is there', { mounts: [host] }, { available: 2599 }, true],
    ['a folder that is only to be made', { mounts: [host] }, { exists: false }, false],
  ];
  for (const [what, others, staging, isRefused] of cases) {
    it(`in check mode ${isRefused ? 'refuses' : 'does not refuse'} ${what}`, async () => {
      const sight = {
        inventory: { images },
        root: { layers: sizes },
        staging,
        others: { file: { type: 'directory' }, ...others },
      };
      const read = readerOf(sight);
      const absent: Read = (probe) =>
        probe.of.kind === 'file' && probe.key === '/new/image'
          ? Promise.resolve({ type: 'absent' } as never)
          : read(probe);
      const planning = planOf(dockerImageCopy, { data_root: '/new' }, absent, { check: true });
      if (isRefused) expect((await failureOf(planning)).message).to.match(refused);
      else expect((await planning).change).to.equal('some');
    });
  }
});

describe('docker_image_copy, of commits that are not asked for', () => {
  const old = 'zrun-carried:cccccccccccc';
  const inventory = {
    containers: [container('one', 'a')],
    images: [image('a', { RepoTags: ['app:1'] }), image('b', { RepoTags: [old] })],
  };
  const staging: Partial<Staging> = {
    ids: new Set([`sha256:${id('a')}`]),
    references: new Map([['app:1', `sha256:${id('a')}`]]),
    mark: 'whole',
    hasImages: true,
  };
  const withOld = {
    ...staging,
    ids: new Set([`sha256:${id('a')}`, `sha256:${id('b')}`]),
    references: new Map([
      ['app:1', `sha256:${id('a')}`],
      [old, `sha256:${id('b')}`],
    ]),
  };

  it('misses none in the data-root to come', async () => {
    const planned = await plan({ inventory, staging });
    expect(planned.change === 'none' && planned.result['images']).to.deep.equal([`sha256:${id('a')}`]);
  });

  it('drops those that are there, and fails where one stays', async () => {
    const planned = await plan({ inventory, staging: withOld });
    if (planned.change === 'none') throw new Error('nothing to be done');
    expect(planned.summary).to.equal('drop 2 that do not belong there in /new');
    const names = { app: { 'app:1': `sha256:${id('a')}` } };
    const { write, scripts } = writerOf([`image sha256:${id('a')}`], { Repositories: names });
    expect((await planned.apply(write))['images']).to.deep.equal([`sha256:${id('a')}`]);
    expect(scripts[0]).to.contain(`new rmi ${old} `);
    const stays = { ...names, 'zrun-carried': { [old]: `sha256:${id('b')}` } };
    const failure = await failureOf(
      planned.apply(writerOf([`image sha256:${id('a')}`], { Repositories: stays }).write),
    );
    expect(failure.message).to.equal(`/new still has commits that are not asked for: ${old}`);
  });

  it('makes its own again, once in a run', async () => {
    const planned = await plan({ inventory, staging: withOld }, { commit: ['one'] });
    if (planned.change === 'none') throw new Error('nothing to be done');
    expect(planned.summary).to.equal('commit 1 container, drop 1 that do not belong there in /new');
    const mine = { ...inventory.images[1], Comment: 'carried by zrun, run test-run' };
    const again = await plan(
      { inventory: { ...inventory, images: [image('a', { RepoTags: ['app:1'] }), mine] }, staging: withOld },
      { commit: ['one'] },
    );
    expect(again.change === 'none' && again.reason).to.equal('every image is there');
  });
});

describe('docker_image_copy, of a container whose image is gone', () => {
  const images = [image('a', { RepoTags: ['app:1'] })];
  const gone = {
    ...container('gone', 'f'),
    Config: { Image: 'old:1' },
  };
  const there = { ...container('there', 'a'), Id: id('d') };
  const inventory = { images, containers: [gone, there] };

  it('fails while Docker still runs, in check mode as well, and says which and what to do', async () => {
    // Every image that there is has been put there already.
    const staging: Partial<Staging> = {
      ids: new Set([`sha256:${id('a')}`]),
      references: new Map([['app:1', `sha256:${id('a')}`]]),
      mark: 'whole',
    };
    const failure = await failureOf(plan({ inventory, staging }));
    expect(failure.message).to.equal(
      `Docker no longer has the image of this container, so nobody can make it again: gone (old:1, sha256:${id('f')})`,
    );
    expect(failure.hint).to.match(/docker rm/);
    const others = { file: { type: 'directory' }, mounts: [] };
    const read = readerOf({ inventory, staging, others });
    const checked = await failureOf(planOf(dockerImageCopy, { data_root: '/new' }, read, { check: true }));
    expect(checked.message).to.equal(failure.message);
  });

  it('does not mind one that is not made again anyway, nor any where a list of images is asked for', async () => {
    const removed = { ...gone, HostConfig: { AutoRemove: true } };
    const left = await plan({ inventory: { images, containers: [removed, there] } });
    expect(left.change).to.equal('some');
    expect((await plan({ inventory }, { images: ['app:1'] })).change).to.equal('some');
  });

  it('fails where it is to be committed, which needs the image', async () => {
    const failing = plan({ inventory }, { images: ['app:1'], commit: ['gone'] });
    expect((await failureOf(failing)).message).to.match(/no longer has the image of this container.*gone/);
    expect((await plan({ inventory }, { images: ['app:1'], commit: ['there'] })).change).to.equal('some');
  });
});
