/** What is written down of containers before a move, and what is found missing after it. Docker stands in; ports are real. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { withFolder } from '../modules/harness.js';
import { playTasks, taskOf, varsOf } from './steps.js';

/** As `health_format` prints them: name, health, running:restarting:exit code, beginning, ports. */
type Containers = Readonly<Record<string, string>>;

const say = { name: 'Say', debug: { msg: "{{join well.stdout_lines '\n'}}" } };

const well = 'true:false:0 2026-07-01T00:00:00Z';

/** @param later what the containers are from their third look on */
async function play(tmp: string, file: string, task: string, containers: Containers, later?: Containers) {
  const answers = (all: Containers): string =>
    Object.entries(all)
      .map(([name, about]) => `${name}) echo '/${name} ${about}' ;;`)
      .join('\n');
  const { lines } = await playTasks(
    tmp,
    [await taskOf(file, task), ...(file.includes('wait') ? [say] : [])],
    {
      ...(await varsOf('vars/health.yaml')),
      nothing: [],
      health_record: path.join(tmp, 'health'),
      health_limit: 1,
    },
    {
      sleep: `echo >>${tmp}/slept`,
      docker: `case $1 in
ps) printf '%s\\n' ${Object.keys(containers).join(' ')} ;;
inspect)
  shift 5
  for name; do
    if [ -e ${tmp}/slept ] && [ -n '${later ? 'later' : ''}' ]; then
      case $name in
      ${answers(later ?? {})}
      *) exit 1 ;;
      esac
    else
      case $name in
      ${answers(containers)}
      *) exit 1 ;;
      esac
    fi
  done ;;
*) echo "nobody asked for $*" >&2; exit 2 ;;
esac`,
    },
  );
  const said = lines
    .find((line) => line.startsWith('here | ok | Say | '))
    ?.slice('here | ok | Say | '.length);
  return said === undefined ? lines : said.split('\n').map((line) => line.trim());
}

const note = (tmp: string, containers: Containers) =>
  play(tmp, 'tasks/note-health.yaml', 'Write down which containers are well', containers);

const wait = (tmp: string, containers: Containers, later?: Containers) =>
  play(
    tmp,
    'tasks/wait-for-health.yaml',
    'Wait until containers are as well as they were',
    containers,
    later,
  );

describe('the health of containers', () => {
  it('is written down with the ports on which somebody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await withFolder(async (tmp) => {
        await note(tmp, {
          web: `healthy ${well} 80/tcp=${port} 80/tcp=${port} 81/tcp=1 53/udp=${port}`,
          job: `- ${well}`,
        });
        expect(await readFile(`${tmp}/health`, 'utf8')).to.equal('web healthy 80/tcp\njob -\n');
        expect(await wait(tmp, { web: `healthy ${well} 80/tcp=${port}`, job: `- ${well}` })).to.deep.equal([
          '',
        ]);
        expect(await wait(tmp, { web: `healthy ${well} 80/tcp=1`, job: `- ${well}` })).to.deep.equal([
          'nobody listens on this host for port 80/tcp of web any more',
        ]);
      });
    } finally {
      server.close();
    }
  });

  it('is not written down of what is restarted again and again, or was only just started', () =>
    withFolder(async (tmp) => {
      const justNow = new Date(Date.now() - 5000).toISOString();
      await note(tmp, {
        loop: '- false:true:1 2026-07-01T00:00:00Z',
        job: `- true:false:0 ${justNow}`,
        web: `- ${well}`,
      });
      expect(await readFile(`${tmp}/health`, 'utf8')).to.equal('web -\n');
    }));

  it('of none is written down as none', () =>
    withFolder(async (tmp) => {
      await note(tmp, {});
      expect(await readFile(`${tmp}/health`, 'utf8')).to.equal('');
      expect(await wait(tmp, {})).to.deep.equal(['']);
    }));

  for (const [what, was, is, found] of [
    ['that is well', 'web healthy', `healthy ${well}`, ''],
    ['that had no check', 'web -', `- ${well}`, ''],
    ['that was unhealthy before', 'web unhealthy', `unhealthy ${well}`, ''],
    ['that has done its work', 'web -', '- false:false:0 2026-07-01T00:00:00Z', ''],
    ['that is not healthy any more', 'web healthy', `unhealthy ${well}`, 'web was healthy and is unhealthy'],
    [
      'that does not get beyond its start',
      'web healthy',
      `starting ${well}`,
      'web was healthy and is starting',
    ],
    ['that has failed', 'web -', '- false:false:3 2026-07-01T00:00:00Z', 'web has ended with exit code 3'],
    [
      'that waits to be restarted',
      'web -',
      '- false:true:1 2026-07-01T00:00:00Z',
      'web is restarted again and again',
    ],
  ] as const)
    it(`of a container ${what}`, () =>
      withFolder(async (tmp) => {
        await writeFile(`${tmp}/health`, `${was}\n`);
        expect(await wait(tmp, { web: is })).to.deep.equal([found]);
      }));

  it('is waited for', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/health`, 'web healthy\n');
      expect(await wait(tmp, { web: `starting ${well}` }, { web: `healthy ${well}` })).to.deep.equal(['']);
    }));

  it('is none of a container that begins anew between two looks', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/health`, 'web -\n');
      const again = 'true:false:0 2026-07-01T00:00:09Z';
      expect(await wait(tmp, { web: `- ${well}` }, { web: `- ${again}` })).to.deep.equal([
        'web is restarted again and again',
      ]);
    }));

  it('of a container that is gone is left to the record of the move', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/health`, 'gone healthy 80/tcp\nweb -\n');
      expect(await wait(tmp, { web: `- ${well}` })).to.deep.equal(['']);
    }));
});
