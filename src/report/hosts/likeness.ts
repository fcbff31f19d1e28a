/**
 * Owns which hosts' texts are alike: equal ones, and those that differ in no more than the host's own name and addresses.
 * Knows nothing of what the texts say.
 */

interface Alike<T> {
  readonly of: T;
  /** Those that are alike differ in their hosts' names, which are to be taken out. */
  isBare: boolean;
  /** The text without the host. Undefined where all are equal with it: a word of theirs may be the name of one of them. */
  bare: string | undefined;
}

interface Likeness<T> {
  /** The first that is alike and fits. `bare`: the text without its host. Undefined if none is. */
  join(whole: string, bare: string, isFit?: (of: T) => boolean): Readonly<Alike<T>> | undefined;
  add(whole: string, bare: string, of: T): void;
  clear(): void;
}

export function createLikeness<T>(): Likeness<T> {
  const known = new Map<string, Alike<T>[]>();

  function put(key: string, alike: Alike<T>): void {
    const others = known.get(key);
    if (others) others.push(alike);
    else known.set(key, [alike]);
  }

  return {
    join(whole, bare, isFit = () => true) {
      const same = known.get(whole)?.find((each) => (!each.isBare || each.bare === bare) && isFit(each.of));
      const found = same ?? known.get(bare)?.find((each) => each.bare === bare && isFit(each.of));
      if (!found) return undefined;
      if (!same) found.isBare = true;
      if (found.bare !== bare) found.bare = undefined;
      return found;
    },
    add(whole, bare, of) {
      const alike = { of, isBare: false, bare };
      put(whole, alike);
      if (bare !== whole) put(bare, alike);
    },
    clear() {
      if (known.size > 0) known.clear();
    },
  };
}

const nameInText = new Map<string, RegExp>();

const address = /\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/;
const addresses = new RegExp(address, 'g');

export const hasAddress = (text: string): boolean => address.test(text);

/** Texts about equal things on two hosts are equal without these: the name of the host, and addresses. */
export function withoutHost(text: string, host: string): string {
  return withoutName(text, host).replace(addresses, '<address>');
}

/** The same where addresses are what somebody wants to see. */
export function withoutName(text: string, host: string): string {
  return text.includes(host) ? text.replace(patternOf(host), '<host>') : text;
}

/** A name as a word by itself, or with others: `web1`, `web1.txt`, `backup-web1`. One without a letter could be any number. */
function patternOf(host: string): RegExp {
  const known = nameInText.get(host);
  if (known) return known;
  const escaped = host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = /[A-Za-z]/.test(host)
    ? new RegExp(`(?<![A-Za-z\\d])${escaped}(?![A-Za-z\\d])`, 'g')
    : /(?!)/g;
  nameInText.set(host, pattern);
  return pattern;
}
