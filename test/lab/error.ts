// Owns how the lab says that something is wrong: what happened, and what to do about it.

export class LabError extends Error {
  override readonly name = 'LabError';
  constructor(
    message: string,
    /** What the reader can do now. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
