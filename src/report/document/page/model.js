/**
 * Owns what a report's page works out, without touching the page: which hosts are found, what of a long list is on the
 * screen, where things stand on the timeline. The data is what ../page-data.ts writes.
 */

/**
 * @typedef {{code: string, status?: number, texts: Record<string, number>}} Problem
 * @typedef {{label: number, status: number, summary: number, ms: number, detail: number}} Item
 * @typedef {{texts: Record<string, number>, problem?: Problem, diffs?: number[], items?: Item[]}} Detail
 * @typedef {{name: string, outcome: number, counts: number[], pending: string[], connectMs?: number, start?: number,
 *   end?: number, measures?: Measure[], problem: number, results: number[]}} Host
 * @typedef {{kind: 'downtime', what: string, seconds: number} | {kind: 'change', what: string, unit: string,
 *   before: number, after: number}} Measure
 * @typedef {{host: number, value: number}} Measured of a host, by its number
 * @typedef {{name: string, module: string, at: string, play: string, section: string, hosts: number, ms: number,
 *   slowestMs: number, slowestHost: string}} Task
 * @typedef {{outcome: number, hosts: number[], task: number, detail: number, areNumbersOther: boolean,
 *   cause?: {task: string, message: string}}} Failure
 * @typedef {{id: string, state: string, version: string, check: boolean, playbooks: string[], startedAt: string,
 *   ms: number, exitCode?: number, resumes?: string, hasTimes: boolean, isWhole: boolean}} Run
 * @typedef {{run: Run, said: {summary: string, state?: string}, outcomes: string[], statuses: string[],
 *   counted: string[], stops: {play: string, reason: string}[], tasks: Task[],
 *   failures: Failure[], rescued: Failure[], warnings: {host?: string, message: string}[], hosts: Host[],
 *   details: Detail[], strings: string[]}} PageData
 * @typedef {{host?: string, outcome?: string, query?: string}} Wanted what the page's address asks for
 * @typedef {{task: number, status: number, isIgnored: boolean, isRescued: boolean, start: number, ms: number,
 *   summary: number, detail: number}} Result
 */

/** Numbers that each result has in a host's row of them. */
export const STRIDE = 6;

/**
 * @param {Host} host
 * @param {number} i
 * @returns {Result}
 */
export function resultAt(host, i) {
  const [task = 0, marked = 0, start = 0, ms = 0, summary = 0, detail = -1] = host.results.slice(
    i * STRIDE,
    (i + 1) * STRIDE,
  );
  return {
    task,
    status: marked & 7,
    isIgnored: (marked & 8) !== 0,
    isRescued: (marked & 16) !== 0,
    start,
    ms,
    summary,
    detail,
  };
}

/** @param {Host} host */
export function countResults(host) {
  return host.results.length / STRIDE;
}

/**
 * Hosts to look at first come first, and else as the run had them.
 * @param {PageData} data
 * @returns {number[]}
 */
export function orderHosts(data) {
  const all = data.hosts.map((_, i) => i);
  return all.sort((a, b) => data.hosts[a].outcome - data.hosts[b].outcome || a - b);
}

/**
 * Finds hosts. All words have to be found in a host: in its name, its outcome, its tasks, or in what these said.
 * @param {PageData} data
 * @returns {(wanted: Wanted) => number[]}
 */
