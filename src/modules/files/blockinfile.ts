/**
 * Owns `blockinfile`: lines of a file between two marker lines, which are zrun's to write. The markers are Ansible's, so
 * that blocks it has made are found.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import { applyEdit, editParams, editPath, editReturns, planEdit, type Edited } from './edit-file.js';
import { placeFor } from './line-place.js';
import { regexNote, regexParam } from './line-regex.js';
import { insertLines, type Line, type TextLines } from './text-lines.js';

const markerWord = (description: string, preset: string) =>
  z
    .string()
    .regex(/^[^\r\n]*$/, 'must be one line')
    .default(preset)
    .describe(description);

const params = z
  .strictObject({
    path: editPath,
    block: z
      .string()
      .default('')
      .describe('The lines between the markers. Empty: the block goes, as with `state: absent`.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether the block should be there.'),
    marker: z
      .string()
      .regex(/^[^\r\n]*\{mark\}[^\r\n]*$/, 'must be one line that holds {mark}')
      .default('# {mark} ANSIBLE MANAGED BLOCK')
      .describe(
        'The line above and below the block; {mark} stands for `marker_begin` and `marker_end`. ' +
          'Several blocks in one file need markers of their own.',
      ),
    marker_begin: markerWord('What {mark} is above the block.', 'BEGIN'),
    marker_end: markerWord('What {mark} is below the block.', 'END'),
    insertafter: regexParam(
      `A new block comes after the last line that matches this; EOF: at the end of the file. ${regexNote}`,
      ['EOF'],
    ).optional(),
    insertbefore: regexParam(
      'A new block comes before the last line that matches this, an expression like `insertafter`; BOF: at the start.',
      ['BOF'],
    ).optional(),
    append_newline: z
      .boolean()
      .default(false)
      .describe('Leaves an empty line between the block and what follows it.'),
    prepend_newline: z
      .boolean()
      .default(false)
      .describe('Leaves an empty line between the block and what stands before it.'),
    ...editParams,
  })
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'give either `insertafter` or `insertbefore`',
  })
  .refine(({ marker_begin, marker_end }) => marker_begin !== marker_end, {
    error: '`marker_begin` and `marker_end` must differ, or nobody could tell where the block ends',
  })
  .refine(
    (given) => {
      const [begin, end] = markersOf(given);
      return !given.block.split(/\r?\n/).some((line) => line === begin || line === end);
    },
    { error: '`block` holds a line that is one of its own markers' },
  );

type Params = z.output<typeof params>;

function markersOf({
  marker,
  marker_begin,
  marker_end,
}: Pick<Params, 'marker' | 'marker_begin' | 'marker_end'>): readonly [begin: string, end: string] {
  return [marker.replaceAll('{mark}', () => marker_begin), marker.replaceAll('{mark}', () => marker_end)];
}

export const blockinfile = defineModule({
  name: 'blockinfile',
  summary: 'Keep a block of lines between two markers in a file, or out of it',
  aliases: { path: ['dest', 'destfile', 'name'], block: ['content'] },
  params,
  returns: z.strictObject(editReturns),
  examples: [
    {
      title: 'Lines at the end of a file, kept as they should be from run to run',
      task: `
blockinfile:
  path: '{{tmp}}/hosts'
  block: |
    10.0.0.7 registry
    10.0.0.8 builder`,
      needs: 'nothing',
      before: `echo '127.0.0.1 localhost' >"$tmp/hosts"`,
      after: `test "$(cat "$tmp/hosts")" = '127.0.0.1 localhost
# BEGIN ANSIBLE MANAGED BLOCK
10.0.0.7 registry
10.0.0.8 builder
# END ANSIBLE MANAGED BLOCK'`,
    },
    {
      title: 'A block with markers of its own, before a line, in another comment syntax',
      task: `
blockinfile:
  path: '{{tmp}}/page.html'
  marker: <!-- {mark} banner -->
  insertbefore: </body>
  block: <p>maintenance at noon</p>`,
      needs: 'nothing',
      before: `printf '<body>\\n<!-- BEGIN banner -->\\nold\\n<!-- END banner -->\\n</body>\\n' >"$tmp/page.html"`,
      after: `test "$(sed -n 3p "$tmp/page.html")" = '<p>maintenance at noon</p>' && ! grep old "$tmp/page.html"`,
    },
    {
      title: 'No block any more',
      task: `
blockinfile:
  path: '{{tmp}}/hosts'
  state: absent`,
      needs: 'nothing',
      before: `printf '%s\\n' a '# BEGIN ANSIBLE MANAGED BLOCK' x '# END ANSIBLE MANAGED BLOCK' b >"$tmp/hosts"`,
      after: `test "$(cat "$tmp/hosts")" = 'a
b'`,
    },
  ],
  plan(read, params, context) {
    const isWanted = params.state === 'present' && params.block !== '';
    return planEdit(
      read,
      { ...params, state: isWanted ? 'present' : 'absent' },
      (file) => (isWanted ? putBlock(file, params) : removeBlocks(file, params)),
      context,
    );
  },
  apply: applyEdit,
});

/** Indices of a block's two markers. */
type Range = readonly [begin: number, end: number];

