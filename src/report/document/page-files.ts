/**
 * Owns how the parts of a report's page are had: its mark-up, style and script, which are files beside this one. The bundle
 * has them inside: its build puts another module in the place of this one (test/build/page-files.ts).
 */
import { readFileSync } from 'node:fs';

/** The text of a file of `page/`, as it stands there. */
export function pageFile(name: 'page.html' | 'page.css' | 'model.js' | 'view.js'): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}
