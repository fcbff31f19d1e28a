/** Hosts as zrun prints them, `web[001-006,009]`, are read back where hosts are named. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  countsPlaces,
  loadInventory,
  readLimit,
  selectHosts,
  type Inventory,
} from '../../../src/config/index.js';
import { foldNames } from '../../../src/report/hosts/names.js';
import { createRandom, seedOf, type Random } from '../../fuzz/random.js';

const cwd = import.meta.dirname;

const names = (from: number, to: number, name: (number: number) => string): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => name(from + i));
const padded = (number: number): string => `web${String(number).padStart(3, '0')}`;

/** As a list of hosts after -i has it: names alone. */
function inventoryOf(hosts: readonly string[]): Promise<Inventory> {
  return loadInventory([`${hosts.join(',')},`], { cwd });
}

async function within(inventory: Inventory, limit: string): Promise<readonly string[]> {
  return selectHosts(inventory, 'all', await readLimit(limit, { cwd })).map(({ name }) => name);
}

const fleets: readonly (readonly [string, readonly string[]])[] = [
  ['a row', names(1, 120, padded)],
  ['gaps', [1, 2, 3, 9, 10, 30, 31].map(padded)],
  ['past the zeros in front', names(98, 102, padded).concat('web1000', 'web1001')],
  ['no zeros in front', names(8, 12, (n) => `web${n}.example.org`)],
  ['both', ['web7', 'web08', 'web9', 'web09', 'web10', 'web010']],
  ['from 0', names(0, 11, (n) => `n${n}`).concat(names(0, 9, (n) => `n${String(n).padStart(2, '0')}`))],
  ['several groups', ['db1', 'web1', 'db2', 'web2', 'cache']],
  ['addresses', names(1, 20, (n) => `10.0.0.${n}`)],
  ['addresses of IPv6', names(1, 9, (n) => `2001:db8::${n}`)],
  ['numbers that no number holds', ['x9007199254740993', 'x9007199254740994', 'y']],
  ['numbers alone', ['1', '2', '3', '05']],
];

/** Names that share most of their parts. */
function makeFleet(random: Random): readonly string[] {
  const parts = ['web', 'r1-', 'db-0', '.example.org', '-', 'ü', 'a7b'];
  const number = (): string =>
    String(random.int(random.pick([4, 30, 1200]))).padStart(random.pick([0, 0, 2, 3]), '0');
  const shapes = random.many(1, 4, () => [random.pick(parts), random.pick(parts)] as const);
  const name = (): string => {
    const [before, after] = random.pick(shapes);
    return random.one(
      `${before}${number()}`,
      `${before}${number()}${after}`,
      `${before}${number()}${after}${number()}`,
    );
  };
  // Names that begin with a dash are none.
  return [...new Set(random.many(3, 60, name).filter((each) => !each.startsWith('-')))];
}

const grouped = `
web: {hosts: {web1: , web2: , web3: }}
dc1: {hosts: {web1: }}
dc2: {hosts: {db1: }}
`;

describe('ranges of hosts as they are printed', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-ranges-'));
    await writeFile(path.join(folder, 'hosts.yaml'), grouped);
  });
  after(() => rm(folder, { recursive: true }));

  for (const [what, fleet] of fleets)
    it(`are read back: ${what}`, async () => {
      const inventory = await inventoryOf([...fleet, 'other1', 'other2']);
      const printed = foldNames(fleet);
      expect(await within(inventory, printed.join(','))).to.have.members(fleet);
      for (const one of printed) expect(await within(inventory, one)).not.to.be.empty;
      const rest = await within(inventory, ['all', ...printed.map((one) => `!${one}`)].join(', '));
      expect(rest).to.deep.equal(['other1', 'other2']);
    });

  it('are read back, whatever the names', async () => {
    for (let i = 0; i < 300; i += 1) {
      const random = createRandom(seedOf(17, i));
      const all = makeFleet(random);
      const chosen = all.filter(() => random.chance(0.6));
      if (chosen.length === 0) continue;
      const printed = foldNames(chosen).join(', ');
      expect([...(await within(await inventoryOf(all), printed))].sort(), printed).to.deep.equal(
        [...chosen].sort(),
      );
    }
  });

  const selected: readonly (readonly [pattern: string, hosts: string])[] = [
    ['web[1-3]', 'web1 web2 web3'],
    ['web[3,1]', 'web3 web1'],
    ['web[1-3]:!web[2,3]', 'web1'],
    ['all:&web[2-3]', 'web2 web3'],
    ['dc[1-2]', 'web1 db1'],
    ['web[0]', 'web1'],
    ['web[1:2]', 'web2 web3'],
    ['web[12]*', 'web1 web2'],
    ['web[1-2]*', 'web1 web2'],
  ];
  for (const [pattern, hosts] of selected)
    it(`${pattern} is ${hosts}`, async () => {
      const inventory = await loadInventory(['hosts.yaml'], { cwd: folder });
      const found = selectHosts(inventory, pattern).map(({ name }) => name);
      expect(found.join(' ')).to.equal(hosts);
    });

  const counted: readonly (readonly [limit: string, isCounted: boolean])[] = [
    ['web[1:3]', true],
    ['all,!web[-1]', true],
    ['web*[0]', true],
    ['web[1-3]', false],
    ['web[1-3,7].example.org', false],
    ['~web0[1-3]', false],
    ['~web[1]', false],
    ['!~web[1]', false],
    ['web[12]*', false],
  ];
  for (const [limit, isCounted] of counted)
    it(`${limit} ${isCounted ? 'counts places' : 'counts no places'}`, async () => {
      const read = await readLimit(limit, { cwd });
      expect(read && countsPlaces(read)).to.equal(isCounted);
    });
});
