/**
 * Owns what is said in place of cel-js's own words: of types that do not fit, of functions that are called wrongly, and
 * of what its functions do not take.
 */
import { nearest } from '../../core/errors.js';
import { insteadOfLookup, isLookup, noLookups } from '../functions/ansible-words.js';
import { celMethod } from '../functions/jinja-hints.js';
import { signaturesOf } from '../functions/signature.js';
import { functionsByFilter, functionsByHelper, functionsByName, functionTable } from '../functions/table.js';
import { runEnvironment } from './cel-environment.js';
import { ownPrefix } from './cel-functions.js';
import { badRegex } from './cel-macros.js';

export function explainType(
  code: string,
  summary: string,
): readonly [message: string, hint: string | undefined] {
  if (code === badRegex) {
    const [reason = '', hint] = summary.split('\n');
    return [`this regular expression does not work: ${reason}`, hint === '' ? undefined : hint];
  }
  if (/^has\(\) invalid argument/.test(summary))
    return [
      'has() takes a part of something, named by dots alone',
      "has(a.b.c); where a name is computed, write 'c' in a[x]",
    ];
  const call = /for '(?:(.+?)\.)?(\w+)\((.*)\)'$/.exec(summary);
  if (code === 'no_matching_overload' && call) return explainCall(call[1], call[2] ?? '', call[3] ?? '');
  const operator = /overload: (\S.*?) (==|!=|<=?|>=?|[-+*/%]|in) (\S.*)$/.exec(summary);
  if (operator) {
    const [, left = '', sign = '', right = ''] = operator;
    const [leftNoun, rightNoun] = [typeNoun(left), typeNoun(right)];
    const isText = leftNoun === 'text' || rightNoun === 'text';
    const isOptional = [left, right].some((type) => bareType(type).startsWith('optional'));
    const hint = isOptional ? optionalHint : (isText ? conversionHint : nullHint)(leftNoun, rightNoun);
    const verb =
      sign === 'in'
        ? `'in' cannot look for ${leftNoun} in ${rightNoun}`
        : `'${sign}' does not work between ${leftNoun} and ${rightNoun}`;
    return [verb, hint];
  }
  const operand = /requires bool operands, got '(.*)'/.exec(summary);
  if (operand) {
    return [
      `&& and || need true or false on both sides, but one is ${typeNoun(operand[1] ?? '')}`,
      'compare it, as in x != ""',
    ];
  }
  const ternary = /^Ternary condition must be bool, got '(.*)'/.exec(summary);
  if (ternary) {
    return [`what stands before ? must be true or false, but is ${typeNoun(ternary[1] ?? '')}`, undefined];
  }
  const range = /^Expression of type '(.*)' cannot be range of a comprehension/.exec(summary);
  if (range) {
    return [
      `all, exists, filter and map go through a list or a map, not ${typeNoun(range[1] ?? '')}`,
      undefined,
    ];
  }
  const indexed = /^Cannot index type '(.*)'/.exec(summary);
  if (indexed) return [`${typeNoun(indexed[1] ?? '')} has no parts`, undefined];
  const unary = /overload: ([-!])(\S+)/.exec(summary);
  if (unary) return [`'${unary[1] ?? ''}' does not work on ${typeNoun(unary[2] ?? '')}`, undefined];
  for (const [form, say] of libraryWords) {
    const found = form.exec(summary);
    if (found) return say(found[1] ?? '', found[2] ?? '');
  }
  return [summary.replace(/'?\bundefined\b'?/g, typeNoun('undefined')), undefined];
}

const optionalHint = 'x.?part.orValue(…) says what stands there instead';
const notATime = [
  'this text is no time',
  'write it in full, as in timestamp("2024-05-06T07:08:09Z")',
] as const;

