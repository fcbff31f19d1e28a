/** Owns `shell`: a text that a shell on the host reads. */
import * as z from 'zod';
import { defineModule } from '../../core/module.js';
import { commandReturns } from './command-result.js';
import { applyCommand, commandParams, planCommand } from './run-command.js';
import { hostPath } from '../host/path.js';

export const shell = defineModule({
  name: 'shell',
  summary: 'Run a piece of shell on the host, with pipes, redirections and variables',
  params: z.strictObject({
    cmd: z
      .string()
      .regex(/\S/, 'the command is empty')
      .describe('The shell text. Put values into it as {{sh value}}, which quotes them.'),
    executable: hostPath('The shell to use, as in /bin/bash. Left out: /bin/sh.').default('/bin/sh'),
    ...commandParams,
  }),
  freeForm: 'cmd',
  background: true,
  returns: commandReturns,
  examples: [
    {
      title: 'A pipeline',
      task: `
name: count the mounts
shell: wc -l </proc/self/mountinfo | tr -d ' '
register: mounts
changed_when: false
check_mode: false`,
      needs: 'nothing',
      everyRunChanges: true,
      after: 'test -r /proc/self/mountinfo',
    },
    {
      title: 'Run only where its work is not done yet',
      task: `
shell:
  cmd: echo "$(uname -s)" >kernel
  chdir: '{{tmp}}'
  creates: '{{tmp}}/kernel'`,
      needs: 'nothing',
      after: 'test "$(cat "$tmp/kernel")" = "$(uname -s)"',
    },
  ],
  plan(read, params, context) {
    return planCommand(read, params, [params.executable, '-c', params.cmd], params.cmd, context);
  },
  apply(write, { detail: argv }, params, context) {
    return applyCommand(write, params, argv, params.cmd, context);
  },
});
