/** A report's page in a real Chromium: nothing is complained of, nothing is fetched, and it works by links and keys. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import type { RunEvent } from '../../../src/core/events.js';
import { writeHtmlReport } from '../../../src/report/document/html-report.js';
import { skipFor } from '../../integration/skip.js';
import { finish, finished, fleet, mixed, result, started, task } from '../events.js';
import { chromiumMissing, findBarriers, startChromium } from './browser.js';
import { moveOfAHost } from '../recorded.js';
import { reportOf } from './report-of.js';

const say = task('Say how long Docker was down', 40);
const measured: readonly RunEvent[] = [
  ...started(['a', 'b', 'c']),
  ...(['a', 'b', 'c'] as const).map((host, i) =>
    finish(host, say, result('ok', '', { message: `Docker was down for ${10 + 9 * i} seconds` })),
  ),
  finish('a', say, result('ok', '', { message: 'Build time: 93.2 s before, 4.1 s after' })),
  ...finished([
    ['a', 'done', { ok: 2 }],
    ['b', 'done', { ok: 1 }],
    ['c', 'done', { ok: 1 }],
  ]),
];

describe('a report in Chromium', () => {
  let browser: Browser | undefined;
  let folder = '';
  let page: Page;
  let complaints: string[] = [];

  before(async function () {
    skipFor(this, chromiumMissing());
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-browser-'));
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    if (folder !== '') rmSync(folder, { recursive: true });
  });
  afterEach(() => page.close());

  async function open(
    events: readonly (RunEvent | null)[],
    { hash = '', ...options }: { hash?: string; colorScheme?: 'light' | 'dark'; width?: number } = {},
  ): Promise<void> {
    const file = path.join(folder, 'report.html');
    writeFileSync(file, [...writeHtmlReport(reportOf(events))].join(''));
    if (!browser) throw new Error('there is no browser');
    const { colorScheme = 'light', width = 1280 } = options;
    page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    complaints = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(?:file|data):/.test(request.url())) complaints.push(`fetches ${request.url()}`);
    });
    await page.goto(`${pathToFileURL(file).href}${hash}`);
  }

  const isOutOfView = (): Promise<boolean> =>
    page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  const focused = (): Promise<string> => page.evaluate("document.activeElement?.id ?? ''");
  /** What follows a change of the address comes a moment later. */
  const isShown = (title: string): Promise<void> =>
    page.locator('#host-title', { hasText: title }).waitFor({ timeout: 20_000 });
  const address = (): string => decodeURIComponent(new URL(page.url()).hash);

  for (const colorScheme of ['light', 'dark'] as const)
    for (const [name, events, hash] of [
      ['a fleet', fleet, ''],
      ['a host of it', fleet, '#host=web1.example.org'],
      ['all kinds of results', mixed, '#host=web1'],
      ['charts', measured, ''],
      ['a real move', moveOfAHost(), '#host=web1'],
    ] as const)
      it(`has no barrier, and nothing to complain of: ${name}, ${colorScheme}`, async () => {
        await open(events, { hash, colorScheme });
        for (const summary of await page.locator('#host summary').all()) await summary.click();
        expect(await findBarriers(page)).to.deep.equal([]);
        expect(complaints).to.deep.equal([]);
        expect(await isOutOfView()).to.equal(false);
      });

  it('fits a narrow screen, however many hosts failed', async () => {
    const hosts = Array.from({ length: 60 }, (_, i) => `web${i}.a-rather-long-name-of-a-site.example.org`);
    const one = task('One', 3);
    await open(
      [
        ...started(hosts),
        ...hosts.map((host) =>
          finish(host, one, result('failed', '', { problem: { code: 'task-failed', message: 'no' } })),
        ),
        ...finished(
          hosts.map((host) => [host, 'failed', { failed: 1 }] as const),
          2,
        ),
      ],
      { width: 400 },
    );
    expect(await isOutOfView()).to.equal(false);
  });

  it('holds 1,000 hosts and 100 tasks in less than 20 MB, with nothing to complain of', async () => {
    const hosts = Array.from({ length: 1000 }, (_, i) => `web${String(i).padStart(3, '0')}.example.org`);
    const tasks = Array.from({ length: 100 }, (_, i) => task(`Task ${i + 1}`, i + 3));
    const problem = { code: 'task-failed', message: 'there is no room' } as const;
    const isBad = (i: number): boolean => i % 97 === 3;
    await open([
      ...started(hosts),
      ...tasks.flatMap((each, t) =>
        hosts.map((host, i) =>
          finish(
            host,
            each,
            isBad(i) && t === 99
              ? result('failed', problem.message, { problem })
              : result((i + t) % 5 === 0 ? 'changed' : 'ok', `${i % 7} of ${t}`, { ms: (i * t) % 997 }),
          ),
        ),
      ),
      ...finished(
        hosts.map((host, i) =>
          isBad(i)
            ? [host, 'failed', { ok: 99, changed: 20, failed: 1 }, problem]
            : [host, 'done', { ok: 100, changed: 20 }],
        ),
        2,
      ),
    ]);
    expect(statSync(path.join(folder, 'report.html')).size).to.be.below(20e6);
    await page.locator('#search').fill('web05');
    await page.locator('#found', { hasText: '10 of 1000 hosts' }).waitFor({ timeout: 20_000 });
    expect(await findBarriers(page)).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
  });

  it('is gone through by keys alone', async () => {
    await open(fleet);
    await page.keyboard.press('/');
    expect(await focused()).to.equal('search');
    await page.keyboard.type('journalctl');
    expect(await page.locator('#found').innerText()).to.equal('5 of 12 hosts');
    expect(address()).to.equal('#q=journalctl');
    await page.keyboard.press('Escape');
    await page.locator('#list').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await isShown('web2.example.org: failed');
    expect(address()).to.equal('#host=web2.example.org&q=journalctl');
    await page.keyboard.press('Escape');
    await page.locator('#host').waitFor({ state: 'hidden' });
    expect(complaints).to.deep.equal([]);
  });

  it('leads back where one came from', async () => {
    await open(fleet, { hash: '#host=web1.example.org' });
    await page.locator('#failures a', { hasText: 'web3.example.org' }).click();
    await isShown('web3.example.org: failed');
    await page.goBack();
    await isShown('web1.example.org: failed');
  });

  it('is printed with every host, and without what only a screen can do', async () => {
    const hosts = Array.from({ length: 150 }, (_, i) => `web${i}`);
    await open([...started(hosts), ...finished(hosts.map((host) => [host, 'done', {}] as const))]);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#filter').isVisible()).to.equal(false);
    // The browser's print() tells the page before and after; so does the PDF.
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator('#list .row').count()).to.equal(150);
    expect(await isOutOfView()).to.equal(false);
    expect((await page.pdf()).subarray(0, 5).toString()).to.equal('%PDF-');
  });
});
