/** Owns `copy`: a file or a folder of the controller, or text from the playbook, on the host. */
import * as z from 'zod';
import { contentOf } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import { controllerFile, defineModule, type Plan } from '../../core/module.js';
import { planFolder } from './copy-folder.js';
import { applyFolder, type FolderChange } from './place-folder.js';
import { attributeParams } from '../host/attributes.js';
import { writtenReturns } from './file-result.js';
import { baseName, joinPath } from '../host/path.js';
import { applyPutFile, planPutFile, putFileParams, type PutFile } from './put-file.js';

export const copy = defineModule({
  name: 'copy',
  summary: 'Put a file or a folder of the controller, or a text, on the host',
  params: z
    .strictObject({
      src: controllerFile(
        'A file or a folder beside the playbook or in `files/` there, or an absolute path on the controller. A folder is ' +
          'put into `dest` with all that is in it; one that ends with / gives only what is in it. Its links are followed.',
      ).optional(),
      content: z
        .string({
          error: ({ input }) =>
            typeof input === 'object' ? 'must be text: give the content under `content: |`' : undefined,
        })
        .optional()
        .describe('The content itself, instead of `src`.'),
      directory_mode: attributeParams.mode.describe(
        'For a folder: the permissions of folders that are made, in octal digits, quoted. Those that are there stay as they are.',
      ),
      ...putFileParams,
    })
    .refine(({ src, content }) => (src === undefined) !== (content === undefined), {
      error: 'give either `src` or `content`',
    }),
  returns: z.strictObject({
    ...writtenReturns.partial().shape,
    dest: z.string().describe('The file that has the content, links followed; for a folder, where it went.'),
    files: z.array(z.string()).optional().describe('For a folder: the files that were written or adjusted.'),
    backup_files: z
      .array(z.string())
      .optional()
      .describe('For a folder: where old files were kept, with `backup`.'),
  }),
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
    {
      title: 'A folder with all that is in it, in one stream however many files it has',
      task: `
copy:
  src: '{{tmp}}/site/'
  dest: '{{tmp}}/www'
  mode: "0644"
  directory_mode: "0755"`,
      needs: 'nothing',
      before:
        'mkdir -p "$tmp/site/css" && echo hello >"$tmp/site/index.html" && echo "a{}" >"$tmp/site/css/all.css"',
      after:
        'test "$(cat "$tmp/www/index.html" "$tmp/www/css/all.css" | wc -l)" = 2 && test "$(stat -c %a "$tmp/www/css")" = 755',
    },
  ],
  async plan(read, params, context): Promise<Plan<PutFile | FolderChange>> {
    const { src, content = '' } = params;
    if (src === undefined)
      return planPutFile(read, params, contentOf(Buffer.from(content)), undefined, context);
    const folder = await context.readControllerFolder(src);
    if (folder === undefined)
      return planPutFile(read, params, await context.openControllerFile(src), baseName(src), context);
    if (params.validate !== undefined)
      throw new ZrunError('parameter-invalid', '`validate` is for one file, but `src` is a folder', {
        hint: 'Check its files with a task of their own, before they are put where they are used.',
      });
    const dest = src.endsWith('/') ? params.dest : joinPath(params.dest, baseName(src));
    return planFolder(read, { ...params, dest, folder, directoryMode: params.directory_mode }, context.task);
  },
  apply(write, { detail, ...change }) {
    if ('moves' in detail) return applyFolder(write, { ...change, detail });
    return applyPutFile(write, { ...change, detail });
  },
});
