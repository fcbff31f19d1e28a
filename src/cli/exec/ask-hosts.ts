/**
 * Owns what the verbs have in common that put one task to many hosts (exec, ping, facts): their options, the run, and that
 * it leaves no folder of its own, since questions would soon drive out the runs that are worth keeping.
 */
import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import type { AdHocTask } from '../../config/index.js';
import { ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import type { ValueMap } from '../../core/value.js';
import type { Presented } from '../../report/answers/answers.js';
import type { Reporter } from '../../report/reporter.js';
import { createRunId } from '../../report/run-folder.js';
import { choosePaint, showsUtf8 } from '../../report/style.js';
import { createEmitter } from '../emitter.js';
import type { Environment } from '../environment.js';
import { load } from '../load.js';
import { parseWords } from '../parse-words.js';
import type { Reporting } from '../reporting.js';
import { runLoaded } from '../run-loaded.js';
import {
  addBecomeOptions,
  addChangeOptions,
  addConnectionOptions,
  addHostOptions,
  addOutputOptions,
  addSecretOptions,
  addVariableOptions,
  insteadOf,
  insteadOfChanges,
  toRunCommand,
  type RunCommand,
  type RunOptions,
} from '../run-options.js';

interface VerbOptions {
  readonly verb: string;
  /** What follows `zrun VERB `. */
  readonly usage: string;
  readonly epilogue: string;
  /** It may change hosts, so that --check and --diff mean something. */
  readonly isChanging?: boolean;
  /** Adds the options that are the verb's own. */
  readonly addOwn?: (program: Command) => void;
}

/** Reads the words. Returns the help where that was asked for. Throws ZrunError `usage`. */
export function readAskWords(
  argv: readonly string[],
  { verb, usage, epilogue, isChanging = false, addOwn }: VerbOptions,
): { readonly program: Command; readonly command: RunCommand } | { readonly text: string } {
  const program = new Command(`zrun ${verb}`)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ helpWidth: 80 })
    .usage(usage)
    .argument('[words...]');
  addOwn?.(program);
  addHostOptions(program);
  if (isChanging) addChangeOptions(program);
  else addVariableOptions(program);
  addConnectionOptions(program);
  addBecomeOptions(program);
  addSecretOptions(program);
  addOutputOptions(program)
    .option('--json', 'the answers as JSON')
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', epilogue);
  const text = parseWords(program, argv, `zrun ${verb} --help shows all options`, {
    ...insteadOf,
    ...(!isChanging && insteadOfChanges),
  });
  if (text !== undefined) return { text };
  return { program, command: toRunCommand(program.opts<RunOptions>(), []) };
}

/** The pattern of hosts, which comes first. Throws ZrunError `usage`. */
export function firstWord(program: Command, verb: string): string {
  const [pattern] = program.args;
  if (pattern !== undefined && pattern.trim() !== '') return pattern;
  throw new ZrunError('usage', 'no host is named', {
    hint: `zrun ${verb} PATTERN: a host, a group, web*, all, or localhost; zrun ${verb} --help says more`,
  });
}

interface Asked {
  readonly command: RunCommand;
  readonly task: AdHocTask;
  readonly isJson: boolean;
  /** See AnswerOptions. */
  readonly present: (result: ValueMap, summary: string) => Presented;
}

/** Returns the exit code. Throws ZrunError or ZrunErrors for bad input, before any host is touched. */
export async function askHosts(asked: Asked, environment: Environment): Promise<number> {
  const { command, task } = asked;
  const loaded = await load(command, environment, task);
  const startReporting = (_: Environment, warnings: readonly string[]): Promise<Reporting> =>
    reportAnswers(asked, environment, warnings);
  return runLoaded({ command, loaded, startReporting, exactOutput: isCommand(task) }, environment);
}

/** What it writes is the answer. */
function isCommand({ module }: AdHocTask): boolean {
  return /^(?:ansible\.(?:builtin|legacy)\.)?(?:command|shell|script)$/.test(module);
}

async function reportAnswers(
  asked: Asked,
  environment: Environment,
  foundBefore: readonly string[],
): Promise<Reporting> {
  const reporters = await createReporters(asked, environment);
  const emit = createEmitter({
    reporters: [...reporters],
    diff: asked.command.diff,
    onBroken: (error) => {
      throw error;
    },
  });
  let isFirst = true;
  return {
    runId: createRunId(new Date(), randomInt(16).toString(16)),
    logFile: undefined,
    emit(event) {
      emit(event);
      if (isFirst) for (const message of foundBefore) emit({ type: 'warning', message });
      isFirst = false;
    },
    hold() {
      const releases = reporters.map((reporter) => reporter.hold?.());
      return () => releases.forEach((release) => release?.());
    },
    async close() {
      await Promise.allSettled(reporters.map((reporter) => reporter.close()));
    },
  };
}

/** A live picture goes where it is in nobody's way: to a terminal, and away before the answers come. */
async function createReporters(
  { command, task, isJson, present }: Asked,
  { stdout, stderr, env }: Environment,
): Promise<readonly Reporter[]> {
  const { verbosity, diff } = command;
  const isWatched = stderr.isTTY === true && env['TERM'] !== 'dumb';
  const live = isWatched
    ? (await import('../../report/answers/waiting.js')).createLiveReporter({
        out: stderr,
        paint: choosePaint(env, true),
        isUtf8: showsUtf8(env),
      })
    : undefined;
  const { createAnswersReporter } = await import('../../report/answers/answers.js');
  const { createPassing } = await import('../../report/answers/passing.js');
  const { createJsonAnswers } = await import('../../report/answers/json.js');
  const answers = isJson
    ? createJsonAnswers(stdout)
    : createAnswersReporter({
        out: stdout,
        err: stderr,
        paint: choosePaint(env, stdout.isTTY === true),
        verbosity,
        diff,
        present,
        clear: () => live?.clear(),
        passing: isCommand(task)
          ? createPassing({
              out: stdout,
              err: stderr,
              paint: choosePaint(env, stderr.isTTY === true),
              yieldTerminal: () => void live?.hold?.(),
            })
          : undefined,
      });
  return live ? [live, answers] : [answers];
}

/** Writes help; returns the exit code. */
export function showText(text: string, { stdout }: Environment): number {
  stdout.write(text);
  return exitCodes.ok;
}
