/** Owns the rules about commands in general, and about `command` in particular. */
import { isFalse } from '../book.js';
import { commandsOf, unquotedIn, quotedForm, withoutTemplates } from '../commands.js';
import { replacements } from '../replacements.js';
import type { Rule } from '../rule.js';

export const commandModule: Rule = {
  id: 'command-module',
  summary: 'a command that a module does: it looks first, shows a diff, and changes only what differs',
  check(book, report) {
    for (const { task, line, isShell } of commandsOf(book)) {
      const only = isShell ? onlyCommand(line) : line;
      if (only === undefined) continue;
      const found = replacements.find(
        ({ command, module }) => book.modules.has(module) && command.test(`${only} `),
      );
      if (!found) continue;
      const program = /^\S+/.exec(only)?.[0] ?? '';
      const words = /^(?:systemctl|zfs|apt|apt-get|aptitude|service)$/.test(program)
        ? only.split(/\s+/).slice(0, 2).join(' ')
        : program;
      report({
        at: task.at,
        message: `the module '${found.module}' does what '${words}' does here`,
        hint: `write ${found.write}`,
      });
    }
  },
};

/** The one simple command of a shell text; undefined where there are several, or it feeds another one. */
function onlyCommand(line: string): string | undefined {
  const plain = line.replace(/^(?:set -\w+\s*(?:;|\n)\s*)+/, '').trim();
  const outside = withoutTemplates(plain).replace(/'[^']*'|"[^"]*"/g, 'x');
  return /[|;\n`]|&&|\$\(/.test(outside.replace(/\s*\|\|\s*(?:true|:)\s*$/, '')) ? undefined : plain;
}

export const commandChanged: Rule = {
  id: 'command-changed',
  summary: 'a command that counts as a change each time it runs',
  check(book, report) {
    for (const { task, params } of commandsOf(book)) {
      const { entries } = task.node;
      // A condition says that somebody has looked first.
      if (task.isOnDemand || entries.has('changed_when') || entries.has('when')) continue;
      if (params.has('creates') || params.has('removes')) continue;
      report({
        at: task.at,
        message: 'this counts as a change each time it runs',
        hint: "add 'changed_when:' (false for a command that only looks), or 'creates:' or 'removes:' with the path that it makes or removes",
      });
    }
  },
};

export const checkModeRuns: Rule = {
  id: 'check-mode-runs',
  summary: "a command with 'check_mode: false' that may change something during --check",
  check(book, report) {
    for (const { task } of commandsOf(book)) {
      const { entries } = task.node;
      const checkMode = entries.get('check_mode');
      if (!checkMode || !isFalse(checkMode) || isFalse(entries.get('changed_when'))) continue;
      report({
        at: checkMode.keyAt,
        message: 'this runs during --check too, and nothing says that it changes nothing',
        hint: "add 'changed_when: false' if it only looks; else take 'check_mode: false' away",
      });
    }
  },
};

export const commandUnquoted: Rule = {
  id: 'command-unquoted',
  summary: 'a value in a command line that falls apart into words where it holds a space',
  check(book, report) {
    for (const { isShell, text } of commandsOf(book)) {
      if (isShell || !text) continue;
      for (const { helper, written, at, start } of unquotedIn(text)) {
        if (isInsideQuotes(text.text.text.slice(0, start))) continue;
        report({
          at,
          message: 'this value falls apart into several words where it holds a space',
          hint: `${quotedForm(helper, written)}, or give the words as a list: argv: […]`,
        });
      }
    }
  },
};

function isInsideQuotes(before: string): boolean {
  const rest = withoutTemplates(before).replace(/\\.|'[^']*'|"(?:\\.|[^"\\])*"/g, '');
  return /['"]/.test(rest);
}

export const commandGlob: Rule = {
  id: 'command-glob',
  summary: 'a * or ~ in a command that no shell reads',
  check(book, report) {
    for (const { isShell, text, task } of commandsOf(book)) {
      if (isShell || !text) continue;
      const words = withoutTemplates(text.text.text)
        .replace(/\\.|'[^']*'|"(?:\\.|[^"\\])*"/g, 'x')
        .split(/\s+/);
      const word = words.find((one) => /^[^-=]*[*?]|^~(?:\/|$)/.test(one) && /\/|^[*~]/.test(one));
      if (word === undefined) continue;
      report({
        at: task.at,
        message: `no shell reads this, so that '${word}' is handed over as it is`,
        hint: "use 'shell:', or put it into single quotes if that is what is meant",
      });
    }
  },
};
