/**
 * Owns what of a run can be watched from elsewhere, and that it costs nothing where nobody asked: numbers in a file
 * (`--metrics`), traces where the environment names a collector of OpenTelemetry.
 */
import path from 'node:path';
import type { Reporter } from '../../report/reporter.js';
import { isTraced, openTraces } from '../../report/telemetry/open-traces.js';
import type { RunCommand } from '../run-options.js';
import type { Environment } from '../environment.js';
import { unwritable } from '../../core/local-files.js';

/** `warn`: before the run, during it and when it is over. Throws ZrunError `usage`. */
export async function openTelemetry(
  command: RunCommand,
  environment: Environment,
  warn: (message: string) => void,
): Promise<readonly Reporter[]> {
  const reporters: Reporter[] = [];
  if (command.metrics !== undefined) reporters.push(await openMetrics(command.metrics, environment, warn));
  if (isTraced(environment.env)) {
    const { env, version } = environment;
    const traces = await openTraces({ env, version, warn });
    if (traces) reporters.push(traces);
  }
  return reporters;
}

/** Throws ZrunError `usage` where the file cannot be written: better now than when hosts are under way. */
async function openMetrics(
  name: string,
  { cwd }: Environment,
  warn: (message: string) => void,
): Promise<Reporter> {
  const { createMetrics, tryMetrics } = await import('../../report/telemetry/metrics.js');
  const file = path.resolve(cwd, name);
  try {
    tryMetrics(file);
  } catch (error) {
    throw unwritable(name, error);
  }
  return createMetrics({ file, onTrouble: (error) => warn(unwritable(name, error).message) });
}
