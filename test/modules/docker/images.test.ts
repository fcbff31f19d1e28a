import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { sha256Of } from '../../../src/core/content.js';
import { lines, sh } from '../../../src/core/shell.js';
import type { ValueMap } from '../../../src/core/value.js';
import {
  carriedIds,
  chooseImages,
  chooseSources,
  digestsToAsk,
  planCommits,
  planImages,
  readReferences,
  withDigests,
} from '../../../src/modules/docker/images.js';
import type { DockerInventory } from '../../../src/modules/docker/inventory.js';
import { commitScript, parseStaging, rootProbe } from '../../../src/modules/docker/staging.js';
import { localRun, withFolder } from '../harness.js';
import { standInForDocker } from './stand-in.js';

const GiB = 1024 ** 3;

function image(id: string, layers: string, size: number, names: ValueMap = {}): ValueMap {
  return { Id: `sha256:${id}`, Size: size, RootFS: { Layers: layers.split('') }, ...names };
}

const nothing = { ids: new Set<string>(), references: new Map<string, string>() };

describe('images to be carried', () => {
  it('go together where they share layers, and count those once', () => {
    const plan = planImages(
      [
        image('child', 'abc', 700),
        image('other', 'x', 50),
        image('base', 'ab', 500),
        image('same', 'ab', 500),
      ],
      nothing,
      { all: true },
    );
    expect(plan.batches).to.deep.equal([['sha256:base', 'sha256:same', 'sha256:child', 'sha256:other']]);
    expect([plan.bytes, plan.largest]).to.deep.equal([750, 750]);
  });

  it('go in batches that Docker can write out', () => {
    const plan = planImages(
      [
        image('a', 'a', GiB),
        image('b', 'b', 1.5 * GiB),
        image('c', 'c', 3 * GiB),
        image('d', 'cd', 3 * GiB + 1),
      ],
      nothing,
      { all: true },
    );
    expect(plan.batches).to.deep.equal([['sha256:a'], ['sha256:b'], ['sha256:c'], ['sha256:d']]);
    expect(plan.bytes).to.equal(5.5 * GiB + 1);
    expect(plan.largest).to.equal(3 * GiB + 1);
  });

  describe('whose layers are known', () => {
    // Twenty images that were pulled, on one base that has no name any more.
    const pulled = Array.from({ length: 20 }, (_, i) =>
      image(`app${i}`, `b${String.fromCharCode(97 + i)}`, 1100),
    );
    const chains = new Map(
      pulled.flatMap((each) => {
        const [base = '', top = ''] = (each['RootFS'] as { Layers: string[] }).Layers;
        return [[base, 1000] as const, [`sha256:${sha256Of(Buffer.from(`${base} ${top}`))}`, 100] as const];
      }),
    );

    it('take what their layers take, each once', () => {
      expect(planImages(pulled, nothing, { all: true }).bytes).to.equal(22_000);
      const plan = planImages(pulled, nothing, { all: true, layers: chains });
      expect([plan.bytes, plan.largest, plan.batches.length]).to.deep.equal([3000, 3000, 1]);
    });

    it('take nothing for a layer that an image has which is there and stays', () => {
      const staged = { ids: new Set(['sha256:app0', 'sha256:gone']), references: new Map<string, string>() };
      const plan = planImages(pulled, staged, { all: true, layers: chains });
      // It is saved all the same.
      expect([plan.bytes, plan.largest]).to.deep.equal([1900, 2900]);
    });

    it('are guessed where one of them is not known', () => {
      const [first, second, third] = [...chains.keys()].filter((chain) => chain !== 'b').slice(0, 3);
      const known = new Map([...chains].filter(([chain]) => [first, second, third, 'b'].includes(chain)));
      const plan = planImages(pulled, nothing, { all: true, layers: known });
      expect(plan.bytes).to.equal(1300 + 17 * 1100);
    });

    it('are in one batch as long as what they have together is small enough', () => {
      const large = [image('one', 'ba', 1.75 * GiB), image('two', 'bc', 1.75 * GiB)];
      const layers = new Map([
        ['b', 1.5 * GiB],
        [`sha256:${sha256Of(Buffer.from('b a'))}`, 0.25 * GiB],
        [`sha256:${sha256Of(Buffer.from('b c'))}`, 0.25 * GiB],
      ]);
      expect(planImages(large, nothing, { all: true }).batches.length).to.equal(2);
      expect(planImages(large, nothing, { all: true, layers }).batches).to.deep.equal([
        ['sha256:one', 'sha256:two'],
      ]);
    });
  });

  it('are not carried twice; tags that have moved are set again, and lost digests are known', () => {
    const names = { RepoTags: ['app:1', 'app:2'], RepoDigests: ['app@sha256:d'] };
    const staged = {
      ids: new Set(['sha256:a', 'sha256:gone']),
      references: new Map([
        ['app:1', 'sha256:a'],
        ['app:2', 'sha256:gone'],
        ['old:1', 'sha256:gone'],
        ['gone@sha256:e', 'sha256:gone'],
      ]),
    };
    const plan = planImages([image('a', 'a', 1, names)], staged, { all: true });
    expect(plan.batches).to.deep.equal([]);
    expect(plan.tags).to.deep.equal([['app:2', 'sha256:a']]);
    expect(plan.digests).to.deep.equal([['app@sha256:d', 'sha256:a']]);
    expect(plan.stale).to.deep.equal(['old:1', 'sha256:gone']);
    expect(planImages([image('a', 'a', 1, names)], staged, { all: false }).stale).to.deep.equal([]);
  });
});

