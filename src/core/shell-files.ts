/**
 * Owns how a shell file becomes a text for a host, and which of these texts a shell reads once.
 */
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
 * The same of a file that many scripts begin with: a shell is sent it once (see `withoutShared`). It may set options and
 * define functions, which is all that a function can do as well as a script.
 */
export function sharedShellFile(file: string): ShellText {
  const text = sourceFile(file);
  if (!shared.has(text)) {
    const name = file.replace(/^.*\/|\.sh$/g, '').replaceAll('-', '_');
    shared.set(text, { name: `zrun_${name}`, text });
  }
  return { shellText: text };
}

/**
 * A script with a call in the place of each shared text, and the texts that a shell must know for it. Where one is quoted in a
 * script, as for a shell of its own, it stays: each has single quotes, which are written otherwise there.
 */
export function withoutShared(script: string): {
  readonly script: string;
  readonly needs: readonly SharedText[];
} {
  let left = script;
  const needs = [...shared.values()].filter((one) => {
    const before = left;
    left = withCalls(before, one);
    return left !== before;
  });
  return { script: left, needs };
}

/** Looks for the first few characters: a search for a text of kilobytes is prepared anew each time, which takes longer. */
function withCalls(script: string, { name, text }: SharedText): string {
  const head = text.slice(0, 24);
  let calls = '';
  let taken = 0;
  for (let at = script.indexOf(head); at !== -1; at = script.indexOf(head, Math.max(at + 1, taken))) {
    if (!script.startsWith(text, at)) continue;
    calls += script.slice(taken, at) + name;
    taken = at + text.length;
  }
  return taken === 0 ? script : calls + script.slice(taken);
}

/** What teaches a shell the text. Scripts run in subshells: only those that call it have what it defines. */
export function teach({ name, text }: SharedText): string {
  return `${name}() {\n${text}\n}\n`;
}
