/**
 * Owns how tests look at a page in a real browser: Debian's Chromium, or the one that CHROMIUM names, driven by
 * playwright-core, which brings none of its own.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why there is no browser to look with, for `skipFor`. */
export function chromiumMissing(): string | undefined {
  return existsSync(program) ? undefined : `needs Chromium: ${program} is not there (apt install chromium)`;
}

/** Chromium's own sandbox does not work as root, and pages of zrun are all that it opens. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu'],
    timeout: 120_000,
  });
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds wrong for people who see, hear or move otherwise: a line each. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(await readFile(axe, 'utf8'));
  // What axe has put into the page, where no type of it is known.
  const violations: readonly Violation[] = await page.evaluate(
    "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)",
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''}`);
}
