/**
 * Owns `script`: a script of the controller, run on the host as it is. It is sent on standard input, lies in a file of
 * its own while it runs, and the file goes with it.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { controllerScript, defineModule } from '../../core/module.js';
import { lines, quoteArgv, sh, type ShellText } from '../../core/shell.js';
import { commandReturns } from './command-result.js';
import { commandParams, planCommand, runCommand } from './run-command.js';
import { baseName } from '../host/path.js';
import { splitWords } from '../../core/words.js';

const { chdir, creates, removes, strip_empty_ends } = commandParams;

const params = z.strictObject({
  cmd: controllerScript(
    'The script, beside the playbook or in `files/` there, or an absolute path on the controller; then its ' +
      'arguments. Quotes work as in a shell; nothing else of a shell does.',
  ).refine(
    isCommandLine,
    'must be a file and plain arguments, without pipes or variables, its quotes closed',
  ),
  executable: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What runs it, a program with arguments perhaps, as in `python3 -u`. Left out: what the script’s first line ' +
        'says (#!/bin/bash), or else /bin/sh.',
    ),
  chdir,
  creates,
  removes,
  strip_empty_ends,
});

type Params = z.output<typeof params>;

function isCommandLine(text: string): boolean {
  try {
    return splitWords(text).length > 0;
  } catch {
    return false;
  }
}

interface Detail {
  readonly content: Uint8Array;
  readonly interpreter: readonly string[];
  readonly words: readonly string[];
}

export const script = defineModule({
  name: 'script',
  summary: 'Run a script of the controller on the host',
  params,
  freeForm: 'cmd',
  returns: commandReturns,
  examples: [
    {
      title: 'With an argument, as long as its work is not done yet',
      task: `
script:
  cmd: '{{tmp}}/prepare.sh "two words"'
  chdir: '{{tmp}}'
  creates: '{{tmp}}/done'`,
      needs: 'nothing',
      before: `printf '%s\\n' '#!/bin/sh -eu' 'echo "$1" >done' >"$tmp/prepare.sh"`,
      after: `test "$(cat "$tmp/done")" = 'two words'`,
    },
  ],
  async plan(read, params, context) {
    const words = splitWords(params.cmd);
    const [file = ''] = words;
    const content = await context.readControllerFile(file);
    const interpreter = interpreterOf(file, content, params);
    const plan = await planCommand(read, params, words, params.cmd.trim(), context);
    return plan.change === 'none' ? plan : { ...plan, detail: { content, interpreter, words } };
  },
  apply(write, { detail }, params, context) {
    return runCommand(write, params, runScript(detail, params), detail.content, params.cmd.trim(), context);
  },
});

/** Read here, and run by name there: a /tmp that nothing may be executed on is no hindrance. */
function interpreterOf(file: string, content: Uint8Array, { executable }: Params): readonly string[] {
  if (executable !== undefined) return splitWords(executable);
  const head = Buffer.from(content.subarray(0, 512)).toString('utf8');
  const [, line] = /^#![ \t]*([^\n]*)\n?/.exec(head) ?? [];
  if (line === undefined) return ['/bin/sh'];
  if (line.endsWith('\r')) {
    throw new ZrunError('task-failed', `${file} has the line breaks of Windows, which no interpreter takes`, {
      hint: `Convert it: sed -i 's/\\r$//' ${file}`,
    });
  }
  // As the kernel reads it (execve(2)): one program, and all the rest as one argument; env -S splits it by itself.
  const [, program = '', rest = ''] = /^(\S+)[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
  if (program === '') return ['/bin/sh'];
  return rest === '' ? [program] : [program, rest];
}

function runScript({ interpreter, words }: Detail, { chdir }: Params): ShellText {
  const [file = '', ...args] = words;
  return lines(
    // Closed to everybody else before anything is in it.
    sh`umask 077; d=$(mktemp -d "\${TMPDIR:-/tmp}/zrun-script-XXXXXXXX") || exit
trap 'rm -rf -- "$d"' 0
trap 'exit 129' 1 2 15
f=$d/${baseName(file)}; cat >"$f" || exit`,
    chdir !== undefined && sh`cd ${chdir} || exit`,
    sh`umask 022`,
    // Not exec: the file goes when the script ends, or is ended.
    { shellText: `${quoteArgv(interpreter)} "$f" ${quoteArgv(args)} </dev/null` },
  );
}
