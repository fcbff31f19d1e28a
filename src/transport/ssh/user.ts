/**
 * Owns who runs zrun, as the user database of this machine has it.
 */
import os from 'node:os';
import { ZrunError } from '../../core/errors.js';

let user: os.UserInfo<string> | undefined;

/**
 * Asked of the user database once: it is needed for every path of every host. Throws ZrunError `connect-failed` where it
 * does not know the user.
 */
export function currentUser(): os.UserInfo<string> {
  try {
    return (user ??= os.userInfo());
  } catch (cause) {
    throw new ZrunError('connect-failed', 'the user database of this machine does not know who runs zrun', {
      hint: 'ssh does not work for such a user either. In a container, start it as a user that /etc/passwd has.',
      cause,
    });
  }
}
