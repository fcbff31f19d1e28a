/**
 * Owns how values are written out: as JSON and YAML with sorted keys, and as Python's str() has them, so that what zrun
 * lists can be laid beside what Ansible lists.
 */
import { stringify } from 'yaml';
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';

/** As Python's json.dumps with sort_keys and an indent of four. */
export function formatJson(value: Value, margin = ''): string {
  const inner = `${margin}    `;
  if (isList(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => inner + formatJson(item, inner)).join(',\n')}\n${margin}]`;
  }
  if (isMap(value)) {
    const lines = sortedEntries(value).map(
      ([key, item]) => `${inner}${JSON.stringify(key)}: ${formatJson(item, inner)}`,
    );
    return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${margin}}`;
  }
  return JSON.stringify(value);
}

/** In the words of YAML 1.1, so that Ansible and zrun read the same from it. */
export function formatYaml(value: Value): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    lineWidth: 0,
    singleQuote: true,
    aliasDuplicateObjects: false,
  });
}

/** As `print(value)` in Python writes it. */
export function formatPython(value: Value): string {
  return typeof value === 'string' ? value : pythonLiteral(value);
}

function pythonLiteral(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return pythonString(value);
  if (isList(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${pythonString(key)}: ${pythonLiteral(item)}`);
  return `{${entries.join(', ')}}`;
}

function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return quote + escaped + quote;
}

function sortedEntries(value: ValueMap): readonly (readonly [string, Value])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
