/**
 * Owns what a row of the table of cases is: what is so on a host, what must follow, and what proves it.
 */
import type { Recording } from './recorded-host.js';

type Verdict = 'already' | 'unfinished' | 'ready' | 'blocked';

/** The verdict of audit.yaml on a recorded host; where it is `blocked`, also what overlay2.yaml does with that host. */
export interface Recorded {
  readonly by: 'recording';
  readonly of: string;
  readonly recording: Recording;
  /** As after -e. */
  readonly args?: readonly string[];
  readonly verdict: Verdict;
  /** In the verdict. */
  readonly says?: RegExp;
  /** In what the audit says besides. */
  readonly remark?: RegExp;
  /** The reason is only seen at the closer look. */
  readonly atCloserLook?: true;
  /** No host of the lab can be such a system. */
  readonly notInLab?: true;
}

/** A test by its title, or the part of it that is written out, in a file below test/. */
export interface Tested {
  readonly by: 'lab' | 'test';
  readonly file: string;
  readonly title: string;
}

/** What only this table looks at. */
export interface Looked {
  readonly by: 'look';
  readonly at: string;
  /** Rejects where it is not so; resolves with what is so, in words for the table. */
  readonly look: () => Promise<string>;
}

export type Proof = Recorded | Tested | Looked;

export interface Case {
  /** In the list of cases, from 1. */
  readonly number: number;
  readonly what: string;
  readonly expected: string;
  readonly proofs: readonly Proof[];
  /** What is not done, or not shown, of it. */
  readonly open?: string;
}
