/**
 * Owns what zrun writes in the place of a chain of Jinja's filters: `x | lower | replace('a', 'b')` as an expression and,
 * where helpers can do it, as a template. Nothing is ever made of it but hints.
 */
import { nearest } from '../../core/errors.js';
import { signaturesOf } from './signature.js';
import { functionsByFilter, helperNamesOf } from './table.js';

interface Translation {
  /** `x.lowerAscii().replace("a", "b")` */
  readonly cel: string;
  /** `replace (lower x) "a" "b"`, without its braces; undefined where only an expression can say it. */
  readonly helper: string | undefined;
}

interface Filter {
  readonly name: string;
  readonly args: readonly string[];
  /** `attribute='name'` and the like. */
  readonly named: Readonly<Record<string, string>>;
}

/** Undefined where a part of the chain has no plain counterpart. `text`: one value and its filters, no more. */
export function translateFilters(text: string): Translation | undefined {
  const [subject = '', ...written] = splitOutside(text, '|').map((part) => part.trim());
  if (written.length === 0 || !isSimple(subject)) return undefined;
  let made: Translation | undefined = { cel: toCel(subject), helper: toHelper(subject) };
  for (const each of written) {
    const filter = readFilter(each);
    made = filter && made && applyFilter(filter, made);
  }
  return made;
}

/** The first filter of a chain that there is nothing for. */
export function hintForFilter(text: string): string | undefined {
  for (const written of splitOutside(text, '|').slice(1)) {
    const [, name = ''] = /^\s*(?:ansible\.\w+\.)?(\w+)/.exec(written) ?? [];
    if (name === '' || Object.hasOwn(specials, name) || name === 'd' || functionsByFilter.has(name)) continue;
    const near = nearest(name, [...functionsByFilter.keys(), ...Object.keys(specials)]);
    const missing = `there is nothing like a filter '${name}'`;
    return near === undefined
      ? `${missing}: 'zrun doc functions' lists what there is`
      : `${missing}; did you mean '${near}'?`;
  }
  return undefined;
}

/** Uses of filters that are no function of their own here. */
const samples: Readonly<Record<string, string>> = {
  list: 'x | list',
  selectattr: "list | selectattr('part', 'equalto', 'value')",
  rejectattr: "list | rejectattr('part', 'equalto', 'value')",
  map: "list | map(attribute='part')",
  ternary: "condition | ternary('yes', 'no')",
  combine: 'map | combine(other)',
  regex_search: "text | regex_search('[0-9]+')",
};

/** Of a filter by its name alone. */
export function hintForFilterName(name: string): string | undefined {
  if (!Object.hasOwn(specials, name)) return undefined;
  const sample = Object.hasOwn(samples, name) ? (samples[name] ?? '') : `x | ${name}`;
  const made = translateFilters(sample);
  return made && `for ${sample}, write ${made.cel}`;
}

function applyFilter(filter: Filter, value: Translation): Translation | undefined {
  const special = Object.hasOwn(specials, filter.name) ? specials[filter.name] : undefined;
  if (special) return special(value, filter);
  const entry = functionsByFilter.get(filter.name);
  if (!entry || Object.keys(filter.named).length > 0) return undefined;
  const { args } = filter;
  const signature = signaturesOf(entry).find(
    ({ on, params }) => params.length === args.length + (on === undefined ? 1 : 0),
  );
  if (!signature) return undefined;
  const given = args.map(toCel).join(', ');
  const cel =
    signature.on === undefined
      ? `${entry.name}(${[value.cel, ...args.map(toCel)].join(', ')})`
      : `${grouped(value.cel)}.${entry.name}(${given})`;
  const [name] = helperNamesOf(entry);
  return { cel, helper: name === undefined ? undefined : callHelper(name, value.helper, args.map(toHelper)) };
}

