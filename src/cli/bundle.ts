/**
 * Owns how the bundle that `npm run build` makes is loaded. It consists of chunks, cut where the sources import late, and
 * lies in a few files, its parts. A part is read when a chunk of it is needed, with what V8 has compiled of it before, since
 * compiling it anew at each start takes longer than most of what zrun then does. Knows nothing of what is in the chunks.
 */
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import type { Environment } from './environment.js';
import type { BundlePart, BundleParts, PartName } from './own/parts.js';

interface Bundle {
  /** See cli/main.ts. */
  main(environment: Environment): Promise<number>;
  /** Writes down what is compiled by now of the parts that were read, for the next start. Throws as writing a file does. */
  keepCompiled(): void;
}

/** A chunk, as Node has files of CommonJS: test/build/parts.ts writes it. */
type Chunk = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/** What a part evaluates to. The first one has all chunks: those of other parts by the name of the part. */
type Chunks = Readonly<Record<string, Chunk | PartName>>;

export function loadBundle(parts: BundleParts): Bundle {
  const { open, keepCompiled } = createOpener(parts);
  const all = open('start');
  const loaded = new Map<string, { exports: object }>();
  const nodeRequire = createRequire(parts.start.file);
  const load = (name: string): unknown => {
    if (!name.startsWith('./')) return nodeRequire(name);
    const key = name.slice('./'.length);
    const before = loaded.get(key);
    if (before) return before.exports;
    const there = all[key];
    const part = typeof there === 'string' ? there : 'start';
    const chunk = typeof there === 'string' ? open(there)[key] : there;
    // Such as a native part that a package would like to have.
    if (typeof chunk !== 'function') return nodeRequire(name);
    const module = { exports: {} };
    loaded.set(key, module);
    const { file } = parts[part];
    chunk(module.exports, load, module, file, path.dirname(file));
    return module.exports;
  };
  const { main } = load('./main.js') as Pick<Bundle, 'main'>;
  return { main, keepCompiled };
}

/** What cannot be used of what is compiled is left alone by V8, which then compiles the source (vm.Script, cachedData). */
export function compilePart({ file, source, compiled }: BundlePart): vm.Script {
  const cachedData = compiled();
  return new vm.Script(source(), { filename: file, ...(cachedData && { cachedData }) });
}

/** Opens each part once. */
function createOpener(parts: BundleParts): {
  readonly open: (name: PartName) => Chunks;
  readonly keepCompiled: () => void;
} {
  const opened = new Map<BundlePart, { readonly script: vm.Script; readonly chunks: Chunks }>();
  tellSources((file) => [...opened.keys()].find((part) => part.file === file));
  const open = (part: BundlePart): { readonly script: vm.Script; readonly chunks: Chunks } => {
    const before = opened.get(part);
    if (before) return before;
    const script = compilePart(part);
    const now = { script, chunks: script.runInThisContext() as Chunks };
    opened.set(part, now);
    return now;
  };
  return {
    open: (name) => open(parts[name]).chunks,
    keepCompiled() {
      for (const [part, { script }] of opened) part.keepCompiled(script.createCachedData());
    },
  };
}

/** Stack traces tell lines of the source, not of the bundle. A map is read when one is asked for. */
function tellSources(partOf: (file: string) => BundlePart | undefined): void {
  const maps = new Map<string, SourceMap>();
  const mapOf = ({ file, readMap }: BundlePart): SourceMap => {
    const map = maps.get(file) ?? new SourceMap(JSON.parse(readMap()) as SourceMapPayload);
    maps.set(file, map);
    return map;
  };
  /** As Node tells it: `name (file:line:column)`. */
  const asIs = (frame: unknown): string => String(frame);
  const placeOf = (frame: NodeJS.CallSite, part: BundlePart): string => {
    const found = mapOf(part).findEntry((frame.getLineNumber() ?? 1) - 1, (frame.getColumnNumber() ?? 1) - 1);
    if (!('originalSource' in found)) return asIs(frame);
    const source = path.resolve(path.dirname(part.file), found.originalSource);
    const place = `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    const name = frame.getFunctionName();
    return name === null ? place : `${name} (${place})`;
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => {
      try {
        const part = partOf(frame.getFileName() ?? '');
        return part ? placeOf(frame, part) : asIs(frame);
      } catch {
        // There is no map, or none that fits: better the bundle's lines than none.
        return asIs(frame);
      }
    });
    return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
  };
}
