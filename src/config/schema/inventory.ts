/**
 * Owns the schemas of inventories in YAML and of files of variables, with the variables that mean something to zrun.
 */
import {
  boolean,
  commonDefinitions,
  draft,
  mapOf,
  orEmpty,
  template,
  text,
  type JsonSchema,
} from './json-schema.js';

export function inventorySchema(): JsonSchema {
  return {
    $schema: draft,
    title: 'zrun inventory',
    ...orEmpty({ type: 'object', additionalProperties: { $ref: '#/definitions/group' } }),
    definitions: { ...commonDefinitions, ...inventoryDefinitions },
  };
}

/** A file of variables: group_vars, host_vars, vars_files, -e @file. */
export function variablesSchema(): JsonSchema {
  return {
    $schema: draft,
    title: 'zrun variables',
    ...orEmpty({
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      allOf: [{ $ref: '#/definitions/hostVariables' }],
    }),
    definitions: { ...commonDefinitions, ...inventoryDefinitions },
  };
}

function says(description: string, schema: JsonSchema): JsonSchema {
  return { description, ...schema };
}

/** A single name may stand in the place of a map of them. */
function named(map: JsonSchema): JsonSchema {
  return { anyOf: [map, text, { type: 'null' }] };
}

const seconds: JsonSchema = {
  anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string', pattern: '^\\d+(\\.\\d+)?$' }, template],
};

const port: JsonSchema = {
  anyOf: [{ type: 'integer', minimum: 1, maximum: 65_535 }, { type: 'string', pattern: '^\\d+$' }, template],
};

/** The variables that say how a host is reached. */
const connectionVariables: Readonly<Record<string, JsonSchema>> = {
  ansible_host: says('The address, where the name is not one.', text),
  ansible_port: says('The port of sshd.', port),
  ansible_user: says('The user to log in as.', text),
  ansible_connection: says('ssh, or local for this machine itself.', {
    anyOf: [
      { enum: ['ssh', 'local', 'smart', 'paramiko', 'paramiko_ssh'] },
      { type: 'string', pattern: '^ansible\\.(builtin|legacy)\\.(ssh|local|paramiko_ssh)$' },
      template,
    ],
  }),
  ansible_ssh_private_key_file: says('The key to log in with.', text),
  ansible_password: says('The password to log in with; better encrypted, or given with -k.', text),
  ansible_ssh_common_args: says(
    'Only a jump host: -o ProxyJump=user@host. All else belongs into ~/.ssh/config.',
    text,
  ),
  ansible_timeout: says('Seconds that a connection may take, in the place of -T.', seconds),
  ansible_command_timeout: says('Seconds that a task may take, in the place of --task-timeout.', seconds),
  ansible_become: says('Tasks run as another user.', { anyOf: [boolean, template] }),
  ansible_become_user: says('The user to become: root, if left out.', text),
  ansible_become_method: says('sudo, if left out.', { enum: ['sudo', 'su', 'doas'] }),
  ansible_become_password: says('The password of sudo or su; better given with -K.', text),
  zrun_known_hosts_file: says('Instead of ~/.ssh/known_hosts.', text),
  zrun_output_limit: says(
    'How much of each output of a command is kept, as 8 MiB; left out: 256 KiB. Of more, the head and the tail.',
    { anyOf: [{ type: 'integer', minimum: 1024, maximum: 67_108_864 }, text, template] },
  ),
  zrun_proxy_jump: says('Jump hosts, as ssh -J has them; several with commas.', text),
};

const inventoryDefinitions: Readonly<Record<string, JsonSchema>> = {
  group: orEmpty({
    type: 'object',
    properties: {
      hosts: says(
        'Hosts by name; web[01:09] stands for nine. Behind a name, its variables.',
        named(mapOf(orEmpty({ $ref: '#/definitions/hostVariables' }))),
      ),
      children: says('Groups that belong to this one.', named(mapOf({ $ref: '#/definitions/group' }))),
      vars: says('Variables of all its hosts.', orEmpty({ $ref: '#/definitions/hostVariables' })),
    },
    additionalProperties: false,
  }),
  hostVariables: {
    type: 'object',
    properties: connectionVariables,
  },
};
