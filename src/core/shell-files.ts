/** Owns how a shell file becomes a text for a host. */
import type { ShellText } from './shell.js';
import { sourceFile } from './source-files.js';

/**
 * What is sent of a shell file, without its comments and indentation.
 * @param file relative to src: `modules/facts/script/os.sh`
 */
export function shellFile(file: string): ShellText {
  return { shellText: sourceFile(file) };
}
