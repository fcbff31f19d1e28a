/**
 * Owns what can go wrong in the middle of a migration, how it is brought about on a real host, and how it is judged: the
 * playbook runs again and must finish, and afterwards nothing may be missing.
 */
import { compareInspected, inspectScript, readInspected, type Inspected } from './docker-inspect.js';
import {
  bootState,
  dockerReady,
  forgetStates,
  labPaths,
  loadState,
  recordState,
  reset,
  saveState,
  sshExec,
} from './index.js';
import { snapshotOf, type HostSnapshot } from './state.js';
import { explain, finished, tasksWith, zrun, type ZrunRun } from './zrun.js';

const migrate = 'playbooks/overlay2.yaml';
const rollback = ['playbooks/rollback.yaml', '-e', 'discard_changes=true'] as const;
const savedState = 'before-fault';
const recordedStates = 'moment';

/** What happens to the host or to zrun while a task is under way. */
export const cuts = ['power cut', 'connection cut', 'controller killed'] as const;
export type Cut = (typeof cuts)[number];

/** What is interrupted, and what follows: the move and the next run, the move and the way back, or the way back and once more. */
export const stories = ['forward', 'back', 'rollback'] as const;
type Story = (typeof stories)[number];

/** What is wrong with the host from the beginning, and how it is mended before the next run. */
interface Defect {
  readonly name: string;
  readonly prepare: string;
  readonly mend: string;
}

export const defects: readonly Defect[] = [
  {
    name: 'mkfs fails',
    prepare: `mv /sbin/mkfs.ext4 /sbin/mkfs.ext4.kept && printf '#!/bin/sh\necho broken >&2; exit 1\n' >/sbin/mkfs.ext4 && chmod 755 /sbin/mkfs.ext4`,
    mend: 'mv /sbin/mkfs.ext4.kept /sbin/mkfs.ext4',
  },
  {
    name: 'dockerd refuses to start on ext4',
    prepare: `mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\nExecStartPre=/bin/sh -c "test $(stat -f -c %%%%T /var/lib/docker) = zfs"\n' >/etc/systemd/system/docker.service.d/no-ext4.conf
systemctl daemon-reload`,
    // With the folder that was made for it, unless zrun has something of its own in there.
    mend: 'rm /etc/systemd/system/docker.service.d/no-ext4.conf; rmdir /etc/systemd/system/docker.service.d 2>/dev/null; systemctl daemon-reload',
  },
  {
    name: 'the pool fills up while the copy is made',
    // As soon as the volume has its reservation, somebody else takes all that is left: what the volume promised stands.
    prepare: `systemd-run --quiet --unit=lab-filler sh -c 'until zfs list tank/docker-overlay2; do sleep 0.2; done; zfs create -o mountpoint=/srv/filler tank/filler; dd if=/dev/urandom of=/srv/filler/all bs=1M; sleep 3600'`,
    mend: 'systemctl stop lab-filler; zfs destroy -r tank/filler || :',
  },
];

/** Tasks that take long, whether they count as a change or not: they are cut within, too. */
const longTasks: readonly string[] = [
  'Copy volumes, networks, swarm state and plugins from the snapshot, and compare every byte',
  'Copy every image',
  'Stop Docker',
  'See to it that no container runs and no layer is mounted any more',
  'Stop the units that depend on Docker, and hold them',
  'Copy what has changed meanwhile, and compare it',
  'Rename the old dataset and mark it as the backup',
  'Start Docker',
  'Make the containers again',
  'Start the containers that ran',
  'Start the units again that depend on Docker',
  'Start Docker as it was',
  'Start the containers again',
];

/** A moment of the migration. */
export interface Moment {
  readonly task: string;
  readonly when: 'inside' | 'after it';
}

export type Fault = (Moment & { readonly cut: Cut }) | { readonly defect: Defect };

export const momentName = ({ task, when }: Moment): string => `${task} | ${when}`;

export function nameOf(fault: Fault): string {
  return 'cut' in fault ? `${fault.cut} | ${momentName(fault)}` : `${fault.defect.name} | the whole run |`;
}

export interface Verdict {
  /** How the run ended in which the fault was. */
  readonly first: 'finished' | 'put back' | 'failed' | 'lost' | 'killed' | 'not reached';
  /** What the next run did. */
  readonly second: 'finished' | 'nothing to do' | 'failed';
  /** Everything that is not as it should be. Empty: the cell is good. */
  readonly wrong: readonly string[];
}

interface Expected {
  readonly checksums: string;
  readonly held: Inspected;
  readonly host: HostSnapshot;
}

