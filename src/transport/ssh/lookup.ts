/**
 * Owns how names become addresses.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import net, { type LookupFunction } from 'node:net';
import pLimit from 'p-limit';
import { askProgram } from '../../programs/ask.js';

interface LookupOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Ends what is still being asked. */
  readonly signal: AbortSignal;
}

/** Milliseconds. The system's own resolver asks each name server twice for five seconds. */
const lookupMs = 60_000;

/** A host has some addresses; three lines each. */
const bound = { bytes: 256 * 1024, over: 'cut' } as const;

/** Needs nobody's answer (RFC 6761, 6.3). */
const loopback: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * A lookup that asks once for each name. It asks `getent`, which has the system's own answer (hosts file, name servers,
 * whatever nsswitch.conf names) and can be ended: the same call within this process cannot, so that a name server which
 * says nothing would keep zrun alive after its recap. Where there is no getent, that is how it has to be.
 */
export function createLookup({ env, signal }: LookupOptions): LookupFunction {
  const known = new Map<string, Promise<readonly LookupAddress[]>>([
    ['localhost', Promise.resolve(loopback)],
  ]);
  const limit = pLimit(8);
  const ask = async (hostname: string): Promise<readonly LookupAddress[]> => {
    // No host has such a name, and getent would take it for an option.
    if (hostname.startsWith('-')) throw lookupError('ENOTFOUND', hostname);
    const keep = { stdout: bound, stderr: bound };
    const answer = await askProgram('getent', ['ahosts', hostname], { env, signal, limitMs: lookupMs, keep });
    if (answer.how === 'stopped') throw lookupError('EAI_AGAIN', hostname);
    if (answer.how !== 'ended') return lookUpHere(hostname);
    const addresses = parseAddresses(answer.stdout);
    if (addresses.length > 0) return addresses;
    // 2: it is in none of the places. Anything else: it does not know what it was asked.
    if (answer.status === 2) throw lookupError('ENOTFOUND', hostname);
    return lookUpHere(hostname);
  };
  const addressesOf = (hostname: string): Promise<readonly LookupAddress[]> => {
    let addresses = known.get(hostname);
    if (addresses === undefined) {
      addresses = limit(() => ask(hostname));
      known.set(hostname, addresses);
      addresses.catch(() => known.delete(hostname));
    }
    return addresses;
  };
  return (hostname, { all }, callback) => {
    addressesOf(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ''),
    );
  };
}

/** Lines as `192.0.2.7  STREAM web1`, three for each address. */
export function parseAddresses(text: string): readonly LookupAddress[] {
  const addresses = text.split('\n').map((line) => line.split(/\s/)[0] ?? '');
  return [...new Set(addresses)]
    .map((address) => ({ address, family: net.isIP(address) }))
    .filter(({ family }) => family !== 0);
}

function lookUpHere(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

function lookupError(code: string, hostname: string): Error {
  return Object.assign(new Error(`getent ahosts ${hostname}: ${code}`), { code });
}
