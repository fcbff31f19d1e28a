/**
 * Owns how names of hosts and groups are written in an inventory: ranges, a port behind the name, and what no name may
 * hold.
 */
import type { Place } from '../../core/errors.js';
import { splitPort } from '../../core/host.js';
import { expandHosts } from './host-ranges.js';
import { errorAt, type Report } from '../source/findings.js';

interface WrittenHosts {
  readonly names: readonly string[];
  readonly port: number | undefined;
}

/** `web1`, `web[01:50]`, `web1:2222`, `[2001:db8::1]:2222`. Reports what cannot be a name; such a one is left out. */
export function readHosts(written: string, at: Place, report: Report): WrittenHosts {
  const { name, port } = splitPort(written);
  if (port !== undefined && (port < 1 || port > 65_535)) {
    report(errorAt(at, 'inventory-invalid', `the port in '${written}' must be from 1 to 65535`));
    return { names: [], port: undefined };
  }
  const names = expandHosts(name, at, report);
  return { names: names.filter((one) => checkName('host', one, at, report)), port };
}

/** False where no host or group can have this name, which is reported. */
export function checkName(
  what: 'host' | 'group',
  name: string,
  at: Place | undefined,
  report: Report,
): boolean {
  const reason = name === '' ? 'it is empty' : forbidden(name);
  if (reason === undefined) return true;
  report(
    errorAt(
      at,
      'inventory-invalid',
      `'${name}' cannot be a ${what}'s name: ${reason}`,
      'use letters, digits, dots, - and _',
    ),
  );
  return false;
}

/** What would break a terminal, a path, a pattern or a command line. Spaces and the like are odd, but somebody's names. */
function forbidden(name: string): string | undefined {
  if (/\p{Cc}/u.test(name)) return 'it holds a control character';
  if (/^[-!&~@]/.test(name)) return `it begins with ${name.slice(0, 1)}`;
  const [character] = /[/\\,*?[\]]/.exec(name) ?? [];
  if (character !== undefined) return `it holds ${character}`;
  return name.trim() === name ? undefined : 'it begins or ends with a space';
}
