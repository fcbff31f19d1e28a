/**
 * `docker_restore` against a `docker` that only answers the API: in which order, and how often, it asks for containers to
 * be started. What it makes of a record stands in lib/docker-restore.test.ts; with real daemons it is tried in test/lab.
 */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { sha256Of } from '../../../src/core/content.js';
import type { Read } from '../../../src/core/probe.js';
import type { ValueMap } from '../../../src/core/value.js';
import { dockerRestore } from '../../../src/modules/docker/docker_restore.js';
import { writeRecord, type DockerInventory } from '../../../src/modules/docker/inventory.js';
import { createContext, createHost, failureOf } from '../harness.js';
import { standInForDocker } from './stand-in.js';

const server = {
  ...{ version: '20.10.24', api_version: '1.41', driver: 'overlay2' },
  // What is written to it is synced, so it is there.
  ...{ root: tmpdir(), name: 'the-host', swarm: 'inactive' },
};

function inventoryOf(containers: readonly ValueMap[]): DockerInventory {
  const images = [{ Id: 'sha256:image', RepoTags: ['app:1'] }];
  return { server, containers, images, networks: [], volumes: [], changes: {} };
}

function containerOf(name: string, state: ValueMap = { Running: true }): ValueMap {
  return {
    Id: sha256Of(Buffer.from(name)),
    Name: `/${name}`,
    Image: 'sha256:image',
    State: { Status: 'running', StartedAt: '2026-08-07T10:00:00Z', ...state },
    Config: { Image: 'app:1' },
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'no' } },
    NetworkSettings: { Networks: { none: {} } },
    Mounts: [],
  };
}

interface Attempt {
  readonly name: string;
  readonly started: ReadonlySet<string>;
  /** Milliseconds that were waited so far. */
  readonly waited: number;
}

/** Restores containers of these names, which were stopped; says which starts were asked for, and how it came out. */
async function restore(
  containers: readonly ValueMap[],
  isRefused: (attempt: Attempt) => boolean,
): Promise<{ asked: string[]; waits: number[]; problem: string | undefined }> {
  const [asked, waits, started]: [string[], number[], Set<string>] = [[], [], new Set()];
  const docker = await standInForDocker((request, response) => {
    const [, name = '', what = ''] = /^\/containers\/([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
    request.resume().on('end', () => {
      const answer = (status: number, body: ValueMap): void => {
        const text = JSON.stringify(body);
        response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) }).end(text);
      };
      if (what === 'json') {
        answer(200, containerOf(name, { Running: started.has(name) }));
        return;
      }
      asked.push(what === 'start' ? name : `${what} ${name}`);
      const waited = waits.reduce((sum, ms) => sum + ms, 0);
      const refused = what === 'start' ? isRefused({ name, started, waited }) : !started.has(name);
      if (refused) {
        answer(500, { message: `no ${what}` });
        return;
      }
      if (what === 'start') started.add(name);
      response.writeHead(204).end();
    });
  });
  try {
    const src = path.join(docker.folder, 'record.json');
    const content = writeRecord(inventoryOf(containers));
    await writeFile(src, content);
    const stopped = containers.map((each) => ({
      ...each,
      State: { Status: 'exited', StartedAt: '2026-08-07T10:00:00Z' },
    }));
    const read: Read = ({ of, key }) => {
      const file = key === src ? { type: 'file', content, size: content.length } : { type: 'absent' };
      // The kinds' own types.
      return Promise.resolve((of.kind === 'file' ? file : inventoryOf(stopped)) as never);
    };
    const { controller } = createContext();
    const context = createContext({
      controller: {
        ...controller,
        wait(ms) {
          waits.push(ms);
          return Promise.resolve();
        },
      },
    });
    const plan = await dockerRestore.bind({ src }).plan(read, context);
    if (plan.change === 'none') throw new Error('nothing to be done');
    const applied = plan.apply(createHost(docker.run).write);
    const problem = await applied.then(
      () => undefined,
      () => failureOf(applied),
    );
    return { asked, waits, problem: problem?.message };
  } finally {
    await docker.stop();
  }
}

