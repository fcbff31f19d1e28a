/**
 * Owns how Docker's Engine API is spoken from a script on the host: `docker system dial-stdio` joins the API's socket to
 * standard input and output, with the rights of the task's user and nothing to be installed. Requests are HTTP/1.1, one
 * after another over one connection, without a version in their path: the daemon then answers in its newest one.
 * Knows nothing of what is asked. Sources: docs.docker.com/reference/api/engine, docker/cli dial_stdio.go, RFC 9112.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { Value } from '../../core/value.js';
import { textAt } from './info.js';
import { parseDockerJson, writeDockerJson } from './json.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/containers/web/json?size=1`: begins with a slash, already escaped. */
  readonly path: string;
  readonly body?: Value;
}

export interface ApiAnswer {
  readonly status: number;
  /** Undefined if there is none, or it is no JSON. */
  readonly body: Value | undefined;
  readonly text: string;
}

/** Statuses by which a script says that Docker cannot be asked: api.sh has the first two. */
export const apiStatus = { noDocker: 71, notRunning: 72, cut: 73 } as const;

/**
 * `talk`, `get PATH` and `get_last PATH`, for a script that speaks to Docker. They end the script where Docker is not there
 * or does not run.
 */
export function apiFunctions(): ShellText {
  return shellFile('modules/docker/api.sh');
}

/** Bytes of answers that one script may write; what is longer is no answer that zrun can use. */
const answerLimit = 64 * 1024 * 1024;

/** Ends the output of a script: runs a command that talks, cuts what is too long, and keeps its exit status. */
export function limited(command: ShellText, limit = answerLimit): ShellText {
  return sh`{ ${command}; echo "$?" >"$t/status"; } | head -c ${limit}
exit "$(cat "$t/status")"`;
}

/** A script that sends its standard input to Docker. */
export function exchangeScript(): ShellText {
  return lines(apiFunctions(), limited(sh`talk`));
}

/** What `exchangeScript` needs on its standard input. */
export function writeRequests(requests: readonly ApiRequest[]): Buffer {
  return Buffer.concat(
    requests.map(({ method, path, body }, i) => {
      const content = body === undefined ? Buffer.alloc(0) : Buffer.from(writeDockerJson(body));
      const head = [
        `${method} ${path} HTTP/1.1`,
        'Host: docker',
        ...(body === undefined ? [] : ['Content-Type: application/json']),
        ...(method === 'GET' ? [] : [`Content-Length: ${content.length}`]),
        ...(i === requests.length - 1 ? ['Connection: close'] : []),
      ];
      return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content]);
    }),
  );
}

/** The answers to an exchange, in the order of its requests. Throws `task-failed` where there are fewer. */
export function readAnswers(output: Output, count: number): readonly ApiAnswer[] {
  refuseSilence(output);
  const answers = parseAnswers(output.stdout);
  if (answers.length < count) throw noAnswer(output, answers.length, count);
  return answers;
}

/** Throws where the script has said by its status that Docker cannot be asked. */
export function refuseSilence({ status }: Output): void {
  if (status === apiStatus.noDocker) {
    throw new ZrunError('task-failed', 'Docker is not installed: there is no `docker` in the PATH', {
      hint: 'This task needs the `docker` command line of Docker 18.09 or later.',
    });
  }
  if (status === apiStatus.notRunning) throw notRunning();
}

const notRunningMessage = 'Docker does not run';

function notRunning(stderr?: string): ZrunError {
  return new ZrunError('task-failed', notRunningMessage, {
    hint: '`systemctl start docker.service` starts it, `journalctl -u docker.service` tells why it does not.',
    stderr,
  });
}

/** A check that has only planned to start Docker knows better than to fail because of this one. */
export function saysNotRunning(error: unknown): boolean {
  return error instanceof ZrunError && error.message === notRunningMessage;
}

