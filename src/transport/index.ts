/**
 * Owns the choice of a transport by the target of a host.
 */
import type { Connect } from '../core/host.js';
import { createLocalTransport } from './local.js';
import { createSshTransport, type SshTransportOptions } from './ssh/transport.js';

export { checkKeyFile } from './ssh/keys.js';

export type TransportOptions = SshTransportOptions;

export interface Transport {
  readonly connect: Connect;
  /** Ends what connections share. Close the connections first. Never rejects. */
  close(): Promise<void>;
}

export function createTransport(options: TransportOptions): Transport {
  const ssh = createSshTransport(options);
  const local = createLocalTransport({ env: options.env, limits: options.limits });
  return {
    connect: (host, connectOptions) =>
      (host.target.transport === 'ssh' ? ssh : local).connect(host, connectOptions),
    close: () => ssh.close(),
  };
}
