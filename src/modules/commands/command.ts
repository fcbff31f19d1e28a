/** Owns `command`: a program run with words that no shell has read. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import { quoteArgv } from '../../core/shell.js';
import { commandReturns } from './command-result.js';
import { applyCommand, commandParams, planCommand } from './run-command.js';
import { splitWords } from '../../core/words.js';

const params = z
  .strictObject({
    cmd: z
      .string()
      .refine(...splittable())
      .optional()
      .describe(
        'The command line. Quotes work as in a shell; pipes, redirections and variables need `shell`.',
      ),
    argv: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('The command as a list of words, each taken as it is; instead of `cmd`.'),
    ...commandParams,
  })
  .refine(({ cmd, argv }) => (cmd === undefined) !== (argv === undefined), {
    error: 'give the command either as `cmd` or as `argv`',
  });

/** The check of a command line, and what is wrong with it. */
function splittable(): [
  (text: string) => boolean,
  { error: (issue: { input?: unknown }) => string | undefined },
] {
  const problem = (text: string): string | undefined => {
    try {
      return splitWords(text).length === 0 ? 'the command is empty' : undefined;
    } catch (error) {
      // What to do about it is told on a line of its own.
      if (error instanceof ZrunError) return [error.message, error.hint ?? []].flat().join('\n');
      throw error;
    }
  };
  return [
    (text) => problem(text) === undefined,
    { error: ({ input }) => (typeof input === 'string' ? problem(input) : undefined) },
  ];
}

function argvOf({ cmd, argv }: z.output<typeof params>): readonly string[] {
  return argv ?? splitWords(cmd ?? '');
}

export const command = defineModule({
  name: 'command',
  summary: 'Run a command on the host, without a shell',
  params,
  freeForm: 'cmd',
  background: true,
  returns: commandReturns,
  examples: [
    {
      title: 'Look at something, in check mode too',
      task: `
name: the kernel's name
command: uname -s
register: kernel
changed_when: false
check_mode: false`,
      needs: 'nothing',
      everyRunChanges: true,
      after: 'test "$(uname -s)" != ""',
    },
    {
      title: 'Run only as long as what it makes is not there',
      task: `
command:
  cmd: mkdir 'a folder'
  chdir: '{{tmp}}'
  creates: '{{tmp}}/a folder'`,
      needs: 'nothing',
      after: 'test -d "$tmp/a folder"',
    },
    {
      title: 'Words that need no quotes, and text for its input',
      task: `
command:
  argv: [tee, '{{tmp}}/with $pecial | characters']
  stdin: one line
  creates: '{{tmp}}/with $pecial | characters'`,
      needs: 'nothing',
      after: `test "$(cat "$tmp"/with*)" = 'one line'`,
    },
  ],
  plan(read, params, context) {
    const argv = argvOf(params);
    return planCommand(read, params, argv, quoteArgv(argv), context);
  },
  apply(write, { detail: argv }, params, context) {
    return applyCommand(write, params, argv, quoteArgv(argv), context);
  },
});
