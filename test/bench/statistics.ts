/** Owns the few numbers that are made of many: medians, and the order in which subjects take turns. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Runs every subject once a round, so that whatever else the machine does hits all of them alike. What one of them
 * throws ends it all.
 */
export async function takeTurns<T extends string, R>(
  rounds: number,
  subjects: Readonly<Record<T, () => Promise<R>>>,
  onTurn: (name: T, round: number) => void,
): Promise<Readonly<Record<T, readonly R[]>>> {
  const names = Object.keys(subjects) as T[];
  const results = Object.fromEntries(names.map((name) => [name, [] as R[]])) as Record<T, R[]>;
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      onTurn(name, round);
      results[name].push(await subjects[name]());
    }
  }
  return results;
}
