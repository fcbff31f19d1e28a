/**
 * Owns `lineinfile`: one line of a file, there or not. Ansible's rules of which line is replaced and where one is added.
 */
import * as z from 'zod';
import { defineModule } from '../../core/module.js';
import { applyEdit, editParams, editPath, editReturns, planEdit, type Edited } from './edit-file.js';
import { compileRegex, expandReferences, regexNote, regexParam, unknownReferences } from './line-regex.js';
import { findLine, placeFor } from './line-place.js';
import { insertLines, type Line, type TextLines } from './text-lines.js';

const params = z
  .strictObject({
    path: editPath,
    line: z
      .string()
      .refine((text) => !text.replace(/\n$/, '').includes('\n'), {
        error: '`line` must be one line; several are the work of `blockinfile`',
      })
      .optional()
      .describe('The line as it should be. With `state: absent`: the line that goes, as a whole.'),
    regexp: regexParam(
      'The line that is replaced, or, with `state: absent`, each one that goes. Of several matches the last one is ' +
        `replaced. ${regexNote}`,
    ).optional(),
    search_string: z
      .string()
      .min(1)
      .optional()
      .describe('As `regexp`, but a text that the line must hold, taken as it is.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether the line should be there.'),
    backrefs: z
      .boolean()
      .default(false)
      .describe(
        '`line` gets what the groups of `regexp` have matched: `\\1`, `\\g<name>`. Where nothing matches, nothing is done.',
      ),
    insertafter: regexParam(
      'Where nothing was replaced: the new line comes after the last line that matches this, an expression like `regexp`; EOF: at the end.',
      ['EOF', 'BOF'],
    ).optional(),
    insertbefore: regexParam(
      'Where nothing was replaced: the new line comes before the last line that matches this, an expression like `regexp`; BOF: at the start.',
      ['BOF'],
    ).optional(),
    firstmatch: z
      .boolean()
      .default(false)
      .describe('Of several lines that match, the first one counts, not the last.'),
    ...editParams,
  })
  .refine(({ state, line }) => state === 'absent' || line !== undefined, {
    error: '`line` is needed: what should the line be?',
  })
  .refine(
    ({ state, line, regexp, search_string }) =>
      state === 'present' || [line, regexp, search_string].some((each) => each !== undefined),
    { error: '`state: absent` needs one of `line`, `regexp` and `search_string`' },
  )
  .refine(({ regexp, search_string }) => regexp === undefined || search_string === undefined, {
    error: 'give either `regexp` or `search_string`',
  })
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'give either `insertafter` or `insertbefore`',
  })
  .refine(({ backrefs, regexp }) => !backrefs || regexp !== undefined, {
    error: '`backrefs` needs `regexp`',
  })
  .superRefine(({ backrefs, regexp, line = '' }, context) => {
    if (!backrefs || regexp === undefined) return;
    const [unknown] = unknownReferences(compileRegex(regexp), line);
    if (unknown === undefined) return;
    const message = `\`line\` refers to the group ${unknown}, which \`regexp\` does not have`;
    context.addIssue({ code: 'custom', path: ['line'], message });
  });

type Params = z.output<typeof params>;

