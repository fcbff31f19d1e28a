/**
 * Owns `fetch`: a file of the host on the controller, in a folder of the host's own. The host is only read; its content
 * goes into the file and nowhere else.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Controller, type Plan, type TaskContext } from '../../core/module.js';
import type { Probe, ProbeKind, Read } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import { fileProbe } from '../host/file.js';
import { describeType, type FileState, type RegularFile } from '../host/file-state.js';
import { baseName, hostPath, joinPath, normalizePath, parentOf } from '../host/path.js';

const params = z.strictObject({
  src: hostPath('The file on the host; a link is followed. For whole directories there is `rsync`.'),
  dest: z
    .string()
    .min(1)
    .describe(
      'A folder on the controller, made where it is not there, relative to the playbook unless absolute: the file ' +
        'becomes DEST/HOST/SRC.',
    ),
  flat: z
    .boolean()
    .default(false)
    .describe('`dest` is the file itself, or, where it ends with /, the folder that gets it under its name.'),
  fail_on_missing: z
    .boolean()
    .default(true)
    .describe('False: where there is no file that can be read, nothing is done.'),
  validate_checksum: z
    .boolean()
    .default(true)
    .describe('Fails where the file changed on the host while it was fetched.'),
});

type Params = z.output<typeof params>;

interface Detail {
  readonly local: string;
  readonly file: RegularFile;
  readonly source: string;
  readonly read: Read;
}

export const fetch = defineModule({
  name: 'fetch',
  summary: 'Copy a file of the host to the controller',
  params,
  returns: z.strictObject({
    dest: z.string().optional().describe('The file on the controller, where there is one.'),
    src: z.string().describe('The file on the host, links followed.'),
    checksum: z.string().optional().describe('The SHA-256 of the content, in hex.'),
    size: z.int().optional().describe('Bytes.'),
    msg: z.string().optional().describe('Why nothing was fetched, with `fail_on_missing: false`.'),
  }),
  examples: [
    {
      title: 'A file of every host, in a folder for each',
      task: `
fetch:
  src: '{{tmp}}/os-release'
  dest: '{{tmp}}/fetched'`,
      needs: 'nothing',
      before: 'echo ID=debian >"$tmp/os-release"',
      after: `test "$(find "$tmp/fetched" -type f -exec cat {} +)" = ID=debian`,
    },
    {
      title: 'A file under a name of its own, if there is one',
      task: `
fetch:
  src: '{{tmp}}/crash.log'
  dest: '{{tmp}}/crash-of-web1.log'
  flat: true
  fail_on_missing: false`,
      needs: 'nothing',
      after: 'test ! -e "$tmp/crash-of-web1.log"',
    },
  ],
  async plan(read, params, context): Promise<Plan<Detail>> {
    const local = localPath(params, context);
    const [found, before] = await Promise.all([
      read(fileProbe(params.src, { checksum: true })),
      context.controller.hashFile(local),
    ]);
    const source = found.type === 'link' ? (found.path ?? params.src) : normalizePath(params.src);
    const file = found.type === 'link' ? found.resolved : found;
    if (file.type !== 'file' || isUnreadable(file)) return missing(source, file, params);
    const { size, sha256 = '' } = file;
    const result: ValueMap = { dest: local, src: source, checksum: sha256, size };
    if (before === sha256) return { change: 'none', reason: 'already fetched as it is', result };
    return {
      change: 'some',
      summary: `fetch ${source} to ${local}`,
      diff: [
        {
          type: 'fields',
          subject: `${local} on the controller`,
          fields: [
            {
              name: 'content',
              before: before && `sha256 ${before}`,
              after: `${size} bytes, sha256 ${sha256}`,
            },
          ],
        },
      ],
      // The host stays as it is.
      effects: [],
      // By the path that was given: where it leads may be another file's name by then (/proc/self).
      detail: { local, file, source: normalizePath(params.src), read },
      predicted: result,
    };
  },
  async apply(_write, { detail, predicted }, { validate_checksum }, { controller }) {
    await copyHere(detail, controller, validate_checksum);
    return predicted;
  },
});

function localPath({ src, dest, flat }: Params, { host, playbook }: TaskContext): string {
  const folder = dest.startsWith('/') || dest.startsWith('~/') ? dest : joinPath(parentOf(playbook), dest);
  if (flat) return dest.endsWith('/') ? joinPath(folder, baseName(src)) : folder;
  // An inventory's name is one folder, whatever is in it.
  const name = host.replaceAll('/', '_').replace(/^\.+$/, '_');
  return joinPath(folder, joinPath(name, normalizePath(src)));
}

/** A file that a check has only predicted has no number, and perhaps no checksum, yet. */
function isUnreadable({ sha256, id }: RegularFile): boolean {
  return sha256 === undefined && id !== undefined;
}

function missing(source: string, file: FileState, { fail_on_missing }: Params): Plan<Detail> {
  const what =
    file.type === 'absent'
      ? `there is no file ${source}`
      : file.type === 'file'
        ? `${source} cannot be read`
        : `${source} is ${describeType(file)}, not a file`;
  if (!fail_on_missing) return { change: 'none', reason: what, result: { src: source, msg: what } };
  throw new ZrunError('task-failed', what, {
    hint:
      file.type === 'file'
        ? 'Does the task need `become: true`?'
        : 'With `fail_on_missing: false` the task passes over it.',
  });
}

const MiB = 1024 * 1024;
/** What travels in one exchange, and is held in memory. */
const pieceMiB = 16;

const pieceKind: ProbeKind<Uint8Array> = { kind: 'file-piece' };

/** A piece of a file; shorter than a whole one only at its end. */
function pieceProbe(path: string, index: number, isSmall: boolean): Probe<Uint8Array> {
  return {
    of: pieceKind,
    key: `${path}#${index}`,
    // dd goes straight to its place in a large file; of what /proc has, it would miss a part.
    script: isSmall
      ? sh`cat <${path}`
      : sh`dd if=${path} bs=${MiB} skip=${index * pieceMiB} count=${pieceMiB} 2>/dev/null`,
    parse({ stdout, stderr, status }) {
      if (status === 0) return stdout;
      throw new ZrunError('command-failed', `${path} cannot be read any more`, {
        status,
        stderr: stderr.toString(),
      });
    },
  };
}

async function copyHere(
  { local, file, source, read }: Detail,
  controller: Controller,
  isChecked: boolean,
): Promise<void> {
  const isSmall = file.size < pieceMiB * MiB;
  const hash = createHash('sha256');
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let index = 0; ; index++) {
      const piece = await read(pieceProbe(source, index, isSmall));
      hash.update(piece);
      yield piece;
      if (isSmall || piece.length < pieceMiB * MiB) break;
    }
    // Before it takes the old one's place.
    if (!isChecked || hash.digest('hex') === file.sha256) return;
    throw new ZrunError('task-failed', `${source} changed on the host while it was fetched`, {
      hint: `${local} is as it was. Run the task again, or give it \`validate_checksum: false\` for a file that always changes.`,
    });
  }
  await controller.writeFile(local, pieces());
}
