/**
 * Owns the part of `npm run lint` that reads shell files: shellcheck, which Debian has as a package of that name. Where it
 * is not installed, says so and lets them pass.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Rules that say nothing of this house. All others are kept, or disabled in the file, with the reason. */
const exceptions = {
  SC1007: '`a= b=` empties two variables.',
  SC2015: '`a && b || c` is meant as it says: c is for where either fails.',
  SC2016: 'Templates of Docker, and programs of awk and of other shells, are in single quotes.',
};

const files = ['src', 'test'].flatMap((top) =>
  readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sh'))
    .map((file) => path.join(top, file)),
);

const { error, status } = spawnSync(
  'shellcheck',
  ['--shell=sh', `--exclude=${Object.keys(exceptions).join(',')}`, '--', ...files.sort()],
  { cwd: root, stdio: 'inherit' },
);
if (error === undefined) {
  process.exitCode = status ?? 1;
} else if ('code' in error && error.code === 'ENOENT') {
  console.log(
    `shellcheck is not installed, so ${files.length} shell files were not read (apt-get install shellcheck)`,
  );
} else {
  throw error;
}
