/**
 * Owns the parts of the bundle that `npm run build` makes: what a start needs, what a run needs on top of that, and the rest.
 */

/** One part. Nothing is read before it is asked for. */
export interface BundlePart {
  /** Its path, for stack traces, and for what it requires. */
  readonly file: string;
  readonly source: () => string;
  /** What this very Node has compiled of it before, if anything. */
  readonly compiled: () => Buffer | undefined;
  /** Keeps it for the next start. Throws what node:fs throws. */
  readonly keepCompiled: (compiled: Buffer) => void;
  /** The source map, as JSON. Throws if there is none. */
  readonly readMap: () => string;
}

export const partNames = ['start', 'run', 'rest'] as const;
export type PartName = (typeof partNames)[number];
export type BundleParts = Readonly<Record<PartName, BundlePart>>;

/** @param open opens what has that name below the folder of the bundle */
export function openParts(open: (name: string) => BundlePart): BundleParts {
  const part = (name: PartName): BundlePart => open(fileOf(name));
  return { start: part('start'), run: part('run'), rest: part('rest') };
}

export function fileOf(part: PartName): string {
  return `zrun-${part}.cjs`;
}
