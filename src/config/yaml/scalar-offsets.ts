/**
 * Owns where each character of a YAML scalar's value stands in the file: quotes, escapes, folded lines and block
 * indentation lie between the two. Knows nothing of what the text means.
 */
import type { Place } from '../../core/errors.js';
import type { PositionedText } from '../source/source.js';

/** A scalar's value with its places; the alignment is computed only when somebody asks. */
export function alignScalar(text: string, at: Place): PositionedText {
  let offsets: readonly number[] | undefined;
  return {
    text,
    at,
    inside(start, end) {
      offsets ??= alignOffsets(text, at);
      const from = offsets[start] ?? at.end;
      const last = offsets[end - 1];
      return { source: at.source, start: from, end: last === undefined || end <= start ? from : last + 1 };
    },
  };
}

/** For each offset of the value (and its end) an offset of the source. */
function alignOffsets(value: string, at: Place): number[] {
  const { text } = at.source;
  let position = at.start;
  const opening = text[position];
  const isDouble = opening === '"';
  const isSingle = opening === "'";
  if (isDouble || isSingle) position += 1;
  // A tag stands before the value that it marks; a block scalar's header ends with its line.
  else if (opening === '|' || opening === '>')
    position = Math.max(position, text.indexOf('\n', position) + 1);
  const offsets: number[] = [];
  for (const character of value.split('')) {
    if (/\s/.test(character)) {
      offsets.push(position);
      if (text[position] === character && character !== '\n') position += 1;
      else if (isDouble && text[position] === '\\') position += escapeLength(text, position);
      else position = skipWhitespace(text, position, at.end);
      continue;
    }
    if (text[position] !== character) position = skipWhitespace(text, position, at.end);
    offsets.push(position);
    if (isDouble && text[position] === '\\') position += escapeLength(text, position);
    else if (isSingle && character === "'") position += 2;
    else position += 1;
  }
  offsets.push(Math.min(position, at.end));
  return offsets;
}

function skipWhitespace(text: string, from: number, end: number): number {
  let position = from;
  while (position < end && /\s/.test(text[position] ?? '')) position += 1;
  return position;
}

function escapeLength(text: string, position: number): number {
  const lengths: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };
  return lengths[text[position + 1] ?? ''] ?? 2;
}
