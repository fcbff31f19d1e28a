/** Owns how tests see what buffers take of memory: what nobody holds any more is collected before it is counted. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes in buffers that are still held. */
export function heldBytes(): number {
  if (!isProcedure(collect)) throw new Error('this Node has no gc()');
  collect();
  return process.memoryUsage().arrayBuffers;
}

function isProcedure(value: unknown): value is () => void {
  return typeof value === 'function';
}
