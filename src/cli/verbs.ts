/**
 * Owns the list of verbs: what stands here is one, and is loaded when it is meant. Knows nothing of what they do.
 */
import type { Environment } from './environment.js';

/** Returns the exit code. `run`: all of zrun, for verbs that ask it for something. */
type RunVerb = (
  environment: Environment,
  run: (environment: Environment) => Promise<number>,
) => Promise<number>;

interface Verb {
  /** For a list of verbs: one line, in the imperative. */
  readonly summary: string;
  readonly load: () => Promise<RunVerb>;
}

export const verbs: Readonly<Record<string, Verb>> = {
  completion: {
    summary: 'complete command lines in bash, zsh and fish',
    load: async () => (await import('./completion/completion.js')).showCompletion,
  },
  doc: {
    summary: 'explain modules, helpers, functions, keywords, facts and errors',
    load: async () => (await import('./doc/doc.js')).showDocumentation,
  },
  exec: {
    summary: 'run a command or a module on hosts',
    load: async () => (await import('./exec/exec.js')).execute,
  },
  facts: {
    summary: 'show what is known of a host',
    load: async () => (await import('./exec/facts.js')).showFacts,
  },
  help: {
    summary: 'explain zrun, or one of its verbs',
    load: async () => (await import('./help/help.js')).showHelp,
  },
  history: {
    summary: 'list past runs, or show one',
    load: async () => (await import('./history.js')).showHistory,
  },
  init: {
    summary: 'make a project: inventory, playbook, schemas for the editor',
    load: async () => (await import('./init/init.js')).init,
  },
  inventory: {
    summary: 'show what is in an inventory',
    load: async () => (await import('./inventory/inventory.js')).showInventory,
  },
  lint: {
    summary: 'say what is legal in playbooks but unwise',
    load: async () => (await import('./lint.js')).lint,
  },
  ping: {
    summary: 'find out which hosts can be worked on',
    load: async () => (await import('./exec/ping.js')).ping,
  },
  playbooks: {
    summary: 'list the playbooks that zrun brings, or copy one to change it',
    load: async () => (await import('./playbooks/playbooks.js')).showPlaybooks,
  },
  report: {
    summary: 'make a page of a run',
    load: async () => (await import('./report/report.js')).showReport,
  },
  schema: {
    summary: 'write a JSON Schema for editors',
    load: async () => (await import('./schema.js')).writeSchema,
  },
  secret: {
    summary: 'encrypt, decrypt and edit files and values',
    load: async () => (await import('./secret/secret.js')).secret,
  },
  version: {
    summary: 'show the version',
    load: async () => (await import('./help/version.js')).showVersion,
  },
};
