/**
 * Owns the exit codes of `zrun`.
 */

/** Every exit code, as `zrun --help` shows them. */
export const exitCodes = {
  ok: 0,
  /** A bug, or trouble of the controller's own. */
  internal: 1,
  failed: 2,
  unreachable: 3,
  /** The command line, inventory or playbook is wrong; nothing was touched. */
  input: 4,
  unknown: 5,
  /** With --detailed-exitcode. */
  changed: 6,
  interrupted: 130,
} as const;
