/**
 * Owns how registries are asked for images by digest without anything being fetched: first by the running dockerd, which
 * knows its mirrors, proxies, authorities and registries without TLS (`GET /distribution/NAME/json`), then by Docker's
 * command line, which knows root's credentials (`docker manifest inspect`); and how another dockerd reaches registries in
 * the same way. Credentials are read by `docker` itself and never leave the host. Sources: moby
 * api/server/router/distribution and registry/config.go, docker/cli registry/client.
 */
import { BlockList, isIP } from 'node:net';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { isMap, type Value, type ValueMap } from '../../core/value.js';
import { boolAt, intAt, listAt, mapAt, parseValue, textAt, textsOf } from './info.js';
import { apiFunctions, refuseSilence } from './api.js';

/** How the running dockerd reaches registries. */
export interface RegistryAccess {
  /** What of it goes into another dockerd's daemon.json. Proxies may hold passwords: it is never shown. */
  readonly config: ValueMap;
  /** `NAME=value`: proxies from daemon.json or the command line, which go before those of the environment. */
  readonly environment: readonly string[];
  /** Registries without TLS, or with a certificate that is not looked at: `host:port`, or ranges `10.0.0.0/8`. */
  readonly insecure: readonly string[];
}

/** `pid` becomes the process of the running dockerd; `daemon_environment` writes what it got of the environment. */
export const daemonEnvironment: ShellText = sh`pid=$(systemctl show -p MainPID --value docker.service 2>/dev/null)
[ "\${pid:-0}" != 0 ] || pid=$(cat /run/docker.pid 2>/dev/null)
daemon_environment() { tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | grep -E '^(SSL_CERT_FILE|SSL_CERT_DIR|GODEBUG|[A-Za-z]+_(PROXY|proxy))='; }`;

const accessKind: ProbeKind<RegistryAccess> = { kind: 'docker-registry-access' };

export function accessProbe(): Probe<RegistryAccess> {
  return {
    of: accessKind,
    key: '',
    script: sh`LC_ALL=C; export LC_ALL
${daemonEnvironment}
words=$(tr '\\0' '\\n' <"/proc/$pid/cmdline" 2>/dev/null)
config=$(printf '%s\\n' "$words" | awk '$0 == "--config-file" { getline; print } sub(/^--config-file=/, "")')
printf '%s\\n' "$words"; printf '\\036\\n'
docker info --format '{{json .RegistryConfig}}' 2>/dev/null; printf '\\036\\n'
cat -- "\${config:-/etc/docker/daemon.json}" 2>/dev/null
exit 0`,
    parse: ({ stdout }) => parseAccess(stdout.toString('utf8')),
  };
}

const proxyNames = ['http-proxy', 'https-proxy', 'no-proxy'] as const;
const numberNames = ['max-concurrent-downloads', 'max-download-attempts'] as const;

export function parseAccess(text: string): RegistryAccess {
  const [command = '', known = '', file = ''] = text.split('\u001e\n');
  const words = command.split('\n');
  const json = parseValue(file);
  const registries = parseValue(known);
  const proxies: Record<string, string> = {};
  for (const name of proxyNames) {
    const value = flagOf(words, name) ?? textAt(json, 'proxies', name);
    if (value !== null) proxies[name] = value;
  }
  const numbers: Record<string, number> = {};
  for (const name of numberNames) {
    const value = Number(flagOf(words, name) ?? intAt(json, name) ?? NaN);
    if (Number.isInteger(value)) numbers[name] = value;
  }
  const indexes = Object.entries(mapAt(registries, 'IndexConfigs'));
  const insecure = [
    ...indexes.flatMap(([name, index]) => (boolAt(index, 'Secure') === false ? [name] : [])),
    ...textsOf(listAt(registries, 'InsecureRegistryCIDRs')),
  ];
  return {
    config: {
      'registry-mirrors': textsOf(listAt(registries, 'Mirrors')),
      'insecure-registries': insecure,
      ...numbers,
      ...(Object.keys(proxies).length > 0 && { proxies }),
    },
    environment: Object.entries(proxies).map(
      ([name, value]) => `${name.toUpperCase().replace('-', '_')}=${value}`,
    ),
    insecure,
  };
}

function flagOf(words: readonly string[], name: string): string | null {
  const at = words.findLastIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const word = words[at];
  if (word === undefined) return null;
  return word.includes('=') ? word.slice(name.length + 3) : (words[at + 1] ?? null);
}

