/**
 * Owns what is carried through one playbook while it is read: where errors go, which names get defined where, the
 * files that were read already, and the checks that wait until everything is known.
 */
import type { Module } from '../../../core/module.js';
import { ZrunError, type Place } from '../../../core/errors.js';
import type { VarsTemplate } from '../../../core/template.js';
import { variablesForeseen } from '../../inventory/brought-vars.js';
import {
  allFacts,
  createResolver,
  type Declarations,
  type NameLayer,
  type ShapeSource,
  watchNames,
  type NameUse,
} from '../../expression/declarations.js';
import type { Inventory } from '../../inventory/inventory.js';
import type { PlaybookLanguage } from './language.js';
import { collectFindings, ignoreFindings, type Report } from '../../source/findings.js';
import { readNamedFile, shownName, unreadable } from '../../source/source.js';
import { compiledOf } from '../../template/template.js';
import { anyShape } from '../../expression/shape.js';
import { commonNames } from './variables.js';
import type { Keyring } from '../../../secrets/keyring.js';
import { readSealedYaml } from '../../yaml/sealed.js';
import type { YamlNode } from '../../yaml/yaml.js';

/** A check of names and types. */
type NameCheck = (declared: Declarations, report: Report) => void;

export interface PlaybookContext {
  readonly modules: ReadonlyMap<string, Module>;
  readonly report: Report;
  readonly language: PlaybookLanguage;
  /** Those of -e. */
  readonly extraVars: VarsTemplate;
  /** The user's current directory. */
  readonly cwd: string;
  /** Gets the names that are used and set. */
  readonly use: NameUse;
  /** A name that hosts have from some task on, in whatever play. */
  readonly declare: (name: string, source: ShapeSource) => void;
  /** Hosts and groups whose names match these globs may come while the playbook runs, or any with any variables. */
  readonly bring: (names: readonly string[] | 'anything') => void;
  /** A file that would have defined names is not there, which is reported: any name is let through. */
  readonly letNames: () => void;
  /** To be done when every name is known, with those that hold at `names`. */
  readonly later: (names: NameLayer | undefined, check: NameCheck) => void;
  /** To be waited for before the check of names. */
  readonly wait: (work: Promise<void>) => void;
  /** To be done last. */
  readonly atEnd: (check: (report: Report) => void) => void;
  /** Plays of this folder follow: what its `group_vars/` and `host_vars/` define, they may use. */
  readonly enterFolder: (folder: string) => Promise<void>;
  /** A file's content, parsed once whoever reads it; `at` is where it is named. Undefined: that is reported. */
  readonly readYaml: (file: string, at: Place) => Promise<YamlNode | undefined>;
  /**
   * Reads what only the run knows the name of: all of it is checked then, against what the playbook defines. Throws
   * what is wrong with it.
   */
  readonly readNow: <T>(read: (context: PlaybookContext) => Promise<T>) => Promise<T>;
  /** Reads what a run may come to name, for the names alone that its tasks set and use. Each file once. */
  readonly foresee: (file: string, read: (context: PlaybookContext) => Promise<unknown>) => Promise<void>;
}

interface ContextOptions {
  readonly modules: ReadonlyMap<string, Module>;
  readonly language: PlaybookLanguage;
  readonly cwd: string;
  /** What opens files and values that are encrypted. */
  readonly keys: Keyring;
  readonly inventory: Inventory | undefined;
  readonly inventoryFor: ((folder: string) => Promise<Inventory>) | undefined;
  readonly extraVars: VarsTemplate;
  /** Names that nothing defines are let through. */
  readonly openNames: boolean;
  readonly use: NameUse;
}

type ParsedFile = Promise<{
  readonly root: YamlNode | undefined;
  /** Something is wrong with it, so that nobody knows all names that it defines. */
  readonly isBroken: boolean;
  readonly report: (to: Report) => void;
}>;

/** What all readings of one playbook share, those of the run too. */
interface Shared extends ContextOptions {
  readonly setByTasks: Map<string, ShapeSource[]>;
  /** Of every folder that plays come from. */
  readonly inventories: Set<Inventory>;
  readonly files: Map<string, ParsedFile>;
  readonly foreseen: Set<string>;
  /** Globs of hosts and groups that tasks may bring. */
  readonly brought: Set<string>;
  /** An inventory that is read again, or a file that cannot be read, may define whatever it likes. */
  isOpenEnded: boolean;
}

/** Reads a playbook, then does all checks. Throws what is wrong, in one go. */
export async function readWithContext<T>(
  options: ContextOptions,
  read: (context: PlaybookContext) => Promise<T>,
): Promise<T> {
  return await readAndCheck(
    {
      ...options,
      setByTasks: new Map(),
      inventories: new Set(options.inventory ? [options.inventory] : []),
      files: new Map(),
      foreseen: new Set(),
      brought: new Set(),
      isOpenEnded: false,
    },
    read,
  );
}

