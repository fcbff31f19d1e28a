/**
 * Owns a report as one page for a browser: nothing is loaded from anywhere, and nothing but the page's own script can run in
 * it, whatever hosts have written.
 */
import { createHash } from 'node:crypto';
import { sourceFile } from '../../core/source-files.js';
import { visibleLine } from '../visible.js';
import { writePageData } from './page-data.js';
import type { RunReport } from './report.js';
import { summarise } from './words.js';

/** In pieces: no string need hold it all. */
export function* writeHtmlReport(report: RunReport): Generator<string> {
  const { run } = report;
  const style = `\n${sourceFile('report/document/page/page.css')}`;
  const script = `\n${scriptText()}`;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = escapeHtml(`zrun ${run.playbooks.map(visibleLine).join(' ')}: ${summarise(report)}`);
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<noscript><p>${title}</p><p>The rest of this report needs JavaScript.</p></noscript>
${sourceFile('report/document/page/page.html')}<script type="application/json" id="data">`;
  yield* writePageData(report);
  yield `</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** Two files, which a page without a server cannot import from one another, as one. */
function scriptText(): string {
  const view = sourceFile('report/document/page/view.js').replace(
    /^import \{[^}]*\} from '\.\/model\.js';$/m,
    '',
  );
  return `${sourceFile('report/document/page/model.js')}\n${view}`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => marks[mark] ?? '');
}
