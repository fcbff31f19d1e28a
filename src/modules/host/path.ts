/**
 * Owns how paths on a host are written down, so that two tasks that mean the same file use the same key. Lexical only:
 * what is a link is the probes' affair.
 */
import path from 'node:path';
import * as z from 'zod';

/** Without doubled, trailing or dot parts: what probes and effects are keyed by. */
export function normalizePath(hostPath: string): string {
  const normal = path.posix.normalize(hostPath);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

export function parentOf(hostPath: string): string {
  return path.posix.dirname(hostPath);
}

export function baseName(hostPath: string): string {
  return path.posix.basename(hostPath);
}

export function joinPath(folder: string, name: string): string {
  return path.posix.join(folder, name);
}

/** From the top down, `/` left out and the path itself left out: `/a/b/c` gives `/a`, `/a/b`. */
export function ancestorsOf(hostPath: string): readonly string[] {
  const parts = hostPath.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
}

export function isBelow(hostPath: string, folder: string): boolean {
  return hostPath !== folder && hostPath.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** A parameter that holds an absolute path on the host. */
export function hostPath(description: string): z.ZodString {
  return z
    .string()
    .regex(/^\//, 'must be an absolute path: it starts with /')
    .refine((text) => !text.includes('\0'), 'a path cannot hold a NUL byte')
    .describe(description);
}
