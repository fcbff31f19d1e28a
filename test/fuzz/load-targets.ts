/** Owns where a worker finds what it is to fuzz: the targets of zrun, or those of a test of the fuzzer itself. */
import { targets } from './targets.js';
import type { Target } from './targets.js';

export interface TargetChoice {
  /** Only these. */
  readonly only?: readonly string[] | undefined;
  /** A module whose `targets` are taken instead. */
  readonly module?: string | undefined;
}

export async function loadTargets({ only, module }: TargetChoice): Promise<readonly Target[]> {
  const all =
    module === undefined ? targets : ((await import(module)) as { targets: readonly Target[] }).targets;
  return only === undefined ? all : all.filter(({ name }) => only.includes(name));
}
