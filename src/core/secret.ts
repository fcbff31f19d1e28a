/**
 * Owns secrets in memory: a value that prints as dots wherever it is printed by mistake, and the texts that this run
 * never writes: passwords, answers to private questions, what stands in files marked secret.
 */

const hidden = new WeakMap<Secret, string>();

/** What stands in place of a secret's text. */
export const dots = '••••••';

/** Its text is kept out of everything that is written: see `mask`. */
export class Secret {
  constructor(value: string) {
    hidden.set(this, value);
    keepSecret(value);
  }

  toString(): string {
    return dots;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The one way to a secret's text: greppable, and called only where it is written to a host's standard input. */
export function reveal(secret: Secret): string {
  const value = hidden.get(secret);
  if (value === undefined) throw new TypeError('not a secret made by this process');
  return value;
}

/** UTF-16 units. To mask a shorter text wherever it stands would leave nothing readable. */
const shortestMasked = 4;

/**
 * Every form of every secret, by its first units, with the lengths that there are, the longest first: what a text costs
 * does not depend on how many secrets there are.
 */
const forms = new Map<string, { readonly texts: Set<string>; readonly lengths: number[] }>();
/** The first units of forms, for what may be the beginning of one at the end of a piece. */
const beginnings = new Set<string>();
/** Which two units a form begins with, roughly: most of a text begins none. */
const startsAt = new Uint8Array(1 << 16);
let longest = 0;

/**
 * Keeps a text out of everything that is written from now on, in the forms too that zrun itself makes of it: in JSON,
 * between a shell's quotes, and in base64. Of several lines, each is kept out by itself: a diff shows single lines.
 */
export function keepSecret(text: string): void {
  for (const line of text.split(/\r?\n/)) {
    const bare = line.trim();
    if (bare.length < shortestMasked) continue;
    // A command in JSON, JSON in a command, all of that in the journal's JSON: up to three of these in each other.
    const written = new Set([bare]);
    for (let level = 0; level < 3; level += 1)
      for (const form of [...written]) writtenFormsOf(form).forEach((each) => written.add(each));
    for (const form of new Set([...written, ...base64FormsOf(bare)])) addForm(form);
  }
}

/** In JSON, and between a shell's quotes. */
function writtenFormsOf(text: string): readonly string[] {
  return [JSON.stringify(text).slice(1, -1), text.replaceAll("'", `'\\''`)];
}

/** Ansible's names of passwords: their values are secrets wherever they stand. */
export const passwordNames: ReadonlySet<string> = new Set([
  'ansible_become_password',
  'ansible_become_pass',
  'ansible_sudo_pass',
  'ansible_password',
  'ansible_ssh_password',
  'ansible_ssh_pass',
]);

/**
 * Whether a file marks itself: `# zrun: secret` among the comments at its beginning. Then every value in it is a secret,
 * and none of its lines is ever shown.
 */
export function isMarkedSecret(text: string): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#[^\n]*|---[ \t]*\r?)?\n)*[ \t]*#[ \t]*zrun:[ \t]*secret\b/.test(text);
}

/** Sources whose text was encrypted where it stands. */
const decryptedSources = new WeakSet();

/** No line of this source is ever shown, and every value in it is a secret: it was decrypted. */
export function markDecrypted(source: object): void {
  decryptedSources.add(source);
}

/** Whether every value in a source is a secret. */
export function isSecretSource(source: { readonly text: string }): boolean {
  return decryptedSources.has(source) || isMarkedSecret(source.text);
}

/** Forgets all of them: another run begins in this process. */
export function forgetSecrets(): void {
  forms.clear();
  beginnings.clear();
  startsAt.fill(0);
  longest = 0;
}

export function hasSecrets(): boolean {
  return longest > 0;
}

/** The text with dots in place of each secret. */
export function mask(text: string): string {
  return longest === 0 ? text : maskUpTo(text).masked;
}

/**
 * The same for a piece of a stream: `held` may be the beginning of a secret, and belongs before the next piece.
 */
export function maskPiece(text: string): { readonly masked: string; readonly held: string } {
  if (longest === 0) return { masked: text, held: '' };
  const { masked, end } = maskUpTo(text);
  for (let start = Math.max(end, text.length - longest + 1); start < text.length; start += 1) {
    const held = text.slice(start);
    if (isBeginning(held)) return { masked: masked.slice(0, masked.length - held.length), held };
  }
  return { masked, held: '' };
}

/** A text cut to so many UTF-16 units. Masked before that: half of a secret would not be known as one afterwards. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const masked = mask(text);
  return masked.length <= most ? masked : `${masked.slice(0, most - 1).trimEnd()}…`;
}

/** Of a text that was cut off: how many units at its end may be the beginning of a secret. */
export function beginningAtEnd(text: string): number {
  return maskPiece(text).held.length;
}

/** Of a text whose beginning was cut off: how many units at its start may be the end of a secret. */
export function endAtStart(text: string): number {
  let most = 0;
  for (const { texts } of forms.values())
    for (const form of texts) {
      let length = form.length - 1;
      while (length > most && !text.startsWith(form.slice(-length))) length -= 1;
      most = Math.max(most, length);
    }
  return most;
}

/** UTF-16 units of the longest form of a secret. */
export function longestSecret(): number {
  return longest;
}

/** `end`: where the last secret ends in the text as it was. */
function maskUpTo(text: string): { readonly masked: string; readonly end: number } {
  let masked = '';
  let end = 0;
  for (let i = 0; i <= text.length - shortestMasked; i += 1) {
    if (startsAt[slotOf(text, i)] === 0) continue;
    const form = formAt(text, i);
    if (form === undefined) continue;
    masked += text.slice(end, i) + dots;
    end = i + form.length;
    i = end - 1;
  }
  return { masked: end === 0 ? text : masked + text.slice(end), end };
}

/** The longest form that stands here. */
function formAt(text: string, i: number): string | undefined {
  const { texts, lengths } = forms.get(text.slice(i, i + shortestMasked)) ?? {};
  for (const length of lengths ?? []) {
    const part = text.slice(i, i + length);
    if (texts?.has(part)) return part;
  }
  return undefined;
}

function isBeginning(text: string): boolean {
  if (text.length < shortestMasked) return beginnings.has(text);
  for (const form of forms.get(text.slice(0, shortestMasked))?.texts ?? [])
    if (form.length > text.length && form.startsWith(text)) return true;
  return false;
}

function slotOf(text: string, i: number): number {
  return (text.charCodeAt(i) * 257 + text.charCodeAt(i + 1)) & 0xffff;
}

function addForm(form: string): void {
  const start = form.slice(0, shortestMasked);
  const known = forms.get(start) ?? { texts: new Set(), lengths: [] };
  forms.set(start, known);
  known.texts.add(form);
  if (!known.lengths.includes(form.length)) {
    known.lengths.push(form.length);
    known.lengths.sort((a, b) => b - a);
  }
  for (let length = 1; length < shortestMasked; length += 1) beginnings.add(form.slice(0, length));
  startsAt[slotOf(form, 0)] = 1;
  longest = Math.max(longest, form.length);
}

/**
 * How base64 shows a text that stands in a longer one: it takes three bytes at a time, so that there are three ways, and
 * what neighbours take part in is left out.
 */
function base64FormsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.toString('base64');
  const inside = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 4) / 3);
    return encoded.slice(first, Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [whole, ...inside].filter((form) => form.length > shortestMasked);
}