describe('images that a registry may give', () => {
  const names = (tag: string, ...digests: readonly string[]) => ({ RepoTags: [tag], RepoDigests: digests });
  const images = [
    image('given', 'a', 50_000_000, names('app:1', 'app@sha256:1')),
    image('second', 'b', 2, names('b:1', 'gone/b@sha256:2', 'reg/b@sha256:2')),
    image('lost', 'c', 4, names('c:1', 'gone/c@sha256:3', 'reg/c@sha256:3')),
    image('local', 'd', 8, names('local:1')),
    image('dangling0123456789', 'e', 16),
    image('step', 'f', 32),
    { ...image('child', 'fg', 64, names('child:1', 'reg/child@sha256:4')), Parent: 'sha256:step' },
  ];
  const answers = new Map<string, true | string>([
    ['app@sha256:1', true],
    ['gone/b@sha256:2', 'gone does not answer'],
    ['reg/b@sha256:2', true],
    ['gone/c@sha256:3', 'gone does not answer'],
    ['reg/c@sha256:3', 'reg does not give it'],
  ]);
  const { given, notPulled } = chooseSources(images, images, answers);

  it('are pulled by the digest that a registry gives; of all others the reason is known', () => {
    expect([...given]).to.deep.equal([
      ['sha256:given', 'app@sha256:1'],
      ['sha256:second', 'reg/b@sha256:2'],
    ]);
    const unknown = 'no registry is known to have it';
    expect(notPulled.map(({ image: name, reason }) => [name, reason])).to.deep.equal([
      ['c:1', 'gone does not answer; reg does not give it'],
      ['local:1', unknown],
      ['dangling0123', unknown],
      ['child:1', 'it was built here'],
    ]);
  });

  it('are not those that were built here, whose steps would be left without them', () => {
    expect(digestsToAsk(images, images)).to.deep.equal([...answers.keys()]);
  });

  it('are in no batch, take their room, and have their time', () => {
    const plan = planImages(images, nothing, { all: true, given });
    expect(plan.pulls).to.deep.equal([
      { id: 'sha256:given', reference: 'app@sha256:1', seconds: 1100 },
      { id: 'sha256:second', reference: 'reg/b@sha256:2', seconds: 601 },
    ]);
    const ids = plan.batches.flat();
    expect(ids).to.have.members(
      ['lost', 'local', 'dangling0123456789', 'step', 'child'].map((id) => `sha256:${id}`),
    );
    expect(carriedIds(plan)).to.have.members([...ids, 'sha256:given', 'sha256:second']);
    expect([plan.bytes, plan.largest]).to.deep.equal([50_000_094, 50_000_000]);
  });
});

describe('a list of digests', () => {
  const written = { Repositories: { app: { 'app:1': 'sha256:a' } } };
  it('gets those that saving and loading has lost', () => {
    const digest = `localhost:5000/x/app@sha256:d`;
    const merged = withDigests(written, [
      ['app@sha256:d', 'sha256:a'],
      [digest, 'sha256:b'],
    ]);
    expect(merged).to.deep.equal({
      Repositories: {
        app: { 'app:1': 'sha256:a', 'app@sha256:d': 'sha256:a' },
        'localhost:5000/x/app': { [digest]: 'sha256:b' },
      },
    });
    expect([...readReferences(merged)]).to.deep.equal([
      ['app:1', 'sha256:a'],
      ['app@sha256:d', 'sha256:a'],
      [digest, 'sha256:b'],
    ]);
  });

  for (const other of [
    undefined,
    {},
    { Repositories: {}, Version: 2 },
    { Repositories: { app: { 'docker.io/library/app:1': 'x' } } },
    { Repositories: { app: 'sha256:a' } },
  ]) {
    it(`is left alone in a form that is not known: ${other === undefined ? 'none' : JSON.stringify(other)}`, () => {
      expect(withDigests(other, [['app@sha256:d', 'sha256:a']])).to.equal(undefined);
    });
  }
});

