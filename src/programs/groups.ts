/**
 * Owns that no program which zrun has started on this machine outlives it. Each has a process group of its own, so that
 * Ctrl-C in the terminal reaches zrun alone; whichever way zrun ends then, but for SIGKILL, those that are still held end
 * with it. Whoever listens to signals ends them in good order before.
 */
import type { ChildProcess } from 'node:child_process';

interface HeldGroup {
  /** Ends the program, with all that it has started. */
  kill(): void;
  /** It has ended by itself: what it has left behind on purpose stays. */
  release(): void;
}

const held = new Set<number>();

/** `child`: started with `detached`. */
export function holdGroup({ pid }: ChildProcess): HeldGroup {
  // There is none where it could not be started.
  if (pid === undefined) return { kill: () => undefined, release: () => undefined };
  if (held.size === 0) watchEnd();
  held.add(pid);
  const release = (): void => {
    if (held.delete(pid) && held.size === 0) unwatchEnd();
  };
  return {
    kill() {
      if (held.has(pid)) killGroup(pid);
      release();
    },
    release,
  };
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function watchEnd(): void {
  process.on('exit', killAll);
  for (const signal of endings) process.on(signal, onSignal);
}

function unwatchEnd(): void {
  process.off('exit', killAll);
  for (const signal of endings) process.off(signal, onSignal);
}

/** Where nobody else listens, zrun dies of it, as it would have done. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.kill(process.pid, signal);
}

function killAll(): void {
  for (const pid of held) killGroup(pid);
  held.clear();
  unwatchEnd();
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
