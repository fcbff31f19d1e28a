/**
 * A rolling run of forty hosts, in batches of one, a tenth and the rest, over a real sshd: it stops exactly where the
 * budget says, and the recap tells what was not tried.
 */
import { expect } from 'chai';
import { openGrounds, type Grounds, type Site } from './site.js';

const hosts = Array.from({ length: 40 }, (_, i) => `web${String(i + 1).padStart(2, '0')}`);

interface Case {
  readonly title: string;
  readonly budget: string;
  /** Hosts on which a task fails. */
  readonly failing?: readonly string[];
  /** Hosts that kill the connection which they are reached over, during a task. */
  readonly vanishing?: readonly string[];
  readonly unreachable?: readonly string[];
  readonly args?: readonly string[];
  /** Numbers of hosts by outcome; those that are not said are none. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly firstNotTried?: string;
  readonly reason?: string;
  readonly code: number;
}

const cases: readonly Case[] = [
  {
    title: 'all well: every host is done',
    budget: 'max_fail_percentage: 0',
    outcomes: { done: 40 },
    code: 0,
  },
  {
    title: 'the canary fails: nobody else is tried',
    budget: 'max_fail_percentage: 50',
    failing: ['web01'],
    outcomes: { failed: 1, 'not-tried': 39 },
    firstNotTried: 'web02',
    reason: '1 of 1 hosts of this batch failed, and max_fail_percentage allows 50 %',
    code: 2,
  },
  {
    title: 'the canary cannot be reached: nobody else is tried, whatever the budget',
    budget: 'max_fail_percentage: 100',
    unreachable: ['web01'],
    outcomes: { unreachable: 1, 'not-tried': 39 },
    firstNotTried: 'web02',
    reason: 'every host of the batch failed',
    code: 3,
  },
  {
    title: 'one of the second batch fails: a quarter is not more than 25 %',
    budget: 'max_fail_percentage: 25',
    failing: ['web03'],
    outcomes: { failed: 1, done: 39 },
    code: 2,
  },
  {
    title: 'two of the second batch fail: the rest is not tried',
    budget: 'max_fail_percentage: 25',
    failing: ['web03', 'web05'],
    outcomes: { failed: 2, done: 3, 'not-tried': 35 },
    firstNotTried: 'web06',
    reason: '2 of 4 hosts of this batch failed, and max_fail_percentage allows 25 %',
    code: 2,
  },
  {
    title: 'hosts vanish during a task: neither success nor failure, and they count',
    budget: 'max_fail_total: 1',
    vanishing: ['web02', 'web04'],
    outcomes: { unknown: 2, done: 3, 'not-tried': 35 },
    firstNotTried: 'web06',
    reason: '2 of 40 hosts of this play failed, and max_fail_total allows 1',
    code: 5,
  },
  {
    title: 'failed and unreachable hosts are counted apart, over all batches',
    budget: 'max_fail_total: 2\n  max_unreachable_total: 2',
    failing: ['web02', 'web10'],
    unreachable: ['web03', 'web11'],
    outcomes: { failed: 2, unreachable: 2, done: 36 },
    code: 2,
  },
  {
    title: 'within the last batch: hosts that are not begun when the budget is spent stay untouched',
    budget: 'max_fail_total: 2',
    failing: ['web06', 'web07', 'web08'],
    args: ['--forks', '1'],
    outcomes: { failed: 3, done: 5, 'not-tried': 32 },
    firstNotTried: 'web09',
    reason: '3 of 40 hosts of this play failed, and max_fail_total allows 2',
    code: 2,
  },
];

describe('a rolling run of forty hosts', () => {
  let grounds: Grounds;
  before(async () => (grounds = await openGrounds()));
  after(() => grounds.close());

  const siteOf = ({ budget, failing = [], vanishing = [], unreachable = [], args = [] }: Case): Site => ({
    hosts,
    unreachable,
    args,
    playbook: `
- name: Roll
  hosts: all
  gather_facts: false
  serial: [1, "10%", "100%"]
  ${budget}
  vars: {failing: ${JSON.stringify(failing)}, vanishing: ${JSON.stringify(vanishing)}}
  tasks:
    - {name: look, command: "true", changed_when: false}
    - {name: vanish, shell: kill -KILL $PPID, when: inventory_hostname in vanishing}
    - {name: work, command: /bin/false, when: inventory_hostname in failing}
    - {name: last, command: "true", changed_when: false}
`,
  });

  for (const each of cases) {
    it(each.title, async () => {
      const { code, events, outcomes } = await grounds.play(siteOf(each));
      const counts: Record<string, number> = {};
      for (const outcome of Object.values(outcomes)) counts[outcome] = (counts[outcome] ?? 0) + 1;
      expect(counts).to.deep.equal(each.outcomes);
      expect(code).to.equal(each.code);
      const stop = events.find((event) => event.type === 'play-stopped');
      expect(stop?.reason).to.equal(each.reason);
      const notTried = each.firstNotTried === undefined ? [] : hosts.slice(hosts.indexOf(each.firstNotTried));
      expect(stop?.notTried ?? []).to.deep.equal(notTried);
      // Nobody has so much as knocked at the door of a host that is not tried.
      const touched = new Set(events.flatMap((event) => (event.type === 'task-started' ? [event.host] : [])));
      expect(notTried.filter((host) => touched.has(host))).to.deep.equal([]);
      expect(Object.keys(outcomes).filter((host) => !touched.has(host))).to.deep.equal(notTried);
    });
  }

  it('the recap names them', async () => {
    const stopped = cases[4];
    if (!stopped) throw new Error('no such case');
    const recap = await grounds.recap(siteOf(stopped));
    expect(recap).to.contain('not tried: 35 hosts');
    expect(recap).to.contain('web[06-40]');
    expect(recap).to.contain(
      "stopped play 'Roll': 2 of 4 hosts of this batch failed, and max_fail_percentage allows 25 %",
    );
    expect(recap).to.match(/40 hosts: 3 done \(nothing changed\), 2 failed, 35 not tried/);
  });
});
