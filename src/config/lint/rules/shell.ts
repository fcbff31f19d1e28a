/** Owns the rules about text that a shell reads. */
import { commandsOf, unquotedIn, quotedForm, withoutTemplates, type CommandTask } from '../commands.js';
import type { Rule } from '../rule.js';

export const shellUnquoted: Rule = {
  id: 'shell-unquoted',
  summary: 'a value that is put into shell text without quotes of its own',
  check(book, report) {
    for (const { isShell, text } of commandsOf(book)) {
      if (!isShell || !text) continue;
      for (const { helper, written, at } of unquotedIn(text)) {
        report({
          at,
          message: 'the shell reads this value as part of its own text: a space or a ; in it is enough',
          hint: quotedForm(helper, written),
        });
      }
    }
  },
};

export const shellNeedless: Rule = {
  id: 'shell-needless',
  summary: "a 'shell' whose text needs no shell",
  check(book, report) {
    for (const { task, isShell, text, params } of commandsOf(book)) {
      if (!isShell || !text || params.has('executable') || needsShell(text.text.text)) continue;
      if (unquotedIn(text).length > 0) continue;
      report({
        at: task.at,
        message: 'nothing here needs a shell',
        hint: "write 'command:' with the same text: then no value can turn into a command of its own",
      });
    }
  },
};

const builtins =
  /^(?:[A-Za-z_]\w*=|cd|export|unset|exec|eval|source|\.|set|umask|ulimit|trap|type|hash|alias|wait|read|command|if|for|while|until|case|:|!)(?:\s|$|(?<==))/;

function needsShell(text: string): boolean {
  const plain = withoutTemplates(text.trim());
  const unquoted = plain.replace(/'[^']*'/g, 'x');
  if (/[$`\\]/.test(unquoted)) return true;
  return /[|&;<>()*?[\]#~{}\n]/.test(unquoted.replace(/"[^"]*"/g, 'x')) || builtins.test(plain);
}

export const shellErrexit: Rule = {
  id: 'shell-errexit',
  summary: "a 'shell' of several commands that goes on after one of them failed",
  check(book, report) {
    for (const command of commandsOf(book)) {
      const { task, isShell, text } = command;
      if (!isShell || !text || !goesOnAfterFailure(command)) continue;
      report({
        at: task.at,
        message: 'only the last command decides whether this failed',
        hint: "begin with 'set -eu', which ends it at the first command that fails",
      });
    }
  },
};

/** True where a second command stands on a line of its own, and nothing connects it to the first. */
function goesOnAfterFailure({ text }: CommandTask): boolean {
  const script = withoutTemplates(text?.text.text ?? '');
  if (/\bset\s+-\w*e|\berrexit\b|<</.test(script)) return false;
  const lines = script
    .replace(/\\\n\s*/g, ' ')
    .replace(/'[^']*'|"(?:\\[\s\S]|[^"\\])*"/g, 'x')
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line));
  const beginnings = lines.filter((line, i) => {
    const before = lines[i - 1] ?? '';
    const isInside = /^\s/.test(line) || /^(?:fi|done|esac|else|elif|then|do|\}|\)|\|\|?|&&)/.test(line);
    return (
      !isInside &&
      !/(?:\||&&|\|\||\\|\{|\()\s*$/.test(before) &&
      !/^(?:set\b|[A-Za-z_]\w*=\S*$|umask\b)/.test(line)
    );
  });
  return beginnings.length > 1;
}
