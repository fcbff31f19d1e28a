/**
 * Owns the handlers that a host has in a play, and which of them wait to be run: the play's own, and those that roles
 * bring which the host includes on its way.
 */
import type { Handler as HandlerStep, Include, Play, Task } from '../core/plan.js';
import type { Scope } from '../core/template.js';
import type { HostState } from './host-state.js';
import { isTrue } from './judge.js';
import { itemsUnless } from './loop.js';
import { scopeOf, type Around } from './surroundings.js';

/** What a handler has from the place that brought it, rather than from where it is run. */
type HandlerPlace = Pick<Around, 'defaults' | 'vars' | 'params' | 'become' | 'extra'>;

export interface Handler {
  readonly step: HandlerStep;
  /** Undefined: it is the play's. */
  readonly place: HandlerPlace | undefined;
  isWaiting: boolean;
  /** It was run, failed, and nothing has rescued it yet. */
  hasFailed: boolean;
}

export interface Handlers {
  /** In the order in which they run. */
  readonly all: readonly Handler[];
  /** Those of a role that the host has come to. */
  add(steps: readonly HandlerStep[], place: HandlerPlace): void;
  /**
   * As in Ansible 2.19: of those that answer to a name the last one, and of those that listen to it and have one name the
   * last one.
   */
  wokenBy(names: readonly string[]): readonly Handler[];
  /** Keeps the names until the next flush: who answers to them then is run. */
  notify(names: readonly string[]): void;
  /** Those who answer to the names that were kept wait from now on. */
  wake(): void;
}

/** What an earlier run notified and did not come to waits again as soon as there is a handler of its name. */
export function createHandlers({ handlers, become }: Play, state: HostState): Handlers {
  const all: Handler[] = [];
  const notified = new Set<string>();

  function takeUp(added: readonly Handler[]): void {
    for (const name of state.pendingHandlers) {
      const handler = added.findLast(({ step }) => step.name === name);
      if (!handler) continue;
      handler.isWaiting = true;
      state.pendingHandlers = state.pendingHandlers.filter((other) => other !== name);
    }
  }

  function add(steps: readonly HandlerStep[], place: HandlerPlace | undefined): void {
    const added = steps.map((step): Handler => {
      const own = step.type === 'include' ? givenTo(step, become) : undefined;
      return { step, place: place ?? own, isWaiting: false, hasFailed: false };
    });
    takeUp(added);
    all.push(...added);
  }

  add(handlers, undefined);
  return {
    all,
    add,
    wokenBy,
    notify(names) {
      for (const name of names) notified.add(name);
    },
    wake() {
      if (notified.size === 0) return;
      for (const handler of wokenBy([...notified])) handler.isWaiting = true;
      notified.clear();
    },
  };

  function wokenBy(names: readonly string[]): readonly Handler[] {
    if (names.length === 0) return [];
    const woken = new Set<Handler>();
    for (const name of names) {
      const answering = all.findLast(({ step }) => step.answersTo.includes(name));
      if (answering) woken.add(answering);
      for (const listening of listeningTo(name)) woken.add(listening);
    }
    return all.filter((handler) => woken.has(handler));
  }

  function listeningTo(topic: string): readonly Handler[] {
    const listening = all.filter(({ step }) => step.listen.includes(topic));
    return listening.filter(
      ({ step }, i) =>
        step.ownName === undefined ||
        !listening.slice(i + 1).some((later) => later.step.ownName === step.ownName),
    );
  }
}

/** The names that an item of a task notifies, or a task without a loop. Throws as templates do. */
export function notifiedBy({ notify }: Task, scope: Scope): readonly string[] {
  return notify.flatMap((one) => (typeof one === 'string' ? [one] : one.of(scope)));
}

/** What a task will notify, as far as that can be said before it is run: for a later run, if this one ends too early. */
export function mayNotify(task: Task, around: Around): readonly string[] {
  if (task.notify.every((one) => typeof one === 'string')) return task.notify;
  const conditions = [...around.when, ...task.when];
  try {
    const outside = scopeOf(task, around, {});
    const items = task.loop ? itemsUnless(task.loop, outside, conditions) : [{ vars: {} }];
    if ('skippedBy' in items) return [];
    const scopes = items.map(({ vars }) => scopeOf(task, around, vars));
    return scopes.flatMap((scope) => {
      return conditions.every((condition) => isTrue(condition, scope)) ? notifiedBy(task, scope) : [];
    });
  } catch {
    return [];
  }
}

/** What a file of handlers has from its role. A handler that is a task has it in itself. */
function givenTo({ given }: Include, become: Play['become']): HandlerPlace | undefined {
  return (
    given && {
      defaults: [given.defaults],
      vars: [given.vars],
      params: { ofRoles: [given.params], ofIncludes: [] },
      become: [become, given.become],
      extra: {},
    }
  );
}
