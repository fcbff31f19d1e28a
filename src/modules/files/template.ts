/** Owns `template`: a file rendered from a template. Templates are the configuration's; this only asks for one. */
import * as z from 'zod';
import { contentOf } from '../../core/content.js';
import { defineModule, templateFile } from '../../core/module.js';
import { writtenReturns } from './file-result.js';
import { baseName } from '../host/path.js';
import { applyPutFile, planPutFile, putFileParams } from './put-file.js';

export const template = defineModule({
  name: 'template',
  summary: 'Render a template into a file of the host',
  params: z.strictObject({
    src: templateFile(
      'A file in `templates/` beside the playbook, or in its parent directory. An ending .hbs is dropped from the name.',
    ),
    ...putFileParams,
  }),
  returns: writtenReturns,
  examples: [
    {
      title: 'A configuration file, checked before it takes its place',
      task: `
template:
  src: greeting.txt
  dest: '{{tmp}}/greeting.txt'
  mode: "0644"
  validate: test -s %s`,
      needs: 'nothing',
      after: 'test -s "$tmp/greeting.txt"',
    },
  ],
  async plan(read, params, context) {
    const text = await context.renderTemplate(params.src);
    const name = baseName(params.src).replace(/\.hbs$/, '');
    return planPutFile(read, params, contentOf(Buffer.from(text)), name, context);
  },
  apply: applyPutFile,
});
