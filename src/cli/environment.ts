/**
 * Owns what the command line is handed of the process that it runs in. Everything in `cli` works through this, so that
 * a test can be the process.
 */
import type { StopSignal } from '../core/events.js';

export type { StopSignal };

/** An output that may be a terminal. */
interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Environment {
  /** Without node and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly cwd: string;
  readonly homeFolder: string;
  /** The folder that holds zrun's own `playbooks` and `templates`. Throws what node:fs throws. */
  readonly ownFolder: () => string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Hands over every signal that asks for an end, in place of dying of it. Returns what undoes that. */
  onStopSignal(listener: (signal: StopSignal) => void): () => void;
  /** From here on a run is what counts: an output that cannot be written does not decide the exit code any more. */
  outliveOutput(): void;
  /** Ends the process where it stands. Only for the user's second Ctrl-C. */
  exitNow(code: number): never;
}
