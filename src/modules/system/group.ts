/** Owns `group`: a group of the host, there or not. Its members are the users' affair. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { quoteArgv, sh } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import {
  accountName,
  groupAccountProbe,
  groupEffects,
  refuseWithoutTools,
  type GroupAccount,
} from '../host/accounts.js';
import { commandsProbe } from '../host/commands.js';

interface Detail {
  readonly argv: readonly string[];
}

/** Its own, so that no group of the user's is touched. */
const example = 'zrun-example-group';

export const group = defineModule({
  name: 'group',
  summary: 'Make sure that a group is there, or is not',
  params: z.strictObject({
    name: accountName('The group.'),
    gid: z.int().min(0).optional().describe('Its number; left out: as it is, or the next free one.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether it should be there.'),
    system: z.boolean().default(false).describe('Makes a new one with a number of the system’s range.'),
  }),
  returns: z.strictObject({
    name: z.string().describe('The group.'),
    state: z.string().describe('present or absent.'),
    gid: z.int().optional().describe('Its number, where it is there.'),
  }),
  examples: [
    {
      title: 'A group with a number of its own',
      task: `
group:
  name: ${example}
  gid: 64321`,
      needs: 'root',
      before: `groupdel ${example} 2>/dev/null || true`,
      after: `getent group ${example} | grep -q :64321: && groupdel ${example}`,
    },
  ],
  async plan(read, { name, gid, state, system }, context): Promise<Plan<Detail>> {
    const tools = ['groupadd', 'groupmod', 'groupdel'];
    const [before, has] = await Promise.all([read(groupAccountProbe(name)), read(commandsProbe(tools))]);
    const isThere = before !== undefined;
    if (state === 'absent' ? !isThere : isThere && (gid === undefined || gid === before.gid)) {
      return { change: 'none', reason: isThere ? 'as wanted' : 'not there', result: resultOf(name, before) };
    }
    refuseWithoutTools(has);
    const number = gid === undefined ? [] : ['-g', String(gid)];
    const after: GroupAccount | undefined = state === 'absent' ? undefined : { gid };
    const argv =
      after === undefined
        ? ['groupdel', name]
        : isThere
          ? ['groupmod', ...number, name]
          : ['groupadd', ...(system ? ['-r'] : []), ...number, name];
    const verb = after === undefined ? 'remove' : isThere ? 'change the number of' : 'create';
    const text = (of: GroupAccount | undefined): string | undefined =>
      of && String(of.gid ?? 'the next free');
    return {
      change: 'some',
      summary: `${verb} group ${name}`,
      diff: [
        {
          type: 'fields',
          subject: `group ${name}`,
          fields: [{ name: 'gid', before: text(before), after: text(after) }],
        },
      ],
      effects: groupEffects(name, after),
      detail: { argv },
      predicted: resultOf(name, after, new Unknown(context.task)),
    };
  },
  async apply(write, { detail }, { name, state }) {
    const probe = groupAccountProbe(name);
    const shownAs = quoteArgv(detail.argv);
    const output = await write.run(sh`${detail.argv} || exit; ${probe.script}`, { shownAs });
    const after = probe.parse(output);
    if ((after !== undefined) === (state === 'present')) return resultOf(name, after);
    throw new ZrunError('task-failed', `the group is ${state === 'present' ? 'not there' : 'still there'}`, {
      hint: 'It comes from somewhere else than /etc/group (LDAP, sssd): manage it there.',
      command: shownAs,
    });
  },
});

function resultOf(name: string, state: GroupAccount | undefined, unknown?: Unknown): ValueMap {
  const gid = state?.gid ?? unknown;
  return { name, state: state ? 'present' : 'absent', ...(state && gid !== undefined && { gid }) };
}
