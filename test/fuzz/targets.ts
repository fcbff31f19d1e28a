/**
 * Owns what is fuzzed: for each parser, how its inputs are made, and what must hold for each of them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createResolver, createNameUse } from '../../src/config/expression/declarations.js';
import { compileExpression } from '../../src/config/expression/expression.js';
import { parseExtraVars } from '../../src/config/inventory/extra-vars.js';
import { checkText } from '../../src/config/template/check.js';
import { parseText } from '../../src/config/template/parse.js';
import { renderText } from '../../src/config/template/render.js';
import {
  checkConnections,
  loadInventory,
  loadPlaybook,
  selectHosts,
  type Inventory,
} from '../../src/config/index.js';
import { lintPlaybook } from '../../src/config/lint/index.js';
import { createInventoryBuilder, type InventoryBuilder } from '../../src/config/inventory/builder.js';
import { readHostList } from '../../src/config/inventory/host-list.js';
import { readIniInventory } from '../../src/config/inventory/ini.js';
import { readYamlInventory } from '../../src/config/inventory/yaml.js';
import { readLimit } from '../../src/config/inventory/patterns.js';
import { createScope } from '../../src/config/expression/scope.js';
import {
  anyShape,
  intShape,
  listOf,
  objectOf,
  shapeOfSchema,
  textShape,
} from '../../src/config/expression/shape.js';
import { wholeText } from '../../src/config/source/source.js';
import { readSshArguments } from '../../src/config/inventory/ssh-arguments.js';
import { readVarsNode } from '../../src/config/playbook/steps/vars-files.js';
import { parseYaml, toValue } from '../../src/config/yaml/yaml.js';
import { Unknown, type ValueMap } from '../../src/core/value.js';
import { modules } from '../../src/modules/index.js';
import { editDaemonJson, readDaemonJson } from '../../src/modules/docker/daemon-json-edit.js';
import { parseValue, parseValues } from '../../src/modules/docker/info.js';
import { factsSchema } from '../../src/modules/facts/schema.js';
import { factsOf } from '../../src/modules/facts/facts.js';
import { parseSections } from '../../src/modules/facts/sections.js';
import { addEntry, parseFstab, removeEntry, replaceEntry } from '../../src/modules/storage/fstab.js';
import { parseMountinfo } from '../../src/modules/host/mountinfo.js';
import { splitWords } from '../../src/core/words.js';
import { visible } from '../../src/report/visible.js';
import { createScanner } from '../../src/transport/frame.js';
import { judgeHostKey, parseKnownHosts, recordedTypes } from '../../src/transport/ssh/known-hosts.js';
import { allowErrors, allowErrorsLater, checkingReport, demand } from './check.js';
import { corpus } from './corpus.js';
import { expression, expressionTokens } from './grammar/expressions.js';
import * as hostFiles from './grammar/host-files.js';
import * as inventories from './grammar/inventories.js';
import { playbook, playbookTokens } from './grammar/playbooks.js';
import { template, templateTokens } from './grammar/templates.js';
import { yaml, yamlTokens } from './grammar/yaml.js';
import { mutate } from './mutate.js';
import type { Random } from './random.js';

export interface Target {
  readonly name: string;
  /** How many of the inputs are for it, relative to the others. */
  readonly weight: number;
  make(random: Random): string;
  /** Throws what must not happen. */
  run(text: string): void | Promise<void>;
}

/** By the grammar, by the grammar and then damaged, or real text damaged. */
function mixed(
  random: Random,
  grammar: (random: Random) => string,
  real: readonly string[],
  tokens: readonly string[],
): string {
  if (real.length > 0 && random.chance(0.3)) return mutate(random, random.pick(real), tokens);
  const text = grammar(random);
  return random.chance(0.5) ? text : mutate(random, text, tokens);
}

const source = (text: string): { readonly name: string; readonly text: string } => ({ name: 'input', text });

const shapes = createResolver({
  base: new Map([
    ['a', [textShape]],
    ['size', [intShape]],
    ['item', [anyShape]],
    ['word', [textShape]],
    ['list', [listOf(textShape)]],
    ['deep', [objectOf([['a', listOf(objectOf([['size', intShape]]))]])]],
    [
      'out',
      [
        objectOf([
          ['rc', intShape],
          ['stdout', textShape],
        ]),
      ],
    ],
    ['inventory_hostname', [textShape]],
    ['group_names', [listOf(textShape)]],
    ['facts', [shapeOfSchema(factsSchema)]],
  ]),
  setByTasks: new Map(),
  given: new Map(),
  isOpen: false,
  explain: () => undefined,
  use: createNameUse(),
  hosts: undefined,
})(undefined);

