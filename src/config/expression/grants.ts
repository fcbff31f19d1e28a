/**
 * Owns what a condition makes sure of: parts that it asks for, which may be used where it holds, although nothing that
 * was read before the run has them.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from './cel-parse.js';

/** `a.b["c"]` as its names. */
export type PartPath = readonly string[];

/**
 * Of a condition that holds, or that does not. What is asked for by `default` or with a question mark counts either way,
 * since what is done with the answer can be anything. `holds` undefined: nobody knows.
 */
export function grantsOf(node: ASTNode, holds: boolean | undefined): readonly PartPath[] {
  if (node.op === '!_') return grantsOf(node.args, holds === undefined ? undefined : !holds);
  if (node.op === '&&' || node.op === '||') {
    const each = holds === (node.op === '&&') ? holds : undefined;
    return node.args.flatMap((side) => grantsOf(side, each));
  }
  if (node.op === 'in') {
    const [key, of] = node.args;
    const outer = pathOf(of.op === 'rcall' && of.args[0] === 'keys' ? of.args[1] : of);
    const isGranted = holds === true && outer && key.op === 'value' && typeof key.args === 'string';
    return isGranted ? [[...outer, key.args]] : [];
  }
  const asked = askedBy(node);
  if (node.op === 'call' && node.args[0] === 'has') return holds === true ? asked : [];
  return [...asked, ...nodesIn(node.args).flatMap((each) => grantsOf(each, undefined))];
}

/** What a node asks for that need not be there. */
function askedBy(node: ASTNode): readonly PartPath[] {
  const asks = node.op === 'call' && ['has', 'default'].includes(node.args[0]);
  const [first] = asks ? node.args[1] : [];
  const path = node.op === '.?' || node.op === '[?]' ? pathOf(node) : first && pathOf(first);
  return path ? [path] : [];
}

/** Undefined where a part is anything but a name. */
export function pathOf(node: ASTNode): PartPath | undefined {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.' && node.op !== '.?' && node.op !== '[]' && node.op !== '[?]') return undefined;
  const outer = pathOf(node.args[0]);
  const [, part] = node.args;
  const name = typeof part === 'string' ? part : part.op === 'value' ? part.args : undefined;
  return outer && typeof name === 'string' ? [...outer, name] : undefined;
}
