/**
 * Owns what a lint rule is, and what it finds. Knows no rule.
 */
import type { Place } from '../../core/errors.js';
import type { Book } from './book.js';

/** Something legal but unwise, at its place. */
export interface Finding {
  /** The rule's id: `shell-unquoted`. */
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
  readonly at: Place;
}

export interface Rule {
  /** What a comment that silences it names. */
  readonly id: string;
  /** One line that completes "finds …". */
  readonly summary: string;
  check(book: Book, report: (finding: Omit<Finding, 'rule'>) => void): void;
}
