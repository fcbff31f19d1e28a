/** The look at files: what is asked together is told as if it were asked alone, and costs the host few processes. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { fileKind, fileProbe, presenceProbe, type FileProbeOptions } from '../../../src/modules/host/file.js';
import type { FileState } from '../../../src/modules/host/file-state.js';
import { localRun, type RunScript, withFolder } from '../harness.js';

type Asked = readonly (readonly [path: string, options?: FileProbeOptions])[];

async function askTogether(asked: Asked, run: RunScript): Promise<readonly FileState[]> {
  const joined = fileKind.join?.(asked.map(([path, options]) => fileProbe(path, options)));
  if (!joined) throw new Error('not joined');
  return joined.parse(await run(joined.script)).map((answer) => answer());
}

async function askEach(asked: Asked, run: RunScript): Promise<readonly FileState[]> {
  const states: FileState[] = [];
  for (const [path, options] of asked) {
    const probe = fileProbe(path, options);
    states.push(probe.parse(await run(probe.script)));
  }
  return states;
}

/** All kinds of things, two of them with a checksum or content. */
async function makeThings(tmp: string): Promise<Asked> {
  await mkdir(`${tmp}/it's a $folder`);
  await writeFile(`${tmp}/it's a $folder/-rf *`, 'odd\n');
  await writeFile(`${tmp}/text`, 'a text');
  await writeFile(`${tmp}/bytes`, Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256)));
  await writeFile(`${tmp}/empty`, '');
  await symlink('text', `${tmp}/link`);
  await symlink('nowhere', `${tmp}/dangling`);
  await symlink('no/where', `${tmp}/lost`);
  return [
    [tmp],
    [`${tmp}/text`, { content: true }],
    [`${tmp}/text/below`, { content: true }],
    [`${tmp}/none`],
    [`${tmp}/no/ne`, { checksum: true }],
    [`${tmp}/it's a $folder/-rf *`, { checksum: true }],
    [`${tmp}/bytes`, { content: { limit: 1000 } }],
    [`${tmp}/bytes`, { content: { limit: 999 } }],
    // printf 'a text' | sha256sum
    [
      `${tmp}/text`,
      { content: { unless: '734194ede5b063e654d63cb95a682ca1551b45e3cc86e88f1a85c1286eedd4ac', limit: 10 } },
    ],
    [`${tmp}/empty`, { content: true }],
    [`${tmp}/link`, { content: true }],
    [`${tmp}/dangling`],
    [`${tmp}/lost`, { checksum: true }],
    [`${tmp}/dangling/below`],
    ['/dev/null', { content: true }],
    ['/'],
  ];
}

/** Programs that say when they run: their folder, and what they have said. */
async function makeCounted(tmp: string): Promise<[bin: string, log: () => Promise<readonly string[]>]> {
  const bin = `${tmp}/bin`;
  await mkdir(bin);
  for (const name of ['stat', 'sha256sum', 'cat', 'wc', 'id', 'readlink']) {
    const real = ['/usr/bin', '/bin'].map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
    await writeFile(`${bin}/${name}`, `#!/bin/sh\necho ${name} >>${tmp}/log\nexec ${real ?? name} "$@"\n`);
    await chmod(`${bin}/${name}`, 0o755);
  }
  await writeFile(`${tmp}/log`, '');
  return [bin, async () => (await readFile(`${tmp}/log`, 'utf8')).split('\n').filter((line) => line !== '')];
}

