/**
 * Owns how a playbook is tried in both languages: the same files laid out for each, hosts that are shells on this machine,
 * and the account of each.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zrun } from '../../cli/fake-environment.js';
import type { WrittenEvent } from '../../../src/report/written.js';
import { accountOfAnsible, accountOfZrun, type Account } from './account.js';
import type { Peer } from './peer.js';

/**
 * A playbook that means the same in both languages. Where a line must be written differently, `<% Ansible's %% zrun's %>`
 * has both: `when: <% r is failed %% r.failed %>`.
 */
export interface PeerStory {
  /** Unique. */
  readonly title: string;
  /** site.yaml; `TMP` is the folder that it lies in. */
  readonly playbook?: string;
  /** In the place of a playbook: the tasks of a linear play of all hosts, without facts. */
  readonly tasks?: string;
  /** Other files, by their path beside site.yaml. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: a and b. */
  readonly hosts?: readonly string[];
  /** Those of them on whose port nobody listens. */
  readonly unreachable?: readonly string[];
  /** Words after the playbook. */
  readonly args?: readonly string[];
  /** The first release that means what zrun means, where an older one did not. */
  readonly since?: string;
  /** Words of playbooks/README.md that say how zrun differs here. */
  readonly differs?: string;
}

/** The ways in which a run's account may be had, for one story. */
export interface Sides {
  readonly zrun: () => Promise<Told>;
  /** By release. */
  readonly ansible: ReadonlyMap<string, () => Promise<Told>>;
}

export interface Told {
  readonly account: Account;
  /** What a reader needs where the accounts differ. */
  readonly words: string;
}

/** `closedPort`: where nobody listens. */
export function sidesOf(story: PeerStory, peers: readonly Peer[], closedPort: number): Sides {
  return {
    zrun: () =>
      inFolder(story, 'zrun', closedPort, async (folder, argv) => {
        const { code, stdout, stderr } = await zrun([...argv, '--output', 'ndjson'], {
          cwd: folder,
          homeFolder: folder,
        });
        const events = stdout
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as WrittenEvent);
        const problems = events.flatMap((event) =>
          event.type === 'task-finished' && event.result.problem ? [event.result.problem.message] : [],
        );
        return { account: accountOfZrun(code, events), words: [stderr, ...problems].join('\n').trim() };
      }),
    ansible: new Map(
      peers.map((peer) => [
        peer.version,
        () =>
          inFolder(story, 'ansible', closedPort, async (folder, argv) => {
            const answer = await peer.play(folder, argv);
            const account = tidied(accountOfAnsible(answer, peer.version), folder);
            return { account, words: `${answer.error ?? ''}\n${answer.output}`.trim() };
          }),
      ]),
    ),
  };
}

function tidied(account: Account, folder: string): Account {
  return JSON.parse(JSON.stringify(account).replaceAll(folder, 'TMP')) as Account;
}

type Side = 'ansible' | 'zrun';

async function inFolder(
  story: PeerStory,
  side: Side,
  closedPort: number,
  work: (folder: string, argv: readonly string[]) => Promise<Told>,
): Promise<Told> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zrun-peer-'));
  try {
    const files = {
      'site.yaml': story.playbook ?? playOf(story.tasks ?? ' []'),
      'hosts.yaml': inventoryOf(story, closedPort),
      ...story.files,
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), textFor(side, text).replaceAll('TMP', folder));
    }
    const { account, words } = await work(folder, ['-i', 'hosts.yaml', 'site.yaml', ...(story.args ?? [])]);
    return { account: tidied(account, folder), words: words.replaceAll(folder, 'TMP') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function playOf(tasks: string): string {
  return `- name: P\n  hosts: all\n  gather_facts: false\n  strategy: linear\n  tasks:${tasks}\n`;
}

function textFor(side: Side, text: string): string {
  return text.replace(/<% ?(.*?) ?%% ?(.*?) ?%>/g, side === 'ansible' ? '$1' : '$2');
}

function inventoryOf({ hosts = ['a', 'b'], unreachable = [] }: PeerStory, closedPort: number): string {
  const rows = hosts.map((host) =>
    unreachable.includes(host)
      ? `    ${host}: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: ${closedPort}}\n`
      : `    ${host}: {ansible_connection: local}\n`,
  );
  return `all:\n  hosts:\n${rows.join('')}`;
}
