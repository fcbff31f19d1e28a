/**
 * Owns a ProxyCommand: a program on this machine whose standard input and output are the way to a host. It ends with the
 * connection, together with all that it has started.
 */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { ZrunError } from '../../core/errors.js';
import { holdGroup } from '../../programs/groups.js';

interface ProxyWay {
  readonly command: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name that was asked for. */
  readonly name: string;
}

interface ProxyStream {
  readonly stream: Duplex;
  /** Why there is no way any more, if the program has ended by itself and says so. */
  failure(): ZrunError | undefined;
}

/** UTF-16 units of what it says on standard error, for messages. */
const keptWords = 4096;

/** Throws ZrunError `connect-failed` for a name that a shell would take for more than a name. */
export function openProxy(way: ProxyWay, shownAs: string): ProxyStream {
  const command = expandTokens(way, shownAs);
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const group = holdGroup(child);
  let words = '';
  let ended: string | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-keptWords)));
  child.stderr.on('error', () => undefined);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on('error', () => undefined);
  child.once('error', (error) => {
    ended = error.message;
    stream.destroy();
  });
  child.once('exit', (status, signal) => (ended ??= signal ?? `exit code ${status}`));
  stream.once('close', () => {
    group.kill();
    child.stderr.destroy();
    child.unref();
  });
  return {
    stream,
    failure: () =>
      ended === undefined
        ? undefined
        : new ZrunError('connect-failed', `the ProxyCommand of ${shownAs} ended (${ended})`, {
            hint: `Run it by hand: ${command}`,
            ...(words.trim() !== '' && { command, stderr: words.trim() }),
          }),
  };
}

/** ssh_config(5), TOKENS. */
function expandTokens({ command, host, port, user, name }: ProxyWay, shownAs: string): string {
  const tokens: Readonly<Record<string, string>> = { h: host, p: String(port), r: user, n: name };
  return command.replace(/%(.)/g, (all, letter: string) => {
    if (letter === '%') return '%';
    const value = tokens[letter];
    if (value === undefined)
      throw new ZrunError(
        'connect-failed',
        `the ProxyCommand of ${shownAs} has ${all}, which zrun does not know`,
        {
          hint: 'There are %h, %p, %r, %n and %%.',
        },
      );
    // A shell reads it.
    if (/^[\w.@:][\w.@:%-]*$/.test(value)) return value;
    throw new ZrunError(
      'connect-failed',
      `'${value}' cannot stand in a ProxyCommand: a shell would read more into it`,
    );
  });
}