/**
 * Throws `task-failed` where a marker stands alone: nobody can say which lines are the block, and a guess could cost
 * lines that are somebody else's.
 */
function findBlocks(file: TextLines, params: Params): readonly Range[] {
  const [begin, end] = markersOf(params).map((marker) => file.say(marker));
  const blocks: Range[] = [];
  let open: number | undefined;
  file.lines.forEach(({ text }, i) => {
    if (text === begin) {
      if (open !== undefined) throw loneMarker(params.path, open, begin);
      open = i;
    } else if (text === end) {
      if (open === undefined) throw loneMarker(params.path, i, end);
      blocks.push([open, i]);
      open = undefined;
    }
  });
  if (open !== undefined) throw loneMarker(params.path, open, begin ?? '');
  return blocks;
}

function loneMarker(path: string, index: number, marker: string): ZrunError {
  return new ZrunError('task-failed', `line ${index + 1} of ${path} is a marker without its other half`, {
    hint: `The line is '${marker}'. Put the missing one back, or remove this one, by hand.`,
  });
}

function putBlock(file: TextLines, params: Params): Edited {
  const [begin, end] = markersOf(params);
  const block = file.linesOf(`${begin}\n${params.block.replace(/\n$/, '')}\n${end}\n`);
  // Of several, the last one is kept up to date, as in Ansible.
  const found = findBlocks(file, params).at(-1);
  const rest = found ? [...file.lines.slice(0, found[0]), ...file.lines.slice(found[1] + 1)] : file.lines;
  const place = found ? found[0] : placeFor(file, params);
  const lines = insertLines(rest, place, spaced(rest, place, block, params));
  const isSame = sameText(lines, file.lines);
  return { lines: isSame ? file.lines : lines, msg: isSame ? '' : found ? 'block replaced' : 'block added' };
}

/** The block with the empty lines that are asked for around it, unless they are there. */
function spaced(
  rest: readonly Line[],
  place: number,
  block: readonly Line[],
  { append_newline, prepend_newline }: Params,
): readonly Line[] {
  const empty: Line = { text: '', end: block[0]?.end ?? '\n' };
  const [above, below] = [rest[place - 1], rest[place]];
  return [
    ...(prepend_newline && above && above.text !== '' ? [empty] : []),
    ...block,
    ...(append_newline && below && below.text !== '' ? [empty] : []),
  ];
}

/** A last line without a line break is no difference. */
function sameText(a: readonly Line[], b: readonly Line[]): boolean {
  return a.length === b.length && a.every(({ text }, i) => text === b[i]?.text);
}

function removeBlocks(file: TextLines, params: Params): Edited {
  const blocks = findBlocks(file, params);
  const lines = file.lines.filter((_, i) => !blocks.some(([begin, end]) => begin <= i && i <= end));
  return { lines, msg: blocks.length === 0 ? '' : 'block removed' };
}
