/** `--metrics` and traces, over runs that are really made: what a collector gets, and that none can harm a run. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readMetrics } from '../report/telemetry/openmetrics.js';
import { startReceiver, type ReceivedSpan, type Receiver } from '../report/telemetry/receiver.js';
import { zrun, type Ended } from './fake-environment.js';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const secret = 'correct-horse-battery';

describe('what watches a run from elsewhere', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-telemetry-'));
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
    write('hosts.yaml', 'all: {hosts: {a: , b: }, vars: {ansible_connection: local}}\n');
    write('vars.yaml', `# zrun: secret\npassword: ${secret}\n`);
    write(
      'play.yaml',
      `- name: First
  hosts: all
  gather_facts: false
  tasks:
    - {name: Say, command: echo hello}
    - {name: Break, command: "sh -c 'echo ${secret} >&2; exit 3'", when: "inventory_hostname == 'b'"}
- name: Second
  hosts: all
  gather_facts: false
  tasks:
    - {name: Write, copy: {content: "x\\n", dest: "${folder}/{{inventory_hostname}}"}}
`,
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  /** In this process, whose variables the SDK reads. */
  async function start(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const before = process.env;
    process.env = { ...before, ...env };
    try {
      return await zrun(line.split(' '), { cwd: folder, homeFolder: folder, env });
    } finally {
      process.env = before;
    }
  }

  /** In a process of its own, which what is left open would keep alive. */
  function startAlone(line: string, env: Readonly<Record<string, string>>): Promise<Ended> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), main, ...line.split(' ')],
        { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, ...env } },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }

  /** As a list of names from the run down, for each span. */
  function pathsOf(spans: readonly ReceivedSpan[]): readonly string[] {
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const pathOf = (span: ReceivedSpan): string => {
      const parent = byId.get(span.parentSpanId ?? '');
      return parent ? `${pathOf(parent)} > ${span.name}` : span.name;
    };
    return spans.map(pathOf).sort();
  }

  const tree = [
    'play.yaml',
    'play.yaml > First',
    'play.yaml > First > a',
    'play.yaml > First > a > Break',
    'play.yaml > First > a > Say',
    'play.yaml > First > b',
    'play.yaml > First > b > Break',
    'play.yaml > First > b > Say',
    'play.yaml > Second',
    'play.yaml > Second > a',
    'play.yaml > Second > a > Write',
  ];

  describe('traces', () => {
    const receivers: Receiver[] = [];
    const receive = async (...args: Parameters<typeof startReceiver>): Promise<Receiver> => {
      const receiver = await startReceiver(...args);
      receivers.push(receiver);
      return receiver;
    };
    afterEach(() => Promise.all(receivers.splice(0).map((each) => each.close())));

    for (const protocol of ['http/protobuf', 'http/json'])
      it(`are run, play, host and task, each inside the other: ${protocol}`, async () => {
        const receiver = await receive();
        const { code, stderr } = await start('play.yaml -i hosts.yaml', {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_HEADERS: 'x-token=abc',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=lab',
        });
        expect({ code, stderr }).to.deep.equal({ code: 2, stderr: '' });
        expect(pathsOf(receiver.spans)).to.deep.equal(tree);
        expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).to.equal(1);
        const [request] = receiver.requests;
        expect(request?.path).to.equal('/v1/traces');
        expect(request?.headers['x-token']).to.equal('abc');
        expect(request?.headers['user-agent']).to.match(/^zrun\/\d/);
        expect(receiver.text).to.include('deployment.environment').and.include('service.name');
        const spanOf = (name: string, host?: string): ReceivedSpan | undefined =>
          receiver.spans.find(
            (span) => span.name === name && (host ?? '') === (span.attributes['zrun.host'] ?? ''),
          );
        const [run, broken, skipped] = [spanOf('play.yaml'), spanOf('Break', 'b'), spanOf('Break', 'a')];
        expect(run?.attributes).to.include({ 'zrun.kind': 'run', 'zrun.exit_code': '2', 'zrun.hosts': '2' });
        expect(run?.failure).to.equal('1 of 2 hosts are not done');
        expect(broken?.attributes).to.include({ 'zrun.status': 'failed', 'zrun.command_status': '3' });
        expect(broken?.failure).to.include('exit code 3');
        expect(skipped?.attributes['zrun.status']).to.equal('skipped');
        expect(skipped?.failure).to.equal(undefined);
        expect(spanOf('a', 'a')?.failure).to.equal(undefined);
        expect(spanOf('b', 'b')?.failure).to.equal(broken?.failure);
        for (const span of receiver.spans) {
          const parent = receiver.spans.find(({ spanId }) => spanId === span.parentSpanId) ?? run;
          expect(span.start >= (run?.start ?? 0n) && span.end <= (run?.end ?? 0n), span.name).to.equal(true);
          expect(span.end >= span.start && span.end <= (parent?.end ?? 0n), span.name).to.equal(true);
        }
      });

    it('hold no secret', async () => {
      const receiver = await receive();
      await start('play.yaml -i hosts.yaml -e @vars.yaml', {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/own/path`,
      });
      expect(receiver.requests[0]?.path).to.equal('/own/path');
      expect(receiver.spans).to.have.length(tree.length);
      expect(receiver.text).to.include('echo ').and.not.include(secret);
    });

    it('are part of the trace that the run is started in', async () => {
      const receiver = await receive();
      const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
      await start('play.yaml -i hosts.yaml -l a', {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        TRACEPARENT: `00-${traceId}-${spanId}-01`,
      });
      expect(receiver.spans.every((span) => span.traceId === traceId)).to.equal(true);
      expect(receiver.spans.find(({ name }) => name === 'play.yaml')?.parentSpanId).to.equal(spanId);
    });

    it('are not sent where the environment says so', async () => {
      const receiver = await receive();
      const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
      await start('play.yaml -i hosts.yaml -l a', { ...endpoint, OTEL_SDK_DISABLED: 'true' });
      await start('play.yaml -i hosts.yaml -l a', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' });
      expect(receiver.requests).to.deep.equal([]);
    });

    const dead: readonly (readonly [
      what: string,
      answer: (response: ServerResponse) => void,
      reason: string,
    ])[] = [
      ['refuses', (response) => response.writeHead(401).end(), 'Unauthorized (status 401)'],
      ['hangs', () => undefined, 'Request timed out'],
      ['never ends', drip, 'no answer in 2 s'],
    ];
    for (const [what, answer, reason] of dead)
      it(`cost a run two seconds at most and a warning, where the collector ${what}`, async () => {
        const receiver = await receive(answer);
        const { code, stderr } = await start('play.yaml -i hosts.yaml', {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        });
        expect(code).to.equal(2);
        const lost = `warning: 11 of 11 spans did not reach ${receiver.url}:`;
        // Whichever of both limits of the same length is over first.
        expect(stderr).to.be.oneOf([`${lost} no answer in 2 s\n`, `${lost} ${reason}\n`]);
      });

    it('cost a run nothing where there is no collector', async () => {
      const receiver = await startReceiver();
      await receiver.close();
      const { code, stderr } = await start('play.yaml -i hosts.yaml -l a', {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      });
      expect(code).to.equal(0);
      expect(stderr).to.match(/^warning: 8 of 8 spans did not reach \S+: connect ECONNREFUSED \S+\n$/);
    });

    it('let the process end, whatever the collector does', async () => {
      const receiver = await receive(drip);
      const { code } = await startAlone('play.yaml -i hosts.yaml', {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      });
      expect(code).to.equal(2);
    }).timeout(300_000);

    for (const [what, env, warning] of [
      [
        'an endpoint that is none',
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' },
        'no traces are sent: the endpoint of OpenTelemetry is no address of http or https',
      ],
      [
        'a protocol that zrun does not speak',
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
        "no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'; zrun speaks http/protobuf and http/json",
      ],
      [
        'a certificate that is not there',
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:1',
          OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem',
        },
        "no traces are sent: ENOENT: no such file or directory, open '/nowhere/ca.pem'",
      ],
    ] as const)
      it(`are left out with a warning: ${what}`, async () => {
        const { code, stdout } = await start('play.yaml -i hosts.yaml -l a --output plain', env);
        expect(code).to.equal(0);
        expect(stdout.replaceAll(/\s+/g, ' ')).to.include(warning);
      });
  });

  describe('--metrics', () => {
    it('holds the numbers of the run when it has ended, and no secret', async () => {
      const { code } = await start('play.yaml -i hosts.yaml -e @vars.yaml --metrics own.prom');
      expect(code).to.equal(2);
      const text = readFileSync(path.join(folder, 'own.prom'), 'utf8');
      const numbers = readMetrics(text);
      expect(numbers.get('zrun_run_exit_code')).to.equal(2);
      expect(numbers.get('zrun_hosts{state="done"}')).to.equal(1);
      expect(numbers.get('zrun_hosts{state="failed"}')).to.equal(1);
      expect(text).to.not.include(secret);
    });

    for (const [file, reason] of [
      ['nowhere/own.prom', 'its folder is not there'],
      ['.', 'it is a folder'],
      ['/dev/null', 'it is no regular file'],
    ] as const)
      it(`is refused before the run where it cannot be written: ${file}`, async () => {
        rmSync(path.join(folder, 'a'), { force: true });
        const { code, stderr } = await start(`play.yaml -i hosts.yaml --metrics ${file}`);
        expect({ code, stderr }).to.deep.equal({
          code: 4,
          stderr: `error: cannot write ${file}: ${reason}\n`,
        });
        expect(existsSync(path.join(folder, 'a'))).to.equal(false);
      });
  });
});

/** Answers a byte at a time, for ever. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('x'), 100);
  response.on('close', () => clearInterval(timer));
}
