/**
 * Owns Docker's JSON as text: read and written without loss. Docker counts in 64 bits (`Ulimits` has
 * 9223372036854775807), JavaScript in 53: a longer whole number is kept as its digits behind a NUL, which begins no text
 * of Docker's, and is written as a number again. Pure.
 */
import type { Value } from '../../core/value.js';

/** Undefined where the text is no JSON. */
export function parseDockerJson(text: string): Value | undefined {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"\\u0000${token}"`,
  );
  try {
    return JSON.parse(marked) as Value;
  } catch {
    return undefined;
  }
}

/** @param indent spaces a level; 0 writes one line */
export function writeDockerJson(value: Value, indent = 0): string {
  return JSON.stringify(value, undefined, indent).replace(
    /"(?:[^"\\]|\\.)*"/g,
    (token) => /^"\\u0000(-?\d+)"$/.exec(token)?.[1] ?? token,
  );
}