/** What requires Docker. */
const dependent = 'lab-dependent.service';

/** What the way back must leave byte for byte as it was. The datasets have the volume and its snapshot more. */
const putBack = ['fstab', 'daemonJson', 'dropIns', 'dataRoot', 'oldDataset'] as const;

async function ask(name: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await sshExec(name, command, { user: 'root', timeoutMs: 15 * 60_000 });
  if (code !== 0) throw new Error(`${name}: ${command}\n${stderr}`);
  return stdout.trim();
}

const run = (
  name: string,
  [playbook, ...args]: readonly [string, ...string[]],
  watch?: Parameters<typeof zrun>[1],
): Promise<ZrunRun> => zrun([playbook, '-i', labPaths().inventory, '--limit', name, ...args], watch);

/**
 * One host on which faults are tried, one after the other. What a power cut or the death of the controller leaves is
 * recorded: during one migration the machine's state is saved at each moment, and every trial goes on from there.
 */
export class FaultyHost {
  private readonly recorded = new Map<string, string>();

  private constructor(
    readonly name: string,
    private readonly story: Story,
    private readonly expected: Expected,
  ) {}

  static async prepare(name: string, story: Story): Promise<FaultyHost> {
    await reset(name);
    await forgetStates(name, recordedStates);
    await reset(name);
    // One without a restart policy, one that was made and never started, and a unit that stops with Docker.
    await ask(
      name,
      `printf '[Unit]\nRequires=docker.service\nAfter=docker.service\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/${dependent} && systemctl daemon-reload && systemctl enable -q --now ${dependent}`,
    );
    await ask(
      name,
      'docker run -d --name plain --network backend lab/web:1 >/dev/null && docker create --name made lab/base:1 >/dev/null',
    );
    const expected = {
      checksums: await ask(name, 'lab-volume-checksums'),
      held: readInspected(await ask(name, inspectScript)),
      host: await snapshotOf(name),
    };
    if (story === 'rollback') {
      const moved = await run(name, [migrate]);
      if (moved.exitCode !== 0) throw new Error(`the migration fails by itself: ${explain(moved)}`);
    }
    await saveState(name, savedState);
    return new FaultyHost(name, story, expected);
  }

  /** The run that a fault strikes. */
  private struck(watch?: Parameters<typeof zrun>[1]): Promise<ZrunRun> {
    return run(this.name, this.story === 'rollback' ? rollback : [migrate], watch);
  }

  /**
   * Lets it go well once and saves the wanted moments on the way. Gives every moment that there is, in order: after each
   * task that changes something (between two of them no state is new), and inside those that take long.
   */
  async record(isWanted: (moment: Moment, index: number) => boolean): Promise<readonly Moment[]> {
    await loadState(this.name, savedState);
    const moments = new Map<string, Moment>();
    let count = 0;
    let saving: Promise<void> = Promise.resolve();
    // A task may be skipped and come again later: only what is done counts, and that is not known when it begins. True
    // where its beginning was new.
    const begun = new Map<string, boolean>();
    const seen = (moment: Moment, delayMs: number): boolean => {
      const name = momentName(moment);
      if (moments.has(name)) return false;
      const index = count++;
      moments.set(name, moment);
      if (!isWanted(moment, index)) return true;
      const tag = `${recordedStates}-${index}`;
      saving = saving.then(async () => {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (moments.get(name) !== moment) return;
        await recordState(this.name, tag);
        this.recorded.set(name, tag);
      });
      return true;
    };
    const whole = await this.struck((event) => {
      const task = event.task?.name ?? '';
      if (event.host !== this.name) return;
      if (event.type === 'task-started' && longTasks.includes(task))
        begun.set(task, seen({ task, when: 'inside' }, 1500));
      if (event.type !== 'task-finished') return;
      const { status } = event.result ?? {};
      if (status === 'skipped') {
        if (begun.get(task) === true) moments.delete(momentName({ task, when: 'inside' }));
      } else if (status === 'changed' || longTasks.includes(task)) seen({ task, when: 'after it' }, 0);
    });
    await saving;
    if (whole.exitCode !== 0) throw new Error(`it fails without a fault: ${explain(whole)}`);
    return [...moments.values()];
  }

  async try(fault: Fault): Promise<Verdict> {
    const first = 'cut' in fault ? await this.strike(fault) : await this.withDefect(fault.defect);
    const second = await run(this.name, this.story === 'forward' ? [migrate] : rollback);
    const isAgain = second.exitCode === 0 && tasksWith(second, this.name, 'changed').length === 0;
    return {
      first,
      second: second.exitCode !== 0 ? 'failed' : isAgain ? 'nothing to do' : 'finished',
      wrong: second.exitCode === 0 ? await this.compare(fault) : [explain(second)],
    };
  }

