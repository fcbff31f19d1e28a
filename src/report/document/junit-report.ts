/**
 * Owns a report as JUnit's XML, which CI servers read: a testsuite for each host, a testcase for each task that it came
 * to. A failure that was ignored or rescued does not fail its host, and so no test either.
 */
import { isFailure } from '../failures.js';
import { visible, visibleLine } from '../visible.js';
import type { ReportedDetail, ReportedHost, ReportedProblem, ReportedResult, RunReport } from './report.js';
import { formatDetail } from './words.js';

interface Testcase {
  readonly name: string;
  readonly classname: string;
  readonly ms: number;
  readonly verdict: Verdict | undefined;
  readonly output: string;
}

interface Verdict {
  /** `error`: nobody can say whether the host would have let it be done. */
  readonly kind: 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly type: string | undefined;
  readonly text: string;
}

/** In pieces, a host at a time. */
export function* writeJunitReport({ run, hosts }: RunReport): Generator<string> {
  const suites = hosts.map((host) => ({ host, tests: testcasesOf(host, run) }));
  const all = suites.flatMap(({ tests }) => tests);
  const name = `zrun ${run.playbooks.join(' ')}${run.check ? ' (check mode)' : ''}`;
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites${attributes({ name, ...totalsOf(all), time: seconds(run.ms) })}>\n`;
  for (const [i, { host, tests }] of suites.entries()) {
    const ms = Math.max(0, (host.end ?? 0) - (host.start ?? 0));
    const start = Date.parse(run.startedAt) + (host.start ?? 0);
    // Readers want no zone there, and take it for UTC.
    const timestamp = Number.isNaN(start) ? '' : new Date(start).toISOString().replace(/\.\d+Z$/, '');
    const told = { name: host.host, id: String(i), ...totalsOf(tests), time: seconds(ms), timestamp };
    yield ` <testsuite${attributes(told)}>\n${tests.map(formatTest).join('')} </testsuite>\n`;
  }
  yield '</testsuites>\n';
}

function testcasesOf(host: ReportedHost, run: RunReport['run']): readonly Testcase[] {
  const tests = host.results.map((result): Testcase => {
    const verdict = verdictOf(result, run);
    return {
      name: result.task.name,
      classname: result.task.play === '' ? host.host : `${host.host}.${result.task.play}`,
      ms: result.ms,
      verdict,
      output: verdict ? '' : outputOf(result),
    };
  });
  const whole = verdictOfHost(host);
  const isTold = tests.some(({ verdict }) => verdict?.kind === 'failure' || verdict?.kind === 'error');
  if (!whole || isTold) return tests;
  return [...tests, { name: 'the host', classname: host.host, ms: 0, verdict: whole, output: '' }];
}

function verdictOf(result: ReportedResult, { check, state }: RunReport['run']): Verdict | undefined {
  const { status, summary, problem } = result;
  const message = problem?.message ?? summary;
  const told = { message, type: problem?.code, text: outputOf(result) };
  if (status === 'skipped') return { ...told, kind: 'skipped', type: undefined };
  if (status === 'unfinished' && state === 'going')
    return { ...told, kind: 'skipped', type: undefined, message: 'it is still running' };
  if (status === 'unfinished')
    return { ...told, kind: 'error', message: 'it was under way when the run was interrupted' };
  if (status === 'unknown' && check) return { ...told, kind: 'skipped', type: undefined };
  if (!isFailure(result, check)) return undefined;
  if (result.rescued) return { ...told, kind: 'skipped', message: `rescued: ${message}` };
  // One that was ended with its run is no better known than one whose run was killed.
  const isFailed = status === 'failed' && problem?.code !== 'interrupted';
  return { ...told, kind: isFailed ? 'failure' : 'error' };
}

/** Nothing is wrong with the host. */
const quietOutcomes: ReadonlySet<ReportedHost['outcome']> = new Set([
  'not-tried',
  'halted',
  'running',
  'waiting',
]);

/** Of a host that has no failed task of its own, and yet is not done. */
function verdictOfHost({ outcome, problem }: ReportedHost): Verdict | undefined {
  if (outcome === 'done') return undefined;
  if (quietOutcomes.has(outcome)) {
    const why = problem ? `: ${problem.message}` : '';
    return { kind: 'skipped', message: `${outcome.replace('-', ' ')}${why}`, type: undefined, text: '' };
  }
  const kind = outcome === 'failed' ? 'failure' : 'error';
  return { kind, message: problem?.message ?? outcome, type: problem?.code, text: problemText(problem) };
}

function problemText(problem: ReportedProblem | undefined): string {
  return problem ? formatDetail({ problem }).join('\n') : '';
}

function outputOf(result: ReportedDetail & Pick<ReportedResult, 'items'>): string {
  return formatDetail(result).join('\n');
}

function totalsOf(tests: readonly Testcase[]): Readonly<Record<string, string>> {
  const count = (kind: Verdict['kind']): string =>
    String(tests.filter(({ verdict }) => verdict?.kind === kind).length);
  return {
    tests: String(tests.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function formatTest({ name, classname, ms, verdict, output }: Testcase): string {
  const head = `  <testcase${attributes({ name, classname, time: seconds(ms) })}`;
  if (!verdict)
    return output === '' ? `${head}/>\n` : `${head}>${element('system-out', output)}</testcase>\n`;
  const { kind, message, type = kind === 'skipped' ? undefined : kind, text } = verdict;
  return `${head}>${element(kind, text, { message, ...(type !== undefined && { type }) })}</testcase>\n`;
}

function element(name: string, text: string, told: Readonly<Record<string, string>> = {}): string {
  const head = `<${name}${attributes(told)}`;
  return text === '' ? `${head}/>` : `${head}>${escapeXml(visible(text))}</${name}>`;
}

function attributes(told: Readonly<Record<string, string>>): string {
  return Object.entries(told)
    .map(([name, value]) => ` ${name}="${escapeXml(visibleLine(value))}"`)
    .join('');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Of text whose control characters are visible already; XML 1.0 has no way to write U+FFFE and U+FFFF. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => marks[mark] ?? '').replace(/[\ufffe\uffff]/g, '\ufffd');
}
