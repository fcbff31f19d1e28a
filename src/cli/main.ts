/**
 * Owns which verb a command line means. A verb is one file, loaded when it is meant; anything else is a run.
 */
import type { Environment } from './environment.js';
import { tellFailure } from './failure.js';

/** Returns the exit code. */
type Verb = (environment: Environment) => Promise<number>;

const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  history: async () => (await import('./history.js')).showHistory,
  doc: async () => (await import('./doc.js')).showDocumentation,
  inventory: async () => (await import('./inventory.js')).showInventory,
  lint: async () => (await import('./lint.js')).lint,
  schema: async () => (await import('./schema.js')).writeSchema,
};

/** Does what the command line says. Never throws; returns the exit code. */
export async function main(environment: Environment): Promise<number> {
  try {
    const [first, ...rest] = environment.argv;
    const loadVerb = first !== undefined && Object.hasOwn(verbs, first) ? verbs[first] : undefined;
    if (loadVerb) return await (await loadVerb())({ ...environment, argv: rest });
    const { runPlaybooks } = await import('./run.js');
    return await runPlaybooks(environment);
  } catch (error) {
    return tellFailure(error, environment);
  }
}
