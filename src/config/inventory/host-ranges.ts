/**
 * Owns ranges in hosts' names: `web[01:50]`, `db[a:c]`, `rack[0:8:2]`. As Ansible has them: both ends included.
 */
import type { Place } from '../../core/errors.js';
import { errorAt, type Report } from '../source/findings.js';

const maxHosts = 65_536;

/** The names that a name with ranges stands for; itself where it has none. */
export function expandHosts(name: string, at: Place, report: Report): readonly string[] {
  const match = /^(.*?)\[([^\]]*)\](.*)$/.exec(name);
  if (!match) return [name];
  const [, before = '', range = '', after = ''] = match;
  const values = expandRange(range);
  if (typeof values === 'string') {
    report(
      errorAt(
        at,
        'inventory-invalid',
        `the range [${range}] in '${name}' ${values}`,
        'write [01:50], [a:f] or [0:10:2]',
      ),
    );
    return [];
  }
  const rest = expandHosts(after, at, report);
  if (values.length * rest.length > maxHosts) {
    report(errorAt(at, 'inventory-invalid', `'${name}' stands for more than ${maxHosts} hosts`));
    return [];
  }
  return values.flatMap((value) => rest.map((end) => `${before}${value}${end}`));
}

/** A text says what is wrong. */
function expandRange(range: string): readonly string[] | string {
  const match = /^(\w*):(\w+)(?::(\d+))?$/.exec(range);
  if (!match) return 'cannot be read';
  const [, from = '', last = '', by = '1'] = match;
  const first = from === '' ? '0' : from;
  const step = Number(by);
  if (step === 0) return 'has a step of 0';
  if (/^\d+$/.test(first) && /^\d+$/.test(last)) {
    if (first.startsWith('0') && first.length > 1 && first.length !== last.length)
      return 'must have ends of one width';
    const width = first.startsWith('0') ? first.length : 0;
    return countUp(Number(first), Number(last), step, (n) => String(n).padStart(width, '0'));
  }
  if (/^[a-z]$/i.test(first) && /^[a-z]$/i.test(last)) {
    return countUp(first.charCodeAt(0), last.charCodeAt(0), step, (n) => String.fromCharCode(n));
  }
  return 'must have two numbers or two letters as its ends';
}

function countUp(
  first: number,
  last: number,
  step: number,
  write: (n: number) => string,
): readonly string[] | string {
  if (last < first) return 'ends before it begins';
  // Beyond what a number holds exactly, one more is the same number: counting would never end.
  if (!Number.isSafeInteger(last) || (last - first) / step > maxHosts) return 'is too large';
  const names: string[] = [];
  for (let n = first; n <= last; n += step) names.push(write(n));
  return names;
}
