/** Owns what exit codes there are, for a script whose code is an answer and no failure. */
export const everyStatus: readonly number[] = Array.from({ length: 256 }, (_, status) => status);