const values: ValueMap = {
  a: 'text {{ with }} braces',
  size: 8,
  item: { a: [1, null, 'x'], size: 1.5 },
  word: 'zfs',
  list: ['a', 'b'],
  deep: { a: [{ size: 1 }] },
  out: new Unknown('a task'),
  inventory_hostname: 'web1',
  group_names: ['web'],
  facts: { docker: { driver: 'zfs', volumes: [] }, host: {} },
};

const language: readonly Target[] = [
  {
    name: 'yaml',
    weight: 20,
    make: (random) => mixed(random, yaml, corpus.yaml, yamlTokens),
    run(text) {
      const { report, errors } = checkingReport();
      allowErrors(() => {
        const node = parseYaml(source(text), report);
        if (node) toValue(node);
        else demand(errors.length > 0, 'neither a value nor an error');
      });
    },
  },
  {
    name: 'vars',
    weight: 10,
    make: (random) => mixed(random, yaml, corpus.variables, yamlTokens),
    run(text) {
      const { report } = checkingReport();
      const vars = allowErrors(() => {
        const root = parseYaml(source(text), report);
        return root && readVarsNode(root, report);
      });
      const scope = createScope(vars ? [values, vars] : [values]);
      for (const template of vars?.values() ?? []) {
        template.check(shapes, report);
        allowUnknown(() => template.render(scope));
      }
    },
  },
  {
    name: 'extra-vars',
    weight: 5,
    make: (random) => mixed(random, hostFiles.extraVars, [], ['=', '"', '@', '{']),
    async run(text) {
      // A file that is not there is told by its name; it has no text to point into.
      await allowErrorsLater(() => parseExtraVars([text], { cwd: '/nonexistent' }), !text.startsWith('@'));
    },
  },
  {
    name: 'expression',
    weight: 20,
    make: (random) => mixed(random, expression, corpus.expressions, expressionTokens),
    run(text) {
      const { report } = checkingReport();
      const compiled = compileExpression(wholeText(source(text)), report, {
        condition: text.length % 2 === 0,
      });
      if (!compiled) return;
      compiled.check(shapes, report);
      allowUnknown(() => compiled.evaluate(createScope([values])));
    },
  },
  {
    name: 'template',
    weight: 20,
    make: (random) => mixed(random, template, corpus.templates, templateTokens),
    run(text) {
      const { report } = checkingReport();
      const parsed = parseText(wholeText(source(text)), report);
      if (!parsed) return;
      checkText(parsed, shapes, report);
      allowUnknown(() => renderText(parsed, createScope([values])));
    },
  },
];

/** An unknown value is an answer too. */
function allowUnknown(work: () => unknown): void {
  allowErrors(() => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'UnknownValueError') throw error;
    }
  });
}

const inventory: Promise<Inventory> = loadInventory(['web1,web2,db1,a.b,10.0.0.1,'], { cwd: '/nonexistent' });

function readIntoBuilder(read: (builder: InventoryBuilder) => void): void {
  const { report } = checkingReport();
  const builder = createInventoryBuilder(report, report);
  read(builder);
  builder.finish();
}

const inventoryTargets: readonly Target[] = [
  {
    name: 'inventory-yaml',
    weight: 15,
    make: (random) =>
      mixed(random, inventories.yamlInventory, corpus.inventories, inventories.inventoryTokens),
    run(text) {
      const { report } = checkingReport();
      readIntoBuilder((builder) => {
        const root = parseYaml(source(text), report);
        if (root) readYamlInventory(root, builder);
      });
    },
  },
  {
    name: 'inventory-ini',
    weight: 15,
    make: (random) => mixed(random, inventories.iniInventory, [], inventories.inventoryTokens),
    run(text) {
      readIntoBuilder((builder) => readIniInventory(source(text), builder));
    },
  },
  {
    name: 'inventory-file',
    weight: 5,
    make: (random) =>
      mixed(
        random,
        random.chance(0.5) ? inventories.yamlInventory : inventories.iniInventory,
        corpus.inventories,
        inventories.inventoryTokens,
      ),
    async run(text) {
      await inFolder({ hosts: text }, async (cwd) => {
        const read = await allowErrorsLater(() => loadInventory(['hosts'], { cwd }), false);
        if (read) await allowErrorsLater(() => Promise.resolve(checkConnections(read.hosts.values())));
      });
    },
  },
  {
    name: 'host-list',
    weight: 5,
    make: (random) => mixed(random, inventories.hostList, [], inventories.inventoryTokens),
    run(text) {
      readIntoBuilder((builder) => readHostList(text, builder));
    },
  },
  {
    name: 'pattern',
    weight: 10,
    make: (random) => mixed(random, inventories.pattern, [], inventories.patternTokens),
    async run(text) {
      const hosts = await inventory;
      const at = { source: source(text), start: 0, end: text.length };
      allowErrors(() => selectHosts(hosts, text, undefined, { at }));
      // A limit stands on the command line alone: its message quotes it.
      const limit = await allowErrorsLater(() => readLimit(text, { cwd: '/nonexistent' }), false);
      allowErrors(() => selectHosts(hosts, 'all', limit), false);
    },
  },
];

