/** Owns how tests see what buffers take of memory: what nobody holds any more is collected before it is counted. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
// What V8 has compiled for a build is of use only to a process with the same flags.
setFlagsFromString('--no-expose-gc');

/**
 * How much more buffers hold by now than at first. Garbage is only collected where it makes more than `allowed` of it: in
 * a process that has run thousands of tests that takes long.
 */
export function watchHeld(allowed: number): () => number {
  const before = counted();
  return () => {
    const held = counted() - before;
    if (held <= allowed) return held;
    if (!isProcedure(collect)) throw new Error('this Node has no gc()');
    collect();
    // What the first one found is given back by the time that the second one begins.
    collect();
    return counted() - before;
  };
}

function counted(): number {
  return process.memoryUsage().arrayBuffers;
}

function isProcedure(value: unknown): value is () => void {
  return typeof value === 'function';
}
