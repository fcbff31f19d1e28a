/**
 * Owns how a module is tried by itself: against real shells on this machine, with exchanges counted, or against
 * whatever host the lab hands in. Knows no module by name.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { evaluate } from '@marcbachmann/cel-js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ZrunError } from '../../src/core/errors.js';
import { gatherInput, type Output } from '../../src/core/host.js';
import type { BoundPlan, Example, Module, TaskContext, Write } from '../../src/core/module.js';
import type { Read } from '../../src/core/probe.js';
import { readCalls, teach } from '../../src/core/shell-files.js';
import type { ShellText } from '../../src/core/shell.js';
import { isMap, type Value, type ValueMap } from '../../src/core/value.js';
import { createController } from '../../src/cli/controller.js';
import { createControllerFiles } from '../../src/config/source/controller-files.js';
import { joinLooks } from '../../src/engine/join.js';
import { createOverlay } from '../../src/engine/overlay.js';

/** Runs a script on some host, with bytes for its standard input. */
export type RunScript = (script: ShellText, stdin?: Uint8Array) => Promise<Output>;

/** Runs scripts here, each in a shell of its own. */
export function localRun(shell: readonly [string, ...string[]] = ['sh']): RunScript {
  const [program, ...args] = shell;
  return (script, stdin) => runProgram(program, [...args, '-c', wholeText(script)], { stdin, killed: 128 });
}

/** For a shell that was taught nothing. */
export function wholeText(called: ShellText): string {
  const { script, needs } = readCalls(called);
  return `${needs.map(teach).join('')}${script}`;
}

/** @param options `killed`: the status of a program that a signal has ended */
export function runProgram(
  program: string,
  args: readonly string[],
  { stdin, killed }: { readonly stdin: Uint8Array | undefined; readonly killed: number },
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    // A script that does not read its input is no failure of the test.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    child.on('close', (status) =>
      resolve({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), status: status ?? killed }),
    );
  });
}

export interface Host {
  readonly read: Read;
  readonly write: Write;
  readonly run: RunScript;
  /** Times that something was sent while nothing was under way. */
  exchanges(): number;
}

export function createHost(runScript: RunScript = localRun()): Host {
  let exchanges = 0;
  let underWay = 0;
  const run: RunScript = async (script, stdin) => {
    if (underWay === 0) exchanges++;
    underWay++;
    try {
      return await runScript(script, stdin);
    } finally {
      underWay--;
    }
  };
  return {
    run,
    exchanges: () => exchanges,
    read: joinLooks(run),
    write: {
      async run(script, { stdin, accept = [], shownAs, onLine } = {}) {
        const output = await run(script, stdin && (await gatherInput(stdin)));
        if (onLine) output.stdout.toString().split('\n').forEach(onLine);
        if (output.status === 0 || accept.includes(output.status)) return output;
        throw new ZrunError('command-failed', 'the command failed', {
          command: shownAs ?? readCalls(script).script,
          status: output.status,
          stdout: output.stdout.toString(),
          stderr: output.stderr.toString(),
        });
      },
      // Each script has a connection of its own here; one that cannot be made is an answer that does not suit.
      async reconnect({ script, timeoutMs, isReady }) {
        for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
          const output = await run(script);
          if (isReady(output)) return output;
          await sleep(1000);
        }
        throw new ZrunError('task-timeout', 'the host does not answer as wanted');
      },
    },
  };
}

const controllerFiles = createControllerFiles();

export function createContext(overrides: Partial<TaskContext> = {}): TaskContext {
  return {
    host: 'test',
    isController: false,
    runId: 'test-run',
    check: false,
    task: 'the task under test',
    checkMode: undefined,
    evaluate: (expression) => fromCel(evaluate(expression)),
    renderTemplate: (file) => Promise.resolve(`rendered from ${file}\n`),
    readControllerFile: (file) => controllerFiles.read(file),
    openControllerFile: (file) => controllerFiles.open(file),
    readControllerFolder: (file) => controllerFiles.readFolder(file),
    playbook: '/nonexistent/playbook.yaml',
    controller: createController({
      cwd: '/nonexistent',
      homeFolder: '/nonexistent',
      inTurn: (_, asking) => asking(),
    }),
    say: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
    ...overrides,
  };
}

function fromCel(value: unknown): Value {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(`the harness does not convert ${typeof value}`);
}

export function planOf(
  module: Module,
  params: ValueMap,
  read: Read,
  context: Partial<TaskContext> = {},
): Promise<BoundPlan> {
  return module.bind(params).plan(read, createContext(context));
}

