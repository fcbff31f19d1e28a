/**
 * Owns `npm run package`: what a release consists of, in out/. The npm package, an executable for machines like this one,
 * the manual page, the completions and the licenses. `npm run build` comes before it.
 */
import { execFile } from 'node:child_process';
import { appendFile, copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { root } from './options.js';
import { writeExecutable } from './executable.js';
import { executableRelease, findNode } from './node-releases.js';

const execute = promisify(execFile);
const [dist, out] = [path.join(root, 'dist'), path.join(root, 'out')];

const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const { version } = z.object({ version: z.string() }).parse(manifest);
const node = await findNode(executableRelease);
if ('missing' in node) {
  process.stderr.write(`${node.missing}\n`);
  process.exit(1);
}
await rm(out, { recursive: true, force: true });
await mkdir(out);
await execute('npm', ['pack', '--silent', '--pack-destination', out], { cwd: root });
const executable = path.join(out, `zrun-${version}-${process.platform}-${process.arch}`);
await writeExecutable(executable, { dist, node: node.program, version });
for (const name of ['zrun.1', 'LICENSES']) await copyFile(path.join(dist, name), path.join(out, name));
await appendFile(
  path.join(out, 'LICENSES'),
  `\n${'-'.repeat(80)}\n\nThe executable has Node inside.\n\n${await readFile(node.license, 'utf8')}`,
);
const completions = path.join(dist, 'completions');
if (existsSync(completions)) await cp(completions, path.join(out, 'completions'), { recursive: true });
process.stdout.write(`out/ has the npm package, the executable, the manual page and the licenses\n`);
