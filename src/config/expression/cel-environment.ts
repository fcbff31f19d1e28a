/**
 * Owns the CEL that zrun speaks: the package's own, plus a few functions. Knows nothing of places or scopes.
 */
import path from 'node:path';
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { formatBytes, parseBytes } from '../../core/bytes.js';
import { compileRegex, RegexError } from '../../core/regex.js';
import type { Shape } from './shape.js';

/** Every name is known and nothing of its type: what is evaluated was checked before. */
export const runEnvironment = extend(
  new Environment({ ...languageOptions(), unlistedVariablesAreDyn: true }),
);

/** CEL's words for types; a variable of such a name is out of reach. */
export const typeNames: ReadonlySet<string> = new Set(
  runEnvironment.getDefinitions().variables.map((variable) => variable.name),
);

const checkEnvironment = extend(new Environment({ ...languageOptions(), unlistedVariablesAreDyn: false }));

function languageOptions(): { enableOptionalTypes: true; homogeneousAggregateLiterals: false } {
  return { enableOptionalTypes: true, homogeneousAggregateLiterals: false };
}

/**
 * Types are dear to register, and the same ones (the facts') are used by every expression of a playbook: each is
 * registered once, in an environment that grows. An environment that has been cloned takes no more types, so the next
 * type goes into a clone.
 */
const types = {
  environment: checkEnvironment,
  isClosed: true,
  count: 0,
  names: new WeakMap<Shape, string>(),
};

/** An environment that knows these variables' types. */
export function environmentFor(variables: Iterable<readonly [name: string, shape: Shape]>): Environment {
  const typed = [...variables].map(([name, shape]) => [name, typeOf(shape)] as const);
  const environment = types.environment.clone();
  types.isClosed = true;
  for (const [name, type] of typed) environment.registerVariable(name, type);
  return environment;
}

function registerObject(shape: Shape & { readonly type: 'object' }): string {
  const known = types.names.get(shape);
  if (known !== undefined) return known;
  const fields: Record<string, string> = {};
  for (const [name, field] of shape.fields) fields[name] = typeOf(field);
  types.count += 1;
  const name = `Object${types.count}`;
  if (types.isClosed) types.environment = types.environment.clone();
  types.isClosed = false;
  types.environment.registerType(name, { fields });
  types.environment.registerOperator(`string in ${name}: bool`, (key: string, of: object) =>
    Object.hasOwn(of, key),
  );
  types.names.set(shape, name);
  return name;
}

/** CEL's name of a shape. What may be null, or may be a fraction or not, is dynamic there. */
function typeOf(shape: Shape): string {
  switch (shape.type) {
    case 'any':
    case 'maybe':
    case 'number':
    case 'null':
      return 'dyn';
    case 'string':
    case 'int':
    case 'bool':
      return shape.type;
    case 'list':
      return `list<${typeOf(shape.item)}>`;
    case 'map':
      return `map<string, ${typeOf(shape.value)}>`;
    case 'object':
      if (!shape.declared || shape.open || shape.fields.size === 0) return 'map';
      return registerObject(shape);
  }
}

function extend(environment: Environment): Environment {
  environment
    .registerFunction('versionAtLeast(string, string): bool', (version: string, least: string) =>
      isVersionAtLeast(version, least),
    )
    .registerFunction('toBytes(string): int', (text: string) => {
      const count = parseBytes(text);
      if (count === undefined) throw new Error(`'${text}' is not a size; write it as in 64GiB`);
      return BigInt(count);
    })
    .registerFunction('toBytes(int): int', (count: bigint) => count)
    .registerFunction('humanBytes(int): string', (count: bigint) => formatBytes(Number(count)))
    .registerFunction('humanBytes(double): string', (count: number) => formatBytes(count))
    .registerFunction('basename(string): string', (text: string) => path.posix.basename(text))
    .registerFunction('dirname(string): string', (text: string) => path.posix.dirname(text))
    // Macros go before functions of their name, whatever is in front of the dot; `null` is what no other overload has.
    .registerFunction('null.matches(ast): bool', expandMatches);
  // YAML does not tell 2 from 2.0, so whole numbers and fractions may be mixed.
  const mixed: readonly (readonly [string, (a: number, b: number) => number])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ];
  for (const [operator, compute] of mixed) {
    const handler = (a: bigint | number, b: bigint | number): number => compute(Number(a), Number(b));
    environment.registerOperator(`int ${operator} double: double`, handler);
    environment.registerOperator(`double ${operator} int: double`, handler);
  }
  return environment;
}

/** What cel-js hands to a macro: its README, "Custom macros". */
interface MacroCall {
  readonly receiver: ASTNode;
  readonly args: readonly [ASTNode];
}

interface CelType {
  readonly name: string;
}

type MakeError = (code: string, message: string, node: ASTNode) => Error;

interface CelChecker {
  check(node: ASTNode, context: unknown): CelType;
  getType(name: string): CelType;
  readonly createError: MakeError;
}

interface CelEvaluator {
  run(node: ASTNode, context: unknown): unknown;
  debugType(value: unknown): CelType;
  readonly createError: MakeError;
}

/**
 * `text.matches(pattern)`, on RE2 as CEL defines it. cel-js has it on JavaScript's engine, which a text of a host's can
 * make run for ever, and takes no second function of that name and those types: but a macro it takes.
 */
function expandMatches({ receiver, args: [pattern] }: MacroCall): object {
  const isText = ({ name }: CelType): boolean =>
    name === 'string' || name === 'dyn' || name === 'dyn<string>';
  const noOverload = (on: CelType, given: CelType): string =>
    `found no matching overload for '${on.name}.matches(${given.name})'`;
  return {
    async: false,
    typeCheck(checker: CelChecker, _macro: unknown, context: unknown): CelType {
      const [on, given] = [checker.check(receiver, context), checker.check(pattern, context)];
      if (!isText(on) || !isText(given))
        throw checker.createError('no_matching_overload', noOverload(on, given), receiver);
      if (pattern.op === 'value' && typeof pattern.args === 'string')
        matchText('', pattern.args, (message) => checker.createError(badRegex, message, pattern));
      return checker.getType('bool');
    },
    evaluate(evaluator: CelEvaluator, _macro: unknown, context: unknown): boolean {
      const text = evaluator.run(receiver, context);
      const written = evaluator.run(pattern, context);
      if (typeof text !== 'string' || typeof written !== 'string') {
        const said = noOverload(evaluator.debugType(text), evaluator.debugType(written));
        throw evaluator.createError('no_matching_overload', said, receiver);
      }
      return matchText(text, written, (message) => evaluator.createError(badRegex, message, pattern));
    },
  };
}

/** The code of cel-js for it. The message has the reason, and the hint behind a line break. */
export const badRegex = 'invalid_regular_expression';

function matchText(text: string, pattern: string, makeError: (message: string) => Error): boolean {
  try {
    return compileRegex(pattern).test(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw makeError([error.reason, error.hint ?? ''].join('\n'));
  }
}

/** Compares the numbers of dotted versions; what follows them (`-rc1`, `~bookworm`) does not count. */
function isVersionAtLeast(version: string, least: string): boolean {
  const numbers = numbersOf(version);
  for (const [i, wanted] of numbersOf(least).entries()) {
    const found = numbers[i] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}

function numbersOf(version: string): number[] {
  const [dotted] = /\d+(?:\.\d+)*/.exec(version) ?? [];
  if (dotted === undefined) throw new Error(`'${version}' is not a version`);
  return dotted.split('.').map(Number);
}
