/**
 * Every keyword of a playbook, as a story named after it, in the manner of Ansible's integration targets: the whole
 * command line, against a real sshd.
 */
import { expect } from 'chai';
import { keywords } from '../../src/config/index.js';
import { flagStories } from './stories-flags.js';
import { handlerStories } from './stories-handlers.js';
import { includeStories } from './stories-includes.js';
import { magicStories } from './stories-magic.js';
import { metaStories } from './stories-meta.js';
import { resultStories } from './stories-results.js';
import { blockStories } from './stories-blocks.js';
import { playStories } from './stories-plays.js';
import { rollingStories } from './stories-rolling.js';
import { taskStories } from './stories-tasks.js';
import { variableStories } from './stories-variables.js';
import { openGrounds, type Grounds } from './site.js';
import { siteOf, type Story } from './story.js';

const stories: readonly Story[] = [
  ...playStories,
  ...rollingStories,
  ...taskStories,
  ...resultStories,
  ...includeStories,
  ...variableStories,
  ...blockStories,
  ...handlerStories,
  ...metaStories,
  ...magicStories,
  ...flagStories,
];

/** Shown by stories of their own elsewhere, for want of a terminal here or of anything to see. */
const elsewhere: Readonly<Record<string, string>> = {
  name: 'every story has one',
  action: 'test/config/playbook/playbook.test.ts: another way to write the module',
  local_action: 'test/config/playbook/playbook.test.ts: delegate_to: localhost in one word',
  become_user: 'test/integration/sudo.test.ts',
  become_method: 'test/integration/su-doas.test.ts',
  async: 'test/integration/jobs.test.ts',
  poll: 'test/integration/jobs.test.ts',
  vars_prompt: 'test/cli/prompts.test.ts',
  whole: 'test/cli/parts.test.ts: it refuses a run',
};

describe('keywords', () => {
  let grounds: Grounds;
  before(async () => (grounds = await openGrounds()));
  after(() => grounds.close());

  it('every keyword that zrun has is told of', () => {
    const told = new Set([...stories.map(({ keyword }) => keyword), ...Object.keys(elsewhere)]);
    const supported = Object.entries(keywords).filter(([, { status }]) => status === 'supported');
    expect(supported.map(([name]) => name).filter((name) => !told.has(name))).to.deep.equal([]);
  });

  for (const keyword of new Set(stories.map((story) => story.keyword))) {
    describe(keyword, () => {
      for (const story of stories.filter((each) => each.keyword === keyword)) {
        it(story.title, async () => {
          const { code, lines, outcomes, stderr } = await grounds.play(siteOf(story));
          expect(stderr).to.equal('');
          const hosts = story.hosts ?? ['a'];
          const expected = isByHost(story.lines) ? story.lines : { a: story.lines };
          expect(lines).to.deep.equal({
            ...Object.fromEntries(hosts.map((host) => [host, []])),
            ...expected,
          });
          const done = Object.fromEntries(
            hosts.filter((host) => !story.idle?.includes(host)).map((host) => [host, 'done']),
          );
          expect(outcomes).to.deep.equal({ ...done, ...story.outcomes });
          expect(code, 'exit code').to.equal(story.code ?? 0);
        });
      }
    });
  }
});

function isByHost(lines: Story['lines']): lines is Readonly<Record<string, readonly string[]>> {
  return !Array.isArray(lines);
}
