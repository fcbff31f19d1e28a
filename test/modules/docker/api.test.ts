import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { ZrunError } from '../../../src/core/errors.js';
import {
  apiStatus,
  complaintOf,
  exchangeScript,
  parseAnswers,
  readAnswers,
  refuseSilence,
  saysNotRunning,
  writeRequests,
} from '../../../src/modules/docker/api.js';
import { parseDockerJson, writeDockerJson } from '../../../src/modules/docker/json.js';
import { localRun } from '../harness.js';
import { standInForDocker, type DockerStandIn } from './stand-in.js';

const answer = (...lines: readonly string[]) => Buffer.from(lines.join('\r\n'));

describe('answers of the Engine API', () => {
  it('are told apart by their length, by chunks, or by nothing at all', () => {
    const bytes = Buffer.concat([
      answer('HTTP/1.1 200 OK', 'Content-Type: application/json', 'Content-Length: 8', '', '{"a":1}\n'),
      answer('HTTP/1.1 204 No Content', 'Server: Docker/20.10.24', '', ''),
      answer(
        'HTTP/1.1 200 OK',
        'Transfer-Encoding: chunked',
        '',
        '4',
        '{"b"',
        '4;x=y',
        ':"é',
        '2',
        '"}',
        '0',
        '',
        '',
      ),
      answer('HTTP/1.1 304 Not Modified', '', ''),
      answer('HTTP/1.1 100 Continue', '', ''),
      answer('HTTP/1.1 404 Not Found', 'content-length: 23', '', '{"message":"not there"}'),
    ]);
    const answers = parseAnswers(bytes);
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 204, 200, 304, 404]);
    expect(answers.map(({ body }) => body)).to.deep.equal([
      { a: 1 },
      undefined,
      { b: 'é' },
      undefined,
      { message: 'not there' },
    ]);
    expect(complaintOf(answers[4] ?? { status: 0, body: undefined, text: '' })).to.equal('not there');
  });

  it('are whole or not there: one that was cut off anywhere does not count', () => {
    const whole = answer('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '4', 'true', '0', '', '');
    const two = Buffer.concat([whole, whole]);
    for (let end = 0; end < two.length; end++) {
      expect(parseAnswers(two.subarray(0, end)).length, `cut at ${end}`).to.equal(end < whole.length ? 0 : 1);
    }
    expect(parseAnswers(two)).to.have.length(2);
  });

  it('keep numbers that JavaScript would round', () => {
    const text =
      '{"Hard":9223372036854775807,"Soft":-1,"t":"9223372036854775807","f":1.5,"n":[12345678901234567890]}';
    const value = parseDockerJson(text);
    expect(writeDockerJson(value ?? null)).to.equal(text);
    expect(parseDockerJson('{')).to.equal(undefined);
  });

  const silences = [
    [apiStatus.noDocker, '', /not installed/],
    [apiStatus.notRunning, '', /does not run/],
    [
      1,
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      /does not run/,
    ],
    [
      1,
      'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      /may not speak/,
    ],
    [1, "docker: 'system' is not a docker command.", /cannot pass on/],
    [0, '', /answered 0 of 1/],
  ] as const;
  for (const [status, stderr, message] of silences) {
    it(`explains why there are none: ${String(message)} (${status}, ${stderr.slice(0, 20)})`, () => {
      const output = { status, stderr: Buffer.from(stderr), stdout: Buffer.alloc(0) };
      expect(() => readAnswers(output, 1)).to.throw(ZrunError, message);
    });
  }

  it('tells a daemon that does not run from everything else', () => {
    try {
      refuseSilence({ status: apiStatus.notRunning, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
      expect.fail('nothing was refused');
    } catch (error) {
      expect(saysNotRunning(error)).to.equal(true);
    }
    expect(saysNotRunning(new Error('Docker does not run'))).to.equal(false);
  });
});

describe('the script that speaks to Docker', () => {
  let docker: DockerStandIn;
  const seen: string[] = [];
  const dropped: string[] = [];

  /** It takes its time. */
  before(async () => {
    docker = await standInForDocker((request, response) => {
      const body: Buffer[] = [];
      let isAnswered = false;
      request.on('data', (chunk: Buffer) => body.push(chunk));
      // What a daemon does with a request whose client has gone.
      request.socket.once('end', () => {
        if (!isAnswered) dropped.push(request.url ?? '');
      });
      request.on('end', () => {
        seen.push(`${request.method ?? ''} ${request.url ?? ''} ${Buffer.concat(body).toString()}`);
        setImmediate(() => {
          isAnswered = true;
          response.end(JSON.stringify({ url: request.url, long: 'x'.repeat(200_000) }));
        });
      });
    });
  });

  after(() => docker.stop());

  it('sends many requests over one connection and has every answer, in order', async () => {
    const requests = [
      { method: 'GET', path: '/containers/a%20b/json' },
      { method: 'POST', path: '/containers/create?name=x', body: { Name: 'é', Hard: 1 } },
      { method: 'POST', path: '/containers/x/start' },
      { method: 'GET', path: '/last' },
    ] as const;
    const output = await docker.run(exchangeScript(), writeRequests(requests));
    const answers = readAnswers(output, requests.length);
    expect(output.status, output.stderr.toString()).to.equal(0);
    expect(answers.map(({ body }) => (body as { url: string }).url)).to.deep.equal(
      requests.map((request) => request.path),
    );
    expect(seen).to.deep.equal([
      'GET /containers/a%20b/json ',
      'POST /containers/create?name=x {"Name":"é","Hard":1}',
      'POST /containers/x/start ',
      'GET /last ',
    ]);
    expect(dropped, 'requests whose client had gone').to.deep.equal([]);
  });

  it('says that there is no Docker on a host that has none', async () => {
    const shell = localRun(['env', `PATH=${docker.folder}/none`, '/bin/sh']);
    const output = await shell(exchangeScript(), writeRequests([{ method: 'GET', path: '/info' }]));
    expect(output.status).to.equal(apiStatus.noDocker);
  });

  it('leaves nothing behind', async () => {
    const tmp = await mkdtemp(path.join(docker.folder, 'tmp-'));
    const script = { shellText: `TMPDIR=${tmp}; export TMPDIR\n${exchangeScript().shellText}` };
    const output = await docker.run(script, writeRequests([{ method: 'GET', path: '/info' }]));
    expect(readAnswers(output, 1)).to.have.length(1);
    const left = await docker.run({ shellText: `ls -A ${tmp}` });
    expect(left.stdout.toString()).to.equal('');
  });
});
