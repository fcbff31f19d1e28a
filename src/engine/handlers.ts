/**
 * Owns the handlers that a host has in a play, and which of them wait to be run: the play's own, and those that roles
 * bring which the host includes on its way.
 */
import type { Handler as HandlerStep, Include, Play } from '../core/plan.js';
import type { HostState } from './host-state.js';
import type { Around } from './surroundings.js';

/** What a handler has from the place that brought it, rather than from where it is run. */
export type HandlerPlace = Pick<Around, 'defaults' | 'vars' | 'params' | 'become' | 'extra'>;

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
  /** As in Ansible: of those that answer to a name the last one, and all that listen to it. */
  wokenBy(names: readonly string[]): readonly Handler[];
}

/** What an earlier run notified and did not come to waits again as soon as there is a handler of its name. */
export function createHandlers({ handlers, become }: Play, state: HostState): Handlers {
  const all: Handler[] = [];

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
    wokenBy(names) {
      const answering = new Set(
        names.map((name) => all.findLast(({ step }) => step.answersTo.includes(name))),
      );
      return all.filter(
        (handler) => answering.has(handler) || handler.step.listen.some((topic) => names.includes(topic)),
      );
    },
  };
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
