/**
 * Owns what each keyword of a playbook takes, and what is said of it where an editor shows it. Which keywords there are,
 * and where, is the table in `keywords.ts`.
 */
import { metaActions } from '../../core/plan.js';
import { boolean, mapOf, oneOrMore, template, text, variables, type JsonSchema } from './json-schema.js';

const steps: JsonSchema = {
  anyOf: [{ type: 'array', items: { $ref: '#/definitions/step' } }, { type: 'null' }],
};
const conditions = oneOrMore({ type: ['string', 'boolean'] });
const texts = oneOrMore(text);
const positive: JsonSchema = { type: 'number', minimum: 0 };
const share: JsonSchema = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?%$' };

const percentage: JsonSchema = { anyOf: [{ type: 'number', minimum: 0, maximum: 100 }, share, template] };
const amount: JsonSchema = { anyOf: [{ type: 'integer', minimum: 0 }, share, template] };

function orTemplate(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, template] };
}

function says(description: string, schema: JsonSchema): JsonSchema {
  return { description, ...schema };
}

/** What a keyword takes, wherever it stands. */
export const keywordValues: Readonly<Record<string, JsonSchema>> = {
  action: says('The module, and what it takes: a key of its own is plainer.', moduleForm()),
  always: says('Tasks that run in any case, after block and rescue.', steps),
  any_errors_fatal: says('A failure on one host ends the play on all of them.', orTemplate(boolean)),
  args: says("More of the module's parameters.", { type: 'object' }),
  async: says(
    'Runs a command as a job that outlives the connection, and ends it after this many seconds.',
    orTemplate({ type: 'integer', minimum: 0 }),
  ),
  become: says(
    'Runs as another user: root, or become_user; through sudo, or become_method.',
    orTemplate(boolean),
  ),
  become_method: says('sudo, if left out.', { enum: ['sudo', 'su', 'doas'] }),
  become_user: says('The user to become: root, if left out.', text),
  between_batches: says(
    "Tasks that run on a batch's good hosts before the next batch begins; where one fails, none does.",
    steps,
  ),
  block: says('Tasks that share keywords, and a rescue.', steps),
  changed_when: says('A CEL expression that says whether this was a change.', conditions),
  check_mode: says('true: only ever plan. false: run during --check too.', orTemplate(boolean)),
  connection: says('The way to the hosts: ssh, or local for the machine that zrun runs on.', {
    anyOf: [{ enum: ['ssh', 'local', 'smart'] }, text],
  }),
  delay: says('Seconds between two tries of until.', orTemplate(positive)),
  delegate_facts: says('Facts that are gathered go to the host that is delegated to.', orTemplate(boolean)),
  delegate_to: says('Another host on which this runs.', text),
  diff: says('Shows how things differ before and after, as --diff does.', orTemplate(boolean)),
  environment: says('Variables of the environment of commands.', {
    anyOf: [mapOf({}), { type: 'array', items: { anyOf: [mapOf({}), text] } }, template],
  }),
  failed_when: says('A CEL expression that says whether this was a failure.', conditions),
  force_handlers: says('Handlers that were notified run even where a later task fails.', orTemplate(boolean)),
  gather_facts: says('Looks at each host first (true, if left out).', orTemplate(boolean)),
  handlers: says('Tasks that run when they are notified of a change.', {
    anyOf: [{ type: 'array', items: { $ref: '#/definitions/handler' } }, { type: 'null' }],
  }),
  hosts: says('Which hosts: a pattern, as in web*:!web3, or a list of them.', texts),
  ignore_errors: says('Goes on after a failure.', orTemplate(boolean)),
  ignore_unreachable: says(
    'Continues with the next task if the host cannot be reached.',
    orTemplate(boolean),
  ),
  listen: says('Other names that wake this handler.', texts),
  local_action: says('As action, on the controller.', moduleForm()),
  loop: says('A list: the task runs for each item, which is called item.', {
    anyOf: [{ type: 'array' }, template],
  }),
  loop_control: says('What the item is called, and how it is shown.', {
    type: 'object',
    properties: {
      loop_var: says('The name of the item instead of item.', text),
      index_var: says('A name for the number of the item, from 0.', text),
      label: says('What is shown of the item.', {}),
      pause: says('Seconds between two items.', orTemplate(positive)),
      extended: says('Gives ansible_loop: index, first, last, length and so on.', orTemplate(boolean)),
      extended_allitems: says('Whether ansible_loop has all items.', orTemplate(boolean)),
      break_when: says('A CEL expression after which no further item is taken.', conditions),
    },
    additionalProperties: false,
  }),
  max_fail_percentage: says('The batch may lose this many of its hosts by failures, in percent.', percentage),
  max_fail_total: says('The play may lose this many of all its hosts by failures: a number, or 5%.', amount),
  max_unreachable_percentage: says(
    'The batch may lose this many of its hosts because they cannot be reached, in percent.',
    percentage,
  ),
  max_unreachable_total: says(
    'The play may lose this many of all its hosts because they cannot be reached: a number, or 5%.',
    amount,
  ),
  name: says('What this is for, in a few words.', { type: ['string', 'number'] }),
  no_log: says('Shows and logs nothing of what this does.', orTemplate(boolean)),
  notify: says('Handlers that run at the end of the play if this changed something.', texts),
  order: says('In which order the hosts are taken.', {
    enum: ['inventory', 'sorted', 'reverse_inventory', 'reverse_sorted', 'shuffle'],
  }),
  poll: says(
    'Seconds between two looks whether a task with async has ended; 0: it is not waited for.',
    orTemplate({ type: 'integer', minimum: 0 }),
  ),
  port: says('The port of sshd.', orTemplate({ type: 'integer', minimum: 1, maximum: 65535 })),
  post_tasks: says('Tasks that run after tasks and roles.', steps),
  pre_tasks: says('Tasks that run before roles and tasks.', steps),
  register: says('The name under which later tasks find the result.', {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
  }),
  remote_user: says('The user to log in as.', text),
  rescue: says('Tasks that run where one of the block failed.', steps),
  retries: says(
    'How often it is tried again: until it succeeds, or until until: holds.',
    orTemplate({ type: 'integer', minimum: 0 }),
  ),
  roles: says('Folders of tasks, handlers, templates and variables.', {
    type: 'array',
    items: { anyOf: [text, { type: 'object' }] },
  }),
  run_once: says('Runs on one host of the batch, and its result is that of all.', orTemplate(boolean)),
  serial: says('How many hosts at a time: a number, a percentage, or a list of them, batch by batch.', {
    anyOf: [...oneOrMoreOf({ type: 'integer', minimum: 1 }, share, template)],
  }),
  strategy: says('free: each host at its own pace. linear: task by task.', {
    enum: ['free', 'linear'],
  }),
  tags: says('Names by which --tags and --skip-tags choose.', texts),
  tasks: says('What is done, in order.', steps),
  throttle: says('At most this many hosts at a time.', orTemplate({ type: 'integer', minimum: 1 })),
  timeout: says('Seconds after which a task is killed.', orTemplate({ type: 'number', minimum: 1 })),
  until: says('A CEL expression: the task is tried again until it holds.', conditions),
  vars: says('Variables.', { anyOf: [variables, { type: 'null' }] }),
  vars_files: says('Files of variables; later ones win.', {
    anyOf: [text, { type: 'array', items: { anyOf: [text, { type: 'array', items: text }] } }],
  }),
  vars_prompt: says('Variables that are asked for before the play begins.', {
    type: 'array',
    items: { type: 'object', required: ['name'] },
  }),
  when: says('A CEL expression, or a list of which all must hold.', conditions),
  whole: says(
    'Its tasks guard each other: the run is refused with --start-at-task, --step, --tags or --skip-tags.',
    orTemplate(boolean),
  ),
};

function moduleForm(): JsonSchema {
  return { anyOf: [text, { type: 'object', required: ['module'] }] };
}

function oneOrMoreOf(...forms: readonly JsonSchema[]): readonly JsonSchema[] {
  return [...forms, { type: 'array', items: { anyOf: forms }, minItems: 1 }];
}

/** What stands where a module does, but is part of the language. */
export const actionValues: Readonly<Record<string, JsonSchema>> = {
  import_role: says('Puts the tasks of a role here.', { type: 'object', required: ['name'] }),
  import_tasks: says('Puts the tasks of a file here.', fileForm()),
  include_role: says('Runs the tasks of a role here.', { type: 'object', required: ['name'] }),
  include_tasks: says('Runs the tasks of a file here.', fileForm()),
  include_vars: says('Takes the variables of a file.', fileForm()),
  meta: says('Acts on the run itself.', { enum: metaActions }),
};

function fileForm(): JsonSchema {
  return { anyOf: [text, { type: 'object', properties: { file: text }, required: ['file'] }] };
}
