/**
 * Owns what an unquoted word of zrun's own files stands for: YAML 1.2's values, with the booleans and numbers of YAML
 * 1.1, which Ansible has. What the two read differently, and nobody means, is refused.
 */
import type { Place } from '../../core/errors.js';
import { errorAt, type Report } from '../source/findings.js';
import { readYaml11 } from './yaml-1.1.js';

type Plain = string | number | boolean | null;

/**
 * Ansible reads YAML 1.1. `yes` and `off` are booleans, for as texts both would be true to a template that asks, and
 * `1_000` is a number. What is another value there and is hardly meant is an error.
 */
export function readPlain(written: string, value: Plain, at: Place, report: Report): Plain {
  const meant = readYaml11(written);
  if (typeof value === 'number') return checkNumber(written, value, meant, at, report);
  if (typeof value !== 'string' || typeof meant === 'string') return value;
  if (typeof meant !== 'number' || !written.includes(':')) return meant;
  const message = `${written} is a number to the base of sixty in Ansible: ${meant}`;
  report(errorAt(at, 'yaml-syntax', message, `quote it: '${written}', or write ${meant}`));
  return value;
}

/** Numbers that YAML reads in a way that nobody means. */
function checkNumber(written: string, value: number, meant: Plain, at: Place, report: Report): Plain {
  if (/^[-+]?0o?[0-9]+$/.test(written)) {
    const octal = written.replace('o', '');
    report(
      errorAt(
        at,
        'yaml-syntax',
        `${written} looks like an octal number, which YAML reads as ${value}`,
        `quote it: '${octal}'`,
      ),
    );
    return octal;
  }
  const isLarge = /^[-+]?\d+$/.test(written) && !Number.isSafeInteger(value);
  if (isLarge || !Number.isFinite(value)) {
    report(
      errorAt(at, 'yaml-syntax', `the number ${written} cannot be held exactly`, `quote it: '${written}'`),
    );
    return written;
  }
  if (typeof meant === 'string') {
    const message = `${written} is text in Ansible, and the number ${value} in YAML 1.2`;
    report(errorAt(at, 'yaml-syntax', message, `quote it: '${written}', or write ${value}`));
  } else if (Number.isInteger(value) && written.includes('.')) {
    // Python keeps the point, JavaScript does not: a version would be cut in silence.
    const message = `${written} is the number ${value}, and would be written so`;
    report(errorAt(at, 'yaml-syntax', message, `quote it: '${written}', or write ${value}`));
  }
  return value;
}
