/**
 * Owns the module `daemon_json`: Docker's configuration file with settings merged in and keys taken out, everything
 * else of the user's kept. Does not restart Docker.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, templateFile, type Plan } from '../../core/module.js';
import type { Value, ValueMap } from '../../core/value.js';
import { editDaemonJson, readDaemonJson } from './daemon-json-edit.js';
import { applyFileContent, lookAtFile, planFileContent, type FileChange } from '../files/file-content.js';
import { hostPath } from '../host/path.js';

const json: z.ZodType<Value> = z.json();

const params = z.strictObject({
  path: hostPath('the file').default('/etc/docker/daemon.json'),
  settings: z
    .record(z.string(), json)
    .default({})
    .describe('merged into what is there: a map into a map, anything else takes the old value’s place'),
  src: templateFile('a template that renders to a JSON object: settings too, before `settings`').optional(),
  remove: z
    .array(z.union([z.string(), z.array(z.string()).min(1)]))
    .default([])
    .describe('keys to take out; a list is a path: `[features, containerd-snapshotter]`'),
  remove_storage_opts: z
    .array(z.string())
    .default([])
    .describe(
      'entries of `storage-opts` to take out, `*` for any text: `zfs.*`. The key goes with its last entry',
    ),
  backup: z.boolean().default(false).describe('keeps the old file beside the new one when it changes'),
  validate: z
    .boolean()
    .default(true)
    .describe(
      'has dockerd look at the new file before it takes the old one’s place, where it can (from 23.0)',
    ),
});

interface Detail {
  readonly file: FileChange;
}

/** 20.10 and before do not know the flag; a host without dockerd has nothing to ask. */
const validation = `sh -c 'command -v dockerd >/dev/null 2>&1 || exit 0
said=$(dockerd --validate --config-file "$1" 2>&1) && exit 0; status=$?
case $said in *"unknown flag"*) exit 0 ;; esac
printf "%s\\n" "$said"; exit "$status"' sh %s`;

export const daemonJson = defineModule({
  name: 'daemon_json',
  summary: "Set keys in Docker's daemon.json and keep the rest",
  params,
  returns: z.object({
    path: z.string().describe('the file'),
    content: z.record(z.string(), z.unknown()).describe('what it says now'),
    existed: z.boolean().describe('whether there was a file before'),
    backup_file: z.string().nullable().describe('where the old file was kept, with backup: true'),
  }),
  examples: [
    {
      title: 'overlay2, and no options of the zfs driver',
      needs: 'nothing',
      task: `
daemon_json:
  path: '{{tmp}}/daemon.json'
  settings:
    storage-driver: overlay2
    log-opts: {max-file: '3'}
  remove_storage_opts: ['zfs.*', 'size=*']`,
      before: `cat >"$tmp/daemon.json" <<'END'
{
	"labels": ["site=lab"],
	"storage-opts": ["zfs.fsname=tank/docker"],
	"log-opts": {"max-size": "10m"}
}
END`,
      after: `[ "$(cat "$tmp/daemon.json")" = '{
	"labels": ["site=lab"],
	"log-opts": {"max-size": "10m", "max-file": "3"},
	"storage-driver": "overlay2"
}' ]`,
    },
  ],
  async plan(read, p, context): Promise<Plan<Detail>> {
    const template = p.src === undefined ? {} : readDaemonJson(await context.renderTemplate(p.src), p.src);
    const sight = await lookAtFile(read, { path: p.path });
    const { file } = sight;
    const text =
      file.type === 'file' && file.content ? Buffer.from(file.content).toString('utf8') : undefined;
    if (file.type !== 'absent' && text === undefined) {
      throw new ZrunError('task-failed', `${p.path} cannot be read as a file`, {
        hint: 'Does the task need become: true?',
      });
    }
    const edited = editDaemonJson(
      text,
      {
        settings: { ...template, ...p.settings },
        remove: p.remove.map((key) => (typeof key === 'string' ? [key] : key)),
        removeStorageOpts: p.remove_storage_opts,
      },
      p.path,
    );
    const result: ValueMap = {
      path: p.path,
      content: readDaemonJson(edited, p.path),
      existed: file.type !== 'absent',
      backup_file: null,
    };
    if (edited === (text ?? '')) return { change: 'none', reason: 'already says so', result };
    const plan = planFileContent(sight, {
      content: Buffer.from(edited),
      isEdited: true,
      backup: p.backup,
      validate: p.validate ? validation : undefined,
    });
    if (plan.change === 'none') return { ...plan, result };
    return { ...plan, detail: { file: plan.detail }, predicted: result };
  },
  async apply(write, { detail, predicted }, p) {
    try {
      const { backupFile } = await applyFileContent(write, detail.file);
      return { ...predicted, backup_file: backupFile ?? null };
    } catch (error) {
      if (!(error instanceof ZrunError) || error.code !== 'task-failed') throw error;
      throw new ZrunError('task-failed', `dockerd would not start with the new ${p.path}`, {
        hint: `The file is as it was. A key in it is one that this version of Docker does not know or take.`,
        command: 'dockerd --validate --config-file …',
        status: error.problem.status,
        stderr: error.problem.stderr,
        cause: error,
      });
    }
  },
});
