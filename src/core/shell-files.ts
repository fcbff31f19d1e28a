/**
 * Owns how a shell file becomes a text for a host, and which of these texts a shell reads once.
 */
import { ZrunError } from './errors.js';
import type { ShellText } from './shell.js';
import { sourceFile } from './source-files.js';

/**
 * What is sent of a shell file, without its comments and indentation.
 * @param file relative to src: `modules/facts/script/os.sh`
 */
export function shellFile(file: string): ShellText {
  return { shellText: sourceFile(file) };
}

/** A text that many scripts have in them. */
export interface SharedText {
  /** Of the shell function that stands for it. */
  readonly name: string;
  readonly text: string;
}

const shared = new Map<string, SharedText>();

/**
 * The same of a file that many scripts begin with: a call in its place, and a shell is sent the text once (see
 * `readCalls`). It may set options and define functions, which is all that a function can do as well as a script.
 */
export function sharedShellFile(file: string): ShellText {
  const name = `zrun_${file.replace(/^.*\/|\.sh$/g, '').replaceAll('-', '_')}`;
  if (!shared.has(name)) shared.set(name, { name, text: sourceFile(file) });
  // Between two of what no script can hold: it is never quoted for another shell, which would not know it.
  return { shellText: `\0${name}\0` };
}

/** A script as it is sent to a shell, and what that must have been taught before. */
export interface CallingScript {
  readonly script: string;
  readonly needs: readonly SharedText[];
}

/** @throws ZrunError `internal` for a NUL byte that is not about a call, which no shell can read */
export function readCalls({ shellText }: ShellText): CallingScript {
  if (!shellText.includes('\0')) return { script: shellText, needs: [] };
  const needs = new Set<SharedText>();
  const parts = shellText.split('\0');
  parts.forEach((name, i) => {
    if (i % 2 === 0) return;
    const called = i < parts.length - 1 ? shared.get(name) : undefined;
    if (!called) throw new ZrunError('internal', 'a script holds a NUL byte, which no shell can read');
    needs.add(called);
  });
  return { script: parts.join(''), needs: [...needs] };
}

/** What teaches a shell the text. Scripts run in subshells: only those that call it have what it defines. */
export function teach({ name, text }: SharedText): string {
  return `${name}() {\n${text}\n}\n`;
}
