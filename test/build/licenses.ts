/**
 * Owns the licenses of the packages that are in the bundle, which they want to be told of where they are copied.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Metafile } from 'esbuild';
import * as z from 'zod';
import { root } from './options.js';

/** The second is how it was written once, as in ssh2's and streamsearch's. */
const manifestShape = z.union([
  z.object({ name: z.string(), version: z.string(), license: z.string() }),
  z
    .object({
      name: z.string(),
      version: z.string(),
      licenses: z.array(z.object({ type: z.string() })).nonempty(),
    })
    .transform(({ licenses, ...rest }) => ({
      ...rest,
      license: licenses.map(({ type }) => type).join(' or '),
    })),
]);

/** Throws where a package says nothing of its license. */
export async function writeLicenses({ inputs }: Metafile, file: string): Promise<void> {
  const folders = new Set(Object.keys(inputs).flatMap((input) => folderOf(input) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
    const { name, version, license } = manifestShape.parse(JSON.parse(read('package.json')));
    const own = readdirSync(folder).filter((one) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(one));
    return [`${name} ${version} (${license})`, ...own.map((one) => read(one).trim())].join('\n\n');
  });
  const head = 'zrun has these packages inside. Its own license is in LICENSE.';
  await writeFile(file, `${[head, ...texts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}

/** Of a file of a package, as esbuild names it: relative to the root. */
function folderOf(input: string): string | undefined {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
  const folder = found === undefined ? undefined : path.resolve(root, found);
  return folder !== undefined && existsSync(path.join(folder, 'package.json')) ? folder : undefined;
}
