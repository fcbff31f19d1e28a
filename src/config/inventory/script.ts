/**
 * Owns inventories that are programs: what `--list` and `--host NAME` answer, as Ansible has it. What a program prints
 * is data and never a template: the names and tags in it are often other people's.
 */
import pLimit from 'p-limit';
import { ZrunError, type Place } from '../../core/errors.js';
import { cutText } from '../../core/kept-output.js';
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import type { Keyring } from '../../secrets/keyring.js';
import type { InventoryBuilder } from './builder.js';
import { checkName } from './names.js';
import { looksLikeTemplate, programVariable } from './variable.js';
import { errorAt } from '../source/findings.js';
import { runProgram, type ProgramOptions } from '../source/run-program.js';

/** How many `--host` calls are under way at a time. */
const callsAtATime = 8;

interface ScriptOptions extends ProgramOptions {
  readonly keys: Keyring;
}

interface Reading {
  /** What the user calls the program. */
  readonly said: string;
  readonly at: Place;
  readonly builder: InventoryBuilder;
  readonly keys: Keyring;
  readonly hosts: Set<string>;
  /** Variables that look like templates, and are none. */
  readonly braces: Set<string>;
}

/** Throws ZrunError `inventory-invalid` where the program fails or does not answer with a map in JSON. */
export async function readProgramInventory(
  file: string,
  said: string,
  options: ScriptOptions,
  builder: InventoryBuilder,
): Promise<void> {
  const at = { source: { name: said, text: '' }, start: 0, end: 0 };
  const reading: Reading = { said, at, builder, keys: options.keys, hosts: new Set(), braces: new Set() };
  const answer = await runProgram(file, ['--list'], said, options);
  await options.keys.prepare(answer);
  const listed = parseAnswer(answer, `${said} --list`);
  let meta: ValueMap | undefined;
  for (const [name, data] of Object.entries(listed)) {
    if (name !== '_meta') readGroup(name, data, reading);
    else if (isMap(data) && isMap(data['hostvars'])) meta = data['hostvars'];
  }
  if (meta)
    for (const host of reading.hosts)
      setHostVariables(host, (Object.hasOwn(meta, host) && meta[host]) || {}, reading);
  else await askForEach(file, options, reading);
  warnOfBraces(reading);
}

function parseAnswer(text: string, command: string): ValueMap {
  let answer: Value;
  try {
    answer = JSON.parse(text) as Value;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, ' ') : String(cause);
    throw new ZrunError('inventory-invalid', `${command} does not print JSON: ${reason}`, {
      command,
      stdout: cutText(text, 1000),
      hint: 'only JSON may go to standard output; what is for people goes to standard error',
      cause,
    });
  }
  if (isMap(answer)) return answer;
  throw new ZrunError('inventory-invalid', `${command} must print a map in JSON`, {
    command,
    stdout: cutText(text, 1000),
  });
}

function readGroup(name: string, data: Value, reading: Reading): void {
  const { builder, at, said } = reading;
  if (!checkName('group', name, at, builder.report)) return;
  builder.addGroup(name, at);
  const { hosts, vars, children } = partsOf(name, data);
  const refuse = (part: string, what: string): void => {
    builder.report(
      errorAt(undefined, 'inventory-invalid', `${said} --list: '${part}' of '${name}' must be ${what}`),
    );
  };
  if (hosts !== undefined && !isList(hosts)) refuse('hosts', 'a list');
  for (const host of isList(hosts) ? hosts : []) {
    if (typeof host !== 'string') refuse('hosts', 'a list of names');
    else if (checkName('host', host, at, builder.report)) {
      reading.hosts.add(host);
      builder.addHost(host, name, at);
    }
  }
  if (vars !== undefined && !isMap(vars)) refuse('vars', 'a map');
  for (const [variable, value] of Object.entries(isMap(vars) ? vars : {})) {
    if (looksLikeTemplate(value)) reading.braces.add(variable);
    builder.setGroupVariable(name, variable, programVariable(value, at, reading.keys));
  }
  if (children !== undefined && !isList(children)) refuse('children', 'a list');
  for (const child of isList(children) ? children : []) {
    if (typeof child !== 'string') refuse('children', 'a list of names');
    else if (checkName('group', child, at, builder.report)) {
      builder.addGroup(child, at);
      builder.addChild(name, child, at);
    }
  }
}

/** A bare list is one of hosts; a map of anything else is a host of the group's name, with these variables. */
function partsOf(
  name: string,
  data: Value,
): { readonly hosts?: Value; readonly vars?: Value; readonly children?: Value } {
  if (!isMap(data)) return { hosts: data };
  return ['hosts', 'vars', 'children'].some((part) => Object.hasOwn(data, part))
    ? data
    : { hosts: [name], vars: data };
}

function setHostVariables(host: string, data: Value, reading: Reading): void {
  const { builder, at, said } = reading;
  if (!isMap(data)) {
    builder.report(
      errorAt(undefined, 'inventory-invalid', `${said}: the variables of '${host}' must be a map`),
    );
    return;
  }
  const vars = builder.hosts.get(host)?.vars;
  for (const [variable, value] of Object.entries(data)) {
    if (looksLikeTemplate(value)) reading.braces.add(variable);
    vars?.set(variable, programVariable(value, at, reading.keys));
  }
}

async function askForEach(file: string, options: ScriptOptions, reading: Reading): Promise<void> {
  const limit = pLimit(callsAtATime);
  const { said } = reading;
  // One that fails ends the others, which zrun would wait for at its end.
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const answers = await limit.map(reading.hosts, async (host) => {
    try {
      const text = await runProgram(file, ['--host', host], said, { ...options, signal });
      await reading.keys.prepare(text);
      return [host, text.trim() === '' ? {} : parseAnswer(text, `${said} --host ${host}`)] as const;
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  for (const [host, vars] of answers) setHostVariables(host, vars, reading);
}

function warnOfBraces({ said, braces, builder }: Reading): void {
  const [first] = braces;
  if (first === undefined) return;
  const others = braces.size === 1 ? '' : ` and ${braces.size - 1} more`;
  builder.warn(
    errorAt(
      undefined,
      'inventory-invalid',
      `${said}: '${first}'${others} holds {{, and is taken as plain text: what a program prints is never a template`,
    ),
  );
}
