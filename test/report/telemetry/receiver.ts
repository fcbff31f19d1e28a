/**
 * Owns a collector of traces for tests: it takes OTLP over HTTP on loopback, in JSON and in protobuf
 * (https://github.com/open-telemetry/opentelemetry-proto, trace.proto), and keeps the spans that came.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its message, where it is an error. */
  readonly failure: string | undefined;
}

export interface Receiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Everything that was sent, as it came. */
  readonly text: string;
  close(): Promise<void>;
}

/** `answer`: what it does once it has read a request; takes everything when left out. */
export async function startReceiver(
  answer: (response: ServerResponse) => void = (response) => response.end(),
): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let text = '';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, url = '' } = request;
      const sent = Buffer.concat(chunks);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      requests.push({ path: url, headers });
      text += body.toString('latin1');
      const isJson = headers['content-type'] === 'application/json';
      spans.push(...(isJson ? readJson(body) : readProtobuf(body)));
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address of this shape.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    get text() {
      return text;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface JsonSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: Readonly<Record<string, string | number | boolean>>;
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

function readJson(body: Buffer): readonly ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body.toString()) as JsonRequest;
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: Object.fromEntries(
          (span.attributes ?? []).map(({ key, value }) => [key, String(Object.values(value)[0])]),
        ),
        failure: span.status?.code === 2 ? (span.status.message ?? '') : undefined,
      })),
    ),
  );
}

// --- protobuf: fields by their numbers ------------------------------------------------------------------------------

type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

/** https://protobuf.dev/programming-guides/encoding/ */
function readFields(bytes: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    const length = kind === 2 ? Number(varint()) : kind === 1 ? 8 : 4;
    const value = kind === 0 ? varint() : bytes.subarray(at, (at += length));
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

function parts(fields: Fields, number: number): readonly Buffer[] {
  return (fields.get(number) ?? []).filter((each) => typeof each !== 'bigint');
}

const textOf = (fields: Fields, number: number): string => parts(fields, number)[0]?.toString() ?? '';

function readProtobuf(body: Buffer): readonly ReceivedSpan[] {
  return parts(readFields(body), 1).flatMap((resourceSpans) =>
    parts(readFields(resourceSpans), 2).flatMap((scopeSpans) =>
      parts(readFields(scopeSpans), 2).map((span) => readSpan(readFields(span))),
    ),
  );
}

function readSpan(span: Fields): ReceivedSpan {
  const hex = (number: number): string => parts(span, number)[0]?.toString('hex') ?? '';
  const time = (number: number): bigint => parts(span, number)[0]?.readBigUInt64LE() ?? 0n;
  const status = readFields(parts(span, 15)[0] ?? Buffer.alloc(0));
  return {
    name: textOf(span, 5),
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4) === '' ? undefined : hex(4),
    start: time(7),
    end: time(8),
    attributes: Object.fromEntries(
      parts(span, 9).map((pair) => {
        const fields = readFields(pair);
        const value = readFields(parts(fields, 2)[0] ?? Buffer.alloc(0));
        const first = [...value.values()][0]?.[0];
        return [textOf(fields, 1), typeof first === 'bigint' ? String(first) : (first?.toString() ?? '')];
      }),
    ),
    failure: status.get(3)?.[0] === 2n ? textOf(status, 2) : undefined,
  };
}
