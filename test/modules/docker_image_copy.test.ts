/**
 * `docker_image_copy` as far as it goes without a Docker: what it decides by what it sees, and what it makes of what its
 * scripts say. With real daemons it is tried in test/lab.
 */
import { expect } from 'chai';
import type { Output } from '../../src/core/host.js';
import type { BoundPlan, Write } from '../../src/core/module.js';
import type { Read } from '../../src/core/probe.js';
import type { ValueMap } from '../../src/core/value.js';
import { dockerImageCopy } from '../../src/modules/docker_image_copy.js';
import type { DockerInventory } from '../../src/modules/lib/docker-inventory.js';
import { noStaging, type RootCheck, type Staging } from '../../src/modules/lib/docker-staging.js';
import { failureOf, planOf } from './harness.js';

interface Sight {
  readonly inventory?: Partial<DockerInventory>;
  readonly staging?: Partial<Staging>;
  readonly root?: Partial<RootCheck>;
}

function readerOf({ inventory = {}, staging = {}, root = {} }: Sight): Read {
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
    'docker-root-check': { isSame: false, available: 1e12, missing: [], ...root },
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

  it('makes its own anew, once in a run', async () => {
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
