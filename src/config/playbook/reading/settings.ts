/**
 * Owns the keywords that plays, blocks and tasks share, and how a keyword's value that is a template is read.
 */
import { becomeMethodNamed, becomeMethods } from '../../../core/host.js';
import type { BecomeSettings } from '../../../core/plan.js';
import { settle, type Scope, type Setting } from '../../../core/template.js';
import { shorten } from '../../../core/secret.js';
import type { Value } from '../../../core/value.js';
import { transportNamed } from '../../inventory/connection.js';
import type { NameLayer } from '../../expression/declarations.js';
import { isTemplateNode } from './fields.js';
import { errorAt } from '../../source/findings.js';
import type { Shape } from '../../expression/shape.js';
import type { Settings, Site } from './site.js';
import { compileTemplate, type CompiledTemplate } from '../../template/template.js';
import { ansibleBoolean, describeNode, type MapEntry, type MapNode } from '../../yaml/yaml.js';

export const neutralSettings: Settings = {
  ignoreErrors: false,
  ignoreUnreachable: false,
  noLog: false,
  checkMode: undefined,
  diff: undefined,
  timeout: undefined,
  connection: undefined,
  remoteUser: undefined,
  anyErrorsFatal: false,
  throttle: undefined,
  runOnce: false,
  delegateTo: undefined,
  delegateFacts: false,
  environment: [],
};

/** What a step says itself, put over what it takes over. `names`: those that hold in the step. */
export function readSettings(node: MapNode, site: Site, names: NameLayer): Settings {
  const { read, settings: outer } = site;
  const inside = { ...site, names };
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const boolean = (name: string): boolean | undefined => {
    const entry = get(name);
    return entry && read.boolean(entry);
  };
  const throttle = get('throttle');
  const tasksAtATime = throttle && read.number(throttle, { least: 0, whole: true });
  return {
    ignoreErrors: booleanSetting(get('ignore_errors'), inside, outer.ignoreErrors),
    ignoreUnreachable: booleanSetting(get('ignore_unreachable'), inside, outer.ignoreUnreachable),
    noLog: booleanSetting(get('no_log'), inside, outer.noLog),
    checkMode: booleanSetting(get('check_mode'), inside, outer.checkMode),
    diff: booleanSetting(get('diff'), inside, outer.diff),
    timeout: readTimeout(get('timeout'), inside, outer.timeout),
    connection: readConnectionKeyword(get('connection'), inside, outer.connection),
    remoteUser: textSetting(get('remote_user'), inside, outer.remoteUser),
    anyErrorsFatal: boolean('any_errors_fatal') ?? outer.anyErrorsFatal,
    // As in Ansible, 0 is no limit.
    throttle: tasksAtATime === 0 ? undefined : (tasksAtATime ?? outer.throttle),
    runOnce: boolean('run_once') ?? outer.runOnce,
    delegateTo: readDelegate(get('delegate_to'), inside) ?? outer.delegateTo,
    delegateFacts: boolean('delegate_facts') ?? outer.delegateFacts,
    environment: [...outer.environment, ...readEnvironment(get('environment'), inside)],
  };
}

/** A template of them that says `omit` gives undefined: then what is around the step holds. */
export function readBecome(node: MapNode, site: Site): BecomeSettings {
  const wants = booleanSetting(node.entries.get('become'), site, undefined);
  const becomeUser = textSetting(node.entries.get('become_user'), site, undefined);
  const becomeMethod = readBecomeMethod(node.entries.get('become_method'), site);
  return {
    ...(wants !== undefined && { become: wants }),
    ...(becomeUser !== undefined && { becomeUser }),
    ...(becomeMethod !== undefined && { becomeMethod }),
  };
}

/** `otherwise`: where the keyword is not there, where it is wrong, and where its template says `omit`. */
function booleanSetting<T extends boolean | undefined>(
  entry: MapEntry | undefined,
  site: Site,
  otherwise: Setting<T>,
): Setting<T | boolean> {
  if (!entry) return otherwise;
  if (!isTemplateNode(entry.value)) return site.read.boolean(entry) ?? otherwise;
  return dynamic<T | boolean>(
    entry,
    site,
    { wanted: 'true or false', shapes: booleans, convert: toBoolean },
    otherwise,
  );
}

/** Seconds, of at least `least`, or a number of times. */
export function numberSetting<T extends number | undefined>(
  entry: MapEntry | undefined,
  site: Site,
  limits: { readonly least: number; readonly whole?: boolean },
  otherwise: Setting<T>,
): Setting<T | number> {
  if (!entry) return otherwise;
  if (!isTemplateNode(entry.value)) return site.read.number(entry, limits) ?? otherwise;
  const { least, whole = false } = limits;
  const wanted = `${whole ? 'a whole number' : 'a number'} of at least ${least}`;
  const convert = (value: Value): number | undefined => {
    const number = toNumber(value);
    if (number === undefined || number < least || (whole && !Number.isInteger(number))) return undefined;
    return number;
  };
  return dynamic<T | number>(
    entry,
    site,
    { wanted, shapes: ['int', 'number', 'string'], convert },
    otherwise,
  );
}

/** As in Ansible, 0 is no limit of the task's own. */
function readTimeout(
  entry: MapEntry | undefined,
  site: Site,
  otherwise: Setting<number | undefined>,
): Setting<number | undefined> {
  const found = numberSetting(entry, site, { least: 0 }, otherwise);
  if (entry === undefined || typeof found !== 'object') return found === 0 ? undefined : found;
  return {
    of(scope) {
      const seconds = found.of(scope);
      return seconds === 0 ? undefined : seconds;
    },
  };
}

