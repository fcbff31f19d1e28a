/**
 * Owns how a run's results tell how long something was down. A playbook says it in a message of its own, as
 * `Docker was down for 12 seconds`: everything that shows downtime reads it here.
 */

interface Downtime {
  /** `Docker`, `Containers` */
  readonly what: string;
  readonly seconds: number;
}

const shape = /^(?<what>\S.{0,79}?) (?:was|were) down for (?<seconds>\d{1,9}(?:\.\d+)?) seconds?\.?$/;

/** Undefined where the message says something else. */
export function readDowntime(message: string | undefined): Downtime | undefined {
  const { what, seconds } = shape.exec(message ?? '')?.groups ?? {};
  return what === undefined ? undefined : { what, seconds: Number(seconds) };
}
