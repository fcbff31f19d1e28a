/**
 * Owns the JSON Schema of a JSON report, for programs that read one. What a report holds is in report.ts,
 * how it is written in json-report.ts; a test holds both against this.
 */
import * as z from 'zod';
import { taskStatuses } from '../../core/events.js';
import { outcomeOrder, reportSchema } from './report.js';

const time = z.number().describe('milliseconds since the run began');
const duration = z.number().describe('milliseconds');
const count = z.int().min(0);
const outcome = z
  .enum(outcomeOrder)
  .describe(
    'how a host left the run; unknown: its connection broke during a task; running, waiting: the run goes on, and the host has not left it',
  );

const problem = z
  .strictObject({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    at: z.string().optional().describe('file:line:column'),
    command: z.string().optional(),
    status: z.int().optional().describe('exit code of the command'),
    stdout: z.string().optional(),
    stderr: z.string().optional(),
  })
  .describe('what went wrong');

const diff = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    path: z.string(),
    isNew: z.boolean().describe('there was no such file before'),
    isGone: z.boolean().describe('there is no such file afterwards'),
    unified: z.string().describe('as diff -u writes it, from the first @@ on'),
  }),
  z.strictObject({
    type: z.literal('fields'),
    subject: z.string(),
    fields: z.array(
      z.strictObject({ name: z.string(), before: z.string().optional(), after: z.string().optional() }),
    ),
  }),
]);

const detail = {
  message: z.string().optional(),
  destroys: z.string().optional().describe('what is gone for good'),
  attempts: count.optional().describe('how often it was tried, where more than once'),
  waitsFor: z.string().optional().describe('the task that an unknown result rests on'),
  problem: problem.optional(),
  diffs: z.array(diff).optional().describe('with --diff'),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
};

const taskIndex = count.describe("the task's place in the list of tasks, from 0");

const item = z.strictObject({
  label: z.string(),
  status: z.enum(taskStatuses),
  summary: z.string(),
  ignored: z.boolean(),
  ms: duration,
  ...detail,
});

const result = z.strictObject({
  task: taskIndex,
  name: z.string(),
  status: z
    .enum([...taskStatuses, 'unfinished'])
    .describe('unfinished: under way when the journal ended, or still'),
  summary: z.string(),
  ignored: z.boolean().describe('failed, but the host was let go on'),
  rescued: z.boolean().describe('a rescue has dealt with its failure'),
  start: time,
  ms: duration,
  ...detail,
  items: z.array(item).optional().describe('of a loop'),
});

const measure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('downtime'), what: z.string(), seconds: z.number() }),
  z.strictObject({
    kind: z.literal('change'),
    what: z.string(),
    unit: z.enum(['seconds', 'bytes', 'count']),
    before: z.number(),
    after: z.number(),
  }),
]);

const host = z.strictObject({
  host: z.string(),
  outcome,
  counts: z.strictObject({
    ok: count,
    changed: count,
    unreachable: count,
    failed: count,
    skipped: count,
    rescued: count,
    ignored: count,
    unknown: count,
  }),
  problem: problem.optional(),
  pendingHandlers: z.array(z.string()).describe('handlers that were notified and have not run'),
  connectMs: duration.optional(),
  start: time.optional().describe('left out where it was not begun'),
  end: time.optional(),
  measures: z.array(measure).describe('what its tasks said that they had measured'),
  tasks: z.array(result),
});

const failure = z.strictObject({
  task: taskIndex.optional(),
  name: z.string().optional(),
  outcome,
  hosts: z.array(z.string()),
  problem: problem.optional().describe('of the first of the hosts'),
  areNumbersOther: z
    .boolean()
    .optional()
    .describe('numbers in what was printed last differ from host to host'),
  cause: z
    .strictObject({ task: z.string(), message: z.string() })
    .optional()
    .describe('what failed before, where the last failure is that of a rescue'),
});

const report = z.strictObject({
  schema: z.literal(reportSchema),
  run: z.strictObject({
    id: z.string(),
    state: z.enum(['finished', 'going', 'interrupted']),
    version: z.string().describe("zrun's"),
    check: z.boolean(),
    playbooks: z.array(z.string()),
    startedAt: z.string().describe('ISO 8601, UTC'),
    finishedAt: z.string().optional(),
    ms: duration.describe(
      'of a run that goes on, until now; of an interrupted one, until its last sign of life',
    ),
    exitCode: z.int().optional(),
    resumes: z.string().optional().describe('the id of the run that it resumes'),
    hasTimes: z.boolean().describe('false: when tasks began is reckoned from how long those before took'),
    isWhole: z.boolean().describe("false: some output is only in the hosts' logs"),
  }),
  summary: z.strictObject({ hosts: count, outcomes: z.partialRecord(outcome, count) }),
  plays: z.array(
    z.strictObject({
      play: z.string(),
      start: time,
      hosts: count,
      batches: count,
      stopped: z.string().optional().describe('why it began no other host'),
      notTried: z.array(z.string()),
    }),
  ),
  tasks: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      module: z.string(),
      at: z.string().describe('file:line:column'),
      section: z.enum(['tasks', 'rescue', 'always', 'handlers', 'facts', 'between-batches']),
      number: count.optional().describe('from 1, among those of its play that were known before it'),
      play: z.string(),
      hosts: count.describe('that came to it and did not skip it'),
      ms: duration.describe('on all of them together'),
      slowestMs: duration,
      slowestHost: z.string(),
    }),
  ),
  failures: z.array(failure).describe('why hosts are not done: equal causes once'),
  rescued: z.array(failure).describe('failures that a rescue has dealt with, on hosts that are done'),
  warnings: z.array(z.strictObject({ host: z.string().optional(), message: z.string() })),
  hosts: z.array(host),
});

/** Draft-07. */
export function makeJsonSchema(): object {
  return { title: 'zrun report', ...z.toJSONSchema(report, { target: 'draft-7' }) };
}
