/**
 * Owns which results share a line: those that are equal and wait together, as long as no host's lines change their
 * order. Knows nothing of how a line looks.
 */
import type { Described } from './describe.js';
import { hasAddress, withoutHost } from './host-names.js';

export type Line =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'hosts';
      readonly hosts: string[];
      /** Without the hosts' own names where these are what differs. */
      described: Described;
    };

interface LineGroups {
  /** Nothing moves over it. */
  addHeading(text: string): void;
  /** Joins an equal line of other hosts where there is one. The characters that wait because of it. */
  addHost(host: string, described: Described): number;
  /** A line of its own, whatever waits. */
  addAlone(host: string, described: Described): void;
  readonly isEmpty: boolean;
  /** Those that wait, in order. Nothing waits any longer. */
  take(): readonly Line[];
}

function anonymous(described: Described, host: string): Described {
  const { text, details } = described;
  return {
    ...described,
    text: withoutHost(text, host),
    details: details.map((detail) => withoutHost(detail, host)),
  };
}

interface Text {
  readonly whole: string;
  /** An address is in it. */
  readonly hasOne: boolean;
}

/** Many hosts share one description. */
const texts = new WeakMap<Described, Text>();

function textOf(described: Described): Text {
  let text = texts.get(described);
  if (text) return text;
  const whole = JSON.stringify(described);
  text = { whole, hasOne: hasAddress(whole) };
  texts.set(described, text);
  return text;
}

export function createLineGroups(): LineGroups {
  let lines: Line[] = [];
  /** Where each host's last line stands: it may join an equal line only below that. */
  const lastLineOf = new Map<string, number>();
  /** Where equal lines stand, in order. */
  const placesOf = new Map<string, number[]>();
  /** Where the first line after the last heading stands. */
  let barrier = 0;

  function closeGroups(): void {
    if (lastLineOf.size > 0) lastLineOf.clear();
    if (placesOf.size > 0) placesOf.clear();
    barrier = lines.length;
  }

  return {
    get isEmpty() {
      return lines.length === 0;
    },
    addHeading(text) {
      lines.push({ type: 'text', text });
      closeGroups();
    },
    addHost(host, described) {
      const { whole, hasOne } = textOf(described);
      const key = hasOne || whole.includes(host) ? withoutHost(whole, host) : whole;
      const after = lastLineOf.get(host) ?? barrier - 1;
      const places = placesOf.get(key) ?? [];
      const index = places.find((place) => place > after);
      const found = index === undefined ? undefined : lines[index];
      if (index !== undefined && found?.type === 'hosts') {
        found.hosts.push(host);
        lastLineOf.set(host, index);
        if (key !== whole && JSON.stringify(found.described) !== whole)
          found.described = anonymous(found.described, found.hosts[0] ?? '');
        return 0;
      }
      lastLineOf.set(host, lines.length);
      places.push(lines.length);
      placesOf.set(key, places);
      lines.push({ type: 'hosts', hosts: [host], described });
      return whole.length;
    },
    addAlone(host, described) {
      lines.push({ type: 'hosts', hosts: [host], described });
    },
    take() {
      const taken = lines;
      lines = [];
      closeGroups();
      return taken;
    },
  };
}
