/** Owns point 8: what it costs to be watched by everything at once, and that its page opens and filters at once. */
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromiumMissing, startChromium } from '../../report/document/browser.js';
import { startFleet } from '../fleet.js';
import { commandBook } from '../playbooks.js';
import {
  megabytes,
  ratio,
  seconds,
  type Found,
  type Limit,
  type Point,
  type Row,
  type Setting,
} from '../point.js';
import { median } from '../statistics.js';
import { runZrun, type ZrunMeasured } from '../subjects.js';

const [hosts, tasks, forks] = [1000, 20, 50];

export const reporters: Point = {
  number: 8,
  title: `${hosts} hosts × ${tasks} command tasks with every reporter; their page in Chromium`,
  how: `A plain run beside one with reports in every form, metrics, a profile and traces. Time is that of zrun's own process, as the collector takes its share of the same processors. In Chromium, filtering is from a word typed to the next frame.`,
  measure,
};

async function measure({ bench, rounds, say }: Setting): Promise<Found> {
  const collector = await startCollector();
  const fleet = await startFleet();
  const below = (name: string): string => path.join(bench.folder, name);
  const page = below('report.html');
  const everything = {
    args: [
      ...[page, below('report.json'), below('report.xml'), below('report.md')].flatMap((file) => [
        '--report',
        file,
      ]),
      ...['--metrics', below('zrun.prom'), '--profile'],
    ],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  };
  const all = { plain: [] as ZrunMeasured[], watched: [] as ZrunMeasured[] };
  try {
    const playbook = await commandBook(bench.folder, tasks);
    for (let round = 1; round <= rounds; round++) {
      say(`plain, ${round} of ${rounds}`);
      all.plain.push(await runZrun(bench, fleet, playbook, { hosts, forks }));
      say(`with every reporter, ${round} of ${rounds}`);
      all.watched.push(await runZrun(bench, fleet, playbook, { hosts, forks, ...everything }));
    }
  } finally {
    await fleet.stop();
    collector.close();
  }
  const costOf = (runs: readonly ZrunMeasured[]) => ({
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: median(runs.map(({ cpuMs = 0 }) => cpuMs)),
    peak: median(runs.map(({ peakBytes = 0 }) => peakBytes)),
  });
  const [plain, watched] = [costOf(all.plain), costOf(all.watched)];
  const row = (name: string, { wallMs, cpuMs, peak }: typeof plain): Row => ({
    name,
    values: [seconds(wallMs), seconds(cpuMs), megabytes(peak)],
  });
  const browser = await measurePage(page);
  const more = (what: string, value: number): Limit => ({
    what,
    value,
    kind: 'at most',
    limit: 1.1,
    unit: '×',
  });
  return {
    columns: ['', 'wall', 'processor', 'peak memory'],
    rows: [row('plain', plain), row('with every reporter', watched)],
    notes: [`wall time beside the plain run: ${ratio(watched.wallMs / plain.wallMs)}`, ...browser.notes],
    limits: [
      more('processor time beside the plain run', watched.cpuMs / plain.cpuMs),
      more('peak memory beside the plain run', watched.peak / plain.peak),
      ...browser.limits,
    ],
  };
}

/** Takes everything and keeps nothing. */
async function startCollector(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function measurePage(file: string): Promise<Pick<Found, 'notes' | 'limits'>> {
  const size: Limit = {
    what: 'size of the page',
    value: statSync(file).size / 1e6,
    kind: 'at most',
    limit: 20,
    unit: 'MB',
  };
  const missing = chromiumMissing();
  if (missing !== undefined) return { notes: [`the page is not opened: ${missing}`], limits: [size] };
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    const paint = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0].startTime",
    );
    const filter = await page.evaluate<number>(`new Promise((resolve) => {
      const search = document.getElementById('search');
      const start = performance.now();
      search.value = 'host05';
      search.dispatchEvent(new Event('input'));
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    })`);
    const limit = (what: string, value: number): Limit => ({
      what,
      value,
      kind: 'at most',
      limit: 1000,
      unit: 'ms',
    });
    return { notes: [], limits: [size, limit('first paint', paint), limit('filter', filter)] };
  } finally {
    await browser.close();
  }
}
