import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import {
  errorCodes,
  formatProblem,
  nearest,
  throwAll,
  toProblem,
  ZrunError,
  ZrunErrors,
  type Place,
} from '../../src/core/errors.js';

function placeOf(text: string, mark: string, name = 'play.yaml'): Place {
  const start = text.indexOf(mark);
  return { source: { name, text }, start, end: start + mark.length };
}

describe('a problem as a person reads it', () => {
  const cases: readonly { readonly title: string; readonly error: ZrunError; readonly text: string }[] = [
    {
      title: 'place, caret under the word, hint',
      error: new ZrunError('module-unknown', "unknown module 'zvool'", {
        at: placeOf('- hosts: all\n  tasks:\n    - zvool: {}\n', 'zvool'),
        hint: "did you mean 'zvol'?",
      }),
      text: [
        "play.yaml:3:7: unknown module 'zvool'",
        '  3 |     - zvool: {}',
        '    |       ^^^^^',
        "  hint: did you mean 'zvol'?",
      ].join('\n'),
    },
    {
      title: 'tabs stay tabs, so that the caret stands where the terminal puts the word',
      error: new ZrunError('yaml-syntax', 'no tabs', { at: placeOf('a:\n\tb: 1', 'b') }),
      text: 'play.yaml:2:2: no tabs\n  2 | \tb: 1\n    | \t^',
    },
    {
      title: 'a place over several lines is marked to the end of its first',
      error: new ZrunError('yaml-syntax', 'too long', { at: placeOf('x: |\n  a\n  b\n', '|\n  a\n  b') }),
      text: 'play.yaml:1:4: too long\n  1 | x: |\n    |    ^',
    },
    {
      title: 'a Windows line end is not printed',
      error: new ZrunError('yaml-syntax', 'odd', { at: placeOf('a: b\r\nc: d\r\n', 'b') }),
      text: 'play.yaml:1:4: odd\n  1 | a: b\n    |    ^',
    },
    {
      title: 'a failed command with its exit code and what it said',
      error: new ZrunError('command-failed', 'the command failed', {
        command: 'zfs create tank/x',
        status: 1,
        stderr: "cannot create 'tank/x':\nout of space\n",
      }),
      text: "the command failed\n  command: zfs create tank/x (exit code 1)\n  stderr: cannot create 'tank/x':\n    out of space",
    },
    {
      title: 'a script, which is not shown',
      error: new ZrunError('command-failed', 'the script ended with exit code 1', {
        command: 'set -eu\nzfs create tank/x\n',
        status: 1,
        stderr: 'out of space',
      }),
      text: 'the script ended with exit code 1\n  command: a script of 2 lines (exit code 1)\n  stderr: out of space',
    },
    {
      title: 'a command that wrote its complaint to stdout',
      error: new ZrunError('command-failed', 'failed', {
        command: 'x',
        status: 2,
        stdout: 'no\n',
        stderr: ' \n',
      }),
      text: 'failed\n  command: x (exit code 2)\n  stdout: no',
    },
  ];
  for (const { title, error, text } of cases) {
    it(title, () => expect(formatProblem(error.problem)).to.equal(text));
  }
});

describe('the nearest known name', () => {
  const known = ['hosts', 'handlers', 'become', 'become_user', 'tasks', 'when'];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['host', 'hosts'],
    ['taks', 'tasks'],
    ['Become', 'become'],
    ['wehn', 'when'],
    ['becomeuser', 'become_user'],
    ['docker', undefined],
    ['x', undefined],
  ];
  for (const [name, expected] of cases) {
    it(`${name} → ${expected ?? 'nothing near'}`, () => expect(nearest(name, known)).to.equal(expected));
  }
});

describe('several errors at once', () => {
  const error = (message: string): ZrunError => new ZrunError('usage', message);

  it('none: nothing is thrown', () => expect(() => throwAll([])).to.not.throw());
  it('one: itself', () => expect(() => throwAll([error('a')])).to.throw(ZrunError, 'a'));
  it('two: both', () => expect(() => throwAll([error('a'), error('b')])).to.throw(ZrunErrors, 'a\nb'));
});

describe('what is thrown that is no ZrunError', () => {
  it('is called a bug, with its stack', () => {
    const problem = toProblem(new TypeError('x is undefined'));
    expect(problem.code).to.equal('internal');
    expect(problem.message).to.contain('TypeError: x is undefined').and.to.contain('errors.test');
  });
});

describe('codes of errors', () => {
  it('are all reported somewhere', () => {
    const src = path.resolve(import.meta.dirname, '../../src');
    const texts = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'core/errors.ts')
      .map((file) => readFileSync(path.join(src, file), 'utf8'));
    const unused = Object.keys(errorCodes).filter(
      (code) => !texts.some((text) => text.includes(`'${code}'`)),
    );
    expect(unused).to.deep.equal([]);
  });
});
