/**
 * Owns how the answers of one task on many hosts are shown (`zrun exec`): equal ones once, with all their hosts, when all
 * are in; of one host alone, as it gave it. Knows no terminal; what is drawn meanwhile is another's.
 */
import { formatProblem, type Problem } from '../../core/errors.js';
import type { EventOf, HostOutcome, HostSummary, RunEvent, TaskResult } from '../../core/events.js';
import type { ValueMap } from '../../core/value.js';
import { describeDiffs, indentLines, outcomeColours, plural } from '../describe.js';
import { formatDuration } from '../duration.js';
import { INDENT, stoppingText } from '../describe-event.js';
import { createLikeness, withoutHost, withoutName } from '../hosts/likeness.js';
import { foldNames, wrapNames } from '../hosts/names.js';
import type { Reporter, Sink, Verbosity } from '../reporter.js';
import type { Passing } from './passing.js';
import type { Colour, Paint } from '../style.js';
import { displayWidth, visible, visibleLine } from '../visible.js';

interface AnswerOptions {
  readonly out: Sink;
  /** Gets what is not the answer: warnings, and of one host alone what it says on its standard error. */
  readonly err: Sink;
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  readonly diff: boolean;
  /** What is said of a result that is not a command's, where nothing was to be changed. */
  readonly present: (result: ValueMap, summary: string) => Presented;
  /** Takes off the terminal what is drawn there. */
  readonly clear: () => void;
  /** Of a command, where a host that is alone has its output handed on. All that is not its output is for `err` then. */
  readonly passing: Passing | undefined;
}

export interface Presented {
  /** Behind the hosts' names. */
  readonly headline: string;
  /** Below them. */
  readonly text: string;
}

/** What one host answered, as it is compared and shown. */
interface Answer {
  readonly outcome: HostOutcome;
  /** What is said behind the hosts' names; empty where the text says it all. */
  readonly headline: string;
  /** Not indented. */
  readonly text: string;
  /** Of `text`, what a command wrote to its standard error, if it is shown by itself. */
  readonly stderr: string;
}

/** So many characters of different answers are kept until all are in. */
const mostKept = 16 * 1024 * 1024;
/** Columns of names that stand in one line. */
const widestNames = 72;

export function createAnswersReporter(options: AnswerOptions): Reporter {
  const { out, err, paint } = options;
  let groups: { answer: Answer; readonly hosts: string[] }[] = [];
  const alike = createLikeness<(typeof groups)[number]>();
  const answered = new Set<string>();
  /** Of the run, in the order of the inventory: whoever is quicker does not come first. */
  const placeOf = new Map<string, number>();
  let check = false;
  let kept = 0;

  function add(host: string, answer: Answer): void {
    answered.add(host);
    const whole = JSON.stringify(answer);
    const bare = withoutOf(answer)(whole, host);
    const known = alike.join(whole, bare);
    if (known) {
      known.of.hosts.push(host);
      if (known.isBare) known.of.answer = withoutHosts(known.of.answer, known.of.hosts[0] ?? '');
      return;
    }
    const group = { answer, hosts: [host] };
    groups.push(group);
    alike.add(whole, bare, group);
    kept += whole.length;
    if (kept > mostKept) flush();
  }

  /** The largest groups first, and what went wrong last, where it is seen. */
  function flush(): void {
    options.clear();
    const rank = ({ outcome }: Answer): number => order.indexOf(outcome);
    const inOrder = (a = '', b = ''): number => (placeOf.get(a) ?? 0) - (placeOf.get(b) ?? 0);
    for (const { hosts } of groups) hosts.sort(inOrder);
    const sorted = groups.sort(
      (a, b) =>
        rank(a.answer) - rank(b.answer) || b.hosts.length - a.hosts.length || inOrder(a.hosts[0], b.hosts[0]),
    );
    for (const { answer, hosts } of sorted) {
      const isAlone = placeOf.size === 1 && answer.outcome === 'done' && answer.headline === '';
      if (isAlone) writeAlone(answer);
      else (answer.outcome === 'done' ? out : aside()).write(formatGroup(answer, hosts, paint));
    }
    groups = [];
    alike.clear();
    kept = 0;
  }

  /** Undefined where answers are folded. */
  const passed = (): Passing | undefined => (placeOf.size === 1 ? options.passing : undefined);
  const aside = (): Sink => (passed() ? err : out);

  function writeAlone({ text, stderr }: Answer): void {
    if (text !== '') out.write(`${text}\n`);
    if (stderr !== '') err.write(`${stderr}\n`);
  }

  function finish({ hosts, ms }: EventOf<'run-finished'>): void {
    for (const summary of hosts)
      if (!answered.has(summary.host)) add(summary.host, answerOfEnd(summary, options));
    flush();
    const areWell = hosts.every(({ outcome }) => outcome === 'done');
    if (hosts.length > 1 || !areWell) aside().write(`${formatSummary(hosts, ms, paint)}\n`);
  }

  return {
    tell(event) {
      if (event.type === 'run-started') check = event.check;
      if (event.type === 'run-started' || event.type === 'hosts-added')
        for (const host of event.hosts) placeOf.set(host, placeOf.size);
      const passing = passed();
      if (event.type === 'task-output') passing?.tell(event);
      if (event.type === 'task-finished' || event.type === 'run-finished') passing?.end();
      // Of a host that was not reached, the end says more.
      if (event.type === 'task-finished' && event.result.status !== 'unreachable') {
        const result = passing ? withoutOutput(event.result) : event.result;
        add(event.host, answerOf(result, { ...options, check }));
      }
      if (event.type === 'run-finished') finish(event);
      // What a command's result has left out was handed on.
      else if (!passing || event.type !== 'task-said') tellAside(event, options);
    },
    close() {
      if (groups.length > 0) flush();
      return Promise.resolve();
    },
  };
}

