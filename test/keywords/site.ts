/**
 * Owns how a keyword is tried: files as a user has them, the whole command line, hosts behind a real sshd (or, where
 * there is none, shells on this machine), and what each host did.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WrittenEvent } from '../../src/report/written.js';
import { zrun } from '../cli/fake-environment.js';
import { freePort, sshdMissing, startSshd, type Sshd } from '../integration/sshd.js';

export interface Site {
  /** site.yaml; `TMP` is a folder that all hosts share with the files below. */
  readonly playbook: string;
  /** Other files, by their path beside site.yaml. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: one, called `a`. */
  readonly hosts?: readonly string[];
  /** Those of them on whose port nobody listens. */
  readonly unreachable?: readonly string[];
  /** Words after `zrun site.yaml -i hosts.yaml`. */
  readonly args?: readonly string[];
}

interface Played {
  readonly code: number;
  readonly events: readonly WrittenEvent[];
  /** `status | task | what was said` of each host, in its order. */
  readonly lines: Readonly<Record<string, readonly string[]>>;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly stderr: string;
}

export interface Grounds {
  play(site: Site): Promise<Played>;
  /** The report that a user reads, without the account of tasks. */
  recap(site: Site): Promise<string>;
  close(): Promise<void>;
}

/** One sshd for all: a host is a name for it. */
export async function openGrounds(): Promise<Grounds> {
  const missing = sshdMissing();
  if (missing !== undefined) console.log(`      no sshd on this machine: hosts are shells on it`);
  const sshd = missing === undefined ? await startSshd({ config: ['MaxSessions 100'] }) : undefined;
  const closedPort = await freePort();

  async function inSite<T>(
    site: Site,
    work: (folder: string, argv: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), 'zrun-keyword-'));
    try {
      const files = {
        'site.yaml': site.playbook,
        'hosts.yaml': inventoryOf(site, sshd, closedPort),
        ...site.files,
      };
      for (const [name, text] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
        await writeFile(path.join(folder, name), text.replaceAll('TMP', folder), {
          mode: text.startsWith('#!') ? 0o755 : 0o644,
        });
      }
      return await work(folder, ['site.yaml', '-i', 'hosts.yaml', ...(site.args ?? [])]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** What differs from run to run. */
  const tidy =
    (folder: string) =>
    (text: string): string =>
      text
        .replaceAll(folder, 'TMP')
        .replaceAll(`port ${closedPort}`, 'port CLOSED')
        .replaceAll(`port ${sshd?.port ?? ''}`, 'port OPEN');

  return {
    play: (site) =>
      inSite(site, async (folder, argv) => {
        const { code, stdout, stderr } = await zrun([...argv, '--output', 'ndjson'], {
          cwd: folder,
          homeFolder: folder,
        });
        const events = stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as WrittenEvent);
        return { code, stderr, events, ...accountOf(events, site.hosts ?? ['a'], tidy(folder)) };
      }),
    recap: (site) =>
      inSite(site, async (folder, argv) => {
        const { stdout } = await zrun(argv, { cwd: folder, homeFolder: folder });
        return stdout.slice(stdout.indexOf('PLAY RECAP')).replace(/\n.*log: .*\n/, '\n');
      }),
    async close() {
      await sshd?.stop();
    },
  };
}

function inventoryOf(
  { hosts = ['a'], unreachable = [] }: Site,
  sshd: Sshd | undefined,
  closed: number,
): string {
  const settings = (host: string): string => {
    if (unreachable.includes(host)) return `{ansible_host: 127.0.0.1, ansible_port: ${closed}}`;
    return sshd === undefined ? '{ansible_connection: local}' : `{ansible_host: 127.0.0.1}`;
  };
  const shared =
    sshd === undefined
      ? ''
      : `    ansible_port: ${sshd.port}\n    ansible_user: ${sshd.user}\n` +
        `    ansible_ssh_private_key_file: ${sshd.privateKeyFile}\n    zrun_known_hosts_file: ${sshd.knownHostsFile}\n`;
  const rows = hosts.map((host) => `    ${host}: ${settings(host)}\n`).join('');
  return `all:\n  hosts:\n${rows}  vars:\n    tmp: TMP\n${shared}`;
}

function accountOf(
  events: readonly WrittenEvent[],
  hosts: readonly string[],
  tidy: (text: string) => string,
): Pick<Played, 'lines' | 'outcomes'> {
  const lines: Record<string, string[]> = Object.fromEntries(hosts.map((host) => [host, []]));
  const outcomes: Record<string, string> = {};
  for (const event of events) {
    if (event.type === 'host-finished') outcomes[event.host] = event.outcome;
    if (event.type !== 'task-finished') continue;
    const { host, task, result } = event;
    const said = result.message ?? result.problem?.message ?? result.summary;
    const status = result.ignored ? 'ignored' : result.status;
    (lines[host] ??= []).push(tidy([status, task.name, said].join(' | ')));
  }
  return { lines, outcomes };
}
