/**
 * `zrun inventory` beside `ansible-inventory`, over a folder of inventories: host for host, variable for variable. The
 * answers of ansible-core are kept in `golden/`; where it is installed in the version of those, it is asked anew, and
 * UPDATE_GOLDEN=1 writes what it says.
 */
import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { differences, inventoryCases, type InventoryCase } from './inventory-cases.js';
import { zrun, type Ended } from './fake-environment.js';

const folder = path.resolve(import.meta.dirname, '../config/inventories');
const goldenFile = path.join(import.meta.dirname, 'golden', 'ansible-inventory.json');
const peer = path.join(import.meta.dirname, 'ansible-peer.py');

/** The forms of a listing, and whether they are compared as text or as the values that they stand for. */
const actions = [
  { args: ['--list'], read: readJson },
  { args: ['--list', '--export'], read: readJson },
  { args: ['--graph', '--vars'], read: (text: string): unknown => text },
] as const;

function actionsOf({ withoutTree }: InventoryCase): readonly (typeof actions)[number][] {
  return actions.filter(({ args }) => withoutTree === undefined || args[0] !== '--graph');
}

interface Golden {
  readonly ansibleCore: string;
  /** By the name of the case, then by the action. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Lists of names in one order, whatever order they came in. */
function sortLists(listing: unknown): unknown {
  const sort = (key: string, value: unknown): unknown => {
    if ((key !== 'hosts' && key !== 'children') || !Array.isArray(value)) return value;
    const names: unknown[] = value;
    return [...names].sort();
  };
  return JSON.parse(JSON.stringify(listing, sort)) as unknown;
}

function readJson(text: string): unknown {
  return JSON.parse(text) as unknown;
}

describe('zrun inventory', () => {
  let golden: Golden;

  before(async function () {
    const recorded = JSON.parse(await readFile(goldenFile, 'utf8').catch(() => '{}')) as Partial<Golden>;
    golden = { ansibleCore: recorded.ansibleCore ?? '', answers: recorded.answers ?? {} };
    const python = await findAnsiblePython();
    if (python === undefined) {
      console.log(`      no ansible-inventory here: compared with what ${golden.ansibleCore} said`);
      return;
    }
    const asked = await askAnsible(python);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      await writeFile(goldenFile, `${JSON.stringify(asked, null, 2)}\n`);
      golden = asked;
    } else if (series(asked.ansibleCore) !== series(golden.ansibleCore)) {
      console.log(`      here is ${asked.ansibleCore}: compared with what ${golden.ansibleCore} said`);
    } else {
      expect(asked.answers, 'what is recorded is what Ansible says').to.deep.equal(golden.answers);
      golden = asked;
    }
  });

  it('is compared over many inventories', () => {
    expect(inventoryCases.length).to.be.at.least(30);
    expect(new Set(inventoryCases.map(({ name }) => name)).size).to.equal(inventoryCases.length);
    expect(Object.keys(golden.answers)).to.have.members(inventoryCases.map(({ name }) => name));
  });

  for (const each of inventoryCases) {
    const { name, args, cwd } = each;
    for (const action of actionsOf(each)) {
      it(`${name} ${action.args.join(' ')}: as ansible-inventory`, async () => {
        const said = await show([...args, ...action.args], cwd);
        expect(said.stderr.replaceAll(/^warning: .*\n/gm, '')).to.equal('');
        expect(said.code).to.equal(0);
        const expected = golden.answers[name]?.[action.args.join(' ')] ?? '';
        expect(action.read(said.stdout)).to.deep.equal(action.read(expected));
      });
    }

    it(`${name} --list --yaml: can be read again`, async () => {
      const { dump } = await import('./yaml-dump.js');
      const said = await show([...args, '--list', '--yaml', '--export'], cwd);
      expect(said.code).to.equal(0);
      const again = await dump(said.stdout, ['--list', '--export']);
      const before = readJson((await show([...args, '--list', '--export'], cwd)).stdout);
      // The order of groups and hosts is not kept: names are sorted, as ansible-inventory has them.
      expect(sortLists(again)).to.deep.equal(sortLists(before));
    });
  }

  for (const { source, why, says, host } of differences) {
    it(`${source} is another matter: ${why}`, async () => {
      const args = ['-i', source.includes(',') ? source : `deliberate/${source}`];
      const said = host ? await show([...args, '--host', host[0]]) : await show([...args, '--list']);
      if (says) expect(said.stderr).to.match(says);
      else expect(said.stderr).to.equal('');
      expect(said.code).to.equal(host ? 0 : 4);
      if (host) expect(readJson(said.stdout)).to.deep.equal(host[1]);
    });
  }

  it('-l shows some hosts alone', async () => {
    const said = await show(['-i', 'yaml-order.yaml', '--list', '-l', 'cats:!lion']);
    expect(readJson(said.stdout)).to.deep.include({ cats: { hosts: ['tiger'] }, ants: { hosts: ['tiger'] } });
    const tree = await show(['-i', 'yaml-order.yaml', '--graph', 'zoo', '-l', 'uhu']);
    expect(tree.stdout).to.equal('@zoo:\n  |--@cats:\n  |--@birds:\n  |  |--@owls:\n  |  |  |--uhu\n');
  });

  it('--host shows localhost where no source names it', async () => {
    const said = await show(['-i', 'ini-basic/hosts', '--host', 'localhost']);
    expect(readJson(said.stdout)).to.deep.equal({ ansible_connection: 'local', ntp: 'ntp.example.com' });
  });

  it('--help has examples, and every option', async () => {
    const { code, stdout } = await show(['--help']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/Examples:[\s\S]*--graph/);
    expect(stdout.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
  });

  const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /nothing to show is named[\s\S]*--list, --host NAME, --graph/],
    [['--list', '--graph'], /only one thing can be shown at a time/],
    [['--list', 'web'], /'web' stands where nothing belongs/],
    [['--graph', 'wbe'], /there is no group 'wbe'/],
    [['--graph', 'webserver'], /did you mean 'webservers'\?/],
    [['--host', 'webservers'], /--host takes one host, but 'webservers' matches 2/],
    [['--host', 'foo.example.cm'], /did you mean 'foo\.example\.com'\?/],
    [['--list', '-l', ''], /the limit is empty/],
    [['--list', '-l', 'nobody*'], /matches no host/],
    [['--lst'], /unknown option --lst[\s\S]*did you mean --list\?/],
  ];
  for (const [args, message] of refused) {
    it(`refuses ${args.join(' ') || 'nothing'}`, async () => {
      const said = await show(['-i', 'yaml-basic.yaml', ...args]);
      expect(said.stderr).to.match(message);
      expect(said.code).to.equal(4);
    });
  }
});

