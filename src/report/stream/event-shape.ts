/**
 * Owns whether a line of a journal is an event: what readers count on must be there. A line may be cut off, damaged, or of
 * another version. Not by the schema of events-schema.ts, which takes too long for journals of large fleets.
 */
import { taskStatuses, type RunEvent } from '../../core/events.js';
import type { WrittenEvent } from '../written.js';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
const isInstant: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isMap(value) && Object.values(value).every(check);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);

function shapeOf(fields: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(fields);
  return (value) => isMap(value) && entries.every(([name, check]) => check(value[name]));
}

const texts = listOf(isText);

const task = shapeOf({ id: isText, name: isText, module: isText, at: isText, section: isText });

const problem = shapeOf({
  code: isText,
  message: isText,
  hint: maybe(isText),
  at: maybe(isText),
  command: maybe(isText),
  status: maybe(isNumber),
  stdout: maybe(isText),
  stderr: maybe(isText),
});

const before = { before: maybe(isText), after: maybe(isText) };
const isTextDiff = shapeOf({ type: oneOf('text'), path: isText, ...before });
const isFieldDiff = shapeOf({
  type: oneOf('fields'),
  subject: isText,
  fields: listOf(shapeOf({ name: isText, ...before })),
});

const outcome = {
  status: oneOf(...taskStatuses),
  summary: isText,
  diff: listOf((value) => isTextDiff(value) || isFieldDiff(value)),
  destroys: maybe(isText),
  message: maybe(isText),
  problem: maybe(problem),
  ignored: isFlag,
  marks: maybe(isMap),
  waitsFor: maybe(isText),
  result: isMap,
  ms: isNumber,
};

const end = {
  host: isText,
  outcome: oneOf('done', 'failed', 'unreachable', 'unknown', 'halted', 'interrupted', 'not-tried'),
  counts: mapOf(isNumber),
  problem: maybe(problem),
  pendingHandlers: maybe(texts),
};

const ofTask = { host: isText, task };

/** A kind of event without its shape does not compile. */
const shapes: Readonly<Record<RunEvent['type'], Check>> = {
  'run-started': shapeOf({
    runId: isText,
    at: isInstant,
    version: isText,
    check: isFlag,
    playbooks: texts,
    hosts: texts,
    request: maybe(
      shapeOf({ cwd: isText, options: isMap, extraVarsFiles: texts, extraVarsNames: texts, texts: isMap }),
    ),
    resumes: maybe(isText),
    pendingHandlers: maybe(mapOf(texts)),
  }),
  'hosts-added': shapeOf({ hosts: texts }),
  'play-started': shapeOf({ play: isText, hosts: texts, batches: isNumber }),
  'batch-started': shapeOf({ play: isText, batch: isNumber, of: isNumber, hosts: texts }),
  'host-connected': shapeOf({ host: isText, ms: isNumber }),
  'task-started': shapeOf({ ...ofTask, notifies: maybe(texts) }),
  'item-started': shapeOf({ ...ofTask, item: isText, index: isNumber, of: isNumber }),
  'task-progressed': shapeOf({ ...ofTask, verb: isText, done: isNumber, of: isNumber }),
  'task-output': shapeOf({ ...ofTask, stream: isText, text: isText }),
  'task-said': shapeOf({ ...ofTask, text: isText }),
  'task-retried': shapeOf({ ...ofTask, attempt: isNumber, of: isNumber, summary: isText }),
  'task-finished': shapeOf({
    ...ofTask,
    result: shapeOf({ ...outcome, items: maybe(listOf(shapeOf({ ...outcome, label: isText }))) }),
  }),
  'handler-finished': shapeOf({ host: isText, handler: isText }),
  'rescue-started': shapeOf({ host: isText, block: isText, failed: maybe(task), reason: isText }),
  'host-finished': shapeOf(end),
  'play-stopped': shapeOf({ play: isText, reason: isText, notTried: texts }),
  warning: shapeOf({ message: isText, host: maybe(isText) }),
  'run-stopping': shapeOf({ signal: isText }),
  'run-finished': shapeOf({ at: isInstant, ms: isNumber, exitCode: isNumber, hosts: listOf(shapeOf(end)) }),
};

const shapeOfType: ReadonlyMap<unknown, Check> = new Map(Object.entries(shapes));

export function isWrittenEvent(value: unknown): value is WrittenEvent {
  if (!isMap(value) || !maybe(isNumber)(value['time'])) return false;
  return shapeOfType.get(value['type'])?.(value) === true;
}
