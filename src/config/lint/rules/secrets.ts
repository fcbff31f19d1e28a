/** Owns the rules about what must not be seen by everybody. */
import { addTemplateWords, addWords } from '../names.js';
import { roleOf } from '../../playbook/reading/parameters.js';
import type { YamlNode } from '../../yaml/yaml.js';
import type { Rule } from '../rule.js';

/** What a variable is called that holds a secret, and what it is called that only says where or how one is. */
const secretName =
  /(?:^|_)(?:pass|password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|credentials?)s?(?:$|_)/i;
const harmlessName =
  /_(?:file|path|dir|folder|name|id|user|url|host|port|type|length|size|count|ttl|age|expiry|expires|policy|hash|sha256|set|exists|required|needed|changed)$/i;

export const secretShown: Rule = {
  id: 'secret-shown',
  summary: "what looks like a secret in a task without 'no_log'",
  check(book, report) {
    for (const { call, params, noLog, at } of book.tasks) {
      if (!call || noLog || call.module.name === 'assert' || call.module.name === 'set_fact') continue;
      const names = new Set<string>();
      for (const { key, value } of params.values()) {
        const isExpression = roleOf(call.module, key) === 'expression';
        if (isExpression && value.kind === 'scalar') addWords(value.text.text, names);
        else collectNames(value, names);
      }
      const secret = [...names].find((name) => secretName.test(name) && !harmlessName.test(name));
      if (secret === undefined) continue;
      const isPrinted = call.module.name === 'debug' || call.module.name === 'fail';
      report({
        at,
        message: isPrinted
          ? `this prints '${secret}', which looks like a secret`
          : `'${secret}' looks like a secret, and reports, logs and --diff show what this task does with it`,
        hint: isPrinted
          ? "do not print it; 'no_log: true' hides the output"
          : "add 'no_log: true' to the task",
      });
    }
  },
};

function collectNames(node: YamlNode, names: Set<string>): void {
  if (node.kind === 'scalar') {
    if (!node.raw) addTemplateWords(node.text.text, names);
  } else if (node.kind === 'list') for (const item of node.items) collectNames(item, names);
  else for (const { value } of node.entries.values()) collectNames(value, names);
}

export const modeOpen: Rule = {
  id: 'mode-open',
  summary: 'a file or folder that everybody may write',
  check(book, report) {
    for (const { params } of book.tasks) {
      const mode = params.get('mode')?.value;
      if (mode?.kind !== 'scalar') continue;
      const text = mode.text.text;
      // The sticky bit is what makes a folder for everybody safe: 1777.
      const isOpen = /^0?(?<special>[0-7]?)[0-7]{2}(?<others>[2367])$/.exec(text)?.groups;
      if (!isOpen || (Number(isOpen['special']) & 1) === 1) continue;
      report({
        at: mode.at,
        message: `with ${text}, every user of the host may write here`,
        hint: 'leave the last digit without its 2: "0755" for a folder, "0644" for a file',
      });
    }
  },
};