describe('docker_restore, where one container needs another and nobody says so', () => {
  const three = ['app', 'fluentd', 'web'].map((name) => containerOf(name));
  const needsFluentd = ({ name, started }: Attempt): boolean => name === 'app' && !started.has('fluentd');

  it('asks once where every container starts', async () => {
    const { asked, waits, problem } = await restore(three, () => false);
    expect({ asked, waits, problem }).to.deep.equal({
      asked: ['app', 'fluentd', 'web'],
      waits: [],
      problem: undefined,
    });
  });

  it('tries what has failed again, and nothing else, as long as others have started since', async () => {
    const chain = ({ name, started }: Attempt): boolean =>
      (name === 'app' && !started.has('fluentd')) || (name === 'fluentd' && !started.has('web'));
    const { asked, waits, problem } = await restore(three, chain);
    expect({ asked, waits, problem }).to.deep.equal({
      asked: ['app', 'fluentd', 'web', 'app', 'fluentd', 'app'],
      waits: [],
      problem: undefined,
    });
  });

  it('waits for what has started to answer', async () => {
    const { asked, waits, problem } = await restore(
      three,
      (attempt) => needsFluentd(attempt) || (attempt.name === 'app' && attempt.waited < 3000),
    );
    expect({ asked, waits, problem }).to.deep.equal({
      asked: ['app', 'fluentd', 'web', 'app', 'app', 'app'],
      waits: [1000, 2000],
      problem: undefined,
    });
  });

  it('fails with what then still does not start', async () => {
    const { asked, waits, problem } = await restore(three, ({ name }) => name === 'web');
    expect(asked).to.deep.equal(['app', 'fluentd', 'web', ...Array.from({ length: 6 }, () => 'web')]);
    expect(waits.reduce((sum, ms) => sum + ms)).to.equal(30_000);
    expect(problem).to.equal('not every container could be restored: start web: no start');
  });

  it('fails at once where nothing starts at all', async () => {
    const { asked, waits, problem } = await restore(three, () => true);
    expect([asked.length, waits]).to.deep.equal([3, []]);
    expect(problem).to.match(/start app: no start; start fluentd: no start; start web: no start$/);
  });

  it('pauses one that was paused when it has started at last', async () => {
    const paused = containerOf('app', { Running: true, Paused: true });
    const { asked, problem } = await restore([paused, ...three.slice(1)], needsFluentd);
    expect(asked).to.deep.equal(['app', 'pause app', 'fluentd', 'web', 'app', 'pause app']);
    expect(problem).to.equal(undefined);
  });
});

describe('docker_restore, where another container has the name of one', () => {
  const src = '/var/lib/zrun-test/record.json';
  const content = writeRecord(inventoryOf(['app', 'web'].map((name) => containerOf(name))));
  /** A unit of systemd has made it anew, with another environment. */
  const stranger = {
    ...containerOf('app'),
    Id: sha256Of(Buffer.from('another')),
    Config: { Image: 'app:1', Env: ['STARTED=2'] },
  };
  const read: Read = ({ of, key }) => {
    const file = key === src ? { type: 'file', content, size: content.length } : { type: 'absent' };
    // The kinds' own types.
    return Promise.resolve((of.kind === 'file' ? file : inventoryOf([stranger])) as never);
  };

  it('makes nothing, unless it is told otherwise', async () => {
    const error = await failureOf(
      dockerRestore.bind({ src, missing: 'leave_out' }).plan(read, createContext()),
    );
    expect(error.message).to.contain('app: there is another container of this name: Env differ');
  });

  it('keeps it, makes the others, and says so', async () => {
    const plan = await dockerRestore.bind({ src, conflict: 'keep' }).plan(read, createContext());
    expect(plan.change === 'some' && plan.summary).to.equal('create 1 container, start it');
    expect(plan.change === 'some' && plan.predicted['left_out']).to.deep.equal([
      { name: 'app', reason: 'there is another container of this name: Env differ', expected: false },
    ]);
  });

  it('makes nothing that was removed since, where it is told to start only what is there', async () => {
    const plan = await dockerRestore
      .bind({ src, create: false, conflict: 'keep' })
      .plan(read, createContext());
    expect(plan.change).to.equal('none');
    expect(plan.change === 'none' && plan.result['left_out']).to.deep.equal([
      { name: 'web', reason: 'it is not there any more', expected: true },
      { name: 'app', reason: 'there is another container of this name: Env differ', expected: false },
    ]);
  });
});
