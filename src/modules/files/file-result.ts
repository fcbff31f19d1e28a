/** Owns what the modules that make files return of them, so that `register` reads the same after each. */
import * as z from 'zod';
import type { ValueMap } from '../../core/value.js';
import { formatMode, type Inode, type RegularFile } from '../host/file-state.js';

export const inodeReturns = {
  mode: z.string().describe('Its permissions in octal digits: "0644".'),
  owner: z.string().describe("Its owner's name; UNKNOWN where the host has none for the number."),
  group: z.string().describe("Its group's name."),
  uid: z.int().describe("Its owner's number."),
  gid: z.int().describe("Its group's number."),
};

export function inodeResult({ mode, owner, group, uid, gid }: Inode): ValueMap {
  return { mode: formatMode(mode), owner, group, uid, gid };
}

export const writtenReturns = z.strictObject({
  dest: z.string().describe('The file that has the content, links followed.'),
  checksum: z.string().describe('The SHA-256 of the content, in hex.'),
  size: z.int().describe('Bytes.'),
  ...inodeReturns,
  backup_file: z.string().optional().describe('Where the old file was kept, with `backup` and a change.'),
});

export function writtenResult(dest: string, file: RegularFile): ValueMap {
  return { dest, checksum: file.sha256 ?? '', size: file.size, ...inodeResult(file) };
}
