/**
 * Owns `--output oneline`: a line for each result of each host, at once and never folded, for grep and awk. Its columns
 * are host, status, what it is about, and then everything else that there is to say.
 */
import type { RunEvent, TaskRef } from '../../core/events.js';
import { describeEvent, stoppingText } from '../describe-event.js';
import { isFailure } from '../failures.js';
import { formatCounts } from '../counts.js';
import { outcomeColours, outcomeWords } from '../describe.js';
import { assertNever, type Reporter, type Sink, type Verbosity } from '../reporter.js';
import { colourless, type Colour, type Paint } from '../style.js';
import { visibleLine } from '../visible.js';

interface OnelineOptions {
  readonly out: Sink;
  readonly paint: Paint;
  readonly verbosity: Verbosity;
}

/** What stands for a host where a line is about none. */
const NO_HOST = '-';

export function createOnelineReporter({ out, paint, verbosity }: OnelineOptions): Reporter {
  let check = false;
  /** Hosts whose failure a line has told. */
  const told = new Set<string>();

  function write(host: string, status: string, colour: Colour, parts: readonly string[]): void {
    const told = parts.map(visibleLine).filter((part) => part !== '');
    out.write(`${[visibleLine(host), paint(colour, status), ...told].join(' | ')}\n`);
  }

  /** What people are told, without what only a column or a terminal needs. */
  function writeDescribed(event: RunEvent): void {
    const options = { paint: colourless, verbosity, diff: false, check };
    const said = describeEvent(event, options, () => false);
    if (said?.type !== 'host') return;
    const { status, colour, text, details } = said.described;
    write(said.host, status.trim(), colour, [text, ...details]);
  }

  return {
    tell(event) {
      switch (event.type) {
        case 'run-started':
          check = event.check;
          return;
        case 'task-finished':
          if (isFailure(event.result, check)) told.add(event.host);
          if (!event.result.items || event.result.items.length === 0) writeDescribed(event);
          // Each item by itself: the task's own line would only count them.
          else
            for (const { label, ...result } of event.result.items)
              writeDescribed({ ...event, task: itemOf(event.task, label), result });
          return;
        case 'host-connected':
        case 'task-started':
        case 'task-output':
        case 'task-said':
        case 'task-retried':
        case 'rescue-started':
          writeDescribed(event);
          return;
        case 'warning':
          write(event.host ?? NO_HOST, 'warning', 'magenta', [event.message]);
          return;
        case 'run-stopping':
          write(NO_HOST, 'stopping', 'yellow', [stoppingText(event.signal)]);
          return;
        case 'play-stopped':
          write(NO_HOST, 'stopped', 'red', [event.play, event.reason]);
          return;
        case 'run-finished':
          for (const { host, outcome, counts, problem } of event.hosts)
            write(host, 'recap', outcomeColours[outcome], [
              outcomeWords[outcome],
              outcome === 'not-tried' ? '' : formatCounts(counts),
              told.has(host) ? '' : (problem?.message ?? ''),
            ]);
          return;
        case 'item-started':
        case 'task-progressed':
        case 'hosts-added':
        case 'play-started':
        case 'batch-started':
        case 'handler-finished':
        case 'host-finished':
          return;
        default:
          assertNever(event);
      }
    },
    close: () => Promise.resolve(),
  };
}

function itemOf(task: TaskRef, label: string): TaskRef {
  return { ...task, name: `${task.name} (item ${label})` };
}
