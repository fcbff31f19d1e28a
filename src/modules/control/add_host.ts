/** Owns `add_host`: hosts that come while a playbook runs. */
import * as z from 'zod';
import { splitPort } from '../../core/host.js';
import { defineModule } from '../../core/module.js';
import type { Value, ValueMap } from '../../core/value.js';
import { isValue, problemOfName } from '../../core/is-value.js';

const groupNames = z.union([z.string(), z.array(z.string())]);

export const addHost = defineModule({
  name: 'add_host',
  summary: 'Add a host to the inventory of this run, for the plays that follow',
  params: z
    .object({
      name: z
        .string()
        .min(1)
        .describe(
          'The host, perhaps with a port behind it (`web9:2222`). One that is there gets the variables.',
        ),
      groups: groupNames
        .optional()
        .transform(splitGroups)
        .describe('Its groups: a list, or names with commas. They are made where there are none.'),
    })
    .catchall(
      z
        .unknown()
        .describe('A variable of the host. Those of its connection mean what they mean in an inventory.'),
    )
    .superRefine(({ name: _name, groups: _groups, ...variables }, context) => {
      for (const name of Object.keys(variables)) {
        const problem = problemOfName(name);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    }),
  aliases: { name: ['hostname', 'host'], groups: ['groupname', 'group'] },
  // One host asks for all: as in Ansible, which one that is rests on the order of hosts alone.
  once: true,
  brings: ['name', 'groups'],
  returns: z.strictObject({
    add_host: z
      .strictObject({
        host_name: z.string().describe('Its name.'),
        groups: z.array(z.string()).describe('The groups that were named.'),
        host_vars: z.record(z.string(), z.unknown()).describe('The variables that were given.'),
      })
      .describe('The host.'),
  }),
  examples: [
    {
      title: 'A host that an earlier task has made, for a later play with `hosts: fresh`',
      task: `
add_host:
  name: web9
  groups: [fresh]
  ansible_host: 192.0.2.9
  ansible_user: admin`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  plan(_read, { name: written, groups, ...rest }) {
    const vars: ValueMap = Object.fromEntries(
      Object.entries(rest).filter((entry): entry is [string, Value] => isValue(entry[1])),
    );
    const { name, port } = splitPort(written);
    return Promise.resolve({
      change: 'none',
      reason: `host ${name}${groups.length === 0 ? '' : ` in ${groups.join(', ')}`}`,
      result: { add_host: { host_name: name, groups, host_vars: vars } },
      inventory: { type: 'host', name, port, groups, vars },
    });
  },
});

function splitGroups(groups: string | readonly string[] = []): readonly string[] {
  const names = typeof groups === 'string' ? groups.split(',') : groups;
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
}
