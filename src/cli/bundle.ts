/**
 * Owns how the bundle that `npm run build` makes is loaded: with what V8 has compiled of it before, since compiling it
 * anew at each start takes longer than most of what zrun then does. Knows nothing of what is in it.
 */
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import type { Environment } from './environment.js';
import type { BundleFile } from './own/own-files.js';

interface Bundle {
  /** See cli/main.ts. */
  main(environment: Environment): Promise<number>;
  /** Writes down what is compiled by now, for the next start. Throws as writing a file does. */
  keepCompiled(): void;
}

/** What cannot be used of what is compiled is left alone by V8, which then compiles the source (vm.Script, cachedData). */
export function loadBundle({ file, source, compiled, keepCompiled, readMap }: BundleFile): Bundle {
  const script = new vm.Script(wrapBundle(source), {
    filename: file,
    ...(compiled && { cachedData: compiled }),
  });
  tellSources(file, readMap);
  const module = { exports: {} };
  const run = script.runInThisContext() as (...names: unknown[]) => void;
  run(module.exports, createRequire(file), module, file, path.dirname(file));
  const { main } = module.exports as Pick<Bundle, 'main'>;
  return {
    main,
    keepCompiled: () => keepCompiled(script.createCachedData()),
  };
}

/** What a file of CommonJS is to Node, so that the bundle finds all the names that its packages may use. */
export function wrapBundle(source: string): string {
  return `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
}

/** Stack traces tell lines of the source, not of the bundle. The map is read when one is asked for. */
function tellSources(file: string, readMap: () => string): void {
  let map: SourceMap | undefined;
  /** As Node tells it: `name (file:line:column)`. */
  const asIs = (frame: unknown): string => String(frame);
  const placeOf = (frame: NodeJS.CallSite): string => {
    map ??= new SourceMap(JSON.parse(readMap()) as SourceMapPayload);
    const found = map.findEntry((frame.getLineNumber() ?? 1) - 1, (frame.getColumnNumber() ?? 1) - 1);
    if (!('originalSource' in found)) return asIs(frame);
    const source = path.resolve(path.dirname(file), found.originalSource);
    const place = `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    const name = frame.getFunctionName();
    return name === null ? place : `${name} (${place})`;
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => {
      try {
        return frame.getFileName() === file ? placeOf(frame) : asIs(frame);
      } catch {
        // There is no map, or none that fits: better the bundle's lines than none.
        return asIs(frame);
      }
    });
    return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
  };
}
