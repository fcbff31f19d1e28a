/**
 * Owns the functions for addresses and ranges of IP. Names are those of CEL's extension `network`: `cidr(…)` gives the
 * range as a text here, and texts have its methods, so that facts can be asked without it.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { Value } from '../../core/value.js';
import { FunctionError, toInt, toText, type FunctionEntry } from './function.js';

const topic = 'networks';

export const networkFunctions: readonly FunctionEntry[] = [
  {
    name: 'isIP',
    topic,
    summary: 'whether a text is an address, of IPv4 or IPv6',
    signatures: ['isIP(text: string): bool'],
    examples: [{ text: 'isIP("10.0.0.1") && !isIP("10.0.0.1/8")', gives: true }],
    apply: (text) => isIP(toText(text)) !== 0 && !toText(text).includes('%'),
  },
  {
    name: 'isCIDR',
    topic,
    summary: 'whether a text is a range: an address with the length of its prefix',
    signatures: ['isCIDR(text: string): bool'],
    examples: [{ text: 'isCIDR("10.0.0.0/8")', gives: true }],
    apply: (text) => readRange(toText(text)) !== undefined,
  },
  {
    name: 'ip',
    topic,
    summary: 'an address in its usual form; any other text is an error',
    signatures: ['ip(text: string): string'],
    examples: [{ text: 'ip("fe80:0::0001")', gives: 'fe80::1' }],
    helpers: [],
    apply: (text) => formatAddress(addressOf(toText(text))),
  },
  {
    name: 'cidr',
    topic,
    summary: 'a range in its usual form; any other text is an error',
    signatures: ['cidr(text: string): string'],
    examples: [{ text: 'cidr("10.1.2.3/8")', gives: '10.1.2.3/8' }],
    helpers: [],
    apply: (text) => formatRange(rangeOf(text)),
  },
  {
    name: 'containsIP',
    topic,
    summary: 'whether an address lies in a range',
    signatures: ['string.containsIP(address: string): bool'],
    examples: [
      { text: 'cidr("10.0.0.0/8").containsIP("10.1.2.3")', gives: true },
      { text: '{{containsIP "fd00::/8" "fe80::1"}}', gives: false },
    ],
    precheck(range, address) {
      if (range !== undefined) rangeOf(range);
      if (address !== undefined) addressOf(toText(address));
    },
    apply(range, address) {
      const [{ base, prefix }, each] = [rangeOf(range), addressOf(toText(address))];
      return base.bits === each.bits && networkOf(each, prefix) === networkOf(base, prefix);
    },
  },
  {
    name: 'containsCIDR',
    topic,
    summary: 'whether a range lies in another one',
    signatures: ['string.containsCIDR(range: string): bool'],
    examples: [{ text: 'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")', gives: true }],
    precheck: (...ranges) => {
      for (const each of ranges) if (each !== undefined) rangeOf(each);
    },
    apply(range, other) {
      const [outer, inner] = [rangeOf(range), rangeOf(other)];
      return (
        outer.base.bits === inner.base.bits &&
        inner.prefix >= outer.prefix &&
        networkOf(inner.base, outer.prefix) === networkOf(outer.base, outer.prefix)
      );
    },
  },
  {
    name: 'prefixLength',
    topic,
    summary: "the length of a range's prefix",
    signatures: ['string.prefixLength(): int'],
    examples: [{ text: '"10.0.0.0/8".prefixLength()', gives: 8 }],
    apply: (range) => rangeOf(range).prefix,
  },
  {
    name: 'masked',
    topic,
    summary: 'a range that begins at its first address',
    signatures: ['string.masked(): string'],
    examples: [{ text: '"192.168.1.77/24".masked()', gives: '192.168.1.0/24' }],
    apply(value) {
      const { base, prefix } = rangeOf(value);
      return formatRange({ base: { ...base, number: networkOf(base, prefix) }, prefix });
    },
  },
  {
    name: 'netmask',
    topic,
    summary: 'the mask of a range: 255.255.255.0 of a /24',
    signatures: ['string.netmask(): string'],
    examples: [{ text: '"192.168.1.0/24".netmask()', gives: '255.255.255.0' }],
    apply(value) {
      const { base, prefix } = rangeOf(value);
      return formatAddress({
        ...base,
        number: networkOf({ ...base, number: (1n << BigInt(base.bits)) - 1n }, prefix),
      });
    },
  },
  {
    name: 'hostAt',
    topic,
    summary: "a range's address of a number, counted from 0; from the end, if it is negative",
    signatures: ['string.hostAt(number: int): string'],
    examples: [
      { text: '"10.1.0.0/16".hostAt(1)', gives: '10.1.0.1' },
      { text: '"10.1.0.0/16".hostAt(-1)', gives: '10.1.255.255' },
    ],
    filters: ['nthhost'],
    apply(value, at) {
      const [{ base, prefix }, wanted] = [rangeOf(value), BigInt(toInt(at))];
      const count = 1n << BigInt(base.bits - prefix);
      const index = wanted < 0n ? count + wanted : wanted;
      if (index < 0n || index >= count)
        throw new FunctionError(`has ${count} addresses, and none at ${wanted}`);
      return formatAddress({ ...base, number: networkOf(base, prefix) + index });
    },
  },
  {
    name: 'family',
    topic,
    summary: '4 or 6: which IP an address or a range is of',
    signatures: ['string.family(): int'],
    examples: [{ text: '"fd00::1".family()', gives: 6 }],
    apply: (value) => (addressOf(toText(value).replace(/\/.*$/, '')).bits === 32 ? 4 : 6),
  },
];

interface Address {
  readonly bits: 32 | 128;
  readonly number: bigint;
}

interface Range {
  readonly base: Address;
  readonly prefix: number;
}

function addressOf(text: string): Address {
  const found = readAddress(text);
  if (found) return found;
  throw new FunctionError(`'${text}' is not an address of IP`);
}

function rangeOf(value: Value | undefined): Range {
  const text = toText(value);
  const range = readRange(text);
  if (range) return range;
  throw new FunctionError(`'${text}' is not a range of addresses`, 'write it as in 10.0.0.0/8');
}

function readRange(text: string): Range | undefined {
  const [, written = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const base = readAddress(written);
  const prefix = Number(length);
  return base && length !== '' && prefix <= base.bits ? { base, prefix } : undefined;
}

function readAddress(text: string): Address | undefined {
  if (isIPv4(text))
    return { bits: 32, number: text.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // The last two groups may stand as IPv4.
  const plain = text.replace(/\d+\.\d+\.\d+\.\d+$/, (v4) => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
  const all = [...before, ...zeros, ...after];
  return { bits: 128, number: all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n) };
}

function networkOf({ bits, number }: Address, prefix: number): bigint {
  const rest = BigInt(bits - prefix);
  return (number >> rest) << rest;
}

function formatRange({ base, prefix }: Range): string {
  return `${formatAddress(base)}/${prefix}`;
}

/** As RFC 5952 has it: the longest run of zeros left out, the first of equals. */
function formatAddress({ bits, number }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((number >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  let [start, length] = [0, 0];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (groups[end] === '0') end += 1;
    if (end - i > length && end - i > 1) [start, length] = [i, end - i];
  }
  if (length === 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
