/**
 * Owns a run as a trace: spans of run → play → host → task, in the time of the events. What a failure said goes along,
 * within bounds; output that is no failure's does not. Knows nothing of collectors but that they take spans.
 */
import type { EventOf, RunEvent, TaskRef } from '../../core/events.js';
import { cutText } from '../../core/kept-output.js';
import { isFailure } from '../failures.js';
import type { Reporter } from '../reporter.js';
import { visible, visibleLine } from '../visible.js';
import type { Collector, Delivery, OpenSpan } from './otlp.js';

type Attributes = Record<string, string | number | boolean>;

/** Bytes of any one text. */
const mostOfText = 2048;

/** A host at work in the play that goes on. */
interface HostSpan {
  readonly span: OpenSpan;
  /** When the last thing happened. */
  end: number;
  connectMs: number | undefined;
  taskStart: number | undefined;
  failure: string | undefined;
}

/** `onDelivered`: told once, when all is over. */
export function createTraces(collector: Collector, onDelivered: (delivery: Delivery) => void): Reporter {
  /** Milliseconds since 1970. */
  let begin = 0;
  let now = 0;
  let check = false;
  let run: OpenSpan | undefined;
  let play: OpenSpan | undefined;
  let stopped: string | undefined;
  const hosts = new Map<string, HostSpan>();

  function hostOf(host: string, start: number): HostSpan {
    const known = hosts.get(host);
    if (known) return known;
    const attributes = { 'zrun.kind': 'host', 'zrun.host': host };
    const span = collector.begin({ name: visibleLine(host), parent: play ?? run, start, attributes });
    const made = { span, end: start, connectMs: undefined, taskStart: undefined, failure: undefined };
    hosts.set(host, made);
    return made;
  }

  function endHost(host: string, more: Attributes = {}): void {
    const known = hosts.get(host);
    if (!known) return;
    hosts.delete(host);
    const { span, end, connectMs, failure } = known;
    const connected: Attributes = connectMs === undefined ? {} : { 'zrun.connect_ms': connectMs };
    span.end(end, { attributes: { ...connected, ...more }, ...(failure !== undefined && { failure }) });
  }

  function endPlay(): void {
    for (const host of hosts.keys()) endHost(host);
    play?.end(now, stopped === undefined ? {} : { failure: stopped });
    play = undefined;
    stopped = undefined;
  }

  function finishTask({ host: name, task, result }: EventOf<'task-finished'>): void {
    const start = now - result.ms;
    const host = hostOf(name, start);
    const attributes = { ...describeTask(task), 'zrun.host': name };
    const span = collector.begin({
      name: visibleLine(task.name),
      parent: host.span,
      start: host.taskStart ?? start,
      attributes,
    });
    const failure = isFailure(result, check) ? textOf(result.problem?.message ?? result.summary) : undefined;
    span.end(now, { attributes: describeResult(result), ...(failure !== undefined && { failure }) });
    host.taskStart = undefined;
    host.failure = failure ?? host.failure;
    host.end = now;
  }

  function startRun(event: EventOf<'run-started'>): void {
    begin = Date.parse(event.at);
    now = begin;
    check = event.check;
    const attributes = {
      'zrun.kind': 'run',
      'zrun.run_id': event.runId,
      'zrun.check': event.check,
      'zrun.playbooks': event.playbooks.join(' '),
      'zrun.hosts': event.hosts.length,
      ...(event.resumes !== undefined && { 'zrun.resumes': event.resumes }),
    };
    run = collector.begin({
      name: visibleLine(event.playbooks.join(' ')),
      parent: undefined,
      start: begin,
      attributes,
    });
  }

  function finishRun({ exitCode, hosts: summaries }: EventOf<'run-finished'>): void {
    endPlay();
    const bad = summaries.filter(({ outcome }) => outcome !== 'done').length;
    run?.end(now, {
      attributes: { 'zrun.exit_code': exitCode },
      ...(bad > 0 && { failure: `${bad} of ${summaries.length} hosts are not done` }),
    });
    run = undefined;
  }

  return {
    tell(event: RunEvent) {
      now = begin + (event.time ?? now - begin);
      switch (event.type) {
        case 'run-started':
          startRun(event);
          return;
        case 'play-started':
          endPlay();
          play = collector.begin({
            name: visibleLine(event.play),
            parent: run,
            start: now,
            attributes: {
              'zrun.kind': 'play',
              'zrun.hosts': event.hosts.length,
              'zrun.batches': event.batches,
            },
          });
          return;
        case 'play-stopped':
          stopped = textOf(event.reason);
          return;
        case 'host-connected': {
          const host = hostOf(event.host, now - event.ms);
          host.connectMs = (host.connectMs ?? 0) + event.ms;
          host.end = now;
          return;
        }
        case 'task-started':
          hostOf(event.host, now).taskStart = now;
          return;
        case 'task-finished':
          finishTask(event);
          return;
        case 'rescue-started':
          hostOf(event.host, now).failure = undefined;
          return;
        case 'host-finished': {
          const known = hosts.get(event.host);
          if (known && event.problem) known.failure ??= textOf(event.problem.message);
          endHost(event.host, { 'zrun.outcome': event.outcome });
          return;
        }
        case 'run-finished':
          finishRun(event);
          return;
        case 'hosts-added':
        case 'batch-started':
        case 'item-started':
        case 'task-progressed':
        case 'task-output':
        case 'task-said':
        case 'task-retried':
        case 'handler-finished':
        case 'run-stopping':
        case 'warning':
          return;
      }
    },
    async close() {
      onDelivered(await collector.close());
    },
  };
}

function describeTask({ module, at, section }: TaskRef): Attributes {
  return { 'zrun.kind': 'task', 'zrun.module': module, 'zrun.at': at, 'zrun.section': section };
}

function describeResult({
  status,
  summary,
  ignored,
  items,
  problem,
}: EventOf<'task-finished'>['result']): Attributes {
  return {
    'zrun.status': status,
    ...(summary !== '' && { 'zrun.summary': textOf(summary) }),
    ...(ignored && { 'zrun.ignored': true }),
    ...(items && { 'zrun.items': items.length }),
    ...(problem && { 'zrun.problem': problem.code }),
    ...(problem?.command !== undefined && { 'zrun.command': textOf(problem.command) }),
    ...(problem?.status !== undefined && { 'zrun.command_status': problem.status }),
    ...(problem?.stderr !== undefined && { 'zrun.stderr': textOf(problem.stderr) }),
  };
}

function textOf(text: string): string {
  return visible(cutText(text, mostOfText));
}
