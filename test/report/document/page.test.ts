/** The report as a page: what it lets run, what its script works out, and the script itself in as much of a browser as it needs. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { RunEvent } from '../../../src/core/events.js';
import { sourceFile } from '../../../src/core/source-files.js';
import { writeHtmlReport } from '../../../src/report/document/html-report.js';
import {
  chooseTicks,
  countByRange,
  findMedian,
  findResult,
  formatAmount,
  formatDuration as formatOnPage,
  kindOfLine,
  readAddress,
  rowsInView,
  shortenName,
  writeAddress,
} from '../../../src/report/document/page/model.js';
import { formatDuration } from '../../../src/report/duration.js';
import { sourceFilesInside } from '../../build/source-files.js';
import { finish, finished, fleet, mixed, result, started, task } from '../events.js';
import { openPage } from './fake-page.js';
import { reportOf } from './report-of.js';

const pageOf = (events: readonly (RunEvent | null)[]): string =>
  [...writeHtmlReport(reportOf(events))].join('');

describe('the page of a report', () => {
  const html = pageOf(fleet);

  it('loads nothing, and lets nothing but its own script and style run', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const inside = (pattern: RegExp): string => pattern.exec(html)?.[1] ?? '';
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy).to.contain("default-src 'none'");
    expect(policy).to.contain(`script-src ${hash(inside(/<script type="module">([\s\S]*?)<\/script>/))}`);
    expect(policy).to.contain(`style-src ${hash(inside(/<style>([\s\S]*?)<\/style>/))}`);
    expect(html.replace(/<script type="application[\s\S]*?<\/script>/, '')).to.not.match(
      /https?:|^\s*import\b|\bfetch\(|XMLHttp|\burl\(/m,
    );
    expect(html.match(/<script/g)).to.have.length(2);
  });

  it('is in the bundle as it is from the sources', async () => {
    const { outputFiles } = await build({
      entryPoints: [path.resolve(import.meta.dirname, '../../../src/report/document/html-report.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      plugins: [sourceFilesInside],
    });
    const bundled = { exports: {} };
    const load = vm.compileFunction(outputFiles[0]?.text ?? '', ['module', 'exports', 'require']) as (
      ...names: unknown[]
    ) => void;
    load(bundled, bundled.exports, createRequire(import.meta.url));
    const inside = bundled.exports as { writeHtmlReport: typeof writeHtmlReport };
    expect([...inside.writeHtmlReport(reportOf(fleet))].join('')).to.equal(html);
  });

  it('has no way to make mark-up of what hosts say', () => {
    expect(sourceFile('report/document/page/view.js')).to.not.match(
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b/,
    );
    for (const file of ['view.js', 'model.js', 'page.css'] as const)
      expect(sourceFile(`report/document/page/${file}`)).to.not.match(/<\/|<!--|\r/);
  });

  it('cannot be ended by what hosts say', () => {
    const nasty = '</script><script>alert(1)</script><!--<script> </title> \u2028 \u202e';
    const text = pageOf([
      { ...started([nasty])[0], playbooks: [nasty] } as RunEvent,
      ...started([nasty]).slice(1),
      finish(
        nasty,
        task(nasty, 1),
        result('failed', nasty, {
          problem: { code: 'task-failed', message: nasty, stderr: nasty },
          diff: [{ type: 'text', path: nasty, before: 'a', after: nasty }],
        }),
      ),
      { type: 'warning', message: nasty },
      ...finished([[nasty, 'failed', { failed: 1 }]], 2),
    ]);
    expect(text.match(/<script/g)).to.have.length(2);
    expect(text.match(/<\/script/g)).to.have.length(2);
    expect(text.match(/<\/title/g)).to.have.length(1);
    expect(text).to.not.match(/[\u2028\u202e]/);
    const page = openPage(text);
    expect(page.find('failures').textContent).to.contain('</script><script>alert(1)</script>');
    expect(page.find('failures').textContent).to.contain('\\u202e');
  });

  it('shows the fleet, failures first', () => {
    const page = openPage(html);
    expect(page.find('title').textContent).to.equal('play.yaml');
    expect(page.find('facts').textContent).to.match(
      /^12 hosts: 4 failed, 2 unreachable, 1 unknown, 3 not tried/,
    );
    const cells = page.find('cells').elements.map((cell) => cell.attributes.get('class'));
    expect(cells.slice(0, 6)).to.deep.equal(
      ['failed ', 'failed ', 'failed ', 'unreachable ', 'unreachable ', 'unknown '].map((word) =>
        word.trim(),
      ),
    );
    const articles = page.find('failures').querySelectorAll('article');
    expect(articles).to.have.length(5);
    expect(articles[4]?.textContent).to.match(/^not tried on 3 hosts/);
    expect(articles[0]?.textContent).to.match(/^failed on 3 hosts, in task ‘Stop Docker’web1\.example\.org/);
    expect(articles[0]?.textContent).to.contain('$ systemctl stop docker.service\n(exit code 1)');
    expect(page.find('slowest').querySelectorAll('tr')).to.have.length(6);
    const rows = page.find('list').querySelectorAll('.row');
    expect(rows.map((row) => row.elements[0]?.textContent).slice(0, 4)).to.deep.equal(
      ['web1', 'web2', 'web3', 'web8'].map((name) => `${name}.example.org`),
    );
    expect(page.find('lanes').querySelector('canvas')?.drawn).to.be.greaterThan(20);
  });

  it('says why hosts were not tried where it says why others are not done', () => {
    const reason = '1 of 1 hosts of this play failed, and max_fail_total allows 0';
    const page = openPage(
      pageOf([
        ...started(['a', 'b']),
        { type: 'play-stopped', play: 'Move Docker to overlay2', reason, notTried: ['b'] },
        ...finished(
          [
            ['a', 'failed', { failed: 1 }],
            ['b', 'not-tried', {}],
          ],
          2,
        ),
      ]),
    );
    const articles = page.find('failures').querySelectorAll('article');
    expect(articles.at(-1)?.textContent).to.match(/^not tried.*b.*max_fail_total allows 0/s);
    expect(page.find('failures').textContent.split(reason)).to.have.length(2);
    expect(page.find('warnings').textContent).not.to.contain(reason);
  });

  it('finds by host, task, text and outcome', () => {
    const page = openPage(html);
    const search = page.find('search');
    const found = (text: string): string => {
      search.value = text;
      search.fire('input');
      return page.find('found').textContent;
    };
    expect(found('web12')).to.equal('1 of 12 hosts');
    expect(found('Create VOLUME')).to.equal('9 of 12 hosts');
    expect(found('journalctl')).to.equal('5 of 12 hosts');
    expect(found('journalctl web7')).to.equal('1 of 12 hosts');
    expect(page.address()).to.equal('#q=journalctl+web7');
    expect(found('nowhere at all')).to.equal('0 of 12 hosts');
    expect(found('')).to.equal('12 hosts');
    const [failed] = page.find('outcomes').querySelectorAll('button');
    failed?.fire('click');
    expect(page.find('found').textContent).to.equal('4 of 12 hosts');
    expect(failed?.attributes.get('aria-pressed')).to.equal('true');
    failed?.fire('click');
    expect(page.find('found').textContent).to.equal('12 hosts');
  });

  it('charts what was measured, and names the host that took longest', () => {
    const say = task('Say how long', 40);
    const told = (host: string, message: string): RunEvent =>
      finish(host, say, result('ok', '', { message }));
    const page = openPage(
      pageOf([
        ...started(['a', 'b', 'c']),
        told('a', 'Docker was down for 12 seconds'),
        told('b', 'Docker was down for 31 seconds'),
        told('c', 'Docker was down for 13 seconds'),
        told('a', 'Build time: 93.2 s before, 4.1 s after'),
        ...finished([
          ['a', 'done', { ok: 1 }],
          ['b', 'done', { ok: 1 }],
          ['c', 'done', { ok: 1 }],
        ]),
      ]),
    );
    const charts = page.find('measures').querySelectorAll('figure');
    expect(page.find('measures').hidden).to.equal(false);
    expect(charts.map((chart) => chart.elements[0]?.textContent)).to.deep.equal([
      'Hosts, from first to last task',
      'Docker: downtime',
      'Build time',
    ]);
    expect(charts[1]?.textContent).to.include('longest 31.0 s on b, median 13.0 s of 3 hosts');
    expect(charts[2]?.textContent).to.include('1 min 33 s before').and.include('4.1 s after');
  });

  it('opens a host by its link, and shows details when asked', () => {
    const page = openPage(pageOf(mixed), '#host=web1');
    const host = page.find('host');
    expect(host.hidden).to.equal(false);
    expect(page.find('host-title').textContent).to.equal('web1: done');
    const details = host.querySelectorAll('details');
    const mount = details.find((each) => each.textContent.includes('Mount it at boot'));
    expect(mount?.textContent).to.not.contain('fstab ext4');
    if (mount) mount.open = true;
    mount?.fire('toggle');
    expect(mount?.querySelectorAll('.add').map((line) => line.textContent)).to.deep.equal([
      '+++ after: /etc/fstab\n',
      '+/dev/zvol/tank/docker /var/lib/docker ext4 defaults 0 2\n',
    ]);
    page.visit('#host=web2');
    expect(page.find('host-title').textContent).to.equal('web2: failed');
    page.fire('keydown', { key: 'Escape' });
    expect(host.hidden).to.equal(true);
    page.visit('#host=nobody');
    expect(host.hidden).to.equal(true);
  });

  it('keeps what is searched for when a host is opened', () => {
    const page = openPage(html, '#q=journalctl');
    const [first] = page.find('failures').querySelectorAll('a');
    first?.fire('click');
    expect(page.address()).to.equal('#host=web1.example.org&q=journalctl');
    const cells = page.find('cells');
    cells.fire('click', { target: cells.elements[6] });
    expect(page.address()).to.equal('#host=web7.example.org&q=journalctl');
    expect(page.find('found').textContent).to.equal('5 of 12 hosts');
  });

  it('goes by keys', () => {
    const page = openPage(html);
    page.fire('keydown', { key: '/' });
    expect(page.document.activeElement).to.equal(page.find('search'));
    page.fire('keydown', { key: 'Escape' });
    const list = page.find('list');
    list.fire('keydown', { key: 'ArrowDown' });
    list.fire('keydown', { key: 'Enter' });
    expect(page.address()).to.equal('#host=web2.example.org');
    const lanes = page.find('lanes');
    lanes.fire('keydown', { key: 'ArrowRight' });
    expect(page.find('pointed').textContent).to.match(/^web1\.example\.org: Gathering Facts: ok, from 0 ms/);
  });

  it('builds of a large fleet only what is on the screen', () => {
    const hosts = Array.from({ length: 1000 }, (_, i) => `web${i}`);
    const tasks = Array.from({ length: 20 }, (_, i) => task(`Task ${i}`, i + 1));
    const large = pageOf([
      ...started(hosts),
      ...tasks.flatMap((each) =>
        hosts.map((host) =>
          finish(host, each, result('ok', 'the same for all', { result: { stdout: 'like' } })),
        ),
      ),
      ...finished(hosts.map((host) => [host, 'done', { ok: 20 }] as const)),
    ]);
    expect(large.length).to.be.lessThan(1_000_000);
    const page = openPage(large);
    expect(page.find('list').querySelectorAll('.row').length).to.be.within(10, 40);
    page.find('list').scrollTop = 13_000;
    page.find('list').fire('scroll');
    expect(page.find('list').querySelectorAll('.row')[4]?.elements[0]?.textContent).to.equal('web500');
    page.fire('beforeprint');
    expect(page.find('list').querySelectorAll('.row')).to.have.length(1000);
  });
});

describe("what the page's script works out", () => {
  it('addresses', () => {
    const hosts = ['web1', 'a&b=c#d', 'x y%', '</script>'];
    for (const host of hosts) expect(readAddress(writeAddress({ host }))).to.deep.equal({ host });
    expect(readAddress('#outcome=failed&q=a+b')).to.deep.equal({ outcome: 'failed', query: 'a b' });
    expect(readAddress('')).to.deep.equal({});
  });

  it('rows that are in view', () => {
    const list = { height: 100, rowHeight: 10, count: 1000, spare: 2 };
    expect(rowsInView({ ...list, scrollTop: 0 })).to.deep.equal({ from: 0, to: 12 });
    expect(rowsInView({ ...list, scrollTop: 505 })).to.deep.equal({ from: 48, to: 63 });
    expect(rowsInView({ ...list, scrollTop: 9900 })).to.deep.equal({ from: 988, to: 1000 });
  });

  it('durations, as zrun says them elsewhere', () => {
    for (const ms of [0, 7, 999, 1000, 59_949, 59_950, 61_000, 3_599_000, 3_600_000, 90_000_000])
      expect(formatOnPage(ms)).to.equal(formatDuration(ms));
  });

  it('marks of the axis', () => {
    expect(chooseTicks(12_500, 5)).to.deep.equal([0, 5000, 10_000]);
    expect(chooseTicks(0, 5)).to.deep.equal([0]);
    for (const ms of [1, 999, 60_000, 7_200_000, 1e9]) expect(chooseTicks(ms, 8).length).to.be.within(1, 10);
  });

  it('the result at a time', () => {
    const rest = { name: 'a', outcome: 0, counts: [], pending: [], problem: -1 };
    const host = { ...rest, results: [0, 0, 0, 10, 0, -1, 1, 0, 50, 10, 0, -1] };
    expect([5, 12, 30, 55, 61].map((time) => findResult(host, time, 3))).to.deep.equal([0, 0, -1, 1, 1]);
  });

  it('how many hosts took how long', () => {
    const measured = [12, 13, 18, 41].map((value, host) => ({ host, value }));
    expect(countByRange(measured, 5)).to.deep.equal([
      { from: 10, to: 20, count: 3 },
      { from: 20, to: 30, count: 0 },
      { from: 30, to: 40, count: 0 },
      { from: 40, to: 50, count: 1 },
    ]);
    expect(countByRange([{ host: 0, value: 0 }], 5)).to.deep.equal([{ from: 0, to: 1, count: 1 }]);
    for (const top of [0.3, 1, 7, 999, 1e7])
      expect(
        countByRange(
          [
            { host: 0, value: top },
            { host: 1, value: 0 },
          ],
          10,
        ).length,
      ).to.be.within(1, 10);
    expect(findMedian(measured).value).to.equal(13);
  });

  it('sizes', () => {
    const sizes = [0, 1, 1023, 1024, 1.5 * 2 ** 30, 3 * 2 ** 50];
    expect(sizes.map((size) => formatAmount(size, 'bytes'))).to.deep.equal([
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 GiB',
      '3072.0 TiB',
    ]);
    expect(formatAmount(93.2, 'seconds')).to.equal('1 min 33 s');
  });

  it('names that are too long, without their middle', () => {
    const within = (most: number) => (text: string) => text.length <= most;
    expect(shortenName('web001', within(6))).to.equal('web001');
    expect(shortenName('rack-17-web-0042.example.org', within(11))).to.equal('rack-…e.org');
    expect(shortenName('rack-17', within(1))).to.equal('r…');
  });

  it('lines of a diff', () => {
    expect(['+a', '-a', '@@ -1 +1 @@', '~ a', ' a'].map(kindOfLine)).to.deep.equal([
      'add',
      'remove',
      'place',
      'change',
      'same',
    ]);
  });
});
