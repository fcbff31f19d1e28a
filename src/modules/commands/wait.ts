/** Owns the loop on the host that waits for a file or a port, as one read-only script. */
import { ZrunError } from '../../core/errors.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

export interface Wait {
  readonly path?: string | undefined;
  readonly search_regex?: string | undefined;
  readonly port?: number | undefined;
  readonly host: string;
  /** False: until it is not so any more. */
  readonly isWanted: boolean;
  /** Seconds between two looks. */
  readonly sleep: number;
}

export interface Waited {
  readonly isSo: boolean;
  /** Seconds. */
  readonly elapsed: number;
}

const waitKind: ProbeKind<Waited> = { kind: 'wait' };

export function describeWait({ path, search_regex, port, host, isWanted }: Wait): string {
  if (port !== undefined) return `port ${port} of ${host} ${isWanted ? 'answers' : 'is closed'}`;
  if (search_regex === undefined) return `${path ?? ''} is ${isWanted ? 'there' : 'gone'}`;
  return `${path ?? ''} ${isWanted ? 'has a line' : 'has no line'} that matches ${search_regex}`;
}

/** Looks until it is so or the time is over; a timeout of 0 looks once. Times in seconds. */
export function waitProbe(wait: Wait, { timeout, delay }: { timeout: number; delay: number }): Probe<Waited> {
  const script = lines(
    sh`LC_ALL=C; export LC_ALL`,
    // Time since boot does not jump when the clock is set.
    sh`now() { read -r up _ </proc/uptime && up=\${up%%.*}; }`,
    condition(wait),
    sh`now || exit; start=$up`,
    delay > 0 && sh`sleep ${delay}`,
    sh`while :; do
if holds; then so=true; else so=false; fi
now; elapsed=$((up - start))
[ $so = ${String(wait.isWanted)} ] && { echo "yes $elapsed"; exit 0; }
[ $elapsed -ge ${timeout} ] && { echo "no $elapsed"; exit 0; }
sleep ${wait.sleep}
done`,
  );
  return {
    of: waitKind,
    key: describeWait(wait),
    script,
    isTerse: true,
    parse({ stdout, stderr, status }) {
      const [, isSo, elapsed] = /^(yes|no) (\d+)$/m.exec(stdout.toString()) ?? [];
      if (status === 0 && elapsed !== undefined) return { isSo: isSo === 'yes', elapsed: Number(elapsed) };
      throw new ZrunError('task-failed', `the host cannot tell whether ${describeWait(wait)}`, {
        stderr: stderr.toString(),
        status,
      });
    },
  };
}

/** A shell function `holds`. */
function condition({ path = '', search_regex, port, host }: Wait): ShellText {
  if (port !== undefined) return isLocal(host) ? listening(port) : answers(host, port);
  if (search_regex === undefined) return sh`p=${path}; holds() { [ -e "$p" ] || [ -L "$p" ]; }`;
  return lines(
    sh`grep -E -e ${search_regex} </dev/null; [ $? -le 1 ] || exit 1`,
    sh`holds() { grep -E -q -e ${search_regex} -- ${path} 2>/dev/null; }`,
  );
}

function isLocal(host: string): boolean {
  return ['127.0.0.1', 'localhost', '::1'].includes(host);
}

/**
 * Reads the kernel's tables of sockets (proc(5), /proc/net/tcp): 0A is LISTEN; the address is any, or loopback in
 * either byte order. Needs no program and leaves no trace in the service's log.
 */
function listening(port: number): ShellText {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const any =
    '0{8}|0100007F|7F000001|0{32}|0{24}(01000000|00000001)|0{16}(FFFF0000|0000FFFF)(0100007F|7F000001|0{8})';
  const pattern = `^ *[0-9]+: (${any}):${hex} [0-9A-F]+:0000 0A `;
  return sh`holds() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -E -q -e ${pattern}; }`;
}

/** POSIX has no way to connect, so one of two programs must be there. Each try takes three seconds at most. */
function answers(host: string, port: number): ShellText {
  return sh`if command -v bash >/dev/null && command -v timeout >/dev/null; then
holds() { timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' ${host} ${port} 2>/dev/null; }
elif command -v nc >/dev/null; then
holds() { nc -z -w 3 ${host} ${port} >/dev/null 2>&1; }
else echo 'neither bash nor nc is installed, one of which is needed for a port of another host' >&2; exit 1; fi`;
}