export function createFinder(data) {
  const order = orderHosts(data);
  /** @type {string[] | undefined} Made when somebody searches. */
  let lower;
  /** @type {number[][] | undefined} */
  let textsOfDetails;

  /**
   * @param {string} word
   * @returns {(host: Host) => boolean}
   */
  function createMatcher(word) {
    lower ??= data.strings.map((text) => text.toLowerCase());
    textsOfDetails ??= data.details.map((detail) => textsOf(detail, data));
    const strings = Uint8Array.from(lower, (text) => (text.includes(word) ? 1 : 0));
    const tasks = Uint8Array.from(data.tasks, (task) => (task.name.toLowerCase().includes(word) ? 1 : 0));
    const details = Uint8Array.from(textsOfDetails, (texts) => (texts.some((i) => strings[i] === 1) ? 1 : 0));
    return ({ name, outcome, problem, results }) => {
      if (name.toLowerCase().includes(word) || data.outcomes[outcome].includes(word)) return true;
      if (problem >= 0 && details[problem] === 1) return true;
      for (let i = 0; i < results.length; i += STRIDE) {
        const detail = results[i + 5];
        if (tasks[results[i]] === 1 || strings[results[i + 4]] === 1) return true;
        if (detail >= 0 && details[detail] === 1) return true;
      }
      return false;
    };
  }

  return ({ outcome, query = '' }) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const matchers = words.map(createMatcher);
    return order.filter((i) => {
      const host = data.hosts[i];
      if (outcome !== undefined && data.outcomes[host.outcome] !== outcome) return false;
      return matchers.every((matches) => matches(host));
    });
  };
}

/**
 * @param {Detail} detail
 * @param {PageData} data
 * @returns {number[]}
 */
function textsOf({ texts, problem, diffs = [], items = [] }, data) {
  const own = [...Object.values(texts), ...Object.values(problem?.texts ?? {}), ...diffs];
  const ofItems = items.flatMap(({ label, summary, detail }) => [
    label,
    summary,
    ...(detail >= 0 ? textsOf(data.details[detail], data) : []),
  ]);
  return [...own, ...ofItems];
}

/**
 * `#host=web1&outcome=failed&q=docker`
 * @param {string} hash
 * @returns {Wanted}
 */
export function readAddress(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const [host, outcome, query] = ['host', 'outcome', 'q'].map((name) => words.get(name) ?? undefined);
  return {
    ...(host !== undefined && { host }),
    ...(outcome !== undefined && { outcome }),
    ...(query !== undefined && query !== '' && { query }),
  };
}

/** @param {Wanted} wanted */
export function writeAddress({ host, outcome, query }) {
  const words = new URLSearchParams();
  if (host !== undefined) words.set('host', host);
  if (outcome !== undefined) words.set('outcome', outcome);
  if (query) words.set('q', query);
  return `#${words.toString()}`;
}

/**
 * Which rows of a long list are on the screen, with a few more for who scrolls.
 * @param {{scrollTop: number, height: number, rowHeight: number, count: number, spare?: number}} list
 * @returns {{from: number, to: number}} `to` is not among them
 */
export function rowsInView({ scrollTop, height, rowHeight, count, spare = 4 }) {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  return { from, to: Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare) };
}

/**
 * @param {number} ms
 * @returns {string}
 */
export function formatDuration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/**
 * Round times for the marks of an axis, from 0 on.
 * @param {number} ms
 * @param {number} most how many there is room for
 * @returns {number[]}
 */
export function chooseTicks(ms, most) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5];
  const long = [18e5, 36e5, 72e5, 144e5, 288e5, 864e5];
  const step = [...steps, ...long].find((each) => ms / each <= Math.max(1, most)) ?? ms;
  const ticks = [];
  for (let at = 0; at <= ms && ticks.length <= most + 1; at += step) ticks.push(at);
  return ticks;
}

/**
 * The result that a host was at, or the nearest one, where `within` allows for it.
 * @param {Host} host
 * @param {number} time
 * @param {number} within milliseconds
 * @returns {number} -1: none
 */
export function findResult(host, time, within) {
  let [best, distance] = [-1, within];
  for (let i = 0; i < countResults(host); i++) {
    const { start, ms } = resultAt(host, i);
    const off = time < start ? start - time : Math.max(0, time - start - ms);
    if (off <= distance) [best, distance] = [i, off];
  }
  return best;
}

/**
 * How many values lie where, between round marks: what a bar chart shows. Of one value at least.
 * @param {Measured[]} measured
 * @param {number} most bars
 * @returns {{from: number, to: number, count: number}[]} `to` is not among them, but for the last
 */