const playbookFiles: Readonly<Record<string, string>> = {
  'vars.yaml': 'word: zfs\nsize: 8\n',
  'other.yaml': '- hosts: all\n  tasks:\n    - debug: {msg: a}\n',
  'more.yaml': '- debug: {msg: a}\n',
  'self.yaml': '- include_tasks: self.yaml\n',
  'templates/one.hbs': 'a {{inventory_hostname}}\n',
  'files/plain.txt': 'a\n',
  'roles/one/tasks/main.yaml': '- debug: {msg: a}\n',
  'roles/one/defaults/main.yaml': 'a: 1\n',
};

const playbookTarget: Target = {
  name: 'playbook',
  weight: 5,
  make: (random) => mixed(random, playbook, corpus.playbooks, playbookTokens),
  async run(text) {
    const hosts = await inventory;
    await inFolder({ ...playbookFiles, 'play.yaml': text }, async (cwd) => {
      const options = { modules, cwd, inventory: hosts };
      const loaded = await allowErrorsLater(() => loadPlaybook('play.yaml', options), false);
      if (loaded) await allowErrorsLater(() => lintPlaybook('play.yaml', options));
    });
  },
};

const hostTargets: readonly Target[] = [
  {
    name: 'fstab',
    weight: 10,
    make: (random) => mixed(random, hostFiles.fstab, [], hostFiles.fstabTokens),
    run(text) {
      const entries = parseFstab(text);
      const entry = {
        source: '/dev/a b',
        target: '/mnt/#1',
        fstype: 'ext4',
        options: 'defaults',
        dump: 0,
        passno: 2,
      };
      const added = addEntry(text, entry);
      const last = parseFstab(added).at(-1);
      demand(
        last?.source === entry.source && last.target === entry.target,
        'what was added is not read back',
      );
      demand(parseFstab(added).length === entries.length + 1, 'adding a line changed the others');
      for (const { line } of entries) {
        const replaced = parseFstab(replaceEntry(text, line, entry)).find((one) => one.line === line);
        demand(
          replaced?.options === entry.options && replaced.passno === 2,
          'what was replaced is not read back',
        );
        demand(
          parseFstab(removeEntry(text, line)).length === entries.length - 1,
          'removing took more than a line',
        );
      }
    },
  },
  {
    name: 'daemon-json',
    weight: 15,
    make: (random) => mixed(random, hostFiles.daemonJson, [], hostFiles.jsonTokens),
    run(text) {
      const value = allowErrors(() => readDaemonJson(text, 'daemon.json'));
      if (!value) return;
      const edited = editDaemonJson(
        text,
        {
          settings: { 'storage-driver': 'overlay2', features: { a: true } },
          remove: [['data-root']],
          removeStorageOpts: ['zfs.*'],
        },
        'daemon.json',
      );
      const after = readDaemonJson(edited, 'daemon.json');
      demand(
        after['storage-driver'] === 'overlay2' && !('data-root' in after),
        'what was set is not read back',
      );
      for (const key of Object.keys(value)) {
        if (['storage-driver', 'data-root', 'storage-opts', 'features'].includes(key)) continue;
        demand(JSON.stringify(after[key]) === JSON.stringify(value[key]), `'${key}' was changed as well`);
      }
    },
  },
  {
    name: 'known-hosts',
    weight: 5,
    make: (random) => mixed(random, hostFiles.knownHosts, [], hostFiles.knownHostsTokens),
    run(text) {
      const entries = parseKnownHosts(text, 'known_hosts');
      judgeHostKey(entries, 'web1.example.org', 22, Buffer.from('x'));
      judgeHostKey(entries, 'web1', 2222, entries[0]?.key ?? Buffer.alloc(0));
      recordedTypes(entries, 'web1', 22);
    },
  },
  {
    name: 'mountinfo',
    weight: 3,
    make: (random) => mixed(random, hostFiles.mountinfo, [], ['\\040', ' - ', 'shared:1']),
    run(text) {
      allowErrors(() => parseMountinfo(text), false);
    },
  },
  {
    name: 'facts',
    weight: 3,
    make: (random) => mixed(random, facts, [], ['\n', ' ', '{', '}', '\0']),
    run(text) {
      const made = allowErrors(() => factsOf(parseSections(text)), false);
      if (!made) return;
      const found = factsSchema.safeParse(made);
      demand(found.success, `facts that do not fit their schema: ${found.error?.message ?? ''}`);
    },
  },
  {
    name: 'docker-json',
    weight: 3,
    make: (random) => mixed(random, hostFiles.daemonJson, [], hostFiles.jsonTokens),
    run(text) {
      parseValue(text);
      parseValues(text);
    },
  },
  {
    name: 'words',
    weight: 5,
    make: (random) => mixed(random, hostFiles.commandLine, [], hostFiles.wordTokens),
    run(text) {
      // The caller says where the command stands.
      allowErrors(() => splitWords(text), false);
    },
  },
  {
    name: 'ssh-arguments',
    weight: 3,
    make: (random) =>
      mixed(
        random,
        hostFiles.commandLine,
        ['-o ProxyJump=a@b:22 -J c -p 22 -i "~/x y"'],
        hostFiles.wordTokens,
      ),
    run(text) {
      readSshArguments(text);
    },
  },
  {
    name: 'frames',
    weight: 3,
    make: (random) =>
      mixed(
        random,
        (chance) =>
          chance.many(0, 9, () => chance.one('NONCE+\n', 'NONCE-0\n', 'NONCE', 'NON', 'a\n', '\n')).join(''),
        [],
        ['NONCE', '+\n', '-0\n'],
      ),
    run(text) {
      const pieces = (size: number): string => {
        let seen = '';
        const scan = createScanner({
          expected: () => 'NONCE',
          text: (chunk) => (seen += chunk.toString('latin1')),
          mark: (word) => (seen += `<${word}>`),
        });
        const bytes = Buffer.from(text);
        for (let i = 0; i < bytes.length; i += size) scan(bytes.subarray(i, i + size));
        return seen;
      };
      const whole = pieces(Number.MAX_SAFE_INTEGER);
      demand(pieces(1) === whole && pieces(3) === whole, 'how the stream is cut changes what is read');
    },
  },
  {
    name: 'visible',
    weight: 3,
    make: (random) =>
      mutate(random, random.many(0, 20, () => String.fromCharCode(random.int(65_536))).join('')),
    run(text) {
      demand(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(visible(text)), 'a control character is left');
    },
  },
];

