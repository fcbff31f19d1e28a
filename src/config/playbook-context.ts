/**
 * Owns what is carried through one playbook while it is read: where errors go, which names get defined where, and the
 * checks that wait until all of them are known.
 */
import type { Module } from '../core/module.js';
import type { DeclaredNames, Declarations, ShapeSource } from './declarations.js';
import { createFieldReader, type FieldReader } from './fields.js';
import type { PlaybookLanguage } from './language.js';
import type { Report } from './report.js';

/** A check of names and types, with the names that hold only there (a loop's item, a task's vars). */
export type NameCheck = (declared: Declarations, report: Report) => void;

export interface PlaybookContext {
  readonly modules: ReadonlyMap<string, Module>;
  readonly report: Report;
  readonly read: FieldReader;
  readonly language: PlaybookLanguage;
  /** A name that hosts have from some task on, in whatever play. */
  readonly declare: (name: string, source: ShapeSource) => void;
  /** To be done when every name is known. `local` goes before the names of the play. */
  readonly later: (local: DeclaredNames, check: NameCheck) => void;
  /** To be waited for before the check of names. */
  readonly wait: (work: Promise<void>) => void;
}

export interface ContextWork {
  readonly context: PlaybookContext;
  readonly declared: ReadonlyMap<string, readonly ShapeSource[]>;
  readonly checks: readonly { readonly local: DeclaredNames; readonly check: NameCheck }[];
  readonly waiting: readonly Promise<void>[];
}

export function createContext(
  modules: ReadonlyMap<string, Module>,
  language: PlaybookLanguage,
  report: Report,
): ContextWork {
  const declared = new Map<string, ShapeSource[]>();
  const checks: { local: DeclaredNames; check: NameCheck }[] = [];
  const waiting: Promise<void>[] = [];
  return {
    declared,
    checks,
    waiting,
    context: {
      modules,
      report,
      language,
      read: createFieldReader('playbook-invalid', report),
      declare(name, source) {
        const known = declared.get(name);
        if (known) known.push(source);
        else declared.set(name, [source]);
      },
      later(local, check) {
        checks.push({ local, check });
      },
      wait(work) {
        waiting.push(work);
      },
    },
  };
}
