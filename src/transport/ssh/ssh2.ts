/**
 * Owns the loading of the ssh2 package: only when the first host needs it, so that other runs do not pay.
 */
import type * as ssh2Module from 'ssh2';

/** What zrun uses of it. */
export type Ssh2 = Pick<typeof ssh2Module, 'Client' | 'createAgent' | 'utils'>;

export async function loadSsh2(): Promise<Ssh2> {
  const { default: ssh2 } = await import('ssh2');
  return ssh2;
}