interface Done {
  readonly changed: boolean;
  readonly plan: BoundPlan;
  readonly result: ValueMap;
  readonly exchanges: number;
}

/** Plans and, where there is a change, applies it. */
export async function perform(
  module: Module,
  params: ValueMap,
  host: Host = createHost(),
  context: Partial<TaskContext> = {},
): Promise<Done> {
  const before = host.exchanges();
  const plan = await planOf(module, params, host.read, context);
  const result = plan.change === 'some' ? await plan.apply(host.write) : plan.result;
  return { changed: plan.change === 'some', plan, result, exchanges: host.exchanges() - before };
}

/** As `perform`, and then demands that a second run changes nothing and costs no more than one exchange. */
export async function performTwice(
  module: Module,
  params: ValueMap,
  host: Host = createHost(),
): Promise<Done> {
  const first = await perform(module, params, host);
  const second = await perform(module, params, host);
  const again = second.plan.change === 'some' ? second.plan.summary : 'nothing';
  expect(again, 'what a second run wants to do').to.equal('nothing');
  expect(second.exchanges, 'exchanges of a run without a change').to.be.at.most(1);
  return first;
}

/** A text in a result; fails if there is none. */
export function textIn(result: ValueMap, name: string): string {
  const value = result[name];
  if (typeof value === 'string') return value;
  throw new Error(`the result has no text '${name}'`);
}

/** The error that a promise rejects with; fails where it does not, or with anything but a ZrunError. */
export async function failureOf(promise: Promise<unknown>): Promise<ZrunError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ZrunError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A folder of the test's own, removed afterwards. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zrun-modules-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Check mode over a host: plans are remembered in an overlay and never applied. */
export function createCheck(host: Host): (module: Module, params: ValueMap) => Promise<BoundPlan> {
  const overlay = createOverlay();
  const read = overlay.over(host.read);
  return async (module, params) => {
    const plan = await planOf(module, params, read, { check: true });
    if (plan.change === 'some') overlay.record(module.name, plan);
    return plan;
  };
}

interface ExampleTask {
  readonly params: ValueMap;
  readonly keywords: ValueMap;
}

/** An example's task as it stands in a playbook, with `{{tmp}}` put in. */
export function parseExample(module: Module, example: Example, tmp: string): ExampleTask {
  const task = parse(example.task.replaceAll('{{tmp}}', tmp)) as Value;
  if (!isMap(task)) throw new Error(`the example '${example.title}' of ${module.name} is no task`);
  const { [module.name]: given, ...keywords } = task;
  if (isMap(given)) return { params: given, keywords };
  if (given === null) return { params: {}, keywords };
  if (given === undefined || module.freeForm === undefined) {
    throw new Error(`the example '${example.title}' of ${module.name} gives it no parameters`);
  }
  return { params: { [module.freeForm]: given }, keywords };
}

/**
 * Runs one example for real: `before`, a check that must leave the host alone, the task, the task again, `after`.
 * @param runScript reaches the host; the lab hands in one over ssh
 */
export async function runExample(
  module: Module,
  example: Example,
  runScript: RunScript = localRun(),
): Promise<void> {
  const tmp = `/tmp/zrun-example-${randomUUID()}`;
  const script = async (text: string, what: string): Promise<void> => {
    const { status, stderr } = await runScript({ shellText: `tmp=${tmp}; set -e; ${text}` });
    expect(status, `${what} of '${example.title}' (${module.name}): ${stderr.toString()}`).to.equal(0);
  };
  await script('mkdir "$tmp"', 'mkdir');
  try {
    await script(example.before ?? ':', 'before');
    const { params, keywords } = parseExample(module, example, tmp);
    if (keywords['when'] === false) {
      module.bind(params);
      return;
    }
    const host = createHost(runScript);
    const checked = await createCheck(host)(module, params);
    const first = await perform(module, params, host);
    expect(first.plan.change, `what check mode said of '${example.title}'`).to.equal(checked.change);
    if (example.everyRunChanges) {
      // Planned only: a second reboot would show nothing that the first one has not.
      const again = await planOf(module, params, host.read);
      expect(again.change, `what a second run of '${example.title}' would do`).to.equal('some');
    } else {
      const { plan } = await perform(module, params, host);
      const again = plan.change === 'some' ? plan.summary : 'nothing';
      expect(again, `what a second run of '${example.title}' does`).to.equal('nothing');
    }
    await script(example.after ?? ':', 'after');
  } finally {
    await script('rm -rf -- "$tmp"', 'rm');
  }
}
