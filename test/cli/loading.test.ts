/**
 * What a command loads: counted, since a time would depend on the machine. What a verb does not need, it does not pay
 * for.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const root = path.resolve(import.meta.dirname, '../..');

/** Tells at the end which files were loaded, by import and by require. */
const watcher = `
import Module, { register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
const { port1, port2 } = new MessageChannel();
const hooks = 'let port; export const initialize = (given) => void (port = given);' +
  'export const load = (url, context, next) => (port.postMessage(url), next(url, context));';
register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
process.on('exit', () => {
  const loaded = new Set(Object.keys(Module._cache ?? {}));
  for (let got; (got = receiveMessageOnPort(port1)); ) loaded.add(got.message);
  process.stderr.write('LOADED ' + JSON.stringify([...loaded]) + '\\n');
});
port1.unref();
`;

interface Loaded {
  /** Files of zrun's own: `cli/main.ts`. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
}

async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const state = await mkdtemp(path.join(os.tmpdir(), 'zrun-loading-'));
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [
      '--import',
      'tsx',
      '--import',
      `data:text/javascript,${encodeURIComponent(watcher)}`,
      path.join(root, 'src/main.ts'),
      ...args,
    ],
    { cwd: root, env: { ...process.env, XDG_STATE_HOME: state }, maxBuffer: 64 * 1024 * 1024 },
  );
  await rm(state, { recursive: true });
  const line = stderr.split('\n').find((each) => each.startsWith('LOADED ')) ?? '';
  const files = (JSON.parse(line.slice('LOADED '.length)) as string[]).map(
    (file) => file.split('?')[0] ?? '',
  );
  const own = files.flatMap((file) => file.split(`${root}/src/`)[1] ?? []);
  const packages = files.flatMap((file) => {
    const [, inside] = /.*\/node_modules\/(.*)$/.exec(file) ?? [];
    return inside === undefined
      ? []
      : [
          inside
            .split('/')
            .slice(0, inside.startsWith('@') ? 2 : 1)
            .join('/'),
        ];
  });
  return { own: [...new Set(own)].sort(), packages: [...new Set(packages)].sort() };
}

/** tsx stands in for the build in tests. */
const ofTests = ['tsx', 'esbuild', '@esbuild', 'get-tsconfig', 'resolve-pkg-maps'];

describe('what a command loads', () => {
  it('--version: the way to its own files, and no package', async () => {
    const { own, packages } = await loadedBy(['--version']);
    expect(own).to.deep.equal(['cli/own/own-files.ts', 'cli/own/parts.ts', 'main.ts']);
    expect(packages.filter((name) => !ofTests.includes(name.split('/')[0] ?? ''))).to.deep.equal([]);
  });

  it('--syntax-check of the flagship: nothing that connects, runs, reports or belongs to another verb', async () => {
    const { own, packages } = await loadedBy([
      'playbooks/overlay2.yaml',
      '-i',
      'inventory.example.yaml',
      '--syntax-check',
    ]);
    const libraries = ['ssh2', 'ssh-config', 'winston', 'log-update', 'source-map'];
    expect(packages.filter((name) => libraries.includes(name))).to.deep.equal([]);
    const parts =
      /^(?:transport|engine|report\/(?!style|visible)|config\/(?:lint|schema)|cli\/(?:doc|lint|schema|inventory))/;
    expect(own.filter((file) => parts.test(file))).to.deep.equal([]);
    expect(own).to.include('config/playbook/playbook.ts');
  });

  it('report: nothing that connects, runs or reads playbooks', async () => {
    const { own } = await loadedBy(['report', '--help']);
    expect(own.filter((file) => /^(?:transport|engine|config|modules)\//.test(file))).to.deep.equal([]);
  });

  it('a run on this machine: no ssh, no report, no telemetry', async () => {
    const { own, packages } = await loadedBy([
      'test/cli/fixtures/nothing.yaml',
      '-i',
      'localhost,',
      '--output',
      'plain',
    ]);
    expect(packages.filter((name) => ['ssh2', 'ssh-config', 'log-update'].includes(name))).to.deep.equal([]);
    expect(packages.filter((name) => name.startsWith('@opentelemetry/'))).to.deep.equal([]);
    expect(own.filter((file) => /^report\/(?:document|telemetry)\//.test(file))).to.deep.equal([
      'report/telemetry/open-traces.ts',
    ]);
  });
});
