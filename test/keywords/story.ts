/**
 * Owns what a story about a keyword is.
 */
import type { Site } from './site.js';

export interface Story extends Omit<Site, 'playbook'> {
  /** The keyword, or the value of one, that it is about. */
  readonly keyword: string;
  readonly title: string;
  readonly playbook?: string;
  /** In the place of a playbook: the tasks of a play without facts. */
  readonly tasks?: string;
  /** What each host did; for the one host `a`, or for each host. */
  readonly lines: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** Hosts that no play takes. */
  readonly idle?: readonly string[];
  /** Default: 0. */
  readonly code?: number;
  /** How each host left, where it is not `done`. */
  readonly outcomes?: Readonly<Record<string, string>>;
}

export function siteOf({ tasks, playbook, ...rest }: Story): Site {
  return {
    ...rest,
    playbook: playbook ?? `- name: P\n  hosts: all\n  gather_facts: false\n  tasks:${tasks ?? ' []'}\n`,
  };
}
