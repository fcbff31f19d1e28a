/** Owns the rules about failures that nobody sees. */
import { isTrue } from '../book.js';
import type { Rule } from '../rule.js';

export const errorsIgnored: Rule = {
  id: 'errors-ignored',
  summary: 'failures that are ignored and that nobody looks at',
  check(book, report) {
    for (const { node } of book.tasks) {
      const ignore = node.entries.get('ignore_errors');
      if (ignore && isTrue(ignore) && !node.entries.has('register')) {
        report({
          at: ignore.keyAt,
          message: 'every failure of this task is passed over, whatever its reason',
          hint: "say with 'failed_when:' what is no failure, or 'register:' the result and look at it",
        });
      }
    }
    for (const node of [...book.plays, ...book.blocks]) {
      const ignore = node.entries.get('ignore_errors');
      if (!ignore || !isTrue(ignore)) continue;
      report({
        at: ignore.keyAt,
        message: 'every failure of every task below is passed over',
        hint: "set it on the one task that may fail, or handle the failure in a 'rescue:'",
      });
    }
  },
};