  private async strike(fault: Extract<Fault, { cut: Cut }>): Promise<Verdict['first']> {
    if (fault.cut === 'connection cut') return this.cutConnection(fault);
    const tag = this.recorded.get(momentName(fault));
    if (tag === undefined) return 'not reached';
    if (fault.cut === 'power cut') await bootState(this.name, tag);
    else {
      await loadState(this.name, tag);
      await endConnections(this.name);
    }
    return 'killed';
  }

  /** The run itself goes on: it connects again and puts the host back, or gives it up. */
  private async cutConnection({ task, when }: Moment): Promise<Verdict['first']> {
    await loadState(this.name, savedState);
    let struck: Promise<void> | undefined;
    let waiting: NodeJS.Timeout | undefined;
    const cut = (): void => {
      struck ??= endConnections(this.name);
    };
    const ended = await this.struck((event) => {
      if (event.host !== this.name || event.task?.name !== task) return;
      const isSkipped = event.type === 'task-finished' && event.result?.status === 'skipped';
      if (isSkipped) clearTimeout(waiting);
      else if (event.type === 'task-started' && when === 'inside') waiting ??= setTimeout(cut, 1500);
      else if (event.type === 'task-finished' && when === 'after it') cut();
      if (isSkipped) waiting = undefined;
    });
    if (struck === undefined) return 'not reached';
    await struck;
    return outcomeOf(ended, this.name);
  }

  private async withDefect(defect: Defect): Promise<Verdict['first']> {
    await loadState(this.name, savedState);
    await ask(this.name, defect.prepare);
    const ended = await this.struck();
    await ask(this.name, defect.mend);
    return outcomeOf(ended, this.name);
  }

  /** Everything that is not as it was. */
  private async compare(fault: Fault): Promise<readonly string[]> {
    await dockerReady(this.name);
    const wrong: string[] = [];
    const driver = this.story === 'forward' ? 'overlay2' : 'zfs';
    const found = await ask(this.name, "docker info --format '{{.Driver}}'");
    if (found !== driver) wrong.push(`Docker runs on ${found}, not on ${driver}`);
    if ((await ask(this.name, 'lab-volume-checksums')) !== this.expected.checksums)
      wrong.push('volumes differ');
    const now = readInspected(await ask(this.name, inspectScript));
    const differing = compareInspected(this.expected.held, now, []);
    // A container without a restart policy does not come back after a power cut, zrun or not.
    const isHostsOwn = (line: string) =>
      'cut' in fault && fault.cut === 'power cut' && line.startsWith('container plain: ');
    wrong.push(...differing.filter((line) => !isHostsOwn(line)));
    const masked = await ask(this.name, 'systemctl is-enabled docker.service docker.socket || :');
    if (masked.includes('masked')) wrong.push('Docker is still masked');
    const around = await ask(
      this.name,
      `systemctl is-active ${dependent} || :; find /run/systemd/system -name 'zrun-*'; ls -d /var/lib/zrun/overlay2/units 2>/dev/null || :`,
    );
    if (around !== 'active') wrong.push(`the unit that requires Docker, and what holds it: ${around}`);
    if (this.story === 'forward') {
      const marks = await ask(this.name, 'zfs get -H -o value zrun:live,zrun:done tank/docker-overlay2');
      if (marks.split('\n').includes('-'))
        wrong.push(`the volume has not both marks, live and done: ${marks}`);
    } else {
      const host = await snapshotOf(this.name);
      for (const part of putBack) {
        if (host[part] !== this.expected.host[part])
          wrong.push(`${part}: ${host[part]} (was: ${this.expected.host[part]})`);
      }
    }
    return wrong;
  }
}

/** zrun's connections end without a word; sshd itself goes on. */
async function endConnections(name: string): Promise<void> {
  await sshExec(name, "pkill -KILL -f '^sshd(-session)?: zrun' || :", { user: 'root' });
}

function outcomeOf(ended: ZrunRun, name: string): Verdict['first'] {
  if (ended.exitCode === 0) return 'finished';
  if (ended.exitCode === 4) return 'lost';
  const rescued = finished(ended, name).some(({ result }) =>
    /put back as it was/.test(result?.problem?.message ?? ''),
  );
  return rescued ? 'put back' : 'failed';
}
