/**
 * Owns the schemas of playbooks and of files of tasks: the keywords of each place, and every module.
 */
import type { Module } from '../../core/module.js';
import { actions, namesOf } from '../playbook/reading/keywords.js';
import { commonDefinitions, draft, type JsonSchema } from './json-schema.js';
import { actionValues, keywordValues } from './keyword-values.js';
import { moduleSchema } from './modules.js';

export function playbookSchema(modules: ReadonlyMap<string, Module>): JsonSchema {
  return {
    $schema: draft,
    title: 'zrun playbook',
    type: 'array',
    minItems: 1,
    items: {
      if: { required: ['import_playbook'] },
      then: {
        type: 'object',
        properties: {
          import_playbook: { type: 'string', description: 'Puts the plays of another playbook here.' },
          ...keywordFields(['name', 'tags', 'vars', 'when']),
        },
        additionalProperties: false,
      },
      else: { $ref: '#/definitions/play' },
    },
    definitions: definitionsOf(modules),
  };
}

/** A file of tasks: of a role, or one that a playbook includes. */
export function tasksSchema(modules: ReadonlyMap<string, Module>): JsonSchema {
  return {
    $schema: draft,
    title: 'zrun tasks',
    type: 'array',
    items: { anyOf: [{ $ref: '#/definitions/step' }] },
    definitions: definitionsOf(modules),
  };
}

function definitionsOf(modules: ReadonlyMap<string, Module>): Readonly<Record<string, JsonSchema>> {
  const made = [...modules.values()].map((module) => [module.name, moduleSchema(module)] as const);
  const calls = Object.fromEntries(made.map(([name, { schema }]) => [`module.${name}`, schema]));
  const inner = Object.assign({}, ...made.map(([, { definitions }]) => definitions)) as Readonly<
    Record<string, JsonSchema>
  >;
  const names = [...modules.keys()];
  const supported = Object.entries(actionValues).filter(([name]) =>
    actions.some((action) => action === name),
  );
  const moduleFields = {
    ...Object.fromEntries(names.map((name) => [name, { $ref: `#/definitions/module.${name}` }])),
    ...Object.fromEntries(supported),
  };
  // The same modules under the names that they have in Ansible's collections: known, but not proposed.
  const collections = Object.fromEntries(
    names.map((name) => [
      `^ansible\\.(builtin|legacy|posix)\\.${name}$`,
      { $ref: `#/definitions/module.${name}` },
    ]),
  );
  const taskLike = (where: 'task' | 'handler'): JsonSchema => ({
    type: 'object',
    properties: { ...keywordFields(namesOf(where)), ...moduleFields },
    patternProperties: { ...collections, '^ansible\\.builtin\\.(include|import)_': {} },
    additionalProperties: false,
    dependencies: { loop_control: ['loop'] },
  });
  return {
    ...commonDefinitions,
    play: {
      type: 'object',
      required: ['hosts'],
      properties: keywordFields(namesOf('play')),
      additionalProperties: false,
    },
    step: {
      if: { required: ['block'] },
      then: { $ref: '#/definitions/block' },
      else: { $ref: '#/definitions/task' },
    },
    block: {
      type: 'object',
      required: ['block'],
      properties: keywordFields(namesOf('block')),
      additionalProperties: false,
    },
    task: taskLike('task'),
    handler: {
      if: { required: ['block'] },
      then: { $ref: '#/definitions/block' },
      else: taskLike('handler'),
    },
    ...calls,
    ...inner,
  };
}

/** A keyword that nobody has described takes anything. */
function keywordFields(names: readonly string[]): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(names.map((name) => [name, keywordValues[name] ?? {}]));
}
