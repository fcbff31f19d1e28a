/** Owns the functions for paths of a host, and for versions. */
import path from 'node:path';
import type { Value } from '../../core/value.js';
import { FunctionError, toText, type FunctionEntry } from './function.js';

const topic = 'paths';

export const pathFunctions: readonly FunctionEntry[] = [
  {
    name: 'basename',
    topic,
    summary: "a path's last part",
    signatures: ['basename(path: string): string'],
    examples: [
      { text: 'basename("/etc/fstab")', gives: 'fstab' },
      { text: '{{basename "/etc/fstab"}}', gives: 'fstab' },
    ],
    filters: ['basename'],
    apply: (value) => path.posix.basename(toText(value)),
  },
  {
    name: 'dirname',
    topic,
    summary: 'a path without its last part',
    signatures: ['dirname(path: string): string'],
    examples: [{ text: 'dirname("/etc/fstab")', gives: '/etc' }],
    filters: ['dirname'],
    apply: (value) => path.posix.dirname(toText(value)),
  },
  {
    name: 'extname',
    topic,
    summary: "what a file's name ends in, with its dot, or an empty text",
    signatures: ['extname(path: string): string'],
    examples: [{ text: 'extname("/a/b.tar.gz")', gives: '.gz' }],
    filters: ['splitext'],
    apply: (value) => path.posix.extname(toText(value)),
  },
  {
    name: 'joinPath',
    topic,
    summary: 'parts as one path, in its shortest form',
    signatures: ['joinPath(...parts: string): string'],
    examples: [
      { text: 'joinPath("/srv", "app/", "../x")', gives: '/srv/x' },
      { text: '{{joinPath "/srv" "app"}}', gives: '/srv/app' },
    ],
    filters: ['path_join'],
    apply: (...parts) => path.posix.join(...parts.map(toText)),
  },
  {
    name: 'normalizePath',
    topic,
    summary: 'a path without what leads nowhere: //, /./ and /x/../',
    signatures: ['normalizePath(path: string): string'],
    examples: [{ text: 'normalizePath("/a//b/../c")', gives: '/a/c' }],
    filters: ['normpath'],
    apply: (value) => path.posix.normalize(toText(value)),
  },
  {
    name: 'relativePath',
    topic,
    summary: 'the way from a folder to a path; both begin with /',
    signatures: ['relativePath(path: string, from: string): string'],
    examples: [{ text: 'relativePath("/a/b/c", "/a/x")', gives: '../b/c' }],
    filters: ['relpath'],
    precheck: (...paths) => {
      for (const each of paths) if (each !== undefined) demandAbsolute(toText(each));
    },
    apply(value, from) {
      const [to, start] = [toText(value), toText(from)];
      for (const each of [to, start]) demandAbsolute(each);
      return path.posix.relative(start, to);
    },
  },
];

function demandAbsolute(path: string): void {
  if (!path.startsWith('/')) throw new FunctionError(`'${path}' does not begin with /`);
}

export const versionFunctions: readonly FunctionEntry[] = [
  {
    name: 'versionAtLeast',
    topic: 'versions',
    summary: 'whether a version is a certain one or a later one; what follows the numbers does not count',
    signatures: ['versionAtLeast(version: string, least: string): bool'],
    examples: [
      { text: 'versionAtLeast("2.1.11-1~bpo12", "2.1.7")', gives: true },
      { text: '{{versionAtLeast "20.10" "23"}}', gives: false },
    ],
    precheck: tryVersions,
    apply: (version, least) => compareVersions(toText(version), toText(least)) >= 0,
  },
  {
    name: 'versionCompare',
    topic: 'versions',
    summary: '-1 for an earlier version than another one, 1 for a later one, 0 for the same',
    signatures: ['versionCompare(version: string, other: string): int'],
    examples: [{ text: 'versionCompare("1.9", "1.10") < 0', gives: true }],
    filters: ['version', 'version_compare'],
    precheck: tryVersions,
    apply: (version, other) => compareVersions(toText(version), toText(other)),
  },
];

function tryVersions(...versions: readonly (Value | undefined)[]): void {
  for (const each of versions) if (each !== undefined) numbersOf(toText(each));
}

/** Compares the numbers of dotted versions; what follows them (`-rc1`, `~bookworm`) does not count. */
function compareVersions(version: string, other: string): number {
  const [a, b] = [numbersOf(version), numbersOf(other)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  const [dotted] = /\d+(?:\.\d+)*/.exec(version) ?? [];
  if (dotted === undefined) throw new FunctionError(`'${version}' is not a version`);
  return dotted.split('.').map(Number);
}