function callHelper(
  name: string,
  value: string | undefined,
  args: readonly (string | undefined)[],
): string | undefined {
  const words = [value, ...args];
  if (words.some((word) => word === undefined)) return undefined;
  return [
    name,
    ...words.map((word = '') => (word.includes(' ') && !/^["(]/.test(word) ? `(${word})` : word)),
  ].join(' ');
}

type Special = (value: Translation, filter: Filter) => Translation | undefined;

/** `list | map(attribute='a')` and the like. */
const eachPart =
  (write: (list: string, part: string) => string): Special =>
  ({ cel }, { args, named }) => {
    const part = named['attribute'] ?? args[0];
    const name = part === undefined ? undefined : /^["'](\w+)["']$/.exec(part)?.[1];
    return name === undefined ? undefined : { cel: write(grouped(cel), name), helper: undefined };
  };

const withValue =
  (write: (value: string) => string, name: string, ...rest: string[]): Special =>
  ({ cel, helper }) => ({
    cel: write(cel),
    helper: callHelper(name, helper, rest),
  });

/** Filters that mean something else here, or take something else, than the function whose place they have. */
const specials: Readonly<Record<string, Special>> = {
  default: ({ cel, helper }, { args: [otherwise = '""'] }) =>
    otherwise === 'omit'
      ? { cel: `default(${cel}, null)`, helper: callHelper('default', helper, ['omit']) }
      : {
          cel: `default(${cel}, ${toCel(otherwise)})`,
          helper: callHelper('default', helper, [toHelper(otherwise)]),
        },
  first: ({ cel, helper }) => ({ cel: `${grouped(cel)}[0]`, helper: callHelper('first', helper, []) }),
  last: ({ cel, helper }) => ({
    cel: `${grouped(cel)}.last().value()`,
    helper: callHelper('last', helper, []),
  }),
  list: (value) => value,
  map: eachPart((list, part) => `${list}.map(x, x.${part})`),
  sort: (value, filter) =>
    filter.args.length + Object.keys(filter.named).length === 0
      ? { cel: `${grouped(value.cel)}.sort()`, helper: callHelper('sort', value.helper, []) }
      : eachPart((list, part) => `${list}.sortBy(x, x.${part})`)(value, { ...filter, args: [] }),
  selectattr: selectParts(false),
  rejectattr: selectParts(true),
  regex_search: ({ cel, helper }, { args: [regex] }) =>
    regex === undefined
      ? undefined
      : {
          cel: `regex.extract(${cel}, ${toCel(regex)}).orValue("")`,
          helper: callHelper('regex.extract', helper, [toHelper(regex)]),
        },
  combine: ({ cel, helper }, { args: [over], named }) =>
    over === undefined
      ? undefined
      : {
          cel: `${grouped(cel)}.merge(${toCel(over)}${named['recursive'] === undefined ? '' : ', true'})`,
          helper: callHelper('merge', helper, [
            toHelper(over),
            ...(named['recursive'] === undefined ? [] : ['true']),
          ]),
        },
  ternary: ({ cel }, { args: [yes, no] }) =>
    yes === undefined || no === undefined
      ? undefined
      : { cel: `${cel} ? ${toCel(yes)} : ${toCel(no)}`, helper: undefined },
  to_nice_json: withValue((value) => `json.encode(${value}, 4)`, 'json', '4'),
  to_nice_yaml: withValue((value) => `yaml.encode(${value})`, 'yaml'),
  to_yaml: withValue((value) => `yaml.encode(${value})`, 'yaml'),
  comment: withValue((value) => `${grouped(value)}.prefixLines("# ")`, 'prefixLines', '"# "'),
  md5: withValue((value) => `hash(${value}, "md5")`, 'hash', '"md5"'),
  sha1: withValue((value) => `hash(${value}, "sha1")`, 'hash', '"sha1"'),
  checksum: withValue((value) => `hash(${value}, "sha1")`, 'hash', '"sha1"'),
  version: ({ cel }, { args: [version, operator = "'=='"] }) =>
    version === undefined
      ? undefined
      : { cel: compareVersion(cel, toCel(version), operator), helper: undefined },
};

function selectParts(isNot: boolean): Special {
  return ({ cel }, { args: [part = '', test, value] }) => {
    const name = /^["'](\w+)["']$/.exec(part)?.[1];
    const operators: Readonly<Record<string, string>> = {
      equalto: '==',
      eq: '==',
      '==': '==',
      ne: '!=',
      in: 'in',
      gt: '>',
      lt: '<',
    };
    const operator = operators[test?.replace(/["']/g, '') ?? ''];
    if (name === undefined || (test !== undefined && (operator === undefined || value === undefined)))
      return undefined;
    const holds = test === undefined ? `x.${name}` : `x.${name} ${operator ?? ''} ${toCel(value ?? '')}`;
    return {
      cel: `${grouped(cel)}.filter(x, ${isNot ? (test === undefined ? `!${holds}` : `!(${holds})`) : holds})`,
      helper: undefined,
    };
  };
}

/** `x is version('1.2', '>=')` as an expression. `version`: as CEL has it; `operator`: as it is written. */
export function compareVersion(value: string, version: string, operator: string): string {
  const bare = operator.replace(/["']/g, '');
  const signs: Readonly<Record<string, string>> = {
    ge: '>=',
    gt: '>',
    le: '<=',
    lt: '<',
    eq: '==',
    ne: '!=',
    '=': '==',
  };
  const sign = signs[bare] ?? bare;
  if (sign === '>=') return `versionAtLeast(${value}, ${version})`;
  if (sign === '<') return `!versionAtLeast(${value}, ${version})`;
  return `versionCompare(${value}, ${version}) ${sign} 0`;
}

function readFilter(text: string): Filter | undefined {
  const match = /^(?:ansible\.\w+\.)?(\w+)(?:\s*\(([\s\S]*)\))?$/.exec(text);
  if (!match) return undefined;
  const [, name = '', inside = ''] = match;
  const args: string[] = [];
  const named: Record<string, string> = {};
  for (const part of splitOutside(inside, ',').map((each) => each.trim())) {
    const [, key, value] = /^(\w+)\s*=(?!=)\s*([\s\S]+)$/.exec(part) ?? [];
    if (key !== undefined && value !== undefined) named[key] = value;
    else if (part !== '') args.push(part);
  }
  return [...args, ...Object.values(named)].every(isSimple)
    ? { name: name === 'd' ? 'default' : name, args, named }
    : undefined;
}

/** A name with its parts, or a literal; of lists and maps, those that are literals themselves. */
function isSimple(text: string): boolean {
  return /^(?:[A-Za-z_][\w.]*(?:\[(?:\d+|'[^'"]*'|"[^'"]*")\][\w.]*)*|-?\d+(?:\.\d+)?|'[^'"\\]*'|"[^'"\\]*"|'[^'"]*'|"[^'"]*"|\[[^[\](){}|]*\]|\{[^[\](){}|]*\})$/.test(
    text,
  );
}

function toCel(written: string): string {
  const words: Readonly<Record<string, string>> = {
    True: 'true',
    False: 'false',
    None: 'null',
    none: 'null',
  };
  if (Object.hasOwn(words, written)) return words[written] ?? written;
  return written.startsWith("'") ? `"${written.slice(1, -1)}"` : written.replaceAll("'", '"');
}

/** Undefined where a template cannot say it without an expression. */
function toHelper(written: string): string | undefined {
  const cel = toCel(written);
  if (/^[[{]/.test(cel) || /\]/.test(cel.replace(/^".*"$/s, ''))) return undefined;
  return cel;
}

/** What stands before a dot. */
function grouped(cel: string): string {
  return / \? .* : /.test(cel) ? `(${cel})` : cel;
}

/** At a separator that stands outside of quotes and brackets; `||` is none. */
export function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote !== '') {
      if (character === '\\') i += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (character === separator && depth === 0) {
      if (separator === '|' && text.charAt(i + 1) === '|') i += 1;
      else {
        parts.push(text.slice(start, i));
        start = i + 1;
      }
    }
  }
  return [...parts, text.slice(start)];
}
