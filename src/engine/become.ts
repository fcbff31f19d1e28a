/**
 * Owns whom a task runs as.
 */
import { mergeBecome } from '../core/become.js';
import { ZrunError } from '../core/errors.js';
import { becomeMethodNamed, becomeMethods, type Become, type BecomeMethod } from '../core/host.js';
import type { BecomeSettings } from '../core/plan.js';
import { settle, type Scope } from '../core/template.js';
import { Secret } from '../core/secret.js';
import type { Value } from '../core/value.js';
import type { RunInput } from './settings.js';

/**
 * As in Ansible: keywords from the task outwards to the play, then the command line; the inventory's `ansible_become…`
 * variables go before all of them.
 * @param keywords from the play's to the task's own
 * @param about the variables of the host that does the work
 */
export function becomeFor(
  scope: Scope,
  about: Scope,
  keywords: readonly BecomeSettings[],
  run: RunInput,
): Become | undefined {
  const merged = keywords.reduce(mergeBecome, run.settings.become);
  const become = asBoolean(about.get('ansible_become')) ?? settle(merged.become, scope) ?? false;
  if (!become) return undefined;
  const asked = asText(about.get('ansible_become_user')) ?? settle(merged.becomeUser, scope);
  const user = asked ?? 'root';
  const fromInventory = asText(about.get('ansible_become_password') ?? about.get('ansible_become_pass'));
  const password = fromInventory === undefined ? run.settings.becomePassword : new Secret(fromInventory);
  return { user, method: methodFor(scope, about, merged), ...(password && { password }) };
}

/** Checked where it stands, before the run; a template's value is checked here. Throws ZrunError `parameter-invalid`. */
function methodFor(scope: Scope, about: Scope, { becomeMethod }: BecomeSettings): BecomeMethod {
  const written =
    asText(about.get('ansible_become_method')) ??
    settle(becomeMethod, scope) ??
    ('sudo' satisfies BecomeMethod);
  const method = becomeMethodNamed(written);
  if (method) return method;
  throw new ZrunError('parameter-invalid', `zrun does not become another user by '${written}'`, {
    hint: `it does by ${becomeMethods.join(', ')}`,
  });
}

function asBoolean(value: Value | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  return ['yes', 'true', 'on', '1'].includes(value.toLowerCase());
}

function asText(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
