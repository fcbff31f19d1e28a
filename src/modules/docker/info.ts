/**
 * Owns how Docker tells about itself: `docker info`, `docker inspect`, dockerd's command line. Pure. Knows nothing of
 * ZFS, and never starts Docker.
 */
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import { splitWords } from '../../core/words.js';

/** A JSON text as a value; undefined if it is none. */
export function parseValue(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

/** One JSON value a line; lines that hold none are passed over. */
export function parseValues(text: string): readonly ValueMap[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseValue)
    .filter((value): value is ValueMap => isMap(value));
}

export function textAt(value: Value | undefined, ...path: readonly string[]): string | null {
  const found = at(value, path);
  return typeof found === 'string' && found !== '' ? found : null;
}

export function boolAt(value: Value | undefined, ...path: readonly string[]): boolean | null {
  const found = at(value, path);
  return typeof found === 'boolean' ? found : null;
}

export function intAt(value: Value | undefined, ...path: readonly string[]): number | null {
  const found = at(value, path);
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : null;
}

export function listAt(value: Value | undefined, ...path: readonly string[]): readonly Value[] {
  const found = at(value, path);
  return isList(found) ? found : [];
}

export function mapAt(value: Value | undefined, ...path: readonly string[]): ValueMap {
  const found = at(value, path);
  return isMap(found) ? found : {};
}

function at(value: Value | undefined, path: readonly string[]): Value | undefined {
  return path.reduce<Value | undefined>((inner, key) => (isMap(inner) ? inner[key] : undefined), value);
}

export function textsOf(values: readonly Value[]): string[] {
  return values.filter((value): value is string => typeof value === 'string');
}

export function textMapOf(map: ValueMap): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(map))
    texts[key] = typeof value === 'string' ? value : JSON.stringify(value);
  return texts;
}

/** `DriverStatus` is a list of pairs. */
export function driverStatusOf(info: Value | undefined): Record<string, string> {
  const status: Record<string, string> = {};
  for (const pair of listAt(info, 'DriverStatus')) {
    if (!isList(pair)) continue;
    const [key, value] = pair;
    if (typeof key === 'string' && typeof value === 'string') status[key] = value;
  }
  return status;
}

/** `20.10.24+dfsg1` → 20, 10, 24; nulls where it begins otherwise. */
export function versionNumbers(version: string | null): {
  readonly major: number | null;
  readonly minor: number | null;
  readonly patch: number | null;
} {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? '');
  const number = (digits: string | undefined) => (digits === undefined ? null : Number(digits));
  return { major: number(match?.[1]), minor: number(match?.[2]), patch: number(match?.[3]) };
}

/** A setting that dockerd gets on its command line, under the key that it has in daemon.json. */
export interface DaemonFlag {
  readonly key: string;
  readonly value: string;
}

/** dockerd(8): short forms, and flags that may be repeated and have a plural key in daemon.json. */
const keyOfFlag: Readonly<Record<string, string>> = {
  s: 'storage-driver',
  g: 'data-root',
  graph: 'data-root',
  H: 'hosts',
  host: 'hosts',
  D: 'debug',
  l: 'log-level',
  G: 'group',
  p: 'pidfile',
  b: 'bridge',
  'storage-opt': 'storage-opts',
  'log-opt': 'log-opts',
  label: 'labels',
  'exec-opt': 'exec-opts',
  'insecure-registry': 'insecure-registries',
  'registry-mirror': 'registry-mirrors',
  'add-runtime': 'runtimes',
  'default-ulimit': 'default-ulimits',
  'authorization-plugin': 'authorization-plugins',
  'node-generic-resource': 'node-generic-resources',
  'dns-opt': 'dns-opts',
  'default-address-pool': 'default-address-pools',
};

/** Flags without a value of their own, of those that have a short form or come often. */
const switches = new Set([
  'debug',
  'D',
  'live-restore',
  'experimental',
  'tls',
  'tlsverify',
  'icc',
  'ip-forward',
  'ip-masq',
  'iptables',
  'ip6tables',
  'ipv6',
  'no-new-privileges',
  'raw-logs',
  'rootless',
  'selinux-enabled',
  'userland-proxy',
  'init',
  'validate',
]);

/**
 * The flags of a dockerd command line, `$NAME` and `${NAME}` replaced from the unit's environment as systemd does (a
 * plain `$NAME` becomes several words).
 */
export function parseDaemonFlags(
  command: string,
  environment: Readonly<Record<string, string>>,
): readonly DaemonFlag[] {
  const words = looseWords(command).flatMap((word) => {
    const whole = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1];
    if (whole !== undefined) return looseWords(environment[whole] ?? '');
    return [word.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => environment[name] ?? '')];
  });
  const flags: DaemonFlag[] = [];
  for (let i = 1; i < words.length; i++) {
    const match = /^--?([A-Za-z][A-Za-z0-9-]*)(?:=(.*))?$/s.exec(words[i] ?? '');
    if (!match) continue;
    const [, name = '', given] = match;
    const takesNext = given === undefined && !switches.has(name);
    const value = given ?? (takesNext ? (words[++i] ?? '') : 'true');
    flags.push({ key: Object.hasOwn(keyOfFlag, name) ? (keyOfFlag[name] ?? name) : name, value });
  }
  return flags;
}

/** Words of a command; a line that no shell would read is cut at white space. */
function looseWords(text: string): readonly string[] {
  try {
    return splitWords(text.replace(/\$/g, '\\$'));
  } catch {
    return text.split(/\s+/).filter(Boolean);
  }
}

/** `NAME=value` lines of an EnvironmentFile, or of `systemctl show -p Environment` (words on one line). */
export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const match = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/s.exec(line);
    if (match) environment[match[1] ?? ''] = unquote(match[2] ?? '');
  }
  return environment;
}

function unquote(value: string): string {
  const match = /^(["'])(.*)\1$/s.exec(value.trim());
  return match ? (match[2] ?? '').replace(/\\(["\\$])/g, '$1') : value.trim();
}

/** What a volume's name looks like when Docker made it up. */
export function isAnonymousName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** A dataset that the zfs driver made below the data-root's: 64 hex digits, or a BuildKit id, perhaps with `-init`. */
export function isLayerName(name: string): boolean {
  return /^([0-9a-f]{64}|[0-9a-z]{25})(-init|-removing)?$/.test(name);
}