/** What cel-js says otherwise, and what is said here. `a` and `b` are the form's groups, types as a rule. */
const libraryWords: readonly (readonly [
  form: RegExp,
  say: (a: string, b: string) => readonly [message: string, hint: string | undefined],
])[] = [
  [
    /^Ternary branches must have the same type, got '(.*)' and '(.*)'$/,
    (a, b) => [
      `before : stands ${typeNoun(a)}, behind it ${typeNoun(b)}: both must be of one type`,
      'string(x) makes a text of a number; write dyn(x) on one side if both are meant',
    ],
  ],
  [
    /^optional\.orValue\(value\) argument must be compatible type, got '(.*)' and '(.*)'$/,
    (a, b) => [
      `this is ${typeNoun(a)}, and orValue gives ${typeNoun(b)} in its place: both must be of one type`,
      'string(x) makes a text of a number; write dyn(x) in orValue if both are meant',
    ],
  ],
  [
    /^optional\.(\w+)\(\w+\) (?:receiver|argument) must be optional(?:, got '(.*)')?$/,
    (name) => [
      `'${name}' is for what may be missing, and nothing says that this may be`,
      `write a question mark before the part, as in x.?part.${name}(…)`,
    ],
  ],
  [/^Optional value is not present$/, () => ['this is not there, and .value() needs it', optionalHint]],
  [
    /^Invalid duration string: '?(.*?)'?$/,
    (text) => [
      `'${text}' is no length of time`,
      'write it with h, m, s and ms, as in 90s, 1h30m or 24h: there are no days',
    ],
  ],
  [/^timestamp\(\) requires a string/, () => notATime],
  [
    /^timestamp\(\) requires a valid integer/,
    () => ['this number of seconds is no time that there is', undefined],
  ],
  [
    /^u?int\(\) type error: cannot convert/,
    () => ['this is no whole number', 'write digits alone, as in int("12")'],
  ],
  [/^u?int\(\) type error: /, () => ['this is too large for a whole number', undefined]],
  [/^double\(\) type error/, () => ['this is no number', 'write it as in double("1.5")']],
  [
    /^bool\(\) conversion error: invalid string value "(.*)"$/,
    (text) => [`"${text}" is neither true nor false`, 'toBool(x) reads yes, no, on and off too'],
  ],
  [/^integer overflow: (.*)$/, (number) => [`${number} is too large for a whole number`, undefined]],
  [/^(division|modulo) by zero$/, () => ['this divides by zero', undefined]],
  [
    /^string\.(\w+)\(.*\): (?:start index|end index|fromIndex) out of range$/,
    (name) => [
      `'${name}' is given a position that the text does not have`,
      'size(x) says how long a text is',
    ],
  ],
  [
    /^List index must be int, got '(.*)'$/,
    (type) => [
      `an item of a list is named by its number, not by ${typeNoun(type)}`,
      'write it as in list[0]',
    ],
  ],
  [
    /^(?:Variable|Field|List item with index) '(.*)' is not of type '.*', got '(.*)'$/,
    (name, type) => [
      `'${name}' is ${typeNoun(type)} on this host, and is something else where it is defined`,
      undefined,
    ],
  ],
];

/** At the commas that stand in no type's own brackets. */
function splitTypes(types: string): readonly string[] {
  const found: string[] = [];
  let [depth, start] = [0, 0];
  for (const { 0: mark, index } of types.matchAll(/[<>]|, /g)) {
    if (mark === '<') depth += 1;
    else if (mark === '>') depth -= 1;
    else if (depth === 0) {
      found.push(types.slice(start, index));
      start = index + mark.length;
    }
  }
  return types === '' ? [] : [...found, types.slice(start)];
}

function nullHint(left: string, right: string): string | undefined {
  if (left !== 'null' && right !== 'null') return undefined;
  const other = left === 'null' ? right : left;
  return `it is always ${other} here, and never null: leave the comparison out`;
}

function conversionHint(left: string, right: string): string | undefined {
  const other = left === 'text' ? right : left;
  if (other === 'a whole number')
    return 'leave out the quotes to compare numbers; int(x) makes a number of a text, string(x) a text of a number';
  return other === 'a boolean' ? 'leave out the quotes: true and false are no texts' : undefined;
}

