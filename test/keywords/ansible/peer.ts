/**
 * Owns how a playbook is run through a real ansible-core: which releases this machine has, and one process for each, which
 * runs many playbooks (driver.py).
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** What callback/peer_events.py writes of a task, or of one item of its loop. */
export interface PeerTask {
  readonly type: 'task' | 'item';
  readonly host: string;
  readonly task: string;
  /** The module, without its collection. */
  readonly action: string;
  readonly status: 'ok' | 'changed' | 'skipped' | 'failed' | 'ignored' | 'unreachable';
  readonly msg: unknown;
  readonly label: unknown;
}

interface PeerRecap {
  readonly type: 'recap';
  readonly host: string;
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failures: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
}

export interface PeerAnswer {
  /** The exit code of `ansible-playbook`. */
  readonly code: number;
  /** What was raised, where the run did not come to its end. */
  readonly error: string | null;
  readonly events: readonly (PeerTask | PeerRecap)[];
  readonly output: string;
}

export interface Peer {
  /** `2.14.18` */
  readonly version: string;
  play(folder: string, argv: readonly string[]): Promise<PeerAnswer>;
  close(): Promise<void>;
}

interface Installed {
  readonly python: string;
  /** Where Python finds it, if that is not by itself. */
  readonly pythonPath?: string;
}

/** Where `.ci/run` unpacks Debian trixie's package, whose release bookworm does not have. */
const unpacked = path.join(homedir(), '.cache/zrun-test/ansible-core-2.19/usr/lib/python3/dist-packages');

/** Empty if there is none. */
export function installedAnsible(): readonly Installed[] {
  const python = pythonOfAnsible();
  const found: Installed[] = python === undefined ? [] : [{ python }];
  if (python !== undefined && existsSync(unpacked)) found.push({ python, pythonPath: unpacked });
  return found;
}

/** `atATime`: how many playbooks it runs at once. */
export async function openPeer({ python, pythonPath }: Installed, atATime: number): Promise<Peer> {
  const { PYTHONPATH: _, ...inherited } = process.env;
  const env = { ...inherited, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(python, [path.join(import.meta.dirname, 'driver.py'), String(atATime)], {
    env: { ...env, ...(pythonPath !== undefined && { PYTHONPATH: pythonPath }) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  type Waiting = (answer: PeerAnswer) => void;
  const waiting = new Map<number, Waiting>();
  const gone = new Error('the process that runs ansible-core has ended');
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const failed = ended.then(() => Promise.reject(gone));
  // Whoever waits for an answer learns of it; after the last one nobody does.
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first: IteratorResult<string, undefined> = await Promise.race([lines.next(), failed]);
  const { version } = JSON.parse(first.value ?? '{"version": ""}') as { readonly version: string };
  const reading = (async () => {
    for await (const line of { [Symbol.asyncIterator]: () => lines }) {
      const answer = JSON.parse(line) as PeerAnswer & { readonly id: number };
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    }
  })();
  let last = 0;
  return {
    version,
    play(folder, argv) {
      const id = ++last;
      const answer = new Promise<PeerAnswer>((resolve) => waiting.set(id, resolve));
      child.stdin.write(`${JSON.stringify({ id, cwd: folder, argv })}\n`);
      return Promise.race([answer, failed]);
    },
    async close() {
      child.stdin.end();
      await Promise.all([reading, ended]);
    },
  };
}

/** The Python that ansible-playbook runs in, from its first line. */
function pythonOfAnsible(): string | undefined {
  for (const entry of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(entry, 'ansible-playbook');
    try {
      accessSync(file, constants.X_OK);
      const python = /^#!\s*(\S*python[\d.]*)/.exec(readFileSync(file, 'utf8'))?.[1];
      if (python !== undefined) return python;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
