/**
 * Owns which results share a line: those that are equal and wait together, as long as no host's lines change their
 * order. Knows nothing of how a line looks.
 */
import type { Described } from '../describe.js';
import { createLikeness, hasAddress, withoutHost } from './likeness.js';

interface HostsLine {
  readonly type: 'hosts';
  readonly hosts: string[];
  /** Without the hosts' own names where these are what differs. */
  described: Described;
}

export type Line = { readonly type: 'text'; readonly text: string } | HostsLine;

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
  const { text, details, brief } = described;
  return {
    ...described,
    text: withoutHost(text, host),
    details: details.map((detail) => withoutHost(detail, host)),
    ...(brief && { brief: brief.map((line) => withoutHost(line, host)) }),
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
  /** Lines, and where they stand. */
  const known = createLikeness<{ readonly line: HostsLine; readonly place: number }>();
  /** Those whose hosts' own names are taken out. */
  const bareLines = new Set<HostsLine>();
  /** Where the first line after the last heading stands. */
  let barrier = 0;

  function closeGroups(): void {
    if (lastLineOf.size > 0) lastLineOf.clear();
    known.clear();
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
      const bare = hasOne || whole.includes(host) ? withoutHost(whole, host) : whole;
      const after = lastLineOf.get(host) ?? barrier - 1;
      const found = known.join(whole, bare, ({ place }) => place > after);
      if (found) {
        const { line, place } = found.of;
        line.hosts.push(host);
        lastLineOf.set(host, place);
        if (found.isBare && !bareLines.has(line)) {
          line.described = anonymous(line.described, line.hosts[0] ?? '');
          bareLines.add(line);
        }
        return 0;
      }
      lastLineOf.set(host, lines.length);
      const line: HostsLine = { type: 'hosts', hosts: [host], described };
      known.add(whole, bare, { line, place: lines.length });
      lines.push(line);
      return whole.length;
    },
    addAlone(host, described) {
      lines.push({ type: 'hosts', hosts: [host], described });
    },
    take() {
      const taken = lines;
      lines = [];
      bareLines.clear();
      closeGroups();
      return taken;
    },
  };
}