async function readAndCheck<T>(shared: Shared, read: (context: PlaybookContext) => Promise<T>): Promise<T> {
  const findings = collectFindings();
  const checks: { readonly names: NameLayer | undefined; readonly check: NameCheck }[] = [];
  const waiting: Promise<void>[] = [];
  const last: ((report: Report) => void)[] = [];
  const made = await read({
    ...createContext(shared, findings.report),
    later: (names, check) => void checks.push({ names, check }),
    wait: (work) => void waiting.push(work),
    atEnd: (check) => void last.push(check),
  });
  await Promise.all(waiting);
  const { brought } = shared;
  if (brought.size > 0) await declareBrought(shared);
  const isOpen = shared.openNames || shared.isOpenEnded;
  const common = commonNames(shared.inventories, shared.setByTasks, isOpen);
  const resolve = createResolver({
    ...common,
    // Which hosts there will be, nobody can say.
    hosts: brought.size > 0 ? undefined : common.hosts,
    setByTasks: shared.setByTasks,
    isOpen,
    use: shared.use,
    given: new Map([...compiledOf(shared.extraVars)].map(([name, template]) => [name, [template]] as const)),
  });
  for (const { names, check } of checks) check(resolve(names), findings.report);
  watchOtherHosts(shared);
  for (const check of last) check(findings.report);
  findings.throwAll();
  return made;
}

/** Where hosts ask for each other's variables, or for whatever has a name, all of them may ask for facts. */
function watchOtherHosts({ use, inventories }: Shared): void {
  if (!['hostvars', 'vars'].some((name) => use.used.has(name)) || use.facts.has(allFacts)) return;
  const hosts = [...inventories].flatMap((inventory) => [
    ...inventory.hosts.values(),
    inventory.implicitLocalhost,
  ]);
  const templates = new Set(hosts.flatMap((host) => [...compiledOf(host.vars).values()]));
  const watching = watchNames({ used: new Set(), set: new Set(), facts: use.facts });
  for (const template of templates) template.check(watching, ignoreFindings);
}

/** What folders say of hosts and groups that may come, hosts may come to have. */
async function declareBrought({ brought, inventories, cwd, keys, setByTasks, use }: Shared): Promise<void> {
  const folders = new Set([...inventories].flatMap((inventory) => inventory.folders));
  for (const [name, templates] of await variablesForeseen(brought, [...folders], cwd, keys)) {
    setByTasks.set(name, [...(setByTasks.get(name) ?? []), ...templates]);
    use.set.add(name);
  }
}

/** A context in which nothing is checked. */
function createContext(shared: Shared, report: Report): PlaybookContext {
  const { modules, language, cwd, extraVars, setByTasks, files, foreseen, brought, use } = shared;
  const declare = (name: string, source: ShapeSource): void => {
    const known = setByTasks.get(name);
    if (known) known.push(source);
    else setByTasks.set(name, [source]);
    use.set.add(name);
  };
  return {
    modules,
    report,
    language,
    extraVars,
    cwd,
    use,
    declare,
    bring: (names) => {
      if (names === 'anything') shared.isOpenEnded = true;
      for (const name of names === 'anything' ? ['*'] : names) brought.add(name);
    },
    letNames: () => {
      shared.isOpenEnded = true;
    },
    later: () => undefined,
    wait: (work) => void work.catch(() => undefined),
    atEnd: () => undefined,
    async enterFolder(folder) {
      const inventory = await shared.inventoryFor?.(folder);
      if (inventory) shared.inventories.add(inventory);
    },
    async readYaml(file, at) {
      const known = files.get(file);
      const parsed = known ?? parseFile(file, shownName(file, cwd), shared.keys, at);
      files.set(file, parsed);
      const { root, isBroken, report: repeat } = await parsed;
      if (isBroken) shared.isOpenEnded = true;
      repeat(report);
      return root;
    },
    readNow: (read) => readAndCheck(shared, read),
    async foresee(file, read) {
      if (foreseen.has(file)) return;
      foreseen.add(file);
      const waiting: Promise<void>[] = [];
      const quiet: PlaybookContext = {
        ...createContext(shared, ignoreFindings),
        declare: (name) => {
          declare(name, anyShape);
        },
        letNames: () => undefined,
        later: (_names, check) => {
          check(watchNames(use), ignoreFindings);
        },
        wait: (work) => void waiting.push(work.catch(() => undefined)),
      };
      await read(quiet).catch((error: unknown) => {
        // What is wrong with it is said if it is ever named.
        if (!(error instanceof ZrunError)) throw error;
      });
      await Promise.all(waiting);
    },
  };
}

async function parseFile(file: string, name: string, keys: Keyring, at: Place): ParsedFile {
  const findings = collectFindings();
  const repeat = (to: Report): void => {
    findings.errors.forEach(to);
  };
  const text = await readNamedFile(file).catch((error: unknown) => {
    findings.report(unreadable(name, error, at));
  });
  const root =
    text === undefined ? undefined : await readSealedYaml({ name, text }, findings.report, { keys });
  return { root, isBroken: findings.errors.length > 0, report: repeat };
}
