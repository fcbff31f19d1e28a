import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { expect } from 'chai';
import { build } from 'esbuild';
import { readCalls, shellFile, sharedShellFile, teach } from '../../src/core/shell-files.js';
import { lines, sh, type ShellText } from '../../src/core/shell.js';
import { stripShell } from '../../src/core/shell-strip.js';
import { skipFor } from '../integration/skip.js';
import { listShellFiles, sourceFilesInside } from '../build/source-files.js';

const src = path.resolve(import.meta.dirname, '../../src');
const files = listShellFiles();

/** What modules ask for, by the text of their calls. */
function namedFiles(): readonly string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== path.join('core', 'shell-files.ts'))
    .flatMap((file) => [
      ...readFileSync(path.join(src, file), 'utf8').matchAll(/\b(?:s|sharedS)hellFile\(([^)]*)\)/g),
    ])
    .map(([, argument = '']) => /^'([^']+)'$/.exec(argument)?.[1] ?? `not a plain name: ${argument}`);
}

describe('shell files', () => {
  it('are all used, and are all there', () => {
    expect([...new Set(namedFiles())].sort()).to.deep.equal([...files]);
  });

  for (const file of files) {
    it(`${file} says what it is, and is sent without comments and indentation`, () => {
      expect(readFileSync(path.join(src, file), 'utf8')).to.match(/^# [^\n]+\n/);
      const { shellText } = shellFile(file);
      // Texts in quotes, which may begin with anything, are the exception that no file makes so far.
      expect(shellText.split('\n').filter((line) => /^\s*(#|$)|^\s/.test(line))).to.deep.equal([]);
    });

    for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['ksh'], ['mksh']] as const) {
      it(`${file} is one that ${shell[0]} can read, as it is and as it is sent`, function () {
        for (const text of [readFileSync(path.join(src, file), 'utf8'), shellFile(file).shellText]) {
          const [program, ...options] = shell;
          const { error, status, stderr } = spawnSync(program, [...options, '-n'], { input: text });
          skipFor(this, error && `skipped: ${program} cannot be run here: ${error.message}`);
          // ksh has its opinions on standard error, too.
          expect(status, stderr.toString()).to.equal(0);
        }
      });
    }
  }

  describe('that are shared', () => {
    const file = 'modules/files/trusted-folder.sh';
    const called = lines(
      sharedShellFile(file),
      sh`missing() { exit 1; }
enter /etc/hosts hosts .t "" /etc / /etc
echo "$n $PWD"`,
    );

    it('are calls, and named', () => {
      const { script, needs } = readCalls(called);
      expect(script).to.match(/^zrun_trusted_folder\nmissing\(\)/);
      expect(needs).to.deep.equal([{ name: 'zrun_trusted_folder', text: shellFile(file).shellText }]);
      expect(readCalls(lines(called, called)).needs).to.deep.equal(needs);
      expect(readCalls(sh`echo x`)).to.deep.equal({ script: 'echo x', needs: [] });
    });

    it('are never quoted for another shell, which was not taught them', () => {
      expect(() => sh`sh -c ${called.shellText}`).to.throw('a shell word cannot hold a NUL byte');
    });

    for (const shellText of ['echo \0', '\0zrun_trusted_folder', 'a \0nobody\0', '\0zrun_trusted_folder\0\0'])
      it(`are told from other NUL bytes: ${JSON.stringify(shellText)}`, () => {
        expect(() => readCalls({ shellText })).to.throw('holds a NUL byte, which no shell can read');
      });

    for (const shell of ['dash', 'bash', 'busybox sh', 'ksh', 'mksh', 'zsh --emulate sh'] as const)
      it(`are called in ${shell} by the scripts that need them, and by no other`, function () {
        const { script, needs } = readCalls(called);
        const [program = '', ...options] = shell.split(' ');
        const { error, status, stdout, stderr } = spawnSync(program, options, {
          input: `${needs.map(teach).join('')}(eval ${sh`${script}`.shellText})\n(enter 2>/dev/null || echo none)\n`,
        });
        skipFor(this, error && `skipped: ${program} cannot be run here: ${error.message}`);
        expect([status, stdout.toString()], stderr.toString()).to.deep.equal([0, 'hosts /etc\nnone\n']);
      });
  });

  it('are in the bundle as they are sent from the sources', async () => {
    const { outputFiles } = await build({
      entryPoints: [path.join(src, 'core/shell-files.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      plugins: [sourceFilesInside],
    });
    const bundled = { exports: {} };
    const text = outputFiles[0]?.text ?? '';
    expect(text).not.to.contain('readFileSync');
    const load = vm.compileFunction(text, ['module', 'exports']) as (...names: unknown[]) => void;
    load(bundled, bundled.exports);
    const inside = bundled.exports as { shellFile(file: string): ShellText };
    for (const file of files) expect(inside.shellFile(file)).to.deep.equal(shellFile(file));
    expect(() => inside.shellFile('no.sh')).to.throw('no shell file no.sh');
  });
});

describe('what is sent of a shell file', () => {
  for (const [what, text, expected] of [
    ['no comments', '# a\n  # b\necho c # d\n', 'echo c # d'],
    ['no indentation', 'if a; then\n\tb\n  c\nfi\n', 'if a; then\nb\nc\nfi'],
    ['no empty lines', 'a\n\n  \nb\n', 'a\nb'],
    ['texts in quotes as they are', "a '\n  # b\n  c'\n  d\n", "a '\n  # b\n  c'\nd"],
    ['so in double quotes', 'a "\n  # b $(c "d" \'"\')\n  e"\n  f\n', 'a "\n  # b $(c "d" \'"\')\n  e"\nf'],
    ['commands in them', 'a "$(\n  # b\n  c\n)  \n  d"\n', 'a "$(\nc\n)  \n  d"'],
    ["awk's programs", "a | awk -F '\\t' '\n  # b\n  { c }\n'\n", "a | awk -F '\\t' '\n{ c }\n'"],
    ["other shells'", "a sh -c '\n  # b\n  c' d\n", "a sh -c '\nc' d"],
    ['here-documents', 'a <<END\n  # b\nEND\n  c\n', 'a <<END\n  # b\nEND\nc'],
    ['a quoted word of one', "a <<'END'\n  '\nEND\n  c\n", "a <<'END'\n  '\nEND\nc"],
    [
      'patterns of case',
      "case a in\n  b) c ;;\n  'd')\n    e ;;\nesac\n",
      "case a in\nb) c ;;\n'd')\ne ;;\nesac",
    ],
    ['what a backslash joins', 'a \\\n  b\n', 'a \\\nb'],
    ['what is no comment', 'a ${b#c} $# d#e \\# "#"\n  f\n', 'a ${b#c} $# d#e \\# "#"\nf'],
    ['quotes in comments', "a # don't\n  b\n", "a # don't\nb"],
    ['arithmetic', 'a=$((1 << (2 + 3)))\n  b\n', 'a=$((1 << (2 + 3)))\nb'],
  ] as const) {
    it(what, () => expect(stripShell(text)).to.equal(expected));
  }

  for (const [what, text, message] of [
    ['an open quote', "a 'b\n", 'a quote, a bracket or a here-document is not closed'],
    ['an open here-document', 'a <<END\n', 'a quote, a bracket or a here-document is not closed'],
    ['a here-document with tabs', 'a <<-END\n', 'line 1: of here-documents only <<WORD is known'],
    ['backquotes', 'a\nb `c`\n', 'line 2: write $(…) for backquotes'],
    ['a word that goes on in the next line', 'a\\\n  b\n', 'line 1: a blank belongs before this backslash'],
    ["a quote in a comment of awk's", "awk '\n  # don't\n'\n", 'line 2: an apostrophe ends the program'],
  ] as const) {
    it(`refuses ${what}`, () => expect(() => stripShell(text)).to.throw(TypeError, message));
  }
});