export function noAnswer({ stderr, status }: Output, answered: number, count: number): ZrunError {
  const said = stderr.toString().trim();
  if (/permission denied/i.test(said)) {
    return new ZrunError('task-failed', 'the task may not speak to Docker', {
      hint: 'Does it need `become: true`?',
      stderr: said,
    });
  }
  if (/cannot connect to the docker daemon|is the docker daemon running/i.test(said)) {
    return notRunning(said);
  }
  if (/'system' is not a docker command|unknown command|dial-stdio/i.test(said) && answered === 0) {
    return new ZrunError('task-failed', 'the `docker` command line cannot pass on what is said to it', {
      hint: '`docker system dial-stdio` is there since Docker 18.09.',
      stderr: said,
    });
  }
  return new ZrunError(
    'task-failed',
    `Docker has answered ${answered} of ${count} requests and closed the connection`,
    {
      hint: 'Was it stopped meanwhile? `journalctl -u docker.service` on the host tells.',
      command: 'docker system dial-stdio',
      status,
      stderr: said,
    },
  );
}

/** Every whole answer in these bytes. One that was cut off at the end is left out. */
export function parseAnswers(bytes: Buffer): readonly ApiAnswer[] {
  const answers: ApiAnswer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', offset);
    if (end < 0) break;
    const head = bytes.toString('latin1', offset, end).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head[0] ?? '')?.[1]);
    if (!Number.isInteger(status)) throw notHttp(bytes, offset);
    offset = end + 4;
    // An interim answer: the real one follows.
    if (status < 200) continue;
    const body = readBody(bytes, offset, status, head.slice(1));
    if (!body) break;
    offset = body.end;
    const text = body.content.toString('utf8');
    answers.push({ status, text, body: text.trim() === '' ? undefined : parseDockerJson(text) });
  }
  return answers;
}

function readBody(
  bytes: Buffer,
  start: number,
  status: number,
  head: readonly string[],
): { readonly content: Buffer; readonly end: number } | undefined {
  const header = (name: string): string | undefined =>
    head
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (status === 204 || status === 304) return { content: Buffer.alloc(0), end: start };
  if (header('transfer-encoding')?.toLowerCase() === 'chunked') return readChunks(bytes, start);
  const length = header('content-length');
  // Neither: the connection's end is the body's end (RFC 9112, 6.3).
  if (length === undefined) return { content: bytes.subarray(start), end: bytes.length };
  const end = start + Number(length);
  return end > bytes.length ? undefined : { content: bytes.subarray(start, end), end };
}

/** Chunks and the trailer behind them; undefined where they do not end. */
function readChunks(
  bytes: Buffer,
  start: number,
): { readonly content: Buffer; readonly end: number } | undefined {
  const chunks: Buffer[] = [];
  let offset = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', offset);
    if (lineEnd < 0) return undefined;
    const size = parseInt(bytes.toString('latin1', offset, lineEnd), 16);
    if (!Number.isInteger(size)) throw notHttp(bytes, offset);
    offset = lineEnd + 2;
    if (size === 0) break;
    if (offset + size + 2 > bytes.length) return undefined;
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size + 2;
  }
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', offset);
    if (lineEnd < 0) return undefined;
    const isEmpty = lineEnd === offset;
    offset = lineEnd + 2;
    if (isEmpty) return { content: Buffer.concat(chunks), end: offset };
  }
}

function notHttp(bytes: Buffer, offset: number): ZrunError {
  return new ZrunError('output-unexpected', "what came over Docker's connection is not HTTP", {
    hint: 'Does the `docker` command print something of its own, or is it a wrapper?',
    stdout: bytes.toString('utf8', offset, offset + 500),
  });
}

export function isGood({ status }: ApiAnswer): boolean {
  return status < 400;
}

/** What Docker says of a request that it refused, in its own words. */
export function complaintOf({ body, text, status }: ApiAnswer): string {
  return textAt(body, 'message') ?? (text.trim() === '' ? `status ${status}` : text.trim().slice(0, 500));
}
