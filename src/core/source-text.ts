/** Owns what is used of a file that is no TypeScript. The build asks as well, so that the bundle has no more than that. */
import { stripShell } from './shell-strip.js';

export function usedText(file: string, text: string): string {
  return file.endsWith('.sh') ? stripShell(text) : text;
}