function explainCall(
  receiver: string | undefined,
  name: string,
  args: string,
): readonly [string, string | undefined] {
  if (receiver !== undefined && `${receiver}.` === ownPrefix) {
    const [on = 'dyn', ...others] = splitTypes(args);
    return explainCall(on, name, others.join(', '));
  }
  const full = `${receiver ?? ''}.${name}`;
  const isNamespaced = functionsByName.has(full);
  const isMethod = receiver !== undefined && !isNamespaced;
  const called = isNamespaced ? full : name;
  const written = writtenForms(called, isMethod);
  if (written.length > 0) {
    if (isMethod && args === '')
      return [
        written.some((form) => form.includes('()'))
          ? `'${called}' does not work on ${typeNoun(receiver)}`
          : `'${called}' needs a value, and is given none`,
        `it is written ${written.join(', or ')}`,
      ];
    if (isMethod && called === 'contains' && bareType(receiver).startsWith('list'))
      return [`'contains' is for texts, and this is a list`, 'write x in list'];
    const given = args === '' ? 'nothing' : splitTypes(args).map(typeNoun).join(', ');
    const on = isMethod ? ` on ${typeNoun(receiver)}` : '';
    return [`'${called}' does not take ${given}${on}`, `it is written ${written.join(', or ')}`];
  }
  const noun = isMethod ? 'method' : 'function';
  const message = `there is no ${noun} '${name}'`;
  if (name === 'not') return ["CEL has no 'not'", 'write ! in its place, and the condition in quotes'];
  if (isLookup(name)) return [noLookups, insteadOfLookup()];
  const method = isMethod ? celMethod(name) : undefined;
  if (method !== undefined) return [message, `CEL calls it '${method}'`];
  if (name === 'defined')
    return ["there is no function 'defined'", 'write has(a.b), or give the variable a default in vars'];
  const other = functionsByName.get(name) ?? functionsByFilter.get(name) ?? functionsByHelper.get(name);
  if (other) return [message, `it is written ${other.signatures.join(', or ')}`];
  const best = nearest(name, callableNames(isMethod));
  return [message, best === undefined ? "'zrun doc functions' lists them" : `did you mean '${best}'?`];
}

/** What a function or a method takes: as the table has it, or else as cel-js has it. */
function writtenForms(name: string, isMethod: boolean): readonly string[] {
  const entry = functionsByName.get(name);
  if (entry) {
    const own = signaturesOf(entry).map(({ on }) => (on !== undefined) === isMethod);
    return entry.signatures.filter((_, i) => own[i] === true);
  }
  // Of a macro in place of a function, only the function says what it takes.
  return runEnvironment
    .getDefinitions()
    .functions.filter(
      (one) => one.name === name && (one.receiverType !== null) === isMethod && one.receiverType !== 'null',
    )
    .map((one) => one.signature);
}

function callableNames(isMethod: boolean): readonly string[] {
  const others = runEnvironment
    .getDefinitions()
    .functions.filter((one) => (one.receiverType !== null) === isMethod && !one.name.startsWith(ownPrefix));
  const own = functionTable.filter((entry) =>
    signaturesOf(entry).some(({ on }) => (on !== undefined) === isMethod),
  );
  return [...own, ...others].map((one) => one.name);
}

function bareType(type: string): string {
  return type.replace(/^dyn<(.*)>$/, '$1');
}

export function typeNoun(type: string): string {
  const bare = bareType(type);
  const nouns: Readonly<Record<string, string>> = {
    string: 'text',
    int: 'a whole number',
    uint: 'a whole number',
    double: 'a number',
    bool: 'a boolean',
    null: 'null',
    dyn: 'a value of any type',
    bytes: 'bytes',
    undefined: 'something that is not there',
  };
  const noun = nouns[bare];
  if (noun !== undefined) return noun;
  if (bare.startsWith('list')) return 'a list';
  if (bare.startsWith('optional')) return 'something that may be missing';
  if (bare === 'google.protobuf.Timestamp') return 'a time';
  if (bare === 'google.protobuf.Duration') return 'a length of time';
  return bare.startsWith('map') || bare.startsWith('Object') ? 'a map' : bare;
}
