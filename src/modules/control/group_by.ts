/** Owns `group_by`: groups of hosts that are made while a playbook runs. */
import * as z from 'zod';
import { defineModule } from '../../core/module.js';

const groupName = z.union([z.string().min(1), z.number()]).transform(dashed);

export const groupBy = defineModule({
  name: 'group_by',
  summary: 'Put the host into a group, which plays that follow may name',
  params: z.strictObject({
    key: groupName.describe('The group. It is created if it does not exist; spaces become dashes.'),
    parents: z
      .union([groupName, z.array(groupName)])
      .optional()
      .transform((parents = 'all') => (typeof parents === 'string' ? [parents] : parents))
      .describe('The groups that are to hold it; `all` where it is left out.'),
  }),
  brings: ['key', 'parents'],
  returns: z.strictObject({
    add_group: z.string().describe('The group.'),
    parent_groups: z.array(z.string()).describe('The groups that hold it.'),
  }),
  examples: [
    {
      title: 'Hosts by how they were found, for a later play with `hosts: rooted`',
      task: `
group_by:
  key: rooted
  parents: [found]`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  plan(_read, { key, parents }) {
    return Promise.resolve({
      change: 'none',
      reason: `in group ${key}`,
      result: { add_group: key, parent_groups: parents },
      inventory: { type: 'group', name: key, parents },
    });
  },
});

/** As Ansible does it: a name with spaces could not be written in a pattern. */
function dashed(name: string | number): string {
  return String(name).replaceAll(' ', '-');
}
