/**
 * Owns the floor: what the same work costs with `ssh2` alone. No templates, no plan, no report, no host keys checked.
 * It is a program of its own, so that its start counts as zrun's does. Its argument is a file with a `FloorJob`; it
 * writes a `FloorSaid` to its output.
 */
import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import ssh2 from 'ssh2';
import type { Client, ClientChannel } from 'ssh2';

export interface FloorJob {
  readonly hosts: readonly { readonly address: string; readonly port: number }[];
  readonly user: string;
  readonly privateKeyFile: string;
  /** Hosts at a time. */
  readonly forks: number;
  /** sh text, one after another on each host. */
  readonly scripts: readonly string[];
  /** `shell`: one persistent sh a host; `exec`: a channel and a shell for each script. */
  readonly way: 'shell' | 'exec';
}

export interface FloorSaid {
  /** From the first byte until the shell has said that it is there, of each host. Milliseconds. */
  readonly readyMs: readonly number[];
}

async function main(): Promise<void> {
  const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FloorJob;
  const privateKey = readFileSync(job.privateKeyFile);
  const limit = pLimit(job.forks);
  const readyMs = await Promise.all(
    job.hosts.map((host) =>
      limit(async () => {
        const started = performance.now();
        const client = await logIn(job, host, privateKey);
        const work = job.way === 'shell' ? await openShell(client) : execEach(client);
        const ready = performance.now() - started;
        for (const script of job.scripts) await work(script);
        client.end();
        await new Promise<void>((resolve) => client.once('close', resolve));
        return ready;
      }),
    ),
  );
  const said: FloorSaid = { readyMs };
  process.stdout.write(JSON.stringify(said));
}

function logIn(
  { user }: FloorJob,
  { address, port }: FloorJob['hosts'][number],
  privateKey: Buffer,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on('error', reject);
    client.once('ready', () => {
      client.setNoDelay(true);
      resolve(client);
    });
    client.connect({ host: address, port, username: user, privateKey, readyTimeout: 120_000 });
  });
}

type Work = (script: string) => Promise<void>;

/** One shell; a script's end is a line that only it says. */
async function openShell(client: Client): Promise<Work> {
  const channel = await open(client, 'exec sh');
  let heard = '';
  let onLine = (): void => undefined;
  channel.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    if (/^done \d+$/m.test(heard)) onLine();
  });
  channel.stderr.resume();
  const work: Work = (script) =>
    new Promise((resolve, reject) => {
      heard = '';
      onLine = () => {
        if (/^done 0$/m.test(heard)) resolve();
        else reject(new Error(`a script failed: ${script}`));
      };
      channel.write(`(${script}) </dev/null\necho "done $?"\n`);
    });
  await work(':');
  return work;
}

function execEach(client: Client): Work {
  return async (script) => {
    const status = await new Promise((resolve, reject) => {
      // Its end may come with the same bytes as its beginning, so it is listened for at once.
      client.exec(script, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        channel.resume();
        channel.stderr.resume();
        let said: unknown;
        channel.once('exit', (code) => (said = code));
        channel.once('close', () => resolve(said));
      });
    });
    if (status !== 0) throw new Error(`a script failed: ${script}`);
  };
}

function open(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

await main();
