/**
 * Owns how tests read metrics: by the grammar of OpenMetrics 1.0 (the ABNF of its specification, for what has no time and
 * no exemplar), and by the rules that the grammar cannot say.
 */

/** Samples by name and labels. Throws at the first line that is none of the language. */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith('# EOF\n')) throw new Error('there is no # EOF at the end');
  const lines = text.split('\n').slice(0, -2);
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let family = '';
  for (const line of lines) {
    const described = descriptor.exec(line)?.groups;
    if (described) {
      const { word = '', name = '', rest = '' } = described;
      if (word === 'TYPE') {
        if (families.has(name)) throw new Error(`the family comes twice: ${line}`);
        families.add(name);
        family = name;
      }
      if (name !== family) throw new Error(`another family's line: ${line}`);
      if (word === 'UNIT' && !name.endsWith(`_${rest}`)) throw new Error(`the name lacks its unit: ${line}`);
      continue;
    }
    const { name = '', labels = '', value = '' } = sample.exec(line)?.groups ?? {};
    if (name === '') throw new Error(`no line of OpenMetrics: ${line}`);
    if (name !== family) throw new Error(`a sample outside of its family: ${line}`);
    if (samples.has(`${name}${labels}`)) throw new Error(`the sample comes twice: ${line}`);
    samples.set(`${name}${labels}`, Number(value));
  }
  return samples;
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const text = String.raw`(?:[^"\\\n]|\\["\\n])*`;
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="${text}"`;
const descriptor = new RegExp(`^# (?<word>TYPE|UNIT|HELP) (?<name>${metricName}) (?<rest>${text})$`);
const sample = new RegExp(
  String.raw`^(?<name>${metricName})(?<labels>\{${label}(?:,${label})*\})? (?<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
);
