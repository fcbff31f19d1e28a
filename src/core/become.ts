/**
 * Owns how what a step says of whom it runs as is put over what is around it.
 */
import type { BecomeSettings } from './plan.js';
import { settle, type Setting } from './template.js';

/** What `inner` leaves open, by saying nothing or by a template that says `omit`, is as `outer` has it. */
export function mergeBecome(outer: BecomeSettings, inner: BecomeSettings): BecomeSettings {
  const become = orElse(inner.become, outer.become);
  const becomeUser = orElse(inner.becomeUser, outer.becomeUser);
  const becomeMethod = orElse(inner.becomeMethod, outer.becomeMethod);
  return {
    ...(become !== undefined && { become }),
    ...(becomeUser !== undefined && { becomeUser }),
    ...(becomeMethod !== undefined && { becomeMethod }),
  };
}

function orElse<T extends string | boolean>(
  setting: Setting<T | undefined>,
  otherwise: Setting<T | undefined>,
): Setting<T | undefined> {
  if (typeof setting !== 'object') return setting ?? otherwise;
  return { of: (scope) => setting.of(scope) ?? settle(otherwise, scope) };
}
