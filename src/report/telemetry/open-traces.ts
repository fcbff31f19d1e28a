/**
 * Owns whether a run is traced at all, which the environment says as it does for all programs that speak OpenTelemetry
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). What cannot be done is a warning: the variables may have
 * been set for other programs, and the run is what counts.
 */
import type { Reporter } from '../reporter.js';
import type { CollectorOptions } from './otlp.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** Milliseconds that a collector may keep a run waiting at its end. */
const limitMs = 2000;

interface TracesOptions {
  readonly env: Variables;
  readonly version: string;
  /** Told before the run, and when it is over. */
  readonly warn: (message: string) => void;
}

/** As the specification has it, an empty variable is none. */
function read(env: Variables, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== '');
}

export function isTraced(env: Variables): boolean {
  if (read(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
  if (read(env, 'OTEL_TRACES_EXPORTER') === 'none') return false;
  return read(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined;
}

/** Undefined where no traces can be sent, which was said then. Never rejects. */
export async function openTraces({ env, version, warn }: TracesOptions): Promise<Reporter | undefined> {
  const endpoint = read(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT') ?? '';
  const protocol =
    read(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  try {
    const name = nameOf(endpoint);
    if (!isProtocol(protocol))
      throw new Error(
        `OTEL_EXPORTER_OTLP_PROTOCOL is '${protocol}'; zrun speaks http/protobuf and http/json`,
      );
    const [{ createCollector }, { createTraces }] = await Promise.all([
      import('./otlp.js'),
      import('./traces.js'),
    ]);
    const collector = await createCollector({ protocol, env, version, limitMs });
    return createTraces(collector, ({ ended, sent, reason = 'nobody knows why' }) => {
      if (sent < ended) warn(`${ended - sent} of ${ended} spans did not reach ${name}: ${reason}`);
    });
  } catch (error) {
    warn(`no traces are sent: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function isProtocol(protocol: string): protocol is CollectorOptions['protocol'] {
  return protocol === 'http/protobuf' || protocol === 'http/json';
}

/** Without what may be a password. Throws where it is no address. */
function nameOf(endpoint: string): string {
  const { protocol, host } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '', host: '' };
  if (protocol === 'http:' || protocol === 'https:') return `${protocol}//${host}`;
  throw new Error('the endpoint of OpenTelemetry is no address of http or https');
}
