/** Owns `slurp`: the content of a host's file as a value. Changes nothing; sees what earlier tasks of a check would leave. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import { Unknown } from '../../core/value.js';
import { fileProbe } from '../host/file.js';
import { describeType } from '../host/file-state.js';
import { hostPath } from '../host/path.js';

/** Bytes. What is larger does not belong into a variable. */
const limit = 16 * 1024 * 1024;

export const slurp = defineModule({
  name: 'slurp',
  summary: 'Read a file of the host into a variable, as base64',
  aliases: { src: ['path'] },
  params: z.strictObject({
    src: hostPath(
      `The file, ${limit / 1024 / 1024} MiB at most; a link is followed. Larger ones: \`fetch\`.`,
    ),
  }),
  freeForm: 'src',
  returns: z.strictObject({
    content: z.string().describe('The content as base64.'),
    encoding: z.literal('base64').describe('How `content` is written.'),
    source: z.string().describe('The file, links followed.'),
  }),
  examples: [
    {
      title: 'The machine’s own number',
      task: `
slurp:
  src: '{{tmp}}/machine-id'
register: machine_id`,
      needs: 'nothing',
      before: `printf '0123456789abcdef' >"$tmp/machine-id"`,
      after: `test "$(cat "$tmp/machine-id")" = 0123456789abcdef`,
    },
  ],
  async plan(read, { src }, context) {
    const found = await read(fileProbe(src, { content: { limit } }));
    const file = found.type === 'link' ? found.resolved : found;
    const source = found.type === 'link' ? (found.path ?? src) : src;
    if (file.type === 'absent') throw new ZrunError('task-failed', `there is no file ${source}`);
    if (file.type !== 'file') {
      throw new ZrunError('task-failed', `${source} is ${describeType(file)}, not a file`, {
        hint: 'Give the path of a regular file; a directory is copied with `rsync`.',
      });
    }
    if (file.size > limit && file.content === undefined) {
      throw new ZrunError('task-failed', `${source} is too large for a variable: ${file.size} bytes`, {
        hint: '`fetch` puts a file of any size on the controller.',
      });
    }
    // A file that a check has only predicted has no number yet.
    const isUnreadable = file.content === undefined && file.sha256 === undefined && file.id !== undefined;
    if (isUnreadable) {
      throw new ZrunError('task-failed', `${source} cannot be read`, {
        hint: 'Does the task need `become: true`?',
      });
    }
    const content =
      file.content === undefined ? new Unknown(context.task) : Buffer.from(file.content).toString('base64');
    const reason = `${file.size} bytes`;
    return { change: 'none', reason, result: { content, encoding: 'base64', source } };
  },
});