function readConnectionKeyword(
  entry: MapEntry | undefined,
  site: Site,
  otherwise: Setting<string | undefined>,
): Setting<string | undefined> {
  if (!entry) return otherwise;
  const wanted = 'ssh or local';
  const convert = (value: Value): string | undefined =>
    typeof value === 'string' && transportNamed(value) !== undefined ? value : undefined;
  if (isTemplateNode(entry.value))
    return dynamic(entry, site, { wanted, shapes: ['string'], convert }, otherwise);
  const written = site.read.text(entry);
  if (written === undefined) return otherwise;
  if (transportNamed(written) !== undefined) return written;
  const message = `there is no connection '${written}'`;
  site.context.report(errorAt(entry.value.at, 'playbook-invalid', message, 'write ssh or local'));
  return otherwise;
}

function readBecomeMethod(entry: MapEntry | undefined, site: Site): Setting<string | undefined> {
  if (!entry) return undefined;
  const wanted = becomeMethods.join(', ');
  const convert = (value: Value): string | undefined =>
    typeof value === 'string' && becomeMethodNamed(value) !== undefined ? value : undefined;
  if (isTemplateNode(entry.value))
    return dynamic(entry, site, { wanted, shapes: ['string'], convert }, undefined);
  const written = site.read.text(entry);
  if (written === undefined || becomeMethodNamed(written) !== undefined) return written;
  const message = `zrun does not become another user by '${written}'`;
  site.context.report(errorAt(entry.value.at, 'playbook-invalid', message, `it does by ${wanted}`));
  return undefined;
}

function textSetting(
  entry: MapEntry | undefined,
  site: Site,
  otherwise: Setting<string | undefined>,
): Setting<string | undefined> {
  if (!entry) return otherwise;
  if (!isTemplateNode(entry.value)) {
    const written = site.read.text(entry);
    if (written?.trim() !== '') return written ?? otherwise;
    site.context.report(
      errorAt(entry.value.at, 'playbook-invalid', `'${entry.key}' is empty`, 'name a user, or leave it out'),
    );
    return otherwise;
  }
  const convert = (value: Value): string | undefined => {
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const conversion = { wanted: 'text', shapes: ['string', 'int', 'number'], convert } as const;
  return dynamic(entry, site, conversion, otherwise);
}

function toBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  return typeof value === 'string' ? ansibleBoolean(value.trim()) : undefined;
}

function toNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*-?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

interface Conversion<T> {
  readonly wanted: string;
  readonly shapes: readonly Shape['type'][];
  /** Undefined where a value does not fit. */
  readonly convert: (value: Value) => T | undefined;
}

const booleans = ['bool', 'string'] as const;

/**
 * A template whose value is converted for each host; where it does not fit, the host's task fails. `otherwise`: what
 * holds where it says `omit`.
 */
function dynamic<T extends string | number | boolean | undefined>(
  entry: MapEntry,
  site: Site,
  { wanted, shapes, convert }: Conversion<T>,
  otherwise: Setting<T>,
): Setting<T> {
  const { context, names } = site;
  const template = compileTemplate(entry.value, context.report);
  context.later(names, (declared, report) => {
    const shape = template.checkEntry(declared, report);
    if (shapes.includes(shape.type) || ['any', 'maybe', 'null'].includes(shape.type)) return;
    report(errorAt(entry.value.at, 'expression-type', `'${entry.key}' must be ${wanted}`));
  });
  const settled = (scope: Scope): T => {
    const value = template.renderEntry(scope);
    if (value === undefined) return settle(otherwise, scope);
    const found = convert(value);
    if (found !== undefined) return found;
    const message = `'${entry.key}' must be ${wanted}, but is ${describeValue(value)}`;
    throw errorAt(entry.value.at, 'expression-type', message);
  };
  return { of: settled };
}

function describeValue(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text '${shorten(value, 41)}'`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a map';
  return String(value);
}

function readDelegate(entry: MapEntry | undefined, site: Site): CompiledTemplate | undefined {
  if (!entry) return undefined;
  const { context, names, read } = site;
  if (!isTemplateNode(entry.value) && read.text(entry) === undefined) return undefined;
  const template = compileTemplate(entry.value, context.report);
  if (template.isConstant) return template;
  context.later(names, (declared, report) => void template.checkEntry(declared, report));
  return {
    ...template,
    // As in Ansible, `omit` leaves the task to the host itself.
    render: (scope) => template.renderEntry(scope) ?? scope.get('inventory_hostname') ?? null,
  };
}

/** A map of variables, a template of one, or a list of either. */
function readEnvironment(entry: MapEntry | undefined, site: Site): readonly CompiledTemplate[] {
  if (!entry) return [];
  const { context, names } = site;
  const maps: CompiledTemplate[] = [];
  const { value } = entry;
  if (value.kind === 'scalar' && value.value === null) return [];
  for (const node of value.kind === 'list' ? value.items : [value]) {
    if (node.kind !== 'map' && !isTemplateNode(node)) {
      context.report(
        errorAt(
          node.at,
          'playbook-invalid',
          `'environment' must be a map of variables, but is ${describeNode(node)}`,
          "write 'NAME: value' below it",
        ),
      );
      continue;
    }
    const template = compileTemplate(node, context.report);
    context.later(names, (declared, report) => {
      const shape = template.check(declared, report);
      if (!['any', 'maybe', 'map', 'object', 'null'].includes(shape.type))
        report(errorAt(node.at, 'expression-type', "'environment' must be a map of variables"));
    });
    maps.push(template);
  }
  return maps;
}
