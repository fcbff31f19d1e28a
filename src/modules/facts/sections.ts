/**
 * Owns how the answer of the script is taken apart: its sections, and their rows.
 */

export type Sections = ReadonlyMap<string, string>;

export function parseSections(text: string): Sections {
  const sections = new Map<string, string>();
  for (const part of text.split('\n\u001e').slice(1)) {
    const end = part.indexOf('\n');
    if (end >= 0) sections.set(part.slice(0, end), part.slice(end + 1));
  }
  return sections;
}

export function rows(sections: Sections, name: string): readonly string[] {
  return (sections.get(name) ?? '').split('\n').filter((row) => row !== '');
}

export function firstRow(sections: Sections, name: string): string | null {
  return rows(sections, name)[0] ?? null;
}

export function number(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}

/** What stands before and after the first separator. */
export function pairAt(row: string, separator: string): readonly [string, string] {
  const at = row.indexOf(separator);
  return at < 0 ? [row, ''] : [row.slice(0, at), row.slice(at + separator.length)];
}
