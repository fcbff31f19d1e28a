/**
 * Owns what of a result's texts a report keeps: each up to a bound, equal ones once, and all together no more than a
 * report may be long. Knows nothing of hosts.
 */
import { cutText } from '../../core/kept-output.js';
import type { Diff } from '../../core/module.js';
import { unifiedDiff } from '../unified-diff.js';
import type { WrittenItem, WrittenResult } from '../written.js';
import type { ReportedDetail, ReportedDiff, ReportedItem, ReportedProblem } from './report.js';

/** Bytes of one output or one diff. */
const mostOfOne = 16 * 1024;

/** The same, once a report is full: what says why something failed is kept however many hosts fail. */
const mostOfFailure = 2 * 1024;

/** Characters of all texts that differ. Beyond that, only failures have their output. */
const mostOfAll = 10 * 1024 * 1024;

interface Details {
  /** The same text, had once however often it comes. */
  share(text: string): string;
  read(result: WrittenResult | WrittenItem): ReportedDetail;
  readItem(item: WrittenItem): ReportedItem;
  readProblem(problem: NonNullable<WrittenResult['problem']>): ReportedProblem;
  /** False as soon as something was left out. */
  readonly isWhole: boolean;
}

export function createDetails(): Details {
  const texts = new Map<string, string>();
  const diffs = new Map<string, ReportedDiff>();
  let length = 0;
  let isWhole = true;

  function share(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    length += text.length;
    return text;
  }

  const isFull = (): boolean => length > mostOfAll;

  function cut(text: string, bytes = mostOfOne): string {
    const kept = cutText(text, bytes);
    if (kept !== text) isWhole = false;
    return share(kept);
  }

  /** Undefined where it is empty, or where there is no room for it any more. */
  function keepOutput(text: unknown): string | undefined {
    if (!isText(text)) return undefined;
    if (!isFull() || texts.has(text)) return cut(text);
    isWhole = false;
    return undefined;
  }

  function readDiff(diff: Diff): ReportedDiff {
    // Most hosts' diffs are alike, and comparing texts takes long.
    const key = JSON.stringify(diff);
    const known = diffs.get(key);
    if (known) return known;
    const made: ReportedDiff =
      diff.type === 'fields'
        ? diff
        : {
            type: 'text',
            path: diff.path,
            isNew: diff.before === undefined,
            isGone: diff.after === undefined,
            unified: cut(unifiedDiff(diff.before, diff.after).join('\n')),
          };
    if (diff.type === 'fields') length += key.length;
    diffs.set(key, made);
    return made;
  }

  function readDiffs(found: readonly Diff[]): readonly ReportedDiff[] {
    if (!isFull()) return found.map(readDiff);
    const known = found.flatMap((diff) => diffs.get(JSON.stringify(diff)) ?? []);
    if (known.length < found.length) isWhole = false;
    return known;
  }

  function readProblem(problem: NonNullable<WrittenResult['problem']>): ReportedProblem {
    const { code, message, hint, at, command, status, stdout, stderr } = problem;
    const most = isFull() ? mostOfFailure : mostOfOne;
    return {
      code,
      message: cut(message, most),
      ...(hint !== undefined && { hint: share(hint) }),
      ...(at !== undefined && { at: share(at) }),
      ...(command !== undefined && { command: cut(command, most) }),
      ...(status !== undefined && { status }),
      ...(isText(stdout) && { stdout: cut(stdout, most) }),
      ...(isText(stderr) && { stderr: cut(stderr, most) }),
    };
  }

  function read({
    message,
    destroys,
    attempts,
    waitsFor,
    problem,
    diff,
    result,
  }: WrittenResult | WrittenItem): ReportedDetail {
    const kept = readDiffs(diff);
    const shownMessage = keepOutput(message);
    // A failed command's output is its problem's already.
    const stdout = problem?.stdout === undefined ? keepOutput(result['stdout']) : undefined;
    const stderr = problem?.stderr === undefined ? keepOutput(result['stderr']) : undefined;
    return {
      ...(shownMessage !== undefined && { message: shownMessage }),
      ...(destroys !== undefined && { destroys: share(destroys) }),
      ...(attempts !== undefined && { attempts }),
      ...(waitsFor !== undefined && { waitsFor: share(waitsFor) }),
      ...(problem && { problem: readProblem(problem) }),
      ...(kept.length > 0 && { diffs: kept }),
      ...(stdout !== undefined && { stdout }),
      ...(stderr !== undefined && { stderr }),
    };
  }

  return {
    share,
    read,
    readItem(item) {
      const { label, status, summary, ignored, ms } = item;
      return { label: share(label), status, summary: share(summary), ignored, ms, ...read(item) };
    },
    readProblem,
    get isWhole() {
      return isWhole;
    },
  };
}

function isText(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '';
}
