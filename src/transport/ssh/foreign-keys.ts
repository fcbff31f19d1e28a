/**
 * Owns which keys zrun's SSH library has no signatures for: FIDO keys (`sk-…`) and user certificates. It passes them over in
 * an agent without a word; here they are named, so that nobody wonders why a login fails.
 */
import net from 'node:net';
import { onAbort } from '../../core/signals.js';

/** Milliseconds for the agent to answer. */
const agentMs = 5_000;

/** What such a type of key is called; undefined for one that can be used. */
export function foreignKind(type: string): string | undefined {
  if (type.includes('-cert-v')) return 'a user certificate';
  return type.startsWith('sk-') ? 'a FIDO key' : undefined;
}

/** The type of a public key as it goes over the wire. */
export function typeOfKey(blob: Buffer): string {
  return blob.length < 4 ? '' : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
}

/** Each such key of an agent: `a FIDO key (sk-ssh-ed25519@openssh.com, me@laptop)`. Never rejects. */
export async function foreignKeysOf(socket: string, closing: AbortSignal): Promise<readonly string[]> {
  try {
    return keysIn(await askForKeys(socket, closing)).flatMap(({ type, comment }) => {
      const kind = foreignKind(type);
      return kind === undefined ? [] : [`${kind} (${[type, comment].filter(Boolean).join(', ')})`];
    });
  } catch {
    return [];
  }
}

/** SSH_AGENTC_REQUEST_IDENTITIES, and the body of its answer (draft-ietf-sshm-ssh-agent). */
function askForKeys(socket: string, closing: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = net.connect(socket, () => void stream.write(Buffer.from([0, 0, 0, 1, 11])));
    const forget = onAbort(closing, () => void stream.destroy());
    const pieces: Buffer[] = [];
    stream.setTimeout(agentMs, () => void stream.destroy());
    stream.on('data', (piece) => {
      pieces.push(piece);
      const all = Buffer.concat(pieces);
      if (all.length < 4 || all.length < 4 + all.readUInt32BE(0)) return;
      resolve(all.subarray(4));
      stream.destroy();
    });
    stream.on('error', reject);
    stream.once('close', () => {
      forget();
      reject(new Error('it hung up'));
    });
  });
}

/** SSH_AGENT_IDENTITIES_ANSWER. Throws RangeError where it is cut off. */
function keysIn(answer: Buffer): readonly { readonly type: string; readonly comment: string }[] {
  if (answer[0] !== 12) return [];
  let at = 5;
  const next = (): Buffer => {
    const start = at + 4;
    at = start + answer.readUInt32BE(at);
    return answer.subarray(start, at);
  };
  return Array.from({ length: answer.readUInt32BE(1) }, () => ({
    type: typeOfKey(next()),
    comment: next().toString('utf8'),
  }));
}