describe('the look at files', () => {
  for (const shell of [['sh'], ['bash'], ['busybox', 'sh']] as const) {
    it(`says of many what it says of each, in ${shell[0]}`, function () {
      if (shell[0] === 'busybox' && !existsSync('/bin/busybox')) {
        console.log('      skipped: no busybox on this machine');
        this.skip();
      }
      return withFolder(async (tmp) => {
        const asked = await makeThings(tmp);
        const run = localRun([...shell]);
        const together = await askTogether(asked, run);
        expect(together).to.deep.equal(await askEach(asked, run));
        expect(together.map(({ type }) => type).join(' ')).to.equal(
          'directory file absent absent absent file file file file file link link link absent character directory',
        );
      });
    });
  }

  it('hands out content and checksums as they are asked for', () =>
    withFolder(async (tmp) => {
      const asked = await makeThings(tmp);
      const states = await askTogether(asked, localRun());
      const contentAt = (i: number): Buffer | undefined => {
        const state = states[i]?.type === 'link' ? states[i].resolved : states[i];
        return state?.type === 'file' && state.content ? Buffer.from(state.content) : undefined;
      };
      expect(contentAt(1)?.toString()).to.equal('a text');
      expect(contentAt(6)).to.deep.equal(await readFile(`${tmp}/bytes`));
      expect(contentAt(7), 'over the limit').to.equal(undefined);
      expect(contentAt(9)).to.deep.equal(Buffer.alloc(0));
      expect(contentAt(10)?.toString(), 'through a link').to.equal('a text');
      const sums = states.map((state) => (state.type === 'file' ? state.sha256 : undefined));
      // printf 'odd\n' | sha256sum
      expect(sums[5]).to.equal('80a3ef2f5539b0a6b5ee045e2a1de83bfb38550da54aa4d60dc1b9526b4b0805');
      expect(sums[6], 'made here or there').to.equal(sums[7]);
    }));

  it('content may hold what looks like an answer', () =>
    withFolder(async (tmp) => {
      const trap = 'content\0.\0absent\0error x\0.\0';
      await writeFile(`${tmp}/a`, trap);
      const [a, b] = await askTogether([[`${tmp}/a`, { content: true }], [`${tmp}/b`]], localRun());
      expect(a?.type === 'file' && Buffer.from(a.content ?? []).toString()).to.equal(trap);
      expect(b?.type).to.equal('absent');
    }));

  it('who would make a file is told where one can be made, and only there', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/file`, '');
      const asked: Asked = [[`${tmp}/none`], [`${tmp}/no/ne`], [`${tmp}/file/below`]];
      const found = await askTogether(asked, localRun());
      expect(found.map((state) => state.type === 'absent' && state.creator?.uid)).to.deep.equal([
        process.getuid?.(),
        process.getuid?.(),
        undefined,
      ]);
    }));

  it('a path that cannot be looked at is an error of its own', async function () {
    // Root may look at everything, so it is stat that says no.
    const refusing = `case "$*" in *secret*) echo "stat: cannot statx: Permission denied" >&2; return 1 ;; esac; command stat "$@"`;
    const run: RunScript = (script) =>
      localRun()({ shellText: `stat() { ${refusing}; }\n${script.shellText}` });
    await withFolder(async (tmp) => {
      await mkdir(`${tmp}/secret`);
      await writeFile(`${tmp}/secret/x`, '');
      await writeFile(`${tmp}/open`, '');
      const probes = [`${tmp}/open`, `${tmp}/secret/x`].map((path) => fileProbe(path));
      const joined = fileKind.join?.(probes);
      if (!joined) throw new Error('not joined');
      const [open, secret] = joined.parse(await run(joined.script));
      expect(open?.().type).to.equal('file');
      expect(secret)
        .to.throw(`cannot look at ${tmp}/secret/x`)
        .with.nested.property('problem.stderr')
        .that.contains('Permission denied');
    });
  });

  for (const [what, options, processes] of [
    ['alone', {}, 'stat'],
    ['its checksum', { checksum: true }, 'stat sha256sum'],
    ['its content', { content: true }, 'stat cat'],
    ['a small content, whatever is known of it', { content: { unless: 'a'.repeat(64) } }, 'stat cat'],
    ['a content over the limit', { content: { limit: 3 } }, 'stat sha256sum'],
  ] as const) {
    it(`the process that reads takes the shell's place: ${what}`, () =>
      withFolder(async (tmp) => {
        await writeFile(`${tmp}/text`, 'a text');
        const [bin, log] = await makeCounted(tmp);
        const [text, folder] = await askTogether([[`${tmp}/text`, options], [tmp]], (script) =>
          localRun()({ shellText: `PATH=${bin}:$PATH\n${script.shellText}\nexit 9` }),
        );
        expect(await log()).to.deep.equal(processes.split(' '));
        expect(folder?.type).to.equal('directory');
        expect(text?.type === 'file' && text.content && Buffer.from(text.content).toString()).to.equal(
          processes.endsWith('cat') ? 'a text' : undefined,
        );
      }));
  }

  it('what cannot be read after all is an error', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/text`, 'a text');
      const bin = `${tmp}/bin`;
      await mkdir(bin);
      for (const name of ['cat', 'sha256sum']) {
        await writeFile(`${bin}/${name}`, '#!/bin/sh\nprintf half; echo "input/output error" >&2; exit 1\n');
        await chmod(`${bin}/${name}`, 0o755);
      }
      for (const options of [{ content: true }, { checksum: true }]) {
        const asked = askTogether([[`${tmp}/text`, options], [tmp]], (script) =>
          localRun()({ shellText: `PATH=${bin}:$PATH\n${script.shellText}` }),
        );
        const error: unknown = await asked.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).to.have.property('message').that.equals(`cannot look at ${tmp}/text`);
        expect(error).to.have.nested.property('problem.stderr').that.contains('input/output error');
      }
    }));

  it('what is there is found out without a process, and what is not as thoroughly as ever', () =>
    withFolder(async (tmp) => {
      await symlink('nowhere', `${tmp}/dangling`);
      const [bin, log] = await makeCounted(tmp);
      const typeOf = async (path: string): Promise<string> => {
        const probe = presenceProbe(path);
        return probe.parse(await localRun()({ shellText: `PATH=${bin}:$PATH\n${probe.script.shellText}` }))
          .type;
      };
      expect(await typeOf(tmp)).to.equal('something');
      expect(await typeOf(`${tmp}/dangling`)).to.equal('something');
      expect(await log()).to.deep.equal([]);
      expect(await typeOf(`${tmp}/none`)).to.equal('absent');
    }));

  it('costs one process for all paths, and one more for each file that is read', () =>
    withFolder(async (tmp) => {
      const [bin, log] = await makeCounted(tmp);
      await writeFile(`${tmp}/a`, 'a');
      await writeFile(`${tmp}/b`, 'b');
      const asked: Asked = [
        [`${tmp}/a`, { content: true }],
        [tmp],
        ['/usr'],
        ['/'],
        [`${tmp}/b`, { checksum: true }],
        // What is no folder holds nothing.
        [`${tmp}/a/below`],
      ];
      await askTogether(asked, (script) =>
        localRun()({ shellText: `PATH=${bin}:$PATH\n${script.shellText}` }),
      );
      expect(await log()).to.deep.equal(['stat', 'cat', 'sha256sum']);
    }));
});
