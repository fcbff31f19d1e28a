/**
 * Owns how files that are no TypeScript are had: shell scripts beside the modules that send them, the parts of a report's
 * page, completions of shells. The bundle has their texts inside: its build puts another module in the place of this one
 * (test/build/source-files.ts).
 */
import { readFileSync } from 'node:fs';
import { usedText } from './source-text.js';

const known = new Map<string, string>();

/**
 * What is used of a file: its text, and of a shell script what is sent. Read when it is first asked for.
 * @param file relative to src: `modules/facts/script/os.sh`
 */
export function sourceFile(file: string): string {
  const before = known.get(file);
  if (before !== undefined) return before;
  const text = usedText(file, readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
  known.set(file, text);
  return text;
}
