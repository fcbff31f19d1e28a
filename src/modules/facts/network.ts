/**
 * Owns what is known of a host's interfaces, their addresses, and its ways out. Addresses are as ip(8) prints them.
 */
import type { Facts } from './schema.js';
import { firstRow, number, rows, type Sections } from './sections.js';

type Network = Facts['network'];
type Interface = Network['interfaces'][number];

export function networkFacts(sections: Sections): Network {
  const [nodename = ''] = rows(sections, 'uname');
  const fqdn = firstRow(sections, 'fqdn');
  const addresses = rows(sections, 'addresses')
    .map(parseAddress)
    .filter((each) => each !== undefined);
  const interfaces = rows(sections, 'interfaces').map((row) => parseInterface(row, addresses));
  const outside = interfaces.filter(({ type }) => type !== 'loopback');
  const dot = (fqdn ?? '').indexOf('.');
  return {
    hostname: nodename.split('.')[0] ?? '',
    nodename,
    fqdn,
    domain: dot < 0 ? null : (fqdn ?? '').slice(dot + 1),
    default_ipv4: parseRoute(firstRow(sections, 'route4'), interfaces, 'ipv4'),
    default_ipv6: parseRoute(firstRow(sections, 'route6'), interfaces, 'ipv6'),
    ipv4_addresses: outside.flatMap(({ ipv4 }) => ipv4.map(({ address }) => address)),
    ipv6_addresses: outside.flatMap(({ ipv6 }) => ipv6.map(({ address }) => address)),
    nameservers: wordsOfResolv(sections, 'nameserver'),
    search: [...wordsOfResolv(sections, 'search'), ...wordsOfResolv(sections, 'domain')],
    interfaces,
  };
}

interface Address {
  readonly interface: string;
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefix: number;
  readonly broadcast: string | null;
  readonly scope: string | null;
}

/** `2: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\ …`; with a peer, its prefix stands behind that. */
function parseAddress(row: string): Address | undefined {
  const match = /^\d+:\s+(\S+)\s+(inet6?)\s+([\da-fA-F.:]+)(?:\s+peer\s+[\da-fA-F.:]+)?\/(\d+)(.*)$/.exec(
    row,
  );
  const bare = match ?? /^\d+:\s+(\S+)\s+(inet6?)\s+([\da-fA-F.:]+)()(.*)$/.exec(row);
  if (!bare) return undefined;
  const [, name = '', family = '', address = '', prefix = '', rest = ''] = bare;
  const isV4 = family === 'inet';
  return {
    interface: name.replace(/@.*$/, ''),
    family: isV4 ? 'inet' : 'inet6',
    address,
    prefix: prefix === '' ? (isV4 ? 32 : 128) : Number(prefix),
    broadcast: /\sbrd (\S+)/.exec(rest)?.[1] ?? null,
    scope: /\sscope (\S+)/.exec(rest)?.[1] ?? null,
  };
}

function parseInterface(row: string, addresses: readonly Address[]): Interface {
  const [name = '', mac = '', mtu, state, type, kind = ''] = row.split('\t');
  const own = addresses.filter((each) => each.interface === name);
  // include/uapi/linux/if_arp.h: ARPHRD_ETHER, ARPHRD_LOOPBACK.
  const kinds: Readonly<Record<string, string>> = { '1': 'ether', '772': 'loopback' };
  return {
    name,
    mac: mac === '' || /^[0:]+$/.test(mac) ? null : mac,
    mtu: number(mtu),
    active: state !== 'down',
    type: kind !== '' ? kind : (kinds[type ?? ''] ?? 'other'),
    ipv4: own
      .filter(({ family }) => family === 'inet')
      .map(({ address, prefix, broadcast, scope }) => ({
        address,
        prefix,
        scope,
        netmask: maskOf(prefix),
        network: networkOf(address, prefix),
        broadcast,
      })),
    ipv6: own
      .filter(({ family }) => family === 'inet6')
      .map(({ address, prefix, scope }) => ({ address, prefix, scope })),
  };
}

/** `8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0`. */
function parseRoute(
  row: string | null,
  interfaces: readonly Interface[],
  family: 'ipv4' | 'ipv6',
): Network['default_ipv4'] {
  const wordAfter = (word: string): string | null =>
    new RegExp(`\\s${word} (\\S+)`).exec(row ?? '')?.[1] ?? null;
  const name = wordAfter('dev');
  if (name === null || /^(?:unreachable|prohibit|blackhole)/.test(row ?? '')) return null;
  const found = interfaces.find((each) => each.name === name);
  // The kernel routes what has no way out to itself.
  if (found?.type === 'loopback') return null;
  const address = wordAfter('src');
  return {
    address,
    interface: name,
    gateway: wordAfter('via'),
    prefix: found?.[family].find((each) => each.address === address)?.prefix ?? null,
    mac: found?.mac ?? null,
    mtu: found?.mtu ?? null,
  };
}

function wordsOfResolv(sections: Sections, keyword: string): string[] {
  return rows(sections, 'resolv')
    .filter((row) => row.startsWith(`${keyword} `) || row.startsWith(`${keyword}\t`))
    .flatMap((row) => row.split(/\s+/).slice(1))
    .filter((word) => word !== '');
}

function maskOf(prefix: number): string {
  return formatV4(prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);
}

function networkOf(address: string, prefix: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - prefix);
  return formatV4(Math.floor(number / size) * size);
}

function formatV4(number: number): string {
  return [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(number / unit) % 256).join('.');
}
