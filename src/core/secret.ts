/**
 * Owns secrets in memory: a value that prints as dots wherever it is printed by mistake.
 */

const hidden = new WeakMap<Secret, string>();

export class Secret {
  constructor(value: string) {
    hidden.set(this, value);
  }

  toString(): string {
    return '••••••';
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The one way to a secret's text: greppable, and called only where it is written to a host's standard input. */
export function reveal(secret: Secret): string {
  const value = hidden.get(secret);
  if (value === undefined) throw new TypeError('not a secret made by this process');
  return value;
}
