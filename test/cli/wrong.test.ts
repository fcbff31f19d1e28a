/**
 * What a user sees when an input is wrong, from the command line to the last character. Each file in `wrong/` is a
 * story: the command, the files that it reads, and what zrun writes to standard error. Where a story has no hosts.yaml,
 * it is the one below. UPDATE_GOLDEN=1 writes the endings anew, to be read aloud before they are kept.
 */
import { readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { zrun } from './fake-environment.js';

const folder = path.join(import.meta.dirname, 'wrong');

const usualHosts = `all:
  hosts:
    web1:
    web2:
  children:
    databases:
      hosts:
        db1:
          size: 8
`;

interface Story {
  readonly argv: readonly string[];
  readonly files: ReadonlyMap<string, string>;
  /** Everything before what zrun says. */
  readonly beginning: string;
  readonly ending: string;
}

describe('a wrong input, as the user sees it:', () => {
  const names = readdirSync(folder).sort();

  it('there are more than thirty, each of its own', async () => {
    expect(names).to.have.length.greaterThan(30);
    const beginnings = await Promise.all(names.map(async (name) => (await readStory(name)).beginning));
    expect(new Set(beginnings).size).to.equal(names.length);
  });

  for (const name of names) {
    it(name.replace(/\.txt$/, '').replaceAll('-', ' '), async () => {
      const { argv, files, beginning, ending } = await readStory(name);
      const { code, stdout, stderr } = await inFolder(files, (cwd) => zrun(argv, { cwd }));
      const said = `--- stderr, exit code ${code}\n${stderr}`;
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path.join(folder, name), beginning + said);
      else expect(said).to.equal(ending);
      expect(stdout, 'standard output').to.equal('');
      expect(code, 'exit code').to.equal(4);
    });
  }
});

async function readStory(name: string): Promise<Story> {
  const text = await readFile(path.join(folder, name), 'utf8');
  const end = text.indexOf('\n--- stderr');
  const beginning = end < 0 ? text : text.slice(0, end + 1);
  const [command = '', ...parts] = beginning.split(/^--- /m);
  const files = new Map(
    parts.map((part) => {
      const lineEnd = part.indexOf('\n');
      return [part.slice(0, lineEnd), part.slice(lineEnd + 1)] as const;
    }),
  );
  return { argv: readCommand(command), files, beginning, ending: text.slice(beginning.length) };
}

/** `$ zrun site.yaml -e 'size=8 fast'` */
function readCommand(line: string): readonly string[] {
  const words = [...line.trim().matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  expect(words.slice(0, 2)).to.deep.equal(['$', 'zrun']);
  return words.slice(2);
}

/** A file whose name ends in ` (0755)` gets that mode. */
async function inFolder<T>(
  files: ReadonlyMap<string, string>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-wrong-'));
  try {
    for (const [written, text] of new Map([['hosts.yaml', usualHosts], ...files])) {
      const [, name = '', mode] = /^(.*?)(?: \((\d+)\))?$/.exec(written) ?? [];
      await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
      await writeFile(path.join(cwd, name), text);
      if (mode !== undefined) await chmod(path.join(cwd, name), Number.parseInt(mode, 8));
    }
    return await work(cwd);
  } finally {
    await rm(cwd, { recursive: true });
  }
}
