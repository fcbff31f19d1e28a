/**
 * Owns the text of /etc/fstab: finding a line, changing one, adding one, removing one, with every other byte kept.
 * Pure: text in, text out. Knows nothing of mounts.
 */
import { unescapeOctal, trimPath } from '../host/mountinfo.js';

export interface FstabEntry {
  readonly source: string;
  readonly target: string;
  readonly fstype: string;
  readonly options: string;
  /** 0 where the line leaves it out, as fstab(5) says. */
  readonly dump: number;
  readonly passno: number;
}

export interface FstabLine extends FstabEntry {
  /** From 1. */
  readonly line: number;
}

/** Every entry, in the order of the file. A line that is no entry (too few fields) is passed over, as mount(8) does. */
export function parseFstab(text: string): readonly FstabLine[] {
  const found: FstabLine[] = [];
  text.split('\n').forEach((raw, i) => {
    const entry = parseEntry(raw);
    if (entry) found.push({ ...entry, line: i + 1 });
  });
  return found;
}

function parseEntry(raw: string): FstabEntry | undefined {
  if (/^\s*(#|$)/.test(raw)) return undefined;
  const [source, target, fstype, options = 'defaults', dump = '0', passno = '0'] = raw.trim().split(/[ \t]+/);
  if (source === undefined || target === undefined || fstype === undefined) return undefined;
  return {
    source: unescapeOctal(source),
    target: trimPath(unescapeOctal(target)),
    fstype: unescapeOctal(fstype),
    options: unescapeOctal(options),
    dump: wholeNumber(dump),
    passno: wholeNumber(passno),
  };
}

function wholeNumber(field: string): number {
  const value = /^\d+$/.test(field) ? Number(field) : 0;
  return Number.isSafeInteger(value) ? value : 0;
}

/** The entries for a mount point; where a source is given, only those with it. */
export function findEntries(text: string, target: string, source?: string): readonly FstabLine[] {
  return parseFstab(text).filter(
    (entry) => entry.target === trimPath(target) && (source === undefined || entry.source === source),
  );
}

export function sameEntry(a: FstabEntry, b: FstabEntry): boolean {
  return (
    a.source === b.source &&
    trimPath(a.target) === trimPath(b.target) &&
    a.fstype === b.fstype &&
    a.options === b.options &&
    a.dump === b.dump &&
    a.passno === b.passno
  );
}

/** A line as fstab(5) wants it. */
export function formatEntry(entry: FstabEntry): string {
  return fieldsOf(entry).join(' ');
}

function fieldsOf(entry: FstabEntry): [string, string, string, string, string, string] {
  const { source, target, fstype, options, dump, passno } = entry;
  return [
    escapeField(source),
    escapeField(target),
    escapeField(fstype),
    escapeField(options),
    String(dump),
    String(passno),
  ];
}

/** `#` begins a comment only at the start of a line, but is written as util-linux writes it. */
function escapeField(field: string): string {
  return field.replace(/[\\ \t\n\r]|^#/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** Puts an entry at the end. A file that does not end in a newline is left so: removing the line gives it back. */
export function addEntry(text: string, entry: FstabEntry): string {
  const line = formatEntry(entry);
  if (text === '' || text.endsWith('\n')) return `${text}${line}\n`;
  return `${text}\n${line}`;
}

/** Changes the fields of one line that differ and leaves the others, and the white space between them, as they are. */
export function replaceEntry(text: string, line: number, entry: FstabEntry): string {
  const rows = text.split('\n');
  const raw = rows[line - 1];
  const before = raw === undefined ? undefined : parseEntry(raw);
  if (raw === undefined || before === undefined) throw new RangeError(`line ${line} holds no entry`);
  const old = [before.source, before.target, before.fstype, before.options, before.dump, before.passno];
  const wanted = [
    entry.source,
    trimPath(entry.target),
    entry.fstype,
    entry.options,
    entry.dump,
    entry.passno,
  ];
  const written = fieldsOf({ ...entry, target: trimPath(entry.target) });
  const [, indent = '', body = '', end = ''] = /^(\s*)(.*?)(\s*)$/s.exec(raw) ?? [];
  const pieces = body.split(/([ \t]+)/);
  let result = '';
  for (let i = 0; i < Math.max(6, Math.ceil(pieces.length / 2)); i++) {
    const present = pieces[2 * i];
    const gap = i === 0 ? '' : (pieces[2 * i - 1] ?? ' ');
    if (present === undefined && wanted.slice(i).every((value, j) => value === old[i + j])) break;
    const keeps = present !== undefined && (i > 5 || old[i] === wanted[i]);
    result += gap + (keeps ? present : (written[i] ?? ''));
  }
  rows[line - 1] = indent + result + end;
  return rows.join('\n');
}

/** Takes one line out. */
export function removeEntry(text: string, line: number): string {
  const rows = text.split('\n');
  rows.splice(line - 1, 1);
  return rows.join('\n');
}
