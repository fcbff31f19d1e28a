/**
 * Owns which user zrun runs as, by number.
 */
import { userInfo } from 'node:os';

/** Undefined where the machine has no name for the user: such a one owns nothing that could be trusted by its number. */
export function ownUid(): number | undefined {
  try {
    return userInfo().uid;
  } catch {
    return undefined;
  }
}
