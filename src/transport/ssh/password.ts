/**
 * Owns a login's password: which of the two ways a host takes it by, once for each login, since too many wrong ones lock an
 * account. What a host asks besides is not answered, but named.
 */
import type { AnyAuthMethod } from 'ssh2';
import { reveal, type Secret } from '../../core/secret.js';
import type { Ssh2 } from './ssh2.js';

export interface PasswordLogin {
  /** What comes next for a host that takes these methods yet; null: it has not said. False: nothing. */
  next(left: readonly string[] | null): AnyAuthMethod | false;
  readonly wasSent: boolean;
  /** What the host asked that is no password: a code, as a rule. */
  readonly asked: readonly string[];
}

interface Prompt {
  readonly prompt: string;
  readonly echo?: boolean | undefined;
}

export function createPasswordLogin(username: string, password: Secret | undefined): PasswordLogin {
  const asked: string[] = [];
  let wasSent = false;
  let hasAskedForMethods = false;

  const answer = (prompts: readonly Prompt[]): string[] => {
    const [only] = prompts;
    const isPassword = prompts.length === 1 && only?.echo !== true && !wasSent;
    if (isPassword && password !== undefined) {
      wasSent = true;
      return [reveal(password)];
    }
    asked.push(...prompts.map(({ prompt }) => prompt.trim()));
    return prompts.map(() => '');
  };

  return {
    asked,
    get wasSent() {
      return wasSent;
    },
    next(left) {
      if (left === null) {
        // There was no key to offer, and only a refusal says what is taken.
        if (hasAskedForMethods) return false;
        hasAskedForMethods = true;
        return { type: 'none', username };
      }
      if (password === undefined || wasSent) return false;
      if (left.includes('password')) {
        wasSent = true;
        return { type: 'password', username, password: reveal(password) };
      }
      if (!left.includes('keyboard-interactive') || asked.length > 0) return false;
      return {
        type: 'keyboard-interactive',
        username,
        prompt: (_name, _instructions, _language, prompts, finish) => finish(answer(prompts)),
      };
    },
  };
}

/** An expired one: ssh2 would wait for a new one for good. */
export function refuseChange(client: InstanceType<Ssh2['Client']>, onExpired: (error: Error) => void): void {
  client.on('change password', () => {
    onExpired(new Error('the password has expired, and must be changed by hand first'));
    client.end();
  });
}
