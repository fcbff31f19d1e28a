/**
 * Owns what an error is: a code, a message, a hint and a place, and how that is written for a person.
 * Knows nothing of YAML, SSH or modules.
 */
import { isSecretSource } from './secret.js';
import { cutText, shownBytes } from './kept-output.js';

/** A text that a place can point into: a file, or a named piece of the command line. */
export interface Source {
  /** What the user calls it: a path as given on the command line, or `--extra-vars`. */
  readonly name: string;
  readonly text: string;
}

/** A half-open range of UTF-16 offsets in a source. */
export interface Place {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
  /** The line that it points at is not shown: it holds a secret. */
  readonly hidesText?: true;
}

/** What went wrong, in a form that is printed, journalled and compared by tests. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly at?: Place;
  /** The command that failed on the host, as the user would type it. */
  readonly command?: string;
  readonly status?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Of a connection that was not made: as whom it was tried, with which keys, through whom. For those who ask closely. */
  readonly tried?: string;
}

/**
 * Every code that zrun reports, with what it means. The README's table of exit codes rests on the groups.
 * Input: found before any connection is made. Connection: the host could not be worked on. Task: the host said no.
 */
export const errorCodes = {
  // input
  usage: 'the command line is not understood',
  'file-unreadable': 'a file that the user named cannot be read',
  'yaml-syntax': 'a file is not valid YAML',
  'inventory-invalid': 'the inventory has a wrong shape or an unknown name',
  'no-hosts': 'a pattern or a limit matches no host',
  'playbook-invalid': 'a playbook has a wrong shape, or a keyword that does not exist',
  'keyword-unsupported': "a keyword of Ansible's that zrun does not have yet",
  'module-unknown': 'a task names no module that exists',
  'parameter-invalid': "a module's parameter is missing, unknown or of the wrong type",
  'template-syntax': 'a template does not parse',
  'expression-syntax': 'an expression does not parse',
  'expression-type': 'an expression does not fit the types of what it uses',
  'variable-unknown': 'a template or an expression uses a name that nothing defines',
  'variable-cycle': 'variables refer to each other in a circle',
  'decrypt-failed': 'what is encrypted cannot be decrypted with the keys that are given',
  // connection
  'name-unresolved': "a host's address cannot be resolved",
  'connect-failed': 'no connection could be made',
  'connect-timeout': 'no connection within the limit',
  'host-key-unknown': "a host's key is not in known_hosts",
  'host-key-changed': "a host's key differs from the one in known_hosts",
  'auth-failed': 'the host refused every key, and the password if one was given',
  'key-unreadable': 'a private key cannot be read or decrypted',
  'sudo-password-missing': 'sudo or su asks for a password and none was given',
  'sudo-password-wrong': 'sudo or su refused the password',
  'sudo-refused': 'sudo, su or doas does not let this user become the other one',
  'connection-lost': 'the connection broke while something was under way',
  // task
  'task-failed': 'a module says that the host cannot be brought to the state that is asked for',
  'command-failed': 'a command on the host ended with a failure',
  'assertion-failed': 'a condition of an assert task does not hold',
  'task-timeout': 'a task took longer than its limit',
  'output-unexpected': 'a host answered what zrun does not understand',
  'not-idempotent': 'a task applied its change and then still wanted to change something',
  halted: 'others failed, and this host was stopped before its next task',
  interrupted: 'the user stopped the run',
  internal: 'a bug in zrun',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ZrunErrorOptions {
  readonly hint?: string | undefined;
  readonly at?: Place | undefined;
  readonly cause?: unknown;
  readonly command?: string | undefined;
  readonly status?: number | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly tried?: string | undefined;
}

/** The one error type. What is not a ZrunError when it reaches the top is reported as `internal`. */
export class ZrunError extends Error {
  override readonly name = 'ZrunError';
  readonly problem: Problem;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ZrunErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    const { hint, at, command, status, stdout, stderr, tried } = options;
    this.problem = limitOutput({
      code,
      message,
      ...(hint !== undefined && { hint }),
      ...(at !== undefined && { at }),
      ...(command !== undefined && { command }),
      ...(status !== undefined && { status }),
      ...(stdout !== undefined && { stdout }),
      ...(stderr !== undefined && { stderr }),
      ...(tried !== undefined && { tried }),
    });
  }

  get hint(): string | undefined {
    return this.problem.hint;
  }

  get at(): Place | undefined {
    return this.problem.at;
  }
}

/** A problem is shown, and written in several places: of what a host wrote, it has the ends. */
export function limitOutput<P extends Pick<Problem, 'stdout' | 'stderr'>>(problem: P, bytes = shownBytes): P {
  const { stdout, stderr } = problem;
  if ((stdout?.length ?? 0) * 3 <= bytes && (stderr?.length ?? 0) * 3 <= bytes) return problem;
  return {
    ...problem,
    ...(stdout !== undefined && { stdout: cutText(stdout, bytes) }),
    ...(stderr !== undefined && { stderr: cutText(stderr, bytes) }),
  };
}

/** Several errors found in one go, as a check of a whole playbook finds them. Never empty. */
export class ZrunErrors extends Error {
  override readonly name = 'ZrunErrors';

  constructor(readonly errors: readonly [ZrunError, ...ZrunError[]]) {
    super(errors.map((error) => error.message).join('\n'));
  }
}