async function show(args: readonly string[], cwd = ''): Promise<Ended> {
  return await zrun(['inventory', ...args], { cwd: path.join(folder, cwd) });
}

/** The Python that ansible-inventory runs in, from its first line. */
async function findAnsiblePython(): Promise<string | undefined> {
  for (const entry of (process.env['PATH'] ?? '').split(':')) {
    const file = path.join(entry, 'ansible-inventory');
    const text = await access(file).then(
      () => readFile(file, 'utf8'),
      () => '',
    );
    const interpreter = /^#!\s*(\S*python\S*)/.exec(text)?.[1];
    if (interpreter !== undefined) return interpreter;
  }
  return undefined;
}

async function askAnsible(python: string): Promise<Golden> {
  const calls = inventoryCases.flatMap((each) =>
    actionsOf(each).map((action) => ({
      name: each.name,
      action: action.args.join(' '),
      cwd: path.join(folder, each.cwd ?? ''),
      args: [...each.args, ...action.args],
    })),
  );
  const home = await mkdtemp(path.join(os.tmpdir(), 'zrun-ansible-'));
  const text = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      python,
      [peer],
      {
        maxBuffer: 100_000_000,
        env: {
          PATH: process.env['PATH'],
          ANSIBLE_CONFIG: path.join(folder, 'ansible.cfg'),
          HOME: home,
          LC_ALL: 'C.UTF-8',
        },
      },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`ansible-inventory cannot be asked: ${stderr}`, { cause: error }));
        else resolve(stdout);
      },
    );
    child.stdin?.end(JSON.stringify(calls));
  });
  await rm(home, { recursive: true });
  const { version, answers } = JSON.parse(text) as {
    readonly version: string;
    readonly answers: readonly {
      readonly status: number;
      readonly stdout: string;
      readonly stderr: string;
    }[];
  };
  const byCase: Record<string, Record<string, string>> = {};
  calls.forEach(({ name, action }, i) => {
    const answer = answers[i];
    if (answer?.status !== 0)
      throw new Error(`ansible-inventory fails on ${name} ${action}: ${answer?.stderr}`);
    (byCase[name] ??= {})[action] = answer.stdout;
  });
  return { ansibleCore: `ansible-core ${version}`, answers: byCase };
}

function series(version: string): string {
  return version.replace(/\.\d+$/, '');
}