/** The host's own name does not make it another answer; nor, of what went wrong, do addresses. */
function withoutOf({ outcome }: Answer): typeof withoutHost {
  return outcome === 'done' ? withoutName : withoutHost;
}

function withoutHosts(answer: Answer, host: string): Answer {
  const without = withoutOf(answer);
  return {
    outcome: answer.outcome,
    headline: without(answer.headline, host),
    text: without(answer.text, host),
    stderr: without(answer.stderr, host),
  };
}

const order: readonly HostOutcome[] = [
  'done',
  'halted',
  'not-tried',
  'interrupted',
  'unreachable',
  'unknown',
  'failed',
];

/** What does not wait for the answers. */
function tellAside(event: RunEvent, { err, paint, clear }: AnswerOptions): void {
  if (event.type === 'run-stopping') {
    clear();
    err.write(`${paint('yellow', 'stopping:')} ${stoppingText(event.signal)}\n`);
  }
  if (event.type !== 'warning' && event.type !== 'task-said') return;
  clear();
  const about = event.host === undefined ? '' : `${visibleLine(event.host)}: `;
  const said = event.type === 'warning' ? event.message : event.text;
  const word = event.type === 'warning' ? `${paint('magenta', 'warning:')} ` : '';
  err.write(`${word}${about}${visible(said).trimEnd().replaceAll('\n', `\n${INDENT}`)}\n`);
}

function answerOf(result: TaskResult, options: AnswerOptions & { readonly check: boolean }): Answer {
  const { verbosity, check, diff } = options;
  const details = [
    ...(result.message === undefined ? [] : [visible(result.message).trimEnd()]),
    ...(diff || result.showsDiff === true ? describeDiffs(result.diff, options.paint) : []),
  ];
  const summary = visibleLine(result.summary);
  const output = outputOf(result);
  if (result.problem || result.status === 'failed') {
    const problem = result.problem ?? { code: 'task-failed', message: result.summary };
    const stopped = problem.code === 'interrupted' ? 'interrupted' : 'failed';
    return answerOfProblem(result.status === 'unknown' ? 'unknown' : stopped, problem, options);
  }
  if (output && !(check && result.status === 'changed') && result.result['msg'] === '')
    return { outcome: 'done', headline: '', ...output };
  const { headline, text } = options.present(result.result, summary);
  const isOk = result.status === 'ok';
  return {
    outcome: result.status === 'unknown' ? 'unknown' : 'done',
    headline: isOk ? headline : [wordOf(result, check), summary].filter((part) => part !== '').join(': '),
    text: [
      ...details,
      ...((isOk && result.message === undefined) || verbosity >= 1 ? [visible(text).trimEnd()] : []),
    ]
      .filter((part) => part !== '')
      .join('\n'),
    stderr: '',
  };
}

