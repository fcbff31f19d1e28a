/**
 * Owns the parameters of the module `mount`, those among them that a line of fstab brings.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { templateFile, type TaskContext } from '../../core/module.js';
import { hostPath, normalizePath } from '../host/path.js';
import { parseFstab } from './fstab.js';

export const mountParams = z
  .strictObject({
    path: hostPath('the mount point; made (0755) where it is missing').optional(),
    entry: templateFile(
      'a template that renders to one line of fstab, which then says path, src, fstype, opts, dump and passno',
    ).optional(),
    src: z
      .string()
      .min(1)
      .optional()
      .describe('what is mounted: a device, `UUID=…`, a dataset, `host:/export`'),
    fstype: z
      .string()
      .regex(/^[a-z0-9._]+$/)
      .optional()
      .describe('the type of the file system: `ext4`, `zfs`, `nfs`, `none` for a bind mount'),
    opts: z
      .string()
      .regex(/^\S*$/, 'must not hold spaces: options are separated by commas')
      .default('defaults')
      .describe('mount options as in fstab'),
    state: z
      .enum(['mounted', 'present', 'unmounted', 'absent', 'ephemeral'])
      .describe(
        'mounted: in fstab and mounted; present: in fstab; unmounted: not mounted, fstab as it is; absent: neither; ephemeral: mounted, fstab as it is',
      ),
    dump: z.int().min(0).default(0).describe('the fifth field of fstab'),
    passno: z.int().min(0).default(0).describe('the sixth field of fstab: the order of fsck at boot'),
    fstab: hostPath('the file').default('/etc/fstab'),
    backup: z.boolean().default(false).describe('keeps the old fstab beside the new one when it changes'),
    allow_nonempty: z
      .boolean()
      .default(false)
      .describe('mounts even where the folder holds files, which are then hidden'),
  })
  .refine((p) => (p.path === undefined) !== (p.entry === undefined), {
    message: 'give either a path or an entry',
    path: ['path'],
  })
  .refine((p) => p.entry === undefined || (p.src ?? p.fstype) === undefined, {
    message: 'with an entry, src and fstype come from its line',
    path: ['entry'],
  })
  .refine((p) => p.entry !== undefined || !needsSource(p.state) || p.src !== undefined, {
    message: 'this state needs a src',
    path: ['src'],
  })
  .refine((p) => p.entry !== undefined || !needsSource(p.state) || p.fstype !== undefined, {
    message: 'this state needs an fstype',
    path: ['fstype'],
  })
  .refine((p) => p.path === undefined || normalizePath(p.path) !== '/', {
    message: 'the root of the host is not mounted by a task',
    path: ['path'],
  });

/** The parameters, with what an entry says filled in. */
export type MountParams = z.output<typeof mountParams> & { readonly path: string };

export async function fillIn(p: z.output<typeof mountParams>, context: TaskContext): Promise<MountParams> {
  const { path, entry } = p;
  if (path !== undefined) return { ...p, path };
  if (entry === undefined) throw new ZrunError('internal', 'mount has neither path nor entry');
  const found = parseFstab(await context.renderTemplate(entry));
  const [line, ...more] = found;
  if (!line?.target.startsWith('/') || line.target === '/' || more.length > 0) {
    throw new ZrunError(
      'parameter-invalid',
      `${entry} must render to one line of fstab, not ${found.length}`,
      {
        hint: 'As in: /dev/zvol/tank/data /srv/data ext4 noatime,nofail 0 2',
      },
    );
  }
  const { source, target, fstype, options, dump, passno } = line;
  return { ...p, path: target, src: source, fstype, opts: options, dump, passno };
}

function needsSource(state: string): boolean {
  return state === 'mounted' || state === 'present' || state === 'ephemeral';
}
