/**
 * Owns the keywords of a play that say which hosts are worked on when, and how much may go wrong: `serial`, `order`,
 * `strategy` and the failure budget.
 */
import { nearest } from '../../core/errors.js';
import type { Amount, FailureBudget, HostOrder, Play } from '../../core/plan.js';
import type { FieldReader } from './reading/fields.js';
import { errorAt, type Report } from '../source/findings.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../yaml/yaml.js';

/** The sizes of the batches: a number of hosts, `N%`, or a list of either. As in Ansible, 0 is all that are left. */
export function readSerial(
  entry: MapEntry | undefined,
  read: FieldReader,
  report: Report,
): readonly Amount[] {
  const settled = entry && !read.omits(entry) ? read.settled(entry) : undefined;
  if (!settled || isNull(settled.value)) return [];
  const { value } = settled;
  const sizes: Amount[] = [];
  for (const item of value.kind === 'list' ? value.items : [value]) {
    const one = read.settled({ ...settled, value: item });
    const size = one && readAmount(one.value);
    if (size) sizes.push(size.value === 0 ? { value: 100, unit: 'percent' } : size);
    else if (one) {
      const message = `'serial' must be a number of hosts or a percentage of them, but is ${said(one.value)}`;
      const isListAsText = one.value.kind === 'scalar' && one.value.text.text.startsWith('[');
      const hint = isListAsText
        ? `this is text, and no list; a list is given by JSON: -e '{"name": [1, 2]}'`
        : "write 2, '20%', or a list of such sizes";
      report(errorAt(one.value.at, 'playbook-invalid', message, hint));
    }
  }
  return sizes;
}

/** Percentages of a batch, and numbers or percentages of all hosts. */
export function readBudget(node: MapNode, read: FieldReader, report: Report): FailureBudget {
  const percentage = (name: string): Amount | undefined => {
    const entry = settledEntry(node, name, read);
    if (!entry) return undefined;
    const amount = readAmount(entry.value);
    if (amount && amount.value <= 100) return { value: amount.value, unit: 'percent' };
    const message = `'${name}' must be a percentage from 0 to 100, but is ${said(entry.value)}`;
    report(errorAt(entry.value.at, 'playbook-invalid', message));
    return undefined;
  };
  const total = (name: string): Amount | undefined => {
    const entry = settledEntry(node, name, read);
    if (!entry) return undefined;
    const amount = readAmount(entry.value);
    if (!amount) {
      const message = `'${name}' must be a number of hosts or a percentage of them, but is ${said(entry.value)}`;
      report(errorAt(entry.value.at, 'playbook-invalid', message, "write 3, or '5%'"));
    }
    return amount;
  };
  return {
    batch: {
      failed: percentage('max_fail_percentage'),
      unreachable: percentage('max_unreachable_percentage'),
    },
    play: { failed: total('max_fail_total'), unreachable: total('max_unreachable_total') },
  };
}

const strategies: Readonly<Record<string, Play['strategy']>> = {
  free: 'free',
  // One host after the other is not what it means: each of the forks keeps its host to the end.
  host_pinned: 'free',
  linear: 'linear',
};

export function readStrategy(
  entry: MapEntry | undefined,
  read: FieldReader,
  report: Report,
): Play['strategy'] {
  const name = entry && read.text(entry)?.replace(/^ansible\.(?:builtin|legacy)\./, '');
  if (!entry || name === undefined) return 'free';
  const found = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (found) return found;
  const near = nearest(name, Object.keys(strategies));
  const hint = 'there are free (each host goes at its own pace) and linear (all hosts task by task)';
  report(
    errorAt(
      entry.value.at,
      'playbook-invalid',
      `there is no strategy '${name}'`,
      near === undefined ? hint : `did you mean '${near}'?`,
    ),
  );
  return 'free';
}

const orders: readonly HostOrder[] = [
  'inventory',
  'reverse_inventory',
  'sorted',
  'reverse_sorted',
  'shuffle',
];

export function readOrder(entry: MapEntry | undefined, read: FieldReader, report: Report): HostOrder {
  const name = entry && read.text(entry);
  if (!entry || name === undefined) return 'inventory';
  const found = orders.find((order) => order === name);
  if (found) return found;
  const near = nearest(name, orders);
  const hint = near === undefined ? `there are ${orders.join(', ')}` : `did you mean '${near}'?`;
  report(errorAt(entry.value.at, 'playbook-invalid', `there is no order '${name}'`, hint));
  return 'inventory';
}

function settledEntry(node: MapNode, name: string, read: FieldReader): MapEntry | undefined {
  const entry = node.entries.get(name);
  const settled = entry && !read.omits(entry) ? read.settled(entry) : undefined;
  return settled && isNull(settled.value) ? undefined : settled;
}

function readAmount(node: YamlNode): Amount | undefined {
  if (node.kind !== 'scalar') return undefined;
  const [, digits, percent] = /^\s*(\d+)\s*(%?)\s*$/.exec(String(node.value)) ?? [];
  if (digits !== undefined) return { value: Number(digits), unit: percent === '%' ? 'percent' : 'hosts' };
  const isFraction = /^\s*\d+\.\d+\s*%\s*$/.test(String(node.value));
  return isFraction ? { value: Number.parseFloat(String(node.value)), unit: 'percent' } : undefined;
}

function said(node: YamlNode): string {
  const isShown = node.kind === 'scalar' && node.value !== null;
  return isShown ? `'${node.text.text}'` : describeNode(node);
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
