/**
 * Owns the CEL that zrun speaks: the package's own, and the functions of the table. Knows nothing of places or scopes.
 */
import { Environment } from '@marcbachmann/cel-js';
import { registerFunctions } from './cel-functions.js';
import { registerMacros } from './cel-macros.js';
import type { Shape } from './shape.js';

const checkEnvironment = extend(
  new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    unlistedVariablesAreDyn: false,
  }),
);

/** Every name is known and nothing of its type: what is evaluated was checked before. */
export const runEnvironment = checkEnvironment.clone({ unlistedVariablesAreDyn: true });

/** CEL's words for types; a variable of such a name is out of reach. */
export const typeNames: ReadonlySet<string> = new Set(
  runEnvironment.getDefinitions().variables.map((variable) => variable.name),
);

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
  registerFunctions(environment);
  registerMacros(environment);
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