export function countByRange(measured, most) {
  const top = measured.reduce((so, { value }) => Math.max(so, value), 0);
  const step = chooseStep(top, most);
  const bars = Array.from({ length: Math.max(1, Math.ceil(top / step)) }, (_, i) => ({
    from: i * step,
    to: (i + 1) * step,
    count: 0,
  }));
  for (const { value } of measured) bars[Math.min(bars.length - 1, Math.floor(value / step))].count++;
  // Nothing is told by the empty room before the first.
  return bars.slice(bars.findIndex(({ count }) => count > 0));
}

/**
 * 1, 2 or 5 times a power of ten.
 * @param {number} top
 * @param {number} most
 */
function chooseStep(top, most) {
  const least = top / most || 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((each) => each * power >= least) ?? 10) * power;
}

/**
 * @param {Measured[]} measured
 * @returns {Measured} the middle one
 */
export function findMedian(measured) {
  const sorted = [...measured].sort((a, b) => a.value - b.value);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/**
 * What was measured on hosts, by what it is of.
 * @param {PageData} data
 * @returns {{downtimes: Map<string, Measured[]>, changes: Map<string, {unit: string, hosts: {host: number,
 *   before: number, after: number}[]}>}}
 */
export function collectMeasures({ hosts }) {
  /** @type {ReturnType<typeof collectMeasures>} */
  const found = { downtimes: new Map(), changes: new Map() };
  hosts.forEach(({ measures = [] }, host) => {
    for (const measure of measures) {
      if (measure.kind === 'downtime') {
        const known = found.downtimes.get(measure.what) ?? [];
        known.push({ host, value: measure.seconds * 1000 });
        found.downtimes.set(measure.what, known);
      } else {
        const { unit, before, after } = measure;
        const known = found.changes.get(measure.what) ?? { unit, hosts: [] };
        known.hosts.push({ host, before, after });
        found.changes.set(measure.what, known);
      }
    }
  });
  return found;
}

/**
 * @param {number} value
 * @param {string} unit
 */
export function formatAmount(value, unit) {
  if (unit === 'seconds') return formatDuration(value * 1000);
  if (unit === 'count') return String(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/**
 * What a result is called, in a word, and as which it is coloured.
 * @param {PageData} data
 * @param {number} status
 * @param {boolean} isIgnored
 * @param {boolean} isRescued
 * @returns {{word: string, kind: string}}
 */
export function nameStatus(data, status, isIgnored, isRescued) {
  const kind = data.statuses[status];
  if (isIgnored) return { word: 'ignored', kind: 'skipped' };
  if (isRescued) return { word: `${kind}, rescued`, kind: 'changed' };
  if (kind === 'unfinished') return { word: 'under way', kind };
  return { word: kind === 'changed' && data.run.check ? 'would change' : kind, kind };
}

/**
 * How a line of a diff is shown.
 * @param {string} line
 * @returns {'add' | 'remove' | 'place' | 'change' | 'same'}
 */
export function kindOfLine(line) {
  if (line.startsWith('@@')) return 'place';
  if (line.startsWith('+')) return 'add';
  if (line.startsWith('-')) return 'remove';
  return line.startsWith('~') ? 'change' : 'same';
}

/**
 * A name that is too long, without its middle: what tells a fleet's names apart often stands at their ends.
 * @param {string} name
 * @param {(text: string) => boolean} isFit
 */
export function shortenName(name, isFit) {
  if (isFit(name)) return name;
  const characters = [...name];
  let [least, most] = [1, characters.length - 1];
  /** @param {number} kept */
  const shorten = (kept) => {
    const end = Math.floor(kept / 2);
    const tail = end === 0 ? [] : characters.slice(-end);
    return [...characters.slice(0, kept - end), '…', ...tail].join('');
  };
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (isFit(shorten(middle))) least = middle;
    else most = middle - 1;
  }
  return shorten(least);
}
