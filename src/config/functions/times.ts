/**
 * Owns the functions for time. Times are CEL's timestamps in expressions and texts in ISO 8601 elsewhere; a whole number
 * is seconds since 1970. All of it is UTC.
 */
import type { Value } from '../../core/value.js';
import { FunctionError, toText, type FunctionEntry } from './function.js';

const topic = 'time';
const timestamp = 'google.protobuf.Timestamp';

export const timeFunctions: readonly FunctionEntry[] = [
  {
    name: 'now',
    topic,
    summary: 'the time at which it is asked for, on the machine that zrun runs on',
    signatures: [`now(): ${timestamp}`],
    examples: [{ text: 'now() > timestamp("2024-01-01T00:00:00Z")', gives: true }],
    helpers: [],
    filters: ['now'],
    apply: () => new Date().toISOString(),
  },
  {
    name: 'strftime',
    topic,
    summary: 'a time in a form: %Y %m %d %H %M %S %j %y %b %B %a %A %s %F %T %z %Z %%; UTC',
    signatures: [
      `${timestamp}.strftime(form: string): string`,
      'string.strftime(form: string): string',
      'int.strftime(form: string): string',
    ],
    examples: [
      { text: 'timestamp("2024-05-06T07:08:09Z").strftime("%Y%m%d-%H%M%S")', gives: '20240506-070809' },
      { text: '{{strftime 0 "%F %T"}}', gives: '1970-01-01 00:00:00' },
    ],
    filters: ['strftime'],
    precheck: (_time, form) => {
      if (form !== undefined) formatTime(new Date(0), toText(form));
    },
    apply: (time, form) => formatTime(timeOf(time), toText(form)),
  },
  {
    name: 'epoch',
    topic,
    summary: 'a time as whole seconds since 1970',
    signatures: [`${timestamp}.epoch(): int`, 'string.epoch(): int'],
    examples: [{ text: 'timestamp("1970-01-02T00:00:00Z").epoch()', gives: 86400 }],
    apply: (time) => Math.floor(timeOf(time).getTime() / 1000),
  },
];

function timeOf(value: Value | undefined): Date {
  const text = toText(value);
  const isNumber = /^-?\d{1,12}$/.test(text);
  const time = new Date(isNumber ? Number(text) * 1000 : text);
  const isWritten =
    isNumber || /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text);
  if (!isWritten || Number.isNaN(time.getTime()))
    throw new FunctionError(`'${text}' is not a time`, 'write it as in 2024-05-06T07:08:09Z');
  return time;
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function formatTime(time: Date, form: string): string {
  if (form.length > 1000) throw new FunctionError('the form has more than 1000 characters');
  const two = (count: number): string => String(count).padStart(2, '0');
  const year = String(time.getUTCFullYear()).padStart(4, '0');
  const [month, day] = [two(time.getUTCMonth() + 1), two(time.getUTCDate())];
  const [hour, minute, second] = [
    two(time.getUTCHours()),
    two(time.getUTCMinutes()),
    two(time.getUTCSeconds()),
  ];
  const dayOfYear = Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
  const monthName = months[time.getUTCMonth()] ?? '';
  const dayName = days[time.getUTCDay()] ?? '';
  const written: Readonly<Record<string, string>> = {
    ...{ Y: year, m: month, d: day, H: hour, M: minute, S: second, y: year.slice(-2) },
    ...{ j: String(dayOfYear).padStart(3, '0'), b: monthName.slice(0, 3), B: monthName },
    ...{ a: dayName.slice(0, 3), A: dayName, s: String(Math.floor(time.getTime() / 1000)) },
    ...{ F: `${year}-${month}-${day}`, T: `${hour}:${minute}:${second}`, z: '+0000', Z: 'UTC', '%': '%' },
  };
  return form.replace(/%([\s\S]?)/g, (verb, letter: string) => {
    const text = Object.hasOwn(written, letter) ? written[letter] : undefined;
    if (text === undefined)
      throw new FunctionError(
        `the form has '${verb}', which stands for nothing`,
        'write %% for a percent sign',
      );
    return text;
  });
}
