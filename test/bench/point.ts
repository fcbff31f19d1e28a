/**
 * Owns what a point of the benchmark is: a claim about zrun's speed, how it is measured, and whether it holds.
 */
import type { Bench } from './subjects.js';

export interface Setting {
  readonly bench: Bench;
  /** Of each subject; medians are taken. */
  readonly rounds: number;
  /** Without the other runners. */
  readonly quick: boolean;
  readonly say: (line: string) => void;
}

/** One line of a point's table. */
export interface Row {
  readonly name: string;
  /** What it took, in words that fit a column: `1.42 s`. */
  readonly values: readonly string[];
}

export interface Limit {
  readonly what: string;
  readonly value: number;
  readonly kind: 'at most' | 'at least';
  readonly limit: number;
  readonly unit: string;
}

export interface Found {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly limits: readonly Limit[];
  /** What a reader must know to believe it. */
  readonly notes: readonly string[];
}

export interface Point {
  readonly number: number;
  readonly title: string;
  /** What is compared and how, in a sentence or two. */
  readonly how: string;
  measure(setting: Setting): Promise<Found>;
}

export function holds({ value, kind, limit }: Limit): boolean {
  return kind === 'at most' ? value <= limit : value >= limit;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

export function ratio(value: number): string {
  return `${value.toFixed(2)} ×`;
}
