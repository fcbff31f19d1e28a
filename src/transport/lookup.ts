/**
 * Owns how names become addresses.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** A lookup that asks once for each name: the system's own runs on four threads for the whole process. */
export function createLookup(): LookupFunction {
  const known = new Map<string, Promise<LookupAddress[]>>();
  const addressesOf = (hostname: string): Promise<LookupAddress[]> => {
    let addresses = known.get(hostname);
    if (addresses === undefined) {
      addresses = new Promise((resolve, reject) => {
        dnsLookup(hostname, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
      });
      known.set(hostname, addresses);
      addresses.catch(() => known.delete(hostname));
    }
    return addresses;
  };
  return (hostname, { all }, callback) => {
    addressesOf(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ''),
    );
  };
}