/** The answer of the script that gathers facts: sections behind a separator of their own. */
function facts(random: Random): string {
  const names = [
    'above',
    'below',
    'boot',
    'cached',
    'config',
    'container_ids',
    'containers',
    'dataset',
    'dockerd',
    'drivers',
    'du',
    'environment',
    'fstab',
    'host',
    'info',
    'json',
    'key',
    'machine',
    'marked',
    'memory',
    'module',
    'mounts',
    'os',
    'plugins',
    'pools',
    'properties',
    'root',
    'shims',
    'snapshots',
    'start',
    'statfs',
    'stores',
    'there',
    'tools',
    'tops',
    'uname',
    'units',
    'userland',
    'volume',
    'volumes',
  ] as const;
  const content = (): string =>
    random.one(
      () => hostFiles.daemonJson(random),
      () => hostFiles.mountinfo(random),
      () => hostFiles.fstab(random),
      () =>
        `tank/docker\t${random.pick(['type', 'used', 'mountpoint', 'canmount'])}\t${random.pick(['1', '-', 'on', 'x'])}\tlocal`,
      'NAME="x"\n',
      '/usr/bin/dockerd -H fd:// --storage-driver=zfs',
      '',
    );
  return random.many(0, 8, () => `\n\u001e${random.pick(names)}\n${content()}`).join('');
}

async function inFolder(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zrun-fuzz-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const targets: readonly Target[] = [...language, ...inventoryTargets, playbookTarget, ...hostTargets];
