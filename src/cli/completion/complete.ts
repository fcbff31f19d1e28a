/**
 * Owns what can follow on a command line: which kind of value belongs where the cursor is. Knows no shell.
 */
import { becomeMethods } from '../../core/host.js';
import type { Environment } from '../environment.js';
import { outputKinds } from '../run-options.js';
import { candidatesOf, type Kind } from './candidates.js';
import { helpOf, namedBelow, optionsIn, type HelpOption, type Named, type RunZrun } from './help-options.js';
import { readLine, type Line } from './line.js';

interface Completion {
  readonly candidates: readonly Named[];
  /** What the shell is to add by itself. */
  readonly own: 'files' | 'folders' | undefined;
}

/** What the values of options are, by their long names; of all others, the help says whether they are files. */
const kindsOfValues: Readonly<Record<string, Kind>> = {
  '--inventory': 'files',
  '--limit': 'patterns',
  '--tags': 'tags',
  '--skip-tags': 'tags',
  '--start-at-task': 'tasks',
  '--resume': 'runs',
  '--module-name': 'modules',
  '--args': 'parameters',
  '--become-method': becomeMethods,
  '--host': 'hosts',
  '--graph': 'groups',
  '--private-key': 'files',
};

/** What stands where no option does: the first operand, the second, and all that follow. */
const kindsOfOperands: Readonly<Record<string, readonly [first: Kind, ...more: Kind[]]>> = {
  completion: [['bash', 'zsh', 'fish'], 'nothing'],
  doc: ['documented'],
  exec: ['patterns', 'nothing'],
  facts: ['patterns', 'facts'],
  help: ['verbs', 'nothing'],
  history: ['runs', 'nothing'],
  init: ['folders', 'nothing'],
  inventory: ['groups', 'nothing'],
  lint: ['files'],
  ping: ['patterns', 'nothing'],
  playbooks: [['copy'], 'playbooks', 'folders'],
  report: ['runs', 'nothing'],
  schema: [['playbook', 'inventory', 'vars', 'tasks', 'events', 'report'], 'nothing'],
  secret: ['actions', 'files'],
  version: ['nothing'],
};

/** More than this is no list to choose from. */
const MOST = 1000;

/** `words`: what stands behind `zrun`, up to the cursor; the last one is still being typed. Never throws. */
export async function complete(
  words: readonly string[],
  environment: Environment,
  run: RunZrun,
): Promise<Completion> {
  const [first, ...rest] = words;
  const ofZrun = await helpOf(undefined, environment, run);
  const verbs = namedBelow('Verbs', ofZrun);
  const isVerb = words.length > 1 && verbs.some(({ value }) => value === first);
  const help = isVerb ? await helpOf(first, environment, run) : ofZrun;
  const options = optionsIn(help);
  const line = isVerb ? readLine(first, rest, options) : readLine(undefined, words, options);
  if (line.isCommand) return { candidates: [], own: 'files' };
  if (!line.option && line.partial.startsWith('-')) {
    return { candidates: startingWith(line.partial, options.flatMap(namesOf)), own: undefined };
  }
  const kind = line.option ? kindOfValue(line.option) : kindOfOperand(line);
  const found = await candidatesOf(kind, line, environment, {
    verbs,
    actions: isVerb ? namedBelow('Actions', help) : [],
  });
  const candidates = startingWith(line.partial, found).map(({ value, summary }) => ({
    value: line.before + value,
    summary,
  }));
  const isRun = line.verb === undefined && !line.option;
  const own = isRun || kind === 'files' ? 'files' : kind === 'folders' ? 'folders' : undefined;
  return { candidates, own };
}

function namesOf({ names, summary }: HelpOption): readonly Named[] {
  return names.map((value) => ({ value, summary }));
}

/** Each once, as it is found first: what is a helper is a function too. */
function startingWith(partial: string, candidates: readonly Named[]): readonly Named[] {
  const found = new Map<string, Named>();
  for (const each of candidates)
    if (each.value.startsWith(partial) && !found.has(each.value)) found.set(each.value, each);
  return [...found.values()].slice(0, MOST);
}

function kindOfValue({ names, value }: HelpOption): Kind {
  const known = names.map((name) => (Object.hasOwn(kindsOfValues, name) ? kindsOfValues[name] : undefined));
  const kind = known.find((one) => one !== undefined);
  if (kind !== undefined) return kind;
  if (names.includes('--output') && value === 'kind') return outputKinds;
  return value === 'file' || value === 'folder' ? 'files' : 'nothing';
}

/** Of a run: playbooks by their names, verbs before the first of them, and files. */
function kindOfOperand({ verb, operands }: Line): Kind {
  if (verb === undefined) return operands.length === 0 ? 'verbs and playbooks' : 'playbooks';
  const kinds = Object.hasOwn(kindsOfOperands, verb) ? kindsOfOperands[verb] : undefined;
  return kinds?.[Math.min(operands.length, kinds.length - 1)] ?? 'files';
}
