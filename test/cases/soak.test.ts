/** The weeks after a move: what the audit says of a moved host, and when finalize.yaml takes its backup for ripe. */
import { expect } from 'chai';
import { ask, type Outcome } from './outcome.js';
import type { Recording, Sections } from './recorded-host.js';
import { container, debian12, markedVolume, moved } from './systems.js';

/** What the host's clock says. */
const now = Date.UTC(2026, 6, 31, 12) / 1000;
const day = 86_400;

const backup = [
  'zrun:role\tbackup',
  'zrun:origin\ttank/docker',
  'zrun:data-root\t/var/lib/docker',
  'used\t3221225472',
]
  .map((property) => `tank/docker-zfs-backup\t${property}\n`)
  .join('');

const finished = (at: number): readonly string[] => [
  'zrun:live\t20260701T000000Z-0000',
  'zrun:done\t20260701T000000Z-0000',
  `zrun:done-at\t${at}`,
];

const trimmed = 'Id=fstrim.timer\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n';

/** Moved so many days ago, with nothing else to say of it. */
function movedFor(days: number, more: Sections = {}): Recording {
  const { sections } = debian12();
  return debian12({
    ...moved,
    marked: markedVolume(...finished(now - days * day), 'refreservation\t8858370048') + backup,
    time: `${now} +0000 UTC\n1000.00 1900.00\n`,
    trimmed: `${now - 3 * day}\n`,
    units: `${String(sections['units'])}\n${trimmed}`,
    ...more,
  });
}

interface Row {
  readonly what: string;
  readonly recording: Recording;
  readonly extraVars?: readonly string[];
  /** What the audit says beside its verdict. */
  readonly audit: RegExp;
  /** Why finalize.yaml keeps the backup. Undefined: not for its age. */
  readonly kept?: RegExp;
}

const kept = 'kept tank/docker-zfs-backup, nothing was touched: ';
const takes = 'The way back is tank/docker-zfs-backup, which takes 3 ?GiB\\. ';

const rows: readonly Row[] = [
  {
    what: 'moved today',
    recording: movedFor(0.5),
    audit: new RegExp(
      `^the move was finished less than a day ago\\. ${takes}its backup is kept for another 7 days \\(min_soak_days=7\\)$`,
    ),
    kept: new RegExp(
      `^${kept}the move was finished less than a day ago, and its backup is kept for another 7 days \\(min_soak_days=7\\)\\. To destroy it now, run again with -e min_soak_days=0$`,
    ),
  },
  {
    what: 'moved six days ago',
    recording: movedFor(6),
    audit: /^the move was finished 6 days ago\. .* kept for another day/,
    kept: /finished 6 days ago, and its backup is kept for another day /,
  },
  {
    what: 'moved a week ago',
    recording: movedFor(7),
    audit: new RegExp(`^the move was finished 7 days ago\\. ${takes}finalize\\.yaml may destroy it$`),
  },
  {
    what: 'moved a day ago, where that is enough',
    recording: movedFor(1),
    extraVars: ['min_soak_days=1'],
    audit: /^the move was finished a day ago\. .* finalize\.yaml may destroy it$/,
  },
  {
    what: 'moved today, where nothing is waited for',
    recording: movedFor(0),
    extraVars: ['min_soak_days=0'],
    audit: /finalize\.yaml may destroy it$/,
  },
  {
    what: 'moved three days ago, where a month is wanted',
    recording: movedFor(3),
    extraVars: ['min_soak_days=30'],
    audit: /kept for another 27 days \(min_soak_days=30\)$/,
    kept: /kept for another 27 days/,
  },
  {
    what: 'moved by zrun 0.2, which wrote down the run alone',
    recording: movedFor(0, {
      marked: markedVolume('zrun:live\tr1', 'zrun:done\t20260725T120000Z-0000') + backup,
    }),
    audit: /^the move was finished 6 days ago\. /,
    kept: /finished 6 days ago/,
  },
  {
    what: 'moved at a time that nobody knows',
    recording: movedFor(0, { marked: markedVolume('zrun:live\tr1', 'zrun:done\tr1') + backup }),
    audit: /^it is not known when the move was finished\. .*its backup is kept unless min_soak_days is 0$/,
    kept: /it is not known when the move was finished, and its backup is kept unless min_soak_days is 0/,
  },
  {
    what: 'a pool that is nearly full',
    recording: movedFor(8, {
      pools: 'tank\t32212254720\t29500000000\t2712254720\tONLINE\toff\n',
    }),
    audit:
      /; the pool tank is 91 % full, which makes all that is written to it slower: the backup takes 3 ?GiB of it$/,
  },
  {
    what: 'a sparse volume that the pool has no room for',
    recording: movedFor(8, {
      marked: markedVolume(...finished(now - 8 * day), 'refreservation\t0', 'used\t1073741824') + backup,
      tops: 'tank\t2147483648\n',
    }),
    audit:
      /; tank\/docker-overlay2 is sparse, and may come to need 7 ?GiB more than it has, where its pool has 2 ?GiB: /,
  },
  {
    what: 'a volume that nothing trims',
    recording: movedFor(8, { units: debian12().sections['units'], trimmed: undefined }),
    audit:
      /; nothing tells ZFS what is deleted on tank\/docker-overlay2, which keeps the room: systemctl enable --now fstrim\.timer$/,
  },
  {
    what: 'a timer that does not run any more',
    recording: movedFor(8, { trimmed: `${now - 45 * day}\n` }),
    audit: /; fstrim\.timer has last run 45 days ago, /,
  },
  {
    what: 'containers that do not stay up',
    recording: movedFor(8, {
      containers: [
        container({ Id: 'a'.repeat(64), Name: '/loop', State: { Status: 'restarting', Running: true } }),
        container({ Id: 'b'.repeat(64), Name: '/gone', State: { Status: 'exited', Running: false } }),
      ].join(''),
    }),
    audit:
      /; these containers are restarted again and again: loop; these containers do not run, although Docker is to restart them always: gone$/,
  },
];

describe('the weeks after a move', () => {
  for (const { what, recording, extraVars = [], audit, kept: why } of rows) {
    it(what, async () => {
      const said = await ask({ playbook: 'audit', recording, extraVars });
      expect(said.rejected).to.deep.equal([]);
      expect(messageOf(said, 'Worth knowing')).to.match(audit);
      expect(messageOf(said, 'Verdict')).to.match(/^already: /);

      const end = await ask({
        playbook: 'finalize',
        recording,
        extraVars: [...extraVars, 'confirm=destroy'],
        settings: { check: true },
      });
      const judged = end.events.find(({ task }) => task.name === refusal)?.result;
      expect(judged?.status).to.equal(why === undefined ? 'ok' : 'failed');
      if (why) expect(judged?.problem?.message).to.match(why);
    });
  }

  it('nothing of it is said of a host that has not moved', async () => {
    const said = await ask({ playbook: 'audit', recording: debian12() });
    expect(messageOf(said, 'Worth knowing')).to.equal(undefined);
  });
});

const refusal = 'Refuse while the move has not proved itself';

/** Of a task that ran. */
function messageOf({ events }: Outcome, name: string): string | undefined {
  return events.find(({ task, result }) => task.name === name && result.status !== 'skipped')?.result.message;
}