function wordOf({ status }: TaskResult, check: boolean): string {
  return status === 'changed' && check ? 'would change' : status;
}

/** What was handed on is not shown again. */
function withoutOutput(told: TaskResult): TaskResult {
  const { problem, result } = told;
  const { stdout: _stdout, stderr: _stderr, ...rest } = problem ?? {};
  return {
    ...told,
    ...(problem && { problem: { ...rest, code: problem.code, message: problem.message } }),
    ...(typeof result['stdout'] === 'string' && { result: { ...result, stdout: '', stderr: '' } }),
  };
}

/** Undefined where it is no command's. */
function outputOf({ result }: TaskResult): Pick<Answer, 'text' | 'stderr'> | undefined {
  const { rc, stdout, stderr } = result;
  if (typeof rc !== 'number' || typeof stdout !== 'string' || typeof stderr !== 'string') return undefined;
  return { text: visible(stdout).trimEnd(), stderr: visible(stderr).trimEnd() };
}

/** Of a command that failed: how it ended, and all that it wrote. */
function described(problem: Problem, { verbosity }: AnswerOptions): Pick<Answer, 'headline' | 'text'> {
  const message = visibleLine(problem.message.split('\n')[0] ?? '');
  const { command: _command, status, stdout, stderr, at: _at, ...rest } = problem;
  const [, ...lines] = visible(formatProblem(rest)).split('\n');
  const tried = problem.tried === undefined || verbosity < 3 ? [] : [`tried: ${visibleLine(problem.tried)}`];
  const written = [stdout, stderr].filter((text) => text !== undefined && text.trim() !== '');
  return {
    headline: status === undefined ? `failed: ${message}` : `exit code ${status}`,
    text: [
      ...written.map((text) => visible(text ?? '').trimEnd()),
      ...lines.map((line) => line.replace(/^ {2}/, '')),
      ...tried,
    ].join('\n'),
  };
}

/** Of a host that came to no answer. */
function answerOfEnd({ outcome, problem }: HostSummary, options: AnswerOptions): Answer {
  if (!problem) return { outcome, headline: outcomeWord(outcome), text: '', stderr: '' };
  return answerOfProblem(outcome, problem, options);
}

function answerOfProblem(outcome: HostOutcome, problem: Problem, options: AnswerOptions): Answer {
  const { headline, text } = described(problem, options);
  return { outcome, headline: headline.replace(/^failed/, outcomeWord(outcome)), text, stderr: '' };
}

function outcomeWord(outcome: HostOutcome): string {
  return outcome.replace('-', ' ');
}

function formatGroup(
  { outcome, headline, text, stderr }: Answer,
  hosts: readonly string[],
  paint: Paint,
): string {
  const names = hosts.map(visibleLine);
  const folded = foldNames(names).join(', ');
  const isLong = displayWidth(folded) > widestNames;
  const counted = names.length > 1 && !isLong ? ` (${plural(names.length, 'host')})` : '';
  const label = isLong ? plural(names.length, 'host') : folded;
  const colour: Colour = outcome === 'done' ? 'green' : outcomeColours[outcome];
  const said = headline === '' ? (text === '' && stderr === '' ? ' no output' : '') : ` ${headline}`;
  const lines = [
    `${paint('bold', label)}${counted}:${said === '' ? '' : paint(colour, said)}`,
    ...(isLong ? wrapNames(names).map((line) => `  ${line}`) : []),
    ...[text, stderr].filter((part) => part !== '').map((part) => indentLines(part, INDENT)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `5 hosts: 3 answered, 1 failed, 1 unreachable; 0.4 s` */
function formatSummary(hosts: readonly HostSummary[], ms: number, paint: Paint): string {
  const parts = order.flatMap((outcome) => {
    const count = hosts.filter((host) => host.outcome === outcome).length;
    if (count === 0) return [];
    const word = outcome === 'done' ? 'answered' : outcomeWord(outcome);
    return [outcome === 'done' ? `${count} ${word}` : paint(outcomeColours[outcome], `${count} ${word}`)];
  });
  return `${plural(hosts.length, 'host')}: ${parts.join(', ')}; ${formatDuration(ms)}`;
}
