/** Owns which input is the n-th of a seed: each can be made by itself. */
import { createRandom, seedOf } from './random.js';
import type { Target } from './targets.js';

interface Input {
  readonly target: Target;
  readonly text: string;
}

export function inputOf(targets: readonly Target[], seed: number, index: number): Input {
  const random = createRandom(seedOf(seed, index));
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let rest = random.int(total);
  const target = targets.find(({ weight }) => (rest -= weight) < 0);
  if (!target) throw new RangeError('no target');
  return { target, text: target.make(random) };
}

/** What happened to one input: nothing, or the error that must not be. */
export async function tryInput({ target, text }: Input): Promise<Error | undefined> {
  try {
    await target.run(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Two failures are the same where they come from the same line of zrun, or break the same rule. */
export function kindOf(error: Error): string {
  if (error.name === 'Violation') {
    return `Violation ${error.message
      .replace(/\d+/g, 'N')
      .replace(/(['"`]).*?\1/gs, 'Q')
      .slice(0, 60)}`;
  }
  return `${error.name} ${/\n\s+at .*?([^\s()/]+\/[^\s()/]+:\d+):\d+/.exec(error.stack ?? '')?.[1] ?? error.message}`;
}
