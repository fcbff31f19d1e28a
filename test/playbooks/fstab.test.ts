/** Whether the line of fstab gets `discard`: as it is asked for, or as the line has it already. */
import { expect } from 'chai';
import type { ValueMap } from '../../src/core/value.js';
import { withFolder } from '../modules/harness.js';
import { playTasks, varsOf } from './steps.js';

const lineWith = (options: string): ValueMap => ({ target: '/var/lib/docker', options });

async function wantsDiscard(asked: ValueMap, line: ValueMap): Promise<string | undefined> {
  const vars = Object.entries(await varsOf('vars/overlay2.yaml')).filter(([name]) =>
    /discard(ing)?$/.test(name),
  );
  let said: string | undefined;
  await withFolder(async (tmp) => {
    const { lines } = await playTasks(
      tmp,
      [{ name: 'Say', debug: { msg: '{{wants_discard}}' } }],
      { ...Object.fromEntries(vars), ...asked, facts: { fstab: [line] }, data_root: '/var/lib/docker' },
      {},
    );
    said = lines
      .find((each) => each.startsWith('here | ok | Say | '))
      ?.split(' | ')
      .at(-1);
    if (said === undefined) throw new Error(lines.join('\n'));
  });
  return said;
}

describe('discard in the line of fstab', () => {
  for (const [what, asked, options, wanted] of [
    ['nothing asked, and none there', {}, 'noatime,nofail', 'false'],
    ['nothing asked, and there', {}, 'noatime,discard,nofail', 'true'],
    ['asked for', { discard: true }, 'noatime', 'true'],
    ['asked for as after -e', { discard: 'true' }, 'noatime', 'true'],
    ['asked to go', { discard: false }, 'noatime,discard', 'false'],
    ['another option that begins alike', {}, 'noatime,discard_not', 'false'],
  ] as const)
    it(what, async () => {
      expect(await wantsDiscard(asked, lineWith(options))).to.equal(wanted);
    });
});
