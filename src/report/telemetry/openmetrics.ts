/**
 * Owns the text form of metrics: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), within what
 * node_exporter's textfile collector reads too. That one knows Prometheus's older format: a gauge is written alike in
 * both, while a counter's name, an info or a state set is not, and a sample may have no time of its own. So all are
 * gauges. Knows nothing of runs.
 */
import { visible } from '../visible.js';

export interface Family {
  /** With its unit at the end: `zrun_run_duration_seconds`. */
  readonly name: string;
  readonly unit?: 'seconds';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A whole exposition. Families without a sample are left out. */
export function formatMetrics(families: readonly Family[]): string {
  const texts = families.filter(({ samples }) => samples.length > 0).map(formatFamily);
  return `${texts.join('')}# EOF\n`;
}

function formatFamily({ name, unit, help, samples }: Family): string {
  const lines = [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escape(help)}`,
    ...samples.map(({ labels = {}, value }) => `${name}${formatLabels(labels)} ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  // What a host or a playbook said is read by people.
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(visible(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, (mark) => escapes[mark] ?? mark);
}