const inventory = (containers: readonly ValueMap[], images: readonly ValueMap[]): DockerInventory => ({
  server: { version: '', api_version: '', driver: 'zfs', root: '', name: '', swarm: '' },
  containers,
  images,
  networks: [],
  volumes: [],
  changes: {},
});

describe('images that are asked for', () => {
  const digits = '0123456789ab'.padEnd(64, '0');
  const there = inventory(
    [],
    [image(digits, 'a', 1, { RepoTags: ['app:latest'] }), image('b'.repeat(64), 'b', 1)],
  );
  const cases: readonly ['all' | readonly string[], number, readonly string[]][] = [
    ['all', 2, []],
    [['app'], 1, []],
    [['app:latest', `sha256:${digits}`, digits.slice(0, 12)], 1, []],
    [['none:1', 'bbbb'], 0, ['none:1', 'bbbb']],
    [[], 0, []],
  ];
  for (const [asked, count, unknown] of cases) {
    it(`${JSON.stringify(asked)} are ${count}`, () => {
      const chosen = chooseImages(asked, there);
      expect([chosen.images.length, chosen.unknown]).to.deep.equal([count, unknown]);
    });
  }
});

describe('a commit', () => {
  const id = 'c'.repeat(64);
  const tag = `zrun-carried:${id.slice(0, 12)}`;
  const now = { runId: 'run-2' };
  const made = (created: string, more: ValueMap = {}) =>
    image('d', 'd', 1, { RepoTags: [tag], Created: created, Comment: 'carried by zrun, run run-2', ...more });
  const stopped = {
    Status: 'exited',
    StartedAt: '2026-08-07T10:00:00Z',
    FinishedAt: '2026-08-07T11:00:00.5Z',
  };
  const running = {
    Status: 'running',
    Running: true,
    StartedAt: '2026-08-07T10:00:00Z',
    FinishedAt: '2026-08-07T09:00:00Z',
  };
  const earlier = { Comment: 'carried by zrun, run run-1' };
  const cases: readonly [string, ValueMap, readonly ValueMap[], boolean][] = [
    ['is made if there is none', stopped, [], true],
    ['is made again where the container has run since', stopped, [made('2026-08-07T10:30:00Z')], true],
    ['stands where the container has not run since', stopped, [made('2026-08-07T11:00:01Z')], false],
    [
      'of a running container stands until it is started anew',
      running,
      [made('2026-08-07T10:30:00Z')],
      false,
    ],
    ['of one that was started anew is made again', running, [made('2026-08-07T09:30:00Z')], true],
    [
      'of one that never ran stands',
      { Status: 'created', StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' },
      [made('2026-08-07T09:30:00Z')],
      false,
    ],
    ['of an earlier run is made again', running, [made('2026-08-07T10:30:00Z', earlier)], true],
    [
      'of an earlier run is made again, even of a container that is stopped',
      stopped,
      [made('2026-08-07T11:00:01Z', earlier)],
      true,
    ],
    [
      'of a zrun that did not say which run is made again',
      running,
      [made('2026-08-07T10:30:00Z', { Comment: 'carried by zrun' })],
      true,
    ],
    [
      'of a run whose id begins alike is made again',
      running,
      [made('2026-08-07T10:30:00Z', { Comment: 'carried by zrun, run run-22' })],
      true,
    ],
  ];
  for (const [what, state, images, isMade] of cases) {
    it(what, () => {
      const there = inventory([{ Id: id, Name: '/one', State: state }], images);
      const plan = planCommits(['one', 'none'], there, now);
      expect(plan.commits.length === 1).to.equal(isMade);
      expect(plan.standing.length === 1).to.equal(!isMade);
      expect(plan.names).to.deep.equal({ one: 'zrun-carried:cccccccccccc' });
      expect(plan.unknown).to.deep.equal(['none']);
      expect(plan.unasked).to.deep.equal([]);
    });
  }

  const commitOf = (images: readonly ValueMap[]) =>
    planCommits(['one'], inventory([{ Id: id, Name: '/one', State: running }], images), now).commits[0];

  it('says which run has made it, and so stands in that run', () => {
    expect(commitOf([])?.note).to.equal('carried by zrun, run run-2');
  });

  it('replaces an old one, unless that has another name', () => {
    const created = '2026-08-07T10:30:00Z';
    expect(commitOf([])?.replaces).to.equal(undefined);
    expect(commitOf([made(created, earlier)])?.replaces).to.equal('sha256:d');
    for (const more of [{ RepoTags: [tag, 'keep:1'] }, { RepoDigests: ['keep@sha256:1'] }])
      expect(commitOf([made(created, { ...earlier, ...more })])?.replaces).to.equal(undefined);
  });

  it('of a container that is not asked for is known by its name, unless that image is asked for', () => {
    const containers = [
      { Id: id, Name: '/one' },
      { Id: 'e'.repeat(64), Name: '/two' },
    ];
    const unasked = (asked: readonly string[], images: 'all' | readonly string[]) =>
      planCommits(asked, inventory(containers, []), { ...now, images }).unasked;
    expect(unasked([], 'all')).to.deep.equal([tag, 'zrun-carried:eeeeeeeeeeee']);
    expect(unasked(['one'], 'all')).to.deep.equal(['zrun-carried:eeeeeeeeeeee']);
    expect(unasked(['two'], [tag])).to.deep.equal([]);
  });
});

describe('a commit that an earlier run has left', () => {
  const [one, two] = ['c'.repeat(64), 'e'.repeat(64)];
  const left = image('left', 'ab', 2, { RepoTags: ['zrun-carried:cccccccccccc'] });
  const replaced = image('replaced', 'ab', 2, { Comment: 'carried by zrun, run run-1' });
  const gone = image('gone', 'ac', 2, { RepoTags: ['zrun-carried:ffffffffffff'] });
  const kept = image('kept', 'ad', 2, { RepoTags: ['keep:1', 'zrun-carried:eeeeeeeeeeee'] });
  const base = image('base', 'a', 1, { RepoTags: ['app:1'] });
  const dangling = image('dangling', 'b', 1, { Comment: 'by hand' });
  const images = [base, dangling, gone, kept, left, replaced];
  const containers = [
    { Id: one, Name: '/one', Image: 'sha256:base' },
    { Id: two, Name: '/two', Image: 'sha256:base' },
  ];
  const chosen = (there: DockerInventory) =>
    chooseImages('all', there).images.map((each) => each['Id'] as string);

  it('is none of the images of the user', () => {
    expect(chosen(inventory(containers, images))).to.deep.equal([
      'sha256:base',
      'sha256:dangling',
      'sha256:kept',
    ]);
  });

  it('is one where a container or an image was made from it', () => {
    const user = { Id: 'f'.repeat(64), Name: '/user', Image: 'sha256:left' };
    const built = image('built', 'abc', 3, { Parent: 'sha256:replaced', RepoTags: ['built:1'] });
    expect(chosen(inventory([user], [...images, built]))).to.include.members([
      'sha256:left',
      'sha256:replaced',
    ]);
  });

  const commits = planCommits([], inventory(containers, images), { runId: 'run-2' });
  const staged = {
    ids: new Set(['sha256:base', 'sha256:kept', 'sha256:left']),
    references: new Map([
      ['app:1', 'sha256:base'],
      ['keep:1', 'sha256:kept'],
      ['zrun-carried:cccccccccccc', 'sha256:left'],
      ['zrun-carried:eeeeeeeeeeee', 'sha256:kept'],
    ]),
  };

  it('is dropped where it is staged, with its name, whatever else is asked for', () => {
    const wanted = chooseImages('all', inventory(containers, images)).images;
    const plan = planImages(wanted, staged, { all: true, commits });
    expect(plan.stale).to.deep.equal([
      'sha256:left',
      'zrun-carried:cccccccccccc',
      'zrun-carried:eeeeeeeeeeee',
    ]);
    expect(plan.tags).to.deep.equal([]);
    expect(planImages([], staged, { all: false, commits }).stale).to.deep.equal([
      'zrun-carried:cccccccccccc',
      'zrun-carried:eeeeeeeeeeee',
    ]);
    expect(planImages(wanted, nothing, { all: true, commits }).tags).to.deep.equal([
      ['app:1', 'sha256:base'],
      ['keep:1', 'sha256:kept'],
    ]);
  });

  it('makes place for the new one where its container is asked for', () => {
    const asked = planCommits(['one'], inventory(containers, images), { runId: 'run-2' });
    const wanted = chooseImages('all', inventory(containers, images)).images;
    const plan = planImages(wanted, staged, { all: true, commits: asked });
    // The name is the new one's by the time that these are dropped.
    expect(plan.stale).to.deep.equal(['sha256:left', 'zrun-carried:eeeeeeeeeeee']);
  });
});

describe('the script that commits', () => {
  it('takes away what it replaces, but nothing that has another name by then', async () => {
    const docker = await standInForDocker(
      () => undefined,
      (_, folder) => `case $1-$2-$5 in
commit-*) echo sha256:new ;;
image-inspect-sha256:named) echo '1 0' ;;
image-inspect-*) echo '0 0' ;;
esac
echo "$*" >>${folder}/said`,
    );
    try {
      const commit = (id: string, replaces: string | undefined) => ({
        name: id,
        id,
        image: `zrun-carried:${id}`,
        note: 'carried by zrun, run it',
        replaces,
      });
      const script = commitScript([
        commit('first', undefined),
        commit('second', 'sha256:old'),
        commit('third', 'sha256:named'),
      ]);
      const { stdout } = await docker.run(lines(script, sh`echo "$c0 $c1 $c2"`));
      expect(stdout.toString()).to.equal('sha256:new sha256:new sha256:new\n');
      const said = await readFile(path.join(docker.folder, 'said'), 'utf8');
      expect(said.split('\n').filter((line) => !line.startsWith('image inspect'))).to.deep.equal([
        'commit --pause -m carried by zrun, run it first zrun-carried:first',
        'commit --pause -m carried by zrun, run it second zrun-carried:second',
        'rmi --no-prune sha256:old',
        'commit --pause -m carried by zrun, run it third zrun-carried:third',
        '',
      ]);
    } finally {
      await docker.stop();
    }
  });
});

describe("the running Docker's data-root", () => {
  it('tells what its layers take', () =>
    withFolder(async (folder) => {
      const layers = path.join(folder, 'image/zfs/layerdb');
      const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
      for (const [place, text] of [
        [`sha256/${one}/size`, '1234'],
        [`sha256/${one}/diff`, 'sha256:99'],
        [`sha256/${two}/size`, '0'],
        ['sha256/tmp/size', '5'],
        [`mounts/${two}/size`, '7'],
      ] as const) {
        await mkdir(path.dirname(path.join(layers, place)), { recursive: true });
        await writeFile(path.join(layers, place), text);
      }
      const look = async (driver: string) => {
        const probe = rootProbe(folder, driver, '/nonexistent/new');
        return probe.parse(await localRun()(probe.script));
      };
      expect([...(await look('zfs')).layers].sort()).to.deep.equal([
        [`sha256:${one}`, 1234],
        [`sha256:${two}`, 0],
      ]);
      const none = await look('btrfs');
      expect([none.layers.size, none.isSame, none.available !== undefined]).to.deep.equal([0, false, true]);
    }));
});

describe('a data-root to come', () => {
  const parse = (...rows: readonly string[]) =>
    parseStaging('/new', { stdout: Buffer.from(rows.join('\n')), stderr: Buffer.alloc(0), status: 0 });
  const boot = 'boot b1';

  it('is read off its files', () => {
    const staging = parse(
      boot,
      'available 1000',
      'images',
      'busy',
      'mark {"status":"whole","boot":"b0"}',
      'image aa',
      'repositories',
      '{"Repositories":{"app":{"app:1":"sha256:aa"}}}',
    );
    expect(staging).to.include({
      exists: true,
      mark: 'whole',
      hasBooted: true,
      hasImages: true,
      isBusy: true,
      available: 1_024_000,
    });
    expect([...staging.ids, ...staging.references]).to.deep.equal(['sha256:aa', ['app:1', 'sha256:aa']]);
  });

  const marks: readonly [string, string | undefined, boolean][] = [
    ['mark {"status":"writing","boot":"b1"}', 'writing', false],
    ['mark {"status":"writing","boot":"b0"}', 'writing', true],
    ['mark {"sta', 'writing', true],
    ['mark ', 'writing', true],
    ['available ', undefined, true],
  ];
  for (const [row, mark, hasBooted] of marks) {
    it(`with ${row} is ${mark ?? 'not marked'}${mark !== undefined && hasBooted ? ', from before the boot' : ''}`, () => {
      expect(parse(boot, row, 'repositories', '')).to.include({ mark, hasBooted });
    });
  }

  it('may not be there, or not be seen', () => {
    expect(parse('absent').exists).to.equal(false);
    expect(() => parse('')).to.throw(/cannot look at/);
  });
});
