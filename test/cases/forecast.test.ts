/** What the migration says beforehand of room and downtime on recorded hosts, and how a check of several sums it up. */
import { expect } from 'chai';
import { createForecast } from '../../src/report/recap/forecast.js';
import { colourless } from '../../src/report/style.js';
import { noCounts } from '../../src/core/counts.js';
import { ask, type Outcome } from './outcome.js';
import type { Recording } from './recorded-host.js';
import { container, debian12, folderOf, moved, properties, withoutLinks } from './systems.js';

const takes = 'Say what the move takes';

function saidBy({ events }: Outcome): string | undefined {
  return events.find(({ task }) => task.name === takes)?.result.message;
}

const many = debian12({
  containers: Array.from({ length: 12 }, (_, i) =>
    container({ Id: String(i).padStart(64, '0'), Name: `/c${i}` }),
  ).join(''),
  properties: properties({ available: '10737418240\t-' }),
});

interface Row {
  readonly what: string;
  readonly recording: Recording;
  readonly extraVars?: readonly string[];
  /** Undefined: nothing. */
  readonly says: RegExp | undefined;
}

const more = 'longer where containers take their time to stop or much is written meanwhile';

const rows: readonly Row[] = [
  {
    what: 'a host that is ready',
    recording: debian12(),
    says: new RegExp(
      `^The new volume needs 8 ?GiB of 27\\.9 ?GiB that tank has\\nContainers are expected to be down for about 22 seconds, and ${more}$`,
    ),
  },
  {
    what: 'one with many containers',
    recording: many,
    says: /Containers are expected to be down for about 33 seconds/,
  },
  {
    what: 'one without a container',
    recording: debian12({ containers: '\n' }),
    says: /Docker is expected to be down for about 21 seconds/,
  },
  {
    what: 'one that takes long to start Docker',
    recording: debian12({
      units: String(debian12().sections['units']).replace(
        'Id=docker.service\n',
        'Id=docker.service\nInactiveExitTimestampMonotonic=3835392346\nActiveEnterTimestampMonotonic=3851056778\n',
      ),
    }),
    says: /Containers are expected to be down for about 129 seconds/,
  },
  {
    what: 'a sparse volume',
    recording: debian12(),
    extraVars: ['zvol_sparse=true'],
    says: /^The copy needs 1\.9 ?GiB of 27\.9 ?GiB that tank has, or less where it is compressed\n/,
  },
  {
    what: 'a folder of a larger dataset, with a volume_parent in another pool',
    recording: withoutLinks(
      folderOf('rpool/ROOT/ubuntu_x', '/', {
        pools: ['rpool\t10737418240\t5368709120\t5368709120', 'tank\t107374182400\t1073741824\t99857989632']
          .map((pool) => `${pool}\tONLINE\toff\n`)
          .join(''),
        tops: 'rpool\t5000000000\ntank\t99857989632\n',
        above: '5000000000\noff\n',
      }),
    ),
    extraVars: ['volume_parent=tank/volumes'],
    says: /^The new volume needs 8 ?GiB of 93 ?GiB that tank\/volumes has\n/,
  },
  { what: 'a host that has moved', recording: debian12(moved), says: undefined },
];

describe('what a move takes', () => {
  for (const { what, recording, extraVars = [], says } of rows)
    for (const check of [true, false])
      it(`${what}, ${check ? 'in a check' : 'in the run'}`, async () => {
        const said = saidBy(await ask({ playbook: 'overlay2', recording, extraVars, settings: { check } }));
        if (says) expect(said).to.match(says);
        else expect(said).to.equal(undefined);
      });

  it('is summed up over all hosts', async () => {
    const forecast = createForecast(colourless);
    const hosts = { web1: debian12(), web2: many };
    for (const [host, recording] of Object.entries(hosts)) {
      const { events } = await ask({ playbook: 'overlay2', recording, settings: { check: true } });
      for (const event of events) forecast.tell({ ...event, host });
    }
    const ends = Object.keys(hosts).map((host) => ({
      host,
      outcome: 'done' as const,
      counts: noCounts,
      handshakes: 1,
      exchanges: 1,
    }));
    const text = forecast.format(ends).join('\n');
    expect(text).to.match(/room: The new volume: 16 GiB on 2 hosts, at most 8 GiB; least is left on \S+: /);
    expect(text).to.contain('expected downtime: Containers: 22 s to 33 s, longest on web2');
  });
});
