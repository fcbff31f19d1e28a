/**
 * Owns the way to a collector: OpenTelemetry's SDK and its OTLP exporters, behind as little as traces.ts needs. Which
 * variables there are and what they mean is the SDK's: OTEL_EXPORTER_OTLP_*, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER. Knows
 * nothing of runs.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags, type Context, type Span } from '@opentelemetry/api';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface OpenSpan {
  /** Times are milliseconds since 1970. `failure`: why it is one. */
  end(at: number, more?: { readonly attributes?: Attributes; readonly failure?: string }): void;
}

export interface Collector {
  begin(span: {
    readonly name: string;
    readonly parent: OpenSpan | undefined;
    readonly start: number;
    readonly attributes: Attributes;
  }): OpenSpan;
  /** Sends what is left, and gives up when the limit is over: whatever is still open then is closed. Never rejects. */
  close(): Promise<Delivery>;
}

export interface Delivery {
  readonly ended: number;
  readonly sent: number;
  /** Why something was not sent, where that is known. */
  readonly reason: string | undefined;
}

export interface CollectorOptions {
  readonly protocol: 'http/protobuf' | 'http/json';
  /** The same variables that the SDK reads from its process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Milliseconds for sending one batch with all its retries, and for closing. */
  readonly limitMs: number;
}

/** Spans that wait for the collector. Beyond that they are lost: a collector that is slow costs no memory. */
const mostWaiting = 4096;

export async function createCollector({
  protocol,
  env,
  version,
  limitMs,
}: CollectorOptions): Promise<Collector> {
  const agents = await createAgents(env);
  const given = Number(env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] ?? env['OTEL_EXPORTER_OTLP_TIMEOUT']);
  const config = {
    timeoutMillis: given > 0 ? Math.min(given, limitMs) : limitMs,
    httpAgentOptions: (scheme: string): http.Agent => (scheme === 'https:' ? agents.https : agents.http),
    userAgent: `zrun/${version}`,
  };
  // The one that is used: each brings its own way to write spans.
  const { OTLPTraceExporter: Exporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  let [ended, sent] = [0, 0];
  let reason: string | undefined;
  const exporter = watchExporter(new Exporter(config), (count, error) => {
    if (error) reason = describeError(error);
    else sent += count;
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'zrun', 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [
      new BatchSpanProcessor(exporter, { maxQueueSize: mostWaiting, scheduledDelayMillis: 1000 }),
    ],
  });
  const tracer = provider.getTracer('zrun', version);
  const spans = new WeakMap<OpenSpan, Span>();
  const outside = contextOf(env['TRACEPARENT']);
  return {
    begin({ name, parent, start, attributes }) {
      // Made for each child: most spans have none.
      const above = parent && spans.get(parent);
      const around = above ? trace.setSpan(outside, above) : outside;
      const span = tracer.startSpan(name, { startTime: start, attributes }, around);
      const open: OpenSpan = {
        end(at, { attributes: more, failure } = {}) {
          if (more) span.setAttributes(more);
          if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
          if (span.isRecording()) ended++;
          span.end(at);
        },
      };
      spans.set(open, span);
      return open;
    },
    async close() {
      // A rejection says what the exporter has told already.
      const closed = provider.shutdown().catch(() => undefined);
      await withLimit(closed, limitMs);
      agents.http.destroy();
      agents.https.destroy();
      return {
        ended,
        sent,
        reason: reason ?? (sent < ended ? `no answer in ${limitMs / 1000} s` : undefined),
      };
    },
  };
}

/** Waits for whichever comes first. */
async function withLimit(done: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([done, limit]);
  clearTimeout(timer);
}

/**
 * Agents of our own, so that connections can be closed whatever the collector does. The exporter reads the certificates'
 * variables only for agents that it makes itself.
 */
async function createAgents(
  env: CollectorOptions['env'],
): Promise<{ readonly http: http.Agent; readonly https: https.Agent }> {
  const read = async (name: string): Promise<Buffer | undefined> => {
    const file = env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] ?? env[`OTEL_EXPORTER_OTLP_${name}`];
    return file === undefined || file === '' ? undefined : readFile(file);
  };
  const [ca, cert, key] = await Promise.all(['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'].map(read));
  return {
    http: new http.Agent({ keepAlive: true }),
    https: new https.Agent({ keepAlive: true, ca, cert, key }),
  };
}

function watchExporter(
  exporter: SpanExporter,
  onExported: (count: number, error: Error | undefined) => void,
): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        // These exporters give one with every failure.
        onExported(spans.length, result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** Node tells several addresses' failures as one error without a message. */
function describeError(error: Error): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(', ');
  const status = 'code' in error && typeof error.code === 'number' ? ` (status ${error.code})` : '';
  return `${error.message || error.name}${status}`;
}

/** Where the run itself is a step of something greater, as of a CI job: W3C Trace Context, in a variable. */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent?.trim() ?? '') ?? [];
  if (traceId === '' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  const traceFlags = parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
