/** Owns `stat`: what is at a path. Changes nothing, and answers in check mode from what earlier tasks would leave. */
import * as z from 'zod';
import { defineModule, type TaskContext } from '../../core/module.js';
import { Unknown, type Value, type ValueMap } from '../../core/value.js';
import { fileProbe } from '../host/file.js';
import { formatMode, type FileState } from '../host/file-state.js';
import { mountsAt, mountsProbe } from '../host/mountinfo.js';
import { hostPath, normalizePath } from '../host/path.js';

const known = z.strictObject({
  exists: z
    .boolean()
    .describe('Whether there is anything at the path; the other fields are there only if so.'),
  path: z.string().describe('The path that was looked at.'),
  isreg: z.boolean().optional().describe('A regular file.'),
  isdir: z.boolean().optional().describe('A directory.'),
  islnk: z.boolean().optional().describe('A symbolic link (with `follow: false`).'),
  isblk: z.boolean().optional().describe('A block device.'),
  ischr: z.boolean().optional().describe('A character device.'),
  isfifo: z.boolean().optional().describe('A named pipe.'),
  issock: z.boolean().optional().describe('A socket.'),
  ismount: z.boolean().optional().describe('Something is mounted exactly there.'),
  mode: z.string().optional().describe('Permissions in octal digits: "0644".'),
  uid: z.int().optional().describe("The owner's number."),
  gid: z.int().optional().describe("The group's number."),
  pw_name: z.string().optional().describe("The owner's name."),
  gr_name: z.string().optional().describe("The group's name."),
  size: z.int().optional().describe('Bytes, for a regular file.'),
  mtime: z.int().optional().describe('When its content last changed, in seconds since 1970.'),
  nlink: z.int().optional().describe('Hard links.'),
  checksum: z.string().optional().describe('The SHA-256 in hex, for a regular file that can be read.'),
  lnk_target: z.string().optional().describe('Where a link points to, as it has it.'),
  lnk_source: z.string().optional().describe('Where a link ends: an absolute path.'),
});

export const stat = defineModule({
  name: 'stat',
  summary: 'Look at what is at a path',
  aliases: { path: ['dest', 'name'] },
  params: z.strictObject({
    path: hostPath('The path to look at.'),
    follow: z.boolean().default(false).describe('Of a link, looks at what is at its end.'),
    get_checksum: z.boolean().default(true).describe('Reads a regular file for its SHA-256.'),
  }),
  freeForm: 'path',
  returns: z.strictObject({ stat: known.describe('What was found.') }),
  examples: [
    {
      title: 'Decide by whether a file is there',
      task: `
stat:
  path: '{{tmp}}/daemon.json'
register: daemon_json`,
      needs: 'nothing',
      before: 'echo {} >"$tmp/daemon.json"',
      after: 'test -f "$tmp/daemon.json"',
    },
  ],
  async plan(read, { path, follow, get_checksum }, context) {
    const [found, mounts] = await Promise.all([
      read(fileProbe(path, { checksum: get_checksum })),
      read(mountsProbe()),
    ]);
    const file = follow && found.type === 'link' ? found.resolved : found;
    const at = follow && found.type === 'link' ? (found.path ?? path) : normalizePath(path);
    if (file.type === 'absent') {
      return { change: 'none', reason: 'not there', result: { stat: { exists: false, path } } };
    }
    const ismount =
      file.type === 'directory' || file.type === 'file' ? mountsAt(mounts, at).length > 0 : false;
    return {
      change: 'none',
      reason: 'there',
      result: { stat: { exists: true, path, ismount, ...describe(file, context) } },
    };
  },
});

function describe(file: Exclude<FileState, { type: 'absent' }>, context: TaskContext): ValueMap {
  const orUnknown = (value: number | undefined): Value => value ?? new Unknown(context.task);
  return {
    isreg: file.type === 'file',
    isdir: file.type === 'directory',
    islnk: file.type === 'link',
    isblk: file.type === 'block',
    ischr: file.type === 'character',
    isfifo: file.type === 'fifo',
    issock: file.type === 'socket',
    mode: formatMode(file.mode),
    uid: file.uid,
    gid: file.gid,
    pw_name: file.owner,
    gr_name: file.group,
    mtime: orUnknown(file.mtime),
    nlink: orUnknown(file.links),
    ...(file.type === 'file' && {
      size: file.size,
      ...(file.sha256 !== undefined && { checksum: file.sha256 }),
    }),
    ...(file.type === 'link' && {
      lnk_target: file.target,
      ...(file.path !== undefined && { lnk_source: file.path }),
    }),
  };
}
