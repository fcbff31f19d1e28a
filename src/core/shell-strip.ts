/**
 * Owns what of a shell file goes to a host: all but the lines that are only a comment, and indentation, since each byte
 * goes to every host. Knows as much of the shell's syntax as tells a command from a quoted text. No I/O. The scanner is one function of 100 lines, since each state is a line or two
 * that makes sense beside the others.
 */

/**
 * What the scanner is in. `command`: commands, in `$(…)` too. `group`: commands in brackets. `program`: the quoted program
 * of awk or of another shell, whose comments and indentation are left out too. It has no text of several lines itself.
 */
type Where = 'command' | 'group' | 'single' | 'program' | 'double' | 'brace' | 'arithmetic' | 'brackets';

/** A quote that is the last thing on a line, after awk or `sh -c`, begins a program. */
const beginsProgram = /(^|[\s|(])(awk\s[^;|]*|sh -c )'$/;

/**
 * The lines of a file that are sent, without a line feed at the end. What lies in quotes or in a here-document stays as it
 * is, but for programs. Throws a TypeError where it cannot follow the file.
 */
export function stripShell(text: string): string {
  const scanner = createScanner();
  const kept: string[] = [];
  text.split('\n').forEach((line, i) => {
    try {
      const sent = scanner.take(line);
      if (sent !== undefined) kept.push(sent);
    } catch (error) {
      throw new TypeError(`line ${i + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  if (!scanner.isAtTop()) throw new TypeError('a quote, a bracket or a here-document is not closed');
  return kept.join('\n');
}

interface Scanner {
  /** The line as it is sent; undefined: not at all. */
  take(line: string): string | undefined;
  isAtTop(): boolean;
}

function createScanner(): Scanner {
  /** The innermost last; commands at the top are none. */
  const inside: Where[] = [];
  /** Words that end the here-documents which begin on the next line. */
  const awaited: string[] = [];
  let isContinued = false;
  const here = () => inside.at(-1) ?? 'command';
  const isCode = () => ['command', 'group', 'program'].includes(here());

  return {
    isAtTop: () => inside.length === 0 && awaited.length === 0 && !isContinued,
    take(line) {
      if (awaited.length > 0) {
        if (line === awaited[0]) awaited.shift();
        return line;
      }
      if (!isCode()) {
        scan(line);
        return line;
      }
      const bare = line.replace(/^[ \t]+/, '');
      if (!isContinued && (bare === '' || bare.startsWith('#'))) {
        if (here() === 'program' && bare.includes("'")) throw new TypeError('an apostrophe ends the program');
        return undefined;
      }
      scan(bare);
      return bare;
    },
  };

  function scan(line: string): void {
    isContinued = false;
    for (let i = 0; i < line.length; i++) i += step(line, i);
  }

  /** Looks at one character; says how many more are done with. */
  function step(line: string, i: number): number {
    const char = line[i] ?? '';
    const where = here();
    if (where === 'single' || where === 'program') {
      if (char === "'") inside.pop();
      return 0;
    }
    if (char === '\\') {
      if (i + 1 === line.length) goOn(line);
      return 1;
    }
    if (char === '"') {
      if (where === 'double') inside.pop();
      else inside.push('double');
      return 0;
    }
    if (char === '$') return expand(line.slice(i));
    if (char === '`') throw new TypeError('write $(…) for backquotes');
    if (where === 'double') return 0;
    if (char === "'") {
      inside.push(i + 1 === line.length && beginsProgram.test(line) ? 'program' : 'single');
      return 0;
    }
    if (where === 'brace') {
      if (char === '}') inside.pop();
      return 0;
    }
    if (char === '(') {
      inside.push(where === 'arithmetic' || where === 'brackets' ? 'brackets' : 'group');
      return 0;
    }
    if (char === ')') {
      // At the top it ends a pattern of `case`.
      inside.pop();
      return where === 'arithmetic' ? 1 : 0;
    }
    if (where === 'arithmetic' || where === 'brackets') return 0;
    if (char === '#' && /^$|[\s;&|()]/.test(line.slice(0, i).slice(-1))) return line.length;
    if (line.startsWith('<<', i)) return awaitText(line.slice(i));
    return 0;
  }

  function expand(rest: string): number {
    if (rest.startsWith('$((')) {
      inside.push('arithmetic');
      return 2;
    }
    if (rest.startsWith('$(')) inside.push('command');
    else if (rest.startsWith('${')) inside.push('brace');
    else return 0;
    return 1;
  }

  function awaitText(rest: string): number {
    const [all = '', , word = ''] = /^<<(['"]?)(\w+)\1/.exec(rest) ?? [];
    if (word === '') throw new TypeError('of here-documents only <<WORD is known');
    awaited.push(word);
    return all.length - 1;
  }

  /** A backslash joins two lines. With the indentation of the second one, a blank is lost. */
  function goOn(line: string): void {
    isContinued = true;
    if (isCode() && !/[ \t]\\$/.test(line)) throw new TypeError('a blank belongs before this backslash');
  }
}
