/**
 * Owns what is compared of a run: what each host did in its order, its recap, and how the run ended. Two accounts are equal
 * where a user of Ansible would see no difference.
 */
import type { WrittenEvent, WrittenItem, WrittenResult } from '../../../src/report/written.js';
import type { PeerAnswer, PeerTask } from './peer.js';

export interface Account {
  /** `refused`: no host was touched, or Ansible broke off with an error that is no host's. */
  readonly exit: 'well' | 'failed' | 'unreachable' | 'refused';
  /** `status | task | message`, and below it two spaces and `status | label | message` for each item of a loop. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** By host: counts that are not zero. A host that did nothing is left out. */
  readonly recap: Readonly<Record<string, string>>;
}

/** Of some modules, the message is the playbook's own, and so the same in both: when they end as they are meant to. */
const sayings: ReadonlyMap<string, readonly string[]> = new Map([
  ['debug', ['ok', 'changed']],
  ['fail', ['failed', 'ignored']],
]);

/** `version`: of the release that was asked. */
export function accountOfAnsible({ code, error, events }: PeerAnswer, version: string): Account {
  const hosts: Record<string, string[]> = {};
  const items: Record<string, string[]> = {};
  const recap: Record<string, string> = {};
  // Not counted by 2.14, and by 2.19 as a file of tasks is.
  const roles: Record<string, number> = {};
  const isOld = /^2\.1[0-8]\./.test(version);
  for (const event of events) {
    if (isOld && event.type !== 'recap' && event.action === 'include_role' && event.status === 'ok') {
      const isWhole = event.type === 'task' && event.msg === 'All items completed';
      if (!isWhole) roles[event.host] = (roles[event.host] ?? 0) + 1;
    }
    if (event.type === 'recap') {
      const { failures: failed, ok, ...rest } = event;
      const counts = recapOf({ ...rest, ok: ok + (roles[event.host] ?? 0), failed });
      if (counts !== '') recap[event.host] = counts;
      continue;
    }
    // That a condition passed over a word of meta, zrun does not report.
    if (event.action === 'meta') continue;
    const said = peerMessage(event);
    if (event.type === 'item') {
      (items[event.host] ??= []).push(lineOf(event.status, textOf(event.label), said, '  '));
      continue;
    }
    const below = items[event.host] ?? [];
    const line = lineOf(event.status, event.task, below.length > 0 ? undefined : said);
    (hosts[event.host] ??= []).push(line, ...below);
    items[event.host] = [];
  }
  return { exit: error === null ? exitOfAnsible(code) : 'refused', hosts, recap };
}

export function accountOfZrun(code: number, events: readonly WrittenEvent[]): Account {
  const hosts: Record<string, string[]> = {};
  const recap: Record<string, string> = {};
  for (const event of events) {
    if (event.type === 'run-finished') {
      for (const { host, counts } of event.hosts) {
        const line = recapOf(counts);
        if (line !== '') recap[host] = line;
      }
    }
    if (event.type !== 'task-finished') continue;
    const { host, task, result } = event;
    const { items = [] } = result;
    const said = items.length > 0 ? undefined : ownMessage(task.module, result);
    (hosts[host] ??= []).push(
      lineOf(statusOf(result), task.name, said),
      ...items.map((item) => lineOf(itemStatusOf(item), item.label, ownMessage(task.module, item), '  ')),
    );
  }
  return { exit: exitOfZrun(code), hosts, recap };
}

function lineOf(status: string, name: string, said: string | undefined, indent = ''): string {
  return indent + [status, plainName(name), ...(said === undefined ? [] : [said])].join(' | ');
}

/** An include without a name of its own is shown with its file by zrun, with its role by Ansible. */
function plainName(name: string): string {
  return name.replace(/\b(include_(?:tasks|role|vars))\b.*$/, '$1');
}

function peerMessage({ action, status, msg }: PeerTask): string | undefined {
  return sayings.get(action)?.includes(status) === true ? textOf(msg) : undefined;
}

function ownMessage(module: string, result: WrittenResult | WrittenItem): string | undefined {
  if (sayings.get(module)?.includes(result.status) !== true) return undefined;
  // Ansible says how often a task was tried in `attempts` alone.
  const said = (result.message ?? result.problem?.message ?? '').replace(/ \(after \d+ attempts\)$/, '');
  if (!/^[[{]/.test(said)) return said;
  try {
    return textOf(JSON.parse(said));
  } catch {
    return said;
  }
}

function statusOf({ status, ignored }: WrittenResult): string {
  return ignored ? 'ignored' : status;
}

/** Ansible ignores errors of a task, not of its items, and reports one whose host cannot be reached as failed. */
function itemStatusOf({ status }: WrittenItem): string {
  return status === 'unreachable' ? 'failed' : status;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Counts {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
}

function recapOf({ ok, changed, unreachable, failed, skipped, rescued, ignored }: Counts): string {
  return Object.entries({ ok, changed, unreachable, failed, skipped, rescued, ignored })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}=${count}`)
    .join(' ');
}

/** The exit code has a bit for each: 2 a host failed, 4 one could not be reached, 8 the play was broken off. */
function exitOfAnsible(code: number): Account['exit'] {
  if (code === 0) return 'well';
  if ((code & 2) !== 0 || (code & 8) !== 0) return 'failed';
  return (code & 4) === 0 ? 'refused' : 'unreachable';
}

function exitOfZrun(code: number): Account['exit'] {
  switch (code) {
    case 0:
      return 'well';
    case 2:
      return 'failed';
    case 3:
      return 'unreachable';
    default:
      return 'refused';
  }
}