/** Throws one error as itself and several together; returns when there is none. */
export function throwAll(errors: readonly ZrunError[]): void {
  const [first, ...rest] = errors;
  if (first === undefined) return;
  if (rest.length === 0) throw first;
  throw new ZrunErrors([first, ...rest]);
}

/** What any thrown value says, for places that must report rather than rethrow. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof ZrunError) return thrown.problem;
  if (thrown instanceof ZrunErrors) return thrown.errors[0].problem;
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 'internal', message, hint: 'This is a bug in zrun. Please report it with what you ran.' };
}

/** Line and column, both from 1, of a place's start. Columns count UTF-16 units, as editors do. */
export function lineAndColumn(place: Place): { readonly line: number; readonly column: number } {
  const starts = lineStartsOf(place.source);
  let [from, to] = [0, starts.length];
  while (to - from > 1) {
    const middle = (from + to) >>> 1;
    if ((starts[middle] ?? 0) <= place.start) from = middle;
    else to = middle;
  }
  return { line: from + 1, column: place.start - (starts[from] ?? 0) + 1 };
}

/** Where each line begins, found once: a file may have as many errors as lines. */
const lineStarts = new WeakMap<Source, readonly number[]>();

function lineStartsOf(source: Source): readonly number[] {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = source.text.indexOf('\n'); at !== -1; at = source.text.indexOf('\n', at + 1))
    starts.push(at + 1);
  lineStarts.set(source, starts);
  return starts;
}

/** Of places that every host comes to. */
const formatted = new WeakMap<Place, string>();

/** `file:line:column`, as terminals and editors make it clickable. */
export function formatPlace(place: Place): string {
  const known = formatted.get(place);
  if (known !== undefined) return known;
  const { line, column } = lineAndColumn(place);
  const text = `${place.source.name}:${line}:${column}`;
  formatted.set(place, text);
  return text;
}

/**
 * A problem as a person reads it:
 * ```
 * play.yaml:4:7: unknown module 'zvool'
 *   4 |       zvool: {name: tank/docker}
 *     |       ^^^^^
 *   hint: did you mean 'zvol'?
 * ```
 */
export function formatProblem(problem: Omit<Problem, 'code'>): string {
  const lines: string[] = [];
  lines.push(problem.at ? `${formatPlace(problem.at)}: ${problem.message}` : problem.message);
  if (problem.at) lines.push(...excerpt(problem.at));
  if (problem.command !== undefined) {
    const ended = problem.status === undefined ? '' : ` (exit code ${problem.status})`;
    lines.push(`  command: ${shownCommand(problem.command)}${ended}`);
  }
  if (problem.stderr?.trim()) lines.push(`  stderr: ${indent(problem.stderr)}`);
  else if (problem.stdout?.trim()) lines.push(`  stdout: ${indent(problem.stdout)}`);
  if (problem.hint !== undefined) lines.push(`  hint: ${indent(problem.hint)}`);
  return lines.join('\n');
}

/** A script is not shown: the task's place says where it stands. */
function shownCommand(command: string): string {
  const count = command.trim().split('\n').length;
  return count === 1 ? command : `a script of ${count} lines`;
}

function indent(text: string): string {
  return text.trimEnd().split('\n').join('\n    ');
}

/** What is never shown of a source: half-open ranges. */
const hiddenRanges = new WeakMap<Source, Place[]>();

/** No error shows a line of this from now on. It stands where `no_log` does. */
export function hideText(place: Place): void {
  const known = hiddenRanges.get(place.source);
  if (known) known.push(place);
  else hiddenRanges.set(place.source, [place]);
}

function isHidden({ source, start, hidesText }: Place): boolean {
  if (hidesText === true || isSecretSource(source)) return true;
  return (hiddenRanges.get(source) ?? []).some((range) => range.start <= start && start < range.end);
}

/** The line that a place starts on, without its line break. */
export function lineOf({ source: { text }, start }: Place): string {
  const end = text.indexOf('\n', start);
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, end === -1 ? undefined : end);
  return line.replace(/\r$/, '');
}

const longLine = 400;

/** The line that a place starts on, with a caret under what is meant. Tabs are kept so that the caret stays right. */
function excerpt(place: Place): string[] {
  if (isHidden(place)) return [];
  const { line, column } = lineAndColumn(place);
  const text = lineOf(place);
  const number = String(line);
  const meant = Math.max(1, Math.min(place.end - place.start, text.length - column + 1));
  // Of a line that no screen has room for, what stands around the place.
  const isLong = text.length > longLine;
  const from = isLong ? Math.max(0, column - 1 - longLine / 2) : 0;
  const shown = isLong ? text.slice(from, from + longLine) : text;
  const [before, after] = [from > 0 ? '… ' : '', from + shown.length < text.length ? ' …' : ''];
  const pad = `${before}${shown.slice(0, column - 1 - from)}`.replace(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.min(meant, shown.length + from - column + 1 || 1));
  return [`  ${number} | ${before}${shown}${after}`, `  ${' '.repeat(number.length)} | ${pad}${carets}`];
}

/**
 * The known name that is nearest to a misspelt one, if one is near enough to be worth saying: up to `most` letters are
 * others, missing or too many.
 */
export function nearest(
  name: string,
  known: Iterable<string>,
  most = Math.max(1, Math.floor(name.length / 3)),
): string | undefined {
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours cost one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        value = Math.min(value, (beforeLast[j - 2] ?? 0) + 1);
      row.push(value);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