/** `registry.example.org:5000` of `registry.example.org:5000/app@sha256:…`; Docker Hub is `docker.io`. */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/**
 * Whether the daemon takes this registry without a certificate that it trusts. A name that only its address would put
 * into a range is none: credentials are never sent to what was not named.
 */
export function isInsecure(registry: string, insecure: readonly string[]): boolean {
  if (insecure.includes(registry)) return true;
  const name = /^\[(.*)\]/.exec(registry)?.[1] ?? registry.replace(/:\d+$/, '');
  const address = name === 'localhost' ? '127.0.0.1' : name;
  const family = isIP(address);
  if (family === 0) return false;
  const ranges = new BlockList();
  for (const range of insecure) {
    const [net = '', bits = ''] = range.split('/');
    if (isIP(net) !== 0 && /^\d+$/.test(bits))
      ranges.addSubnet(net, Number(bits), isIP(net) === 6 ? 'ipv6' : 'ipv4');
  }
  return ranges.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Seconds for one try, and for all: what is not begun by then is not asked any more. */
const tryLimit = 30;
const wholeLimit = 120;
const atOnce = 8;

/** True: its registry gives it. Otherwise why not, in one line. */
type RegistryAnswer = true | string;

const answersKind: ProbeKind<ReadonlyMap<string, RegistryAnswer>> = { kind: 'docker-registry-answers' };

/** @param references `lab/web@sha256:…` */
export function registryProbe(
  references: readonly string[],
  { insecure, environment }: RegistryAccess,
): Probe<ReadonlyMap<string, RegistryAnswer>> {
  return {
    of: answersKind,
    key: references.join(' '),
    stdin: Buffer.from(environment.map((variable) => `${variable}\n`).join('')),
    script: lines(
      apiFunctions(),
      daemonEnvironment,
      sh`set -- ${tryLimit} ${wholeLimit}`,
      shellFile('modules/docker/registry.sh'),
      ...references.map(
        (reference, i) =>
          sh`ask ${i} ${reference} ${registryOf(reference)} ${isInsecure(registryOf(reference), insecure) ? '--insecure' : ''} &${(i + 1) % atOnce === 0 ? sh` wait` : sh``}`,
      ),
      sh`wait
tell ${references.length}`,
    ),
    parse: (output) => parseRegistryAnswers(references, output),
  };
}

export function parseRegistryAnswers(
  references: readonly string[],
  output: Output,
): ReadonlyMap<string, RegistryAnswer> {
  refuseSilence(output);
  const rows = output.stdout.toString('utf8').split('\n').slice(0, -1);
  if (output.status !== 0 || rows.length !== references.length) {
    throw new ZrunError('output-unexpected', 'the host does not say what registries have answered', {
      hint: 'Without them: `source: save`, or `images: save` for the whole playbook.',
      status: output.status,
      stdout: output.stdout.toString('utf8').slice(0, 2000),
      stderr: output.stderr.toString('utf8'),
    });
  }
  return new Map(references.map((reference, i) => [reference, answerOf(reference, rows[i] ?? '')]));
}

function answerOf(reference: string, row: string): RegistryAnswer {
  const [end, said = '', more = ''] = row.split('\t');
  const registry = registryOf(reference);
  if (end === 'yes') return true;
  if (end === 'late') return `${registry} did not answer within ${tryLimit} seconds`;
  if (end === 'unasked')
    return `${registry} was not asked, as registries took more than ${wholeLimit} seconds`;
  const fromDaemon = tidy(messageIn(said));
  const fromClient = tidy(more);
  // Without credentials, which the daemon has none of, a registry says this of everything that is not public.
  const isOfAccess = /unauthorized|denied|authenticat|no basic auth|forbidden/i.test(fromDaemon);
  const message = fromDaemon === '' || (isOfAccess && fromClient !== '') ? fromClient : fromDaemon;
  return `${registry} does not give it: ${message === '' ? 'no answer' : message}`;
}

/** The `message` of an answer of the API whose line ends are gone. */
function messageIn(said: string): string {
  const body: Value | undefined = parseValue(/\{.*\}/.exec(said)?.[0] ?? '');
  return isMap(body) ? (textAt(body, 'message') ?? '') : '';
}

/** Addresses are shown without what is asked of them, where users and tokens stand. */
export function tidy(message: string): string {
  return message
    .replace(/\?[^\s"']*/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
}
