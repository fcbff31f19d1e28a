/**
 * Owns how an expression is parsed: by cel-js, and then calls of functions in a namespace (`math.abs(x)`) are made calls
 * of functions of that name. To cel-js, which has no namespaces, they are methods of a variable `math`. That a variable
 * may be called so all the same is CEL's own rule. Methods that take the place of cel-js's own are led to zrun's.
 */
import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { signaturesOf } from '../functions/signature.js';
import { ownPrefix } from './cel-functions.js';
import { functionsByName, functionTable } from '../functions/table.js';

/** A kind of node, and what cel-js does with it. */
interface Operation {
  readonly name: string;
  readonly check: unknown;
  readonly evaluate: unknown;
}

/** What nodes of cel-js have beyond their declared types. Read off cel-js 8.0.0, lib/parser.js, class ASTNode. */
interface OpenNode {
  op: string;
  args: unknown;
  readonly meta: { readonly check: unknown; readonly evaluate: unknown };
  setMeta(key: string, value: unknown): unknown;
  clone(operation: Operation, args: unknown): ASTNode;
}

/** Deeper than any person writes, and well within what a walk over the tree has stack for. */
export const deepestExpression = 500;

/** Throws ParseError. */
export function parseCel(environment: Environment, text: string): ParseResult {
  const parsed = environment.parse(text);
  if (!resolved.test(text)) return parsed;
  const left: ASTNode[] = [parsed.ast];
  for (let node = left.pop(); node; node = left.pop()) {
    resolveCall(node, environment);
    left.push(...nodesIn(node.args));
  }
  return parsed;
}

/** Texts that may call what is resolved here; most do not. */
const resolved = new RegExp(
  `\\b(?:${functionTable
    .filter(
      (entry) =>
        entry.name.includes('.') ||
        entry.replacesBuiltIn === true ||
        signaturesOf(entry).some(({ isVariadic }) => isVariadic),
    )
    .map(({ name }) => name.replace(/\..*/, ''))
    .join('|')})\\b`,
);

/** Without recursion, which is what it guards. */
export function isTooDeep(root: ASTNode): boolean {
  let level: readonly ASTNode[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepestExpression) return true;
    level = level.flatMap((node) => nodesIn(node.args));
  }
  return false;
}

/** The nodes among a node's arguments, which also are names, values, and lists of these. */
export function nodesIn(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function resolveCall(node: ASTNode, environment: Environment): void {
  if (node.op === 'rcall' && functionsByName.get(node.args[0])?.replacesBuiltIn === true) {
    const [method, receiver, args] = node.args;
    becomeCall(node, environment, ownPrefix + method, [receiver, ...args]);
    return;
  }
  const [name, args] = calledBy(node) ?? [];
  if (name === undefined || args === undefined) return;
  const entry = functionsByName.get(name);
  if (!entry?.apply || entry.isBuiltIn) return;
  const isVariadic = signaturesOf(entry).some((signature) => signature.isVariadic);
  if (node.op === 'call' && !isVariadic) return;
  const { list } = operationsOf(environment);
  const open = node as unknown as OpenNode;
  becomeCall(node, environment, name, isVariadic ? [open.clone(list, args)] : args);
}

/** cel-js keeps a node where it has put it, in what its macros become too: so it is changed in its place. */
function becomeCall(node: ASTNode, environment: Environment, name: string, args: readonly ASTNode[]): void {
  const open = node as unknown as OpenNode;
  const { call } = operationsOf(environment);
  open.op = call.name;
  open.args = [name, args];
  open.setMeta('check', call.check);
  open.setMeta('evaluate', call.evaluate);
}

/** The full name of a function that stands by itself or in a namespace, and its arguments. */
function calledBy(node: ASTNode): readonly [string, readonly ASTNode[]] | undefined {
  if (node.op === 'call') return [node.args[0], node.args[1]];
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, args] = node.args;
  return receiver.op === 'id' ? [`${receiver.args}.${name}`, args] : undefined;
}

let operations: { readonly call: Operation; readonly list: Operation } | undefined;

function operationsOf(environment: Environment): NonNullable<typeof operations> {
  const of = (sample: string): Operation => {
    const node = environment.parse(sample).ast as unknown as OpenNode;
    return { name: node.op, check: node.meta.check, evaluate: node.meta.evaluate };
  };
  operations ??= { call: of('size("")'), list: of('[0]') };
  return operations;
}
