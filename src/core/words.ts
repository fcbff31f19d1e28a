/**
 * Owns how one line of text becomes the words of a command without a shell: quotes and backslashes as a shell has them,
 * and nothing else of a shell's.
 */
import { ZrunError } from './errors.js';

const shellOnly: ReadonlyMap<string, string> = new Map([
  ['|', 'a pipe'],
  ['&', 'a background job or a chain'],
  [';', 'a sequence'],
  ['<', 'a redirection'],
  ['>', 'a redirection'],
  ['$', 'a variable'],
  ['`', 'a command substitution'],
  ['\n', 'a second line'],
]);

/**
 * Words of a command line. Throws `parameter-invalid` where a quote is not closed, or where an unquoted character only
 * a shell would understand shows that a shell was meant.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote === "'") {
      if (character === "'") quote = undefined;
      else word = (word ?? '') + character;
    } else if (character === '\\') {
      const next = text.charAt(++i);
      // In double quotes a backslash is itself unless it stands before what it could quote.
      const isKept = quote === '"' && !'"\\$`'.includes(next);
      word = (word ?? '') + (isKept ? `\\${next}` : next);
    } else if (quote === '"' && character === '"') {
      quote = undefined;
    } else if (!quote && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (!quote && /[ \t\n]/.test(character) && (character !== '\n' || text.slice(i).trim() === '')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (shellOnly.has(character) && (!quote || character === '$' || character === '`')) {
      throw needsShell(character);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote) {
    throw new ZrunError('parameter-invalid', `a quote (${quote}) is opened and not closed`, {
      hint: 'Close it, or give the command as a list of words: `argv: [ls, -l]`.',
    });
  }
  if (word !== undefined) words.push(word);
  return words;
}

function needsShell(character: string): ZrunError {
  const meaning = shellOnly.get(character) ?? 'shell syntax';
  const shown = character === '\n' ? 'a line break' : `'${character}'`;
  return new ZrunError('parameter-invalid', `${shown} means ${meaning} to a shell, and no shell reads this`, {
    hint: `Use the \`shell\` module, or put it into single quotes if the character itself is meant.`,
  });
}
