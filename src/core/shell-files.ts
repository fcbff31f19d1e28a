/**
 * Owns how the shell files beside the modules are had. The bundle has their texts inside: its build puts another module in
 * the place of this one (test/build/shell-files.ts).
 */
import { readFileSync } from 'node:fs';
import { type ShellText } from './shell.js';
import { stripShell } from './shell-strip.js';

const known = new Map<string, ShellText>();

/**
 * What is sent of a shell file, without its comments and indentation. Read when it is first asked for.
 * @param file relative to src: `modules/facts/facts.sh`
 */
export function shellFile(file: string): ShellText {
  const before = known.get(file);
  if (before) return before;
  const text = { shellText: stripShell(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')) };
  known.set(file, text);
  return text;
}
