/**
 * Owns what a host is to the rest of zrun: where it is, and the connection that work goes over.
 */
import type { OutputBound } from './kept-output.js';
import type { VarsTemplate } from './template.js';
import type { Secret } from './secret.js';
import type { ShellText } from './shell.js';
import type { ValueMap } from './value.js';

/** A host as the inventory gives it. */
export interface Host {
  readonly name: string;
  /** Every group that holds it, `all` first, then from the farthest to the nearest. */
  readonly groups: readonly string[];
  /** From the inventory, group variables already merged in. */
  readonly vars: VarsTemplate;
  readonly target: Target;
  /** The same host by the way that a play asks for. Throws ZrunError or ZrunErrors where there is no such way. */
  targetBy(route: Route): Target;
}

/** As Ansible does it: a colon and digits at the end are a port, unless the whole is an IPv6 address. */
export function splitPort(written: string): { readonly name: string; readonly port: number | undefined } {
  const bracketed = /^\[(.+)\]:(\d+)$/.exec(written) ?? /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/.exec(written);
  const [, name = '', port] = bracketed ?? [];
  if (name === '') return { name: written, port: undefined };
  return { name, port: Number(port) };
}

/** What a task changes in the inventory of its run alone: no file, and nothing on a host. */
export type InventoryChange =
  | {
      /** Another host, or more about one that is there (`add_host`). */
      readonly type: 'host';
      readonly name: string;
      /** What stood behind the name. */
      readonly port: number | undefined;
      readonly groups: readonly string[];
      readonly vars: ValueMap;
    }
  | {
      /** The host that walks joins a group (`group_by`). */
      readonly type: 'group';
      readonly name: string;
      readonly parents: readonly string[];
    };

/** What a play says of the way to its hosts, over what the inventory says. Undefined: nothing. */
export interface Route {
  /** In Ansible's words: `ssh`, `local`, `smart`, … */
  readonly connection: string | undefined;
  readonly user: string | undefined;
}

export type Target = SshTarget | LocalTarget;

interface LocalTarget {
  readonly transport: 'local';
}

/** Everything that is not given here comes from the user's ssh configuration, then from OpenSSH's defaults. */
export interface SshTarget {
  readonly transport: 'ssh';
  /** A name for `~/.ssh/config`, or an address. */
  readonly address: string;
  readonly port?: number;
  readonly user?: string;
  readonly privateKeyFile?: string;
  /** For hosts that take a password; keys are tried before it. */
  readonly password?: Secret;
  readonly knownHostsFile?: string;
  /** `user@host:port`, several with commas, as ssh's -J. */
  readonly proxyJump?: string;
  /** A program that leads there, as ssh_config's ProxyCommand. */
  readonly proxyCommand?: string;
  /** The host's own limit, in the place of the run's. */
  readonly connectTimeoutMs?: number;
}

/** How one user becomes another one on a host. */
export const becomeMethods = ['sudo', 'su', 'doas'] as const;

export type BecomeMethod = (typeof becomeMethods)[number];

/** In Ansible's words; undefined for one that zrun does not have. */
export function becomeMethodNamed(written: string): BecomeMethod | undefined {
  const name = written.replace(/^(?:ansible|community)\.(?:builtin|legacy|general)\./, '');
  return becomeMethods.find((one) => one === name);
}

/** Whom a task runs as. */
export interface Become {
  readonly user: string;
  readonly method: BecomeMethod;
  readonly password?: Secret;
}

/** What a command left behind. `status` is 128 + signal number where a signal ended it, as shells have it. */
export interface Output {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly status: number;
  /** Bytes that were left out of the middle of each. There where any were, which only `keep` allows. */
  readonly omitted?: { readonly stdout: number; readonly stderr: number };
}

/** Bytes that are read where they are sent, so that they need not be in memory. */
export interface StreamedInput {
  readonly length: number;
  /** Pieces that have `length` bytes together. Where it throws, the script that waits for them is not run. */
  read(): AsyncIterable<Uint8Array>;
}

export type Input = Uint8Array | StreamedInput;

/** All of it in memory, for what is known to be small. Throws what reading throws. */
export async function gatherInput(input: Input): Promise<Uint8Array> {
  if (input instanceof Uint8Array) return input;
  const pieces: Uint8Array[] = [];
  for await (const piece of input.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

export interface RunOptions {
  readonly as?: Become | undefined;
  /** What the script finds on its standard input; nothing (/dev/null) when left out. */
  readonly stdin?: Input | undefined;
  /** Milliseconds from when the host can start with it; `task-timeout` when they are over, and it is killed there. */
  readonly timeoutMs?: number | undefined;
  /** When aborted, this script is killed on the host and the call rejects with `interrupted`; the connection stays. */
  readonly signal?: AbortSignal | undefined;
  /** How much of each output is kept; `defaultBound` when left out. What is over that comes to `onOutput` all the same. */
  readonly keep?: OutputBound | undefined;
  /** All of what the script writes, as it comes. The host waits while this works. */
  readonly onOutput?: ((stream: 'stdout' | 'stderr', chunk: Buffer) => void) | undefined;
  /**
   * It leaves something behind that is to live as long as its shell does (`$$`): that shell stays until the connection
   * ends, or something that runs in it is killed.
   */
  readonly isAnchored?: boolean | undefined;
  /** See Probe. Of a script that goes well, some of standard error may be missing. */
  readonly isTerse?: boolean | undefined;
}

/**
 * A way to run scripts on one host. Scripts of one user run one after another in the order of the calls; calls that are
 * made without waiting for each other are sent together and cost one exchange.
 */
export interface Connection {
  /**
   * Runs a POSIX sh script in a subshell of its own (no state stays) with `LC_ALL` as the host has it and sbin in
   * PATH. Resolves with whatever exit status; rejects with ZrunError `connection-lost`, `task-timeout`, `sudo-…`,
   * `output-unexpected` where it writes more than may be kept, or `interrupted`.
   */
  run(script: ShellText, options?: RunOptions): Promise<Output>;
  readonly counters: Counters;
  /** Ends every shell. Whatever still runs there is killed first. Never rejects. */
  close(): Promise<void>;
}

interface Counters {
  /** SSH handshakes made for this connection. */
  readonly handshakes: number;
  /** Times that something was sent while nothing was under way: what latency multiplies. */
  readonly exchanges: number;
}

export interface ConnectOptions {
  readonly connectTimeoutMs: number;
  /** When aborted: what runs on the host is killed, and pending calls reject with `interrupted`. */
  readonly signal: AbortSignal;
}

/** Makes connections; the engine is given one, so that it knows neither ssh nor the local shell. */
export type Connect = (host: Host, options: ConnectOptions) => Promise<Connection>;
