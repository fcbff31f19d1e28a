/**
 * Playbooks that mean the same to ansible-core and to zrun, run through both: order of tasks by host, statuses, items of
 * loops, recap, and how the run ended. Each release of ansible-core that is found is asked (peer.ts).
 *
 * `PEER='^roles' npx mocha … peer.test.ts` runs those whose title matches.
 */
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { freePort } from '../../integration/sshd.js';
import type { Account } from './account.js';
import { sidesOf, type Sides, type Told } from './grounds.js';
import { installedAnsible, openPeer, type Peer } from './peer.js';
import { peerStories } from './stories/index.js';

const wanted = new RegExp(process.env['PEER'] ?? '');
const stories = peerStories.filter(({ title }) => wanted.test(title));

describe('the language, beside ansible-core', function () {
  this.timeout(600_000);
  const peers: Peer[] = [];
  const sides = new Map<string, Sides>();
  /**
   * Each release works while zrun runs, some stories ahead and in their order: asked all at once, it took them as their
   * folders came to be, and an early story waited for all the others.
   */
  const ahead = 4;
  const asked = new Map<string, Map<string, Promise<Told>>>();
  let readme = '';

  before(async function () {
    const installed = installedAnsible();
    if (installed.length === 0) {
      console.log('      ansible-core is not installed: nothing to compare with');
      this.skip();
    }
    readme = await readFile(path.join(import.meta.dirname, '../../../playbooks/README.md'), 'utf8');
    peers.push(
      ...(await Promise.all(installed.map((each) => openPeer(each, installed.length === 1 ? 2 : 1)))),
    );
    console.log(`      ansible-core ${peers.map(({ version }) => version).join(', ')}`);
    const port = await freePort();
    const limits = new Map(peers.map(({ version }) => [version, pLimit(ahead)]));
    for (const story of stories) {
      const ways = sidesOf(story, peers, port);
      sides.set(story.title, ways);
      const told = new Map(
        [...ways.ansible].map(([version, ask]) => [version, limits.get(version)?.(ask) ?? ask()]),
      );
      for (const each of told.values()) each.catch(() => undefined);
      asked.set(story.title, told);
    }
  });
  after(() => Promise.all(peers.map((peer) => peer.close())));

  it('there are many, each of its own', () => {
    expect(peerStories).to.have.length.greaterThan(300);
    expect(new Set(peerStories.map(({ title }) => title)).size).to.equal(peerStories.length);
  });

  for (const story of stories) {
    it(story.title, async () => {
      const own = await sides.get(story.title)?.zrun();
      if (!own) throw new Error('it was not prepared');
      let differing = false;
      for (const [version, telling] of asked.get(story.title) ?? []) {
        if (isOlder(version, story.since)) continue;
        const peer = await telling;
        differing ||= linesOf(own.account) !== linesOf(peer.account);
        if (story.differs !== undefined) continue;
        const words = `ansible-core ${version} said: ${peer.words}\nzrun said: ${own.words}\n`;
        expect(linesOf(own.account), words).to.equal(linesOf(peer.account));
      }
      if (story.differs === undefined) return;
      expect(readme.replaceAll(/\s+/g, ' '), 'playbooks/README.md').to.contain(story.differs);
      expect(differing, 'whether it differs still').to.equal(true);
    });
  }
});

function isOlder(version: string, since: string | undefined): boolean {
  return since !== undefined && version.localeCompare(since, 'en', { numeric: true }) < 0;
}

/** An account as a text, whose differences are read easily. */
function linesOf({ exit, hosts, recap }: Account): string {
  const did = Object.entries(hosts).sort(([a], [b]) => a.localeCompare(b));
  return [
    ...did.flatMap(([host, lines]) => lines.map((line) => `${host}: ${line}`)),
    ...Object.entries(recap)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([host, counts]) => `${host} ${counts}`),
    exit,
  ].join('\n');
}
