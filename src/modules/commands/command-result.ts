/**
 * Owns what a command's end becomes: what `register` gets of it. Knows nothing of how it was run.
 */
import * as z from 'zod';
import type { Output } from '../../core/host.js';
import type { ValueMap } from '../../core/value.js';

export const commandReturns = z.strictObject({
  rc: z
    .int()
    .describe(
      'Its exit code; anything but 0 fails the task unless `failed_when` says otherwise. Of `command`, 2 where there is no such program.',
    ),
  msg: z.string().describe('Why it failed, or was not run; empty where it succeeded.'),
  stdout: z
    .string()
    .describe(
      'What it wrote to standard output; of more than `zrun_output_limit` (256 KiB), the head and the tail.',
    ),
  stderr: z.string().describe('What it wrote to standard error, with the same limit.'),
  stdout_lines: z.array(z.string()).describe('`stdout` as a list of lines.'),
  stderr_lines: z.array(z.string()).describe('`stderr` as a list of lines.'),
  cmd: z.string().describe('The command as it was run.'),
  stdout_omitted: z.int().describe('Bytes that are missing in the middle of `stdout`; 0 where it is whole.'),
  stderr_omitted: z.int().describe('Bytes that are missing in the middle of `stderr`.'),
});

export function resultOf(
  cmd: string,
  rc: number,
  stdout: string,
  stderr: string,
  omitted: Output['omitted'] = { stdout: 0, stderr: 0 },
): ValueMap {
  return {
    rc,
    msg: '',
    stdout,
    stderr,
    stdout_omitted: omitted.stdout,
    stderr_omitted: omitted.stderr,
    stdout_lines: splitLines(stdout),
    stderr_lines: splitLines(stderr),
    cmd,
  };
}

function splitLines(text: string): readonly string[] {
  return text === '' ? [] : stripEnd(text).split(/\r?\n/);
}

export function stripEnd(text: string): string {
  // Not an expression: it would try each of a million line breaks as the first of the last ones.
  let end = text.length;
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
  return text.slice(0, end);
}
