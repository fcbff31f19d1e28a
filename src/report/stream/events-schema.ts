/**
 * Owns the JSON Schema of `--output ndjson` and of journals, one line each, for programs that read them. What an event holds is
 * in core/events.ts, how it is written in written.ts; a test holds both against this.
 */
import * as z from 'zod';
import { errorCodes } from '../../core/errors.js';
import { taskStatuses, type RunEvent } from '../../core/events.js';
import { eventsSchema } from './ndjson.js';

const time = z.int().min(0).optional().describe('milliseconds since the run began');
const duration = z.number().describe('milliseconds');
const count = z.int().min(0);
const names = z.array(z.string());
const hosts = names.describe('as the inventory names them');
const host = z.string().describe('as the inventory names it');
const instant = z.string().describe('ISO 8601, UTC');
const values = z.record(z.string(), z.json());

const task = z.strictObject({
  id: z.string(),
  name: z.string(),
  module: z.string(),
  at: z.string().describe('file:line:column'),
  section: z.enum(['tasks', 'rescue', 'always', 'handlers', 'facts', 'between-batches']),
  number: count.optional().describe('from 1, among those of its play that are known before it'),
});

const problem = z
  .strictObject({
    // Its codes grow without another version.
    code: z.string().describe(`among others ${Object.keys(errorCodes).slice(-6).join(', ')}`),
    message: z.string(),
    hint: z.string().optional(),
    at: z.string().optional().describe('file:line:column'),
    command: z.string().optional(),
    status: z.int().optional().describe('exit code of the command'),
    stdout: z.string().optional(),
    stderr: z.string().optional(),
    tried: z.string().optional().describe('of a connection: as whom, with which keys, through whom'),
  })
  .describe('what went wrong');

const diff = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    path: z.string(),
    before: z.string().optional().describe('left out: there is no such file'),
    after: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('fields'),
    subject: z.string(),
    fields: z.array(
      z.strictObject({ name: z.string(), before: z.string().optional(), after: z.string().optional() }),
    ),
  }),
]);

const outcome = {
  status: z
    .enum(taskStatuses)
    .describe('unknown: in check mode, it rests on what was not run; in a run, the connection broke'),
  summary: z.string().describe('one line: what was, or would be, changed, or why nothing was'),
  diff: z.array(diff),
  showsDiff: z.boolean().optional().describe("the task's own diff"),
  destroys: z.string().optional().describe('what is gone for good'),
  message: z.string().optional(),
  problem: problem.optional(),
  ignored: z.boolean().describe('failed, but the host was let go on'),
  attempts: count.optional().describe('how often it was tried, where more than once'),
  times: count.optional().describe('how often a looped include counts as ok'),
  marks: z.strictObject({ changed: z.boolean().optional(), failed: z.boolean().optional() }).optional(),
  waitsFor: z.string().optional().describe('the task that an unknown result rests on'),
  result: values.describe('what register gets'),
  ms: duration,
  exchanges: count.describe('round trips'),
};

const item = z.strictObject({ ...outcome, label: z.string(), item: z.json() });

const hostOutcome = z
  .enum(['done', 'failed', 'unreachable', 'unknown', 'halted', 'interrupted', 'not-tried'])
  .describe('halted: stopped before its next task, because others failed');

const counts = z.strictObject({
  ok: count,
  changed: count,
  unreachable: count,
  failed: count,
  skipped: count,
  rescued: count,
  ignored: count,
  unknown: count,
});

const pendingHandlers = names.optional().describe('handlers that were notified and have not run');

const summary = z.strictObject({
  host,
  outcome: hostOutcome,
  counts,
  problem: problem.optional(),
  pendingHandlers,
  handshakes: count,
  exchanges: count,
});

/** A kind of event without its shape does not compile. */
const shapes: Readonly<Record<RunEvent['type'], z.ZodRawShape>> = {
  'run-started': {
    schema: z.literal(eventsSchema).optional().describe('not in journals'),
    runId: z.string(),
    at: instant,
    version: z.string().describe("zrun's"),
    check: z.boolean(),
    playbooks: names,
    hosts,
    request: z
      .strictObject({
        cwd: z.string(),
        options: values,
        extraVarsFiles: names,
        extraVarsNames: names,
        texts: z.record(z.string(), z.string()),
      })
      .optional()
      .describe('what was asked for, without what may be secret'),
    resumes: z.string().optional().describe('the id of the run that this one resumes'),
    pendingHandlers: z.record(z.string(), names).optional(),
  },
  'hosts-added': { hosts },
  'play-started': {
    play: z.string(),
    hosts,
    batches: count,
    tasks: count.optional().describe('how many are known before it'),
  },
  'batch-started': { play: z.string(), batch: count.describe('from 1'), of: count, hosts },
  'host-connected': { host, ms: duration },
  'task-started': { host, task, notifies: names.optional() },
  'item-started': {
    host,
    task,
    item: z.string(),
    index: count.describe('from 1'),
    of: count,
  },
  'task-progressed': {
    host,
    task,
    verb: z.string().describe('what has become of them: `copied`'),
    done: count.describe('bytes'),
    of: count.describe('bytes'),
  },
  'task-output': { host, task, stream: z.enum(['stdout', 'stderr']), text: z.string() },
  'task-said': { host, task, text: z.string() },
  'task-retried': { host, task, attempt: count.describe('from 1'), of: count, summary: z.string() },
  'task-finished': {
    host,
    task,
    result: z.strictObject({ ...outcome, items: z.array(item).optional().describe('of a loop') }),
  },
  'handler-finished': { host, handler: z.string() },
  'rescue-started': { host, block: z.string(), failed: task.optional(), reason: z.string() },
  'host-finished': { host, outcome: hostOutcome, counts, problem: problem.optional(), pendingHandlers },
  'play-stopped': { play: z.string(), reason: z.string(), notTried: hosts },
  'run-stopping': {
    signal: z
      .enum(['SIGINT', 'SIGTERM', 'SIGHUP'])
      .describe('no other task begins, and those under way are ended'),
  },
  warning: { message: z.string(), host: host.optional() },
  'run-finished': { at: instant, ms: duration, exitCode: z.int(), hosts: z.array(summary) },
};

/** Draft-07. */
export function makeEventsSchema(): object {
  const kinds = Object.entries(shapes).map(([type, shape]) =>
    z.strictObject({ type: z.literal(type), time, ...shape }),
  );
  const [first, ...rest] = kinds;
  const event = first ? z.union([first, ...rest]) : z.never();
  return {
    title: `zrun event (${eventsSchema})`,
    description: 'a line of --output ndjson',
    ...z.toJSONSchema(event, { target: 'draft-7' }),
  };
}