export const lineinfile = defineModule({
  name: 'lineinfile',
  summary: 'Make sure that a line is in a file, or is not',
  aliases: { path: ['dest', 'destfile', 'name'], regexp: ['regex'], line: ['value'] },
  params,
  returns: z.strictObject({
    ...editReturns,
    found: z.int().optional().describe('With `state: absent`: how many lines went.'),
  }),
  examples: [
    {
      title: 'A setting, whether it is there with another value, commented out or not at all',
      task: `
lineinfile:
  path: '{{tmp}}/sshd_config'
  regexp: '^#?\\s*PermitRootLogin\\b'
  line: PermitRootLogin no
  validate: grep -q PermitRootLogin %s`,
      needs: 'nothing',
      before: `printf 'Port 22\\n#PermitRootLogin yes\\nUsePAM yes\\n' >"$tmp/sshd_config"`,
      after: `test "$(cat "$tmp/sshd_config")" = 'Port 22
PermitRootLogin no
UsePAM yes'`,
    },
    {
      title: 'A part of a line, the rest of it kept',
      task: `
lineinfile:
  path: '{{tmp}}/fstab'
  regexp: '^(\\S+\\s+/srv\\s+\\S+\\s+)defaults(\\s.*)$'
  line: '\\1defaults,noatime\\2'
  backrefs: true`,
      needs: 'nothing',
      before: `echo '/dev/vdb1 /srv ext4 defaults 0 2' >"$tmp/fstab"`,
      after: `test "$(cat "$tmp/fstab")" = '/dev/vdb1 /srv ext4 defaults,noatime 0 2'`,
    },
    {
      title: 'A line behind another one, in a file that is created if there is none',
      task: `
lineinfile:
  path: '{{tmp}}/hosts'
  line: 10.0.0.7 registry
  insertafter: '^127\\.0\\.0\\.1'
  create: true
  mode: "0644"`,
      needs: 'nothing',
      before: `printf '127.0.0.1 localhost\\n::1 localhost\\n' >"$tmp/hosts"; chmod 644 "$tmp/hosts"`,
      after: `test "$(sed -n 2p "$tmp/hosts")" = '10.0.0.7 registry'`,
    },
    {
      title: 'No line that holds a text, the old file kept',
      task: `
lineinfile:
  path: '{{tmp}}/fstab'
  search_string: ' /var/lib/docker '
  state: absent
  backup: true`,
      needs: 'nothing',
      before: `printf '/dev/a / ext4\\n/dev/b /var/lib/docker ext4\\n' >"$tmp/fstab"`,
      after: `test "$(cat "$tmp/fstab")" = '/dev/a / ext4' && grep -q docker "$tmp"/fstab.*~`,
    },
  ],
  plan(read, params, context) {
    const edit = params.state === 'present' ? putLine : removeLines;
    return planEdit(read, params, (file) => edit(file, params), context);
  },
  apply: applyEdit,
});

function untouched({ lines }: TextLines): Edited {
  return { lines, msg: '' };
}

function putLine(file: TextLines, params: Params): Edited {
  const { backrefs, firstmatch, regexp } = params;
  const text = file.say((params.line ?? '').replace(/\n$/, ''));
  const hit = findLine(file.lines, matcherOf(file, params), firstmatch);
  const old = file.lines[hit];
  if (old) {
    const match =
      backrefs && regexp !== undefined ? compileRegex(file.say(regexp)).exec(old.text) : undefined;
    const line = match ? expandReferences(match, text) : text;
    if (line === old.text) return untouched(file);
    const replaced: Line = { text: line, end: old.end };
    return { lines: file.lines.map((each, i) => (i === hit ? replaced : each)), msg: 'line replaced' };
  }
  if (backrefs || file.lines.some((line) => line.text === text)) return untouched(file);
  // An empty line is one too.
  const inserted = file.linesOf(`${params.line?.replace(/\n$/, '') ?? ''}\n`);
  const { insertafter, insertbefore } = params;
  // As in Ansible, after the beginning is before it.
  const before = insertafter === 'BOF' ? insertafter : insertbefore;
  const place = placeFor(file, { insertafter, insertbefore: before, isFirst: firstmatch });
  return { lines: insertLines(file.lines, place, inserted), msg: 'line added' };
}

/** Whether a line is the one that is meant, by `regexp` or `search_string`; none is where neither is given. */
function matcherOf(
  file: TextLines,
  { regexp, search_string }: Pick<Params, 'regexp' | 'search_string'>,
): (text: string) => boolean {
  if (search_string !== undefined) {
    const searched = file.say(search_string);
    return (text) => text.includes(searched);
  }
  if (regexp === undefined) return () => false;
  const regex = compileRegex(file.say(regexp));
  return (text) => regex.test(text);
}

function removeLines(file: TextLines, params: Params): Edited {
  const { regexp, search_string, line = '' } = params;
  const isWhole = regexp === undefined && search_string === undefined;
  const text = file.say(line.replace(/\n$/, ''));
  const goes = isWhole ? (each: string) => each === text : matcherOf(file, params);
  const lines = file.lines.filter((each) => !goes(each.text));
  const found = file.lines.length - lines.length;
  return { lines, msg: found === 0 ? '' : `${found} line(s) removed`, result: { found } };
}
