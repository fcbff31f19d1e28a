/** Owns `copy`: a file of the controller, or text from the playbook, as a file of the host. */
import { z } from 'zod';
import { controllerFile, defineModule } from '../core/module.js';
import { writtenReturns } from './lib/file-result.js';
import { baseName } from './lib/path.js';
import { applyPutFile, planPutFile, putFileParams } from './lib/put-file.js';

export const copy = defineModule({
  name: 'copy',
  summary: 'Put a file of the controller, or a text, on the host',
  params: z
    .strictObject({
      src: controllerFile(
        'A file beside the playbook or in `files/` there, or an absolute path on the controller.',
      ).optional(),
      content: z
        .string({
          error: ({ input }) =>
            typeof input === 'object' ? 'must be text: give the content under `content: |`' : undefined,
        })
        .optional()
        .describe('The content itself, instead of `src`.'),
      ...putFileParams,
    })
    .refine(({ src, content }) => (src === undefined) !== (content === undefined), {
      error: 'give either `src` or `content`',
    }),
  returns: writtenReturns,
  examples: [
    {
      title: 'A small file from the playbook itself',
      task: `
copy:
  content: |
    options zfs zfs_arc_max=1073741824
  dest: '{{tmp}}/zfs.conf'
  mode: "0644"`,
      needs: 'nothing',
      after: 'grep -q zfs_arc_max "$tmp/zfs.conf" && test "$(stat -c %a "$tmp/zfs.conf")" = 644',
    },
    {
      title: 'Only a file that passes its own check takes the place of the old one, which is kept',
      task: `
copy:
  content: "true\\n"
  dest: '{{tmp}}/script'
  validate: sh -n %s
  backup: true`,
      needs: 'nothing',
      before: 'echo false >"$tmp/script"; chmod 0750 "$tmp/script"',
      after: `
test "$(cat "$tmp/script")" = true
test "$(stat -c %a "$tmp/script")" = 750
test "$(cat "$tmp"/script.*~)" = false`,
    },
    {
      title: 'Owner, group and mode',
      task: `
copy:
  content: secret
  dest: '{{tmp}}/key'
  owner: root
  group: root
  mode: "0600"`,
      needs: 'root',
      after: 'test "$(stat -c "%a %U:%G" "$tmp/key")" = "600 root:root"',
    },
  ],
  async plan(read, params, context) {
    const { src, content = '' } = params;
    const bytes = src === undefined ? Buffer.from(content) : await context.readControllerFile(src);
    return planPutFile(read, params, bytes, src === undefined ? undefined : baseName(src), context);
  },
  apply: applyPutFile,
});
