/** Owns the rules about handlers and who wakes them. */
import { handlersIn, tasksOf } from '../../../core/plan.js';
import { isFalse } from '../book.js';
import type { Rule } from '../rule.js';

export const handlerUnused: Rule = {
  id: 'handler-unused',
  summary: 'a handler that nobody notifies',
  check(book, report) {
    if (!book.isComplete) return;
    for (const play of book.playbook.plays) {
      const handlers = [...handlersIn(play)];
      const all = tasksOf([...play.tasks, ...play.betweenBatches, ...handlers]);
      const woken = [...all].flatMap(({ notify }) => notify);
      const notified = new Set(woken.filter((one) => typeof one === 'string'));
      const templates = woken.filter((one) => typeof one !== 'string');
      for (const { name, answersTo, listen, at } of handlers) {
        const names = [...answersTo, ...listen];
        if (names.some((one) => notified.has(one) || templates.some((each) => each.mayGive(one)))) continue;
        if (notified.has(name)) {
          report({
            at,
            message: `another handler of this list is called '${name}' too, and is the one that runs`,
            hint: "give this one another name, or let both 'listen:' to one",
          });
          continue;
        }
        report({
          at,
          message: `nobody notifies '${name}'`,
          hint: "add 'notify:' to the task that it belongs to, or take it away",
        });
      }
    }
  },
};

export const notifyNever: Rule = {
  id: 'notify-never',
  summary: 'a task that never counts as a change, so that its handlers never run',
  check(book, report) {
    for (const { node } of book.tasks) {
      const notify = node.entries.get('notify');
      if (!notify || !isFalse(node.entries.get('changed_when'))) continue;
      report({
        at: notify.keyAt,
        message: "'changed_when: false' means that these handlers are never notified from here",
        hint: "take 'notify:' away, or say with 'changed_when:' what counts as a change",
      });
    }
  },
};
