/**
 * Owns what is asked of apt and dpkg, and how their answers are read: which packages are not as wanted, and what apt
 * would do about it, in one script. Sources: apt-get(8), dpkg-query(1), the manual of apt's simulations.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

export interface AptWish {
  /** `name` or `name=version`, `*` in the version for any text. */
  readonly names: readonly string[];
  readonly state: 'present' | 'latest' | 'absent';
  readonly purge: boolean;
  readonly autoremove: boolean;
  readonly install_recommends?: boolean | undefined;
  readonly allow_downgrade: boolean;
}

/** One thing that apt would do. */
export interface AptStep {
  readonly verb: 'install' | 'remove' | 'purge' | 'configure';
  readonly name: string;
  /** Versions. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface AptSight {
  /** Seconds since the package lists were fetched; undefined: nobody knows. */
  readonly age: number | undefined;
  /** dpkg was interrupted in the middle of its work, and does nothing before that is finished. */
  readonly isInterrupted: boolean;
  /** The names that are not as wanted, or, with `latest`, may not be. */
  readonly wanting: readonly string[];
  /** The version of each name that is installed. */
  readonly versions: Readonly<Record<string, string>>;
  readonly steps: readonly AptStep[];
  /** What apt said where it cannot do it. */
  readonly refusal: string | undefined;
}

export const aptKind: ProbeKind<AptSight> = { kind: 'apt' };

/** Keyed by name, without a version; undefined: not installed. */
export const packageKind: ProbeKind<string | undefined> = { kind: 'package' };

/** `LC_ALL=C`, and nothing that would ask somebody. */
const quiet = sh`LC_ALL=C DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none
export LC_ALL DEBIAN_FRONTEND APT_LISTCHANGES_FRONTEND`;

/** A configuration file that somebody has changed stays as it is; an unchanged one follows its package. */
const dpkgOptions = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'];

/** The words behind apt-get for these packages; without any, what nothing needs is removed. */
export function aptWords(wish: AptWish, names: readonly string[]): readonly string[] {
  const plain = wish.state === 'absent' ? names.map(bareName) : names;
  return [...aptOptions(wish, names.length > 0), ...plain];
}

function aptOptions(wish: AptWish, hasNames: boolean): readonly string[] {
  const { state, purge, autoremove, install_recommends, allow_downgrade } = wish;
  const recommends = `APT::Install-Recommends=${String(install_recommends)}`;
  return [
    '-q',
    '-y',
    ...dpkgOptions,
    ...(install_recommends === undefined ? [] : ['-o', recommends]),
    ...(allow_downgrade ? ['--allow-downgrades'] : []),
    ...(purge ? ['--purge'] : []),
    ...(autoremove && hasNames ? ['--auto-remove'] : []),
    hasNames ? (state === 'absent' ? 'remove' : 'install') : 'autoremove',
  ];
}

export function bareName(name: string): string {
  return name.replace(/=.*$/, '');
}

/** What dpkg knows of a package: sets `status` and `version`. */
const askDpkg = sh`known() {
status=; version=
answer=$(dpkg-query -W -f '\${db:Status-Status} \${Version}\n' "$1" 2>/dev/null | sort | tail -n 1)
status=\${answer%% *}; case $answer in *' '*) version=\${answer#* } ;; esac
case $status in triggers-*) status=installed ;; esac
}
provided() { dpkg-query -W -f '\${db:Status-Status} \${Provides}\n' 2>/dev/null | sed -n 's/^installed  *//p' |
tr , '\n' | sed 's/(.*//; s/ //g' | grep -q -x -F "$1"; }`;

/** Whether one name is not as wanted, by dpkg alone: a shell function `wanting NAME VERSION`. */
function wantingScript({ state, purge }: AptWish): ShellText {
  switch (state) {
    case 'latest':
      return sh`wanting() { true; }`;
    case 'present':
      return sh`wanting() {
if [ "$status" = installed ]; then case $version in \${2:-*}) return 1 ;; esac; return 0; fi
[ -n "$2" ] || ! provided "$1"
}`;
    case 'absent':
      return purge
        ? sh`wanting() { case $status in '' | not-installed) return 1 ;; esac; }`
        : sh`wanting() { case $status in '' | not-installed | config-files) return 1 ;; esac; }`;
  }
}

/** Everything that a plan rests on. Any user may ask. */
export function aptProbe(wish: AptWish): Probe<AptSight> {
  const script = lines(
    quiet,
    sh`command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || { echo '== no-apt'; exit 0; }
set -f; now=$(date +%s); newest=0
for f in /var/lib/apt/periodic/update-success-stamp /var/lib/apt/lists; do
t=$(stat -c %Y "$f" 2>/dev/null) && [ "$t" -gt $newest ] && newest=$t
done
[ $newest -gt 0 ] && echo "== age $((now - newest))"
ls /var/lib/dpkg/updates 2>/dev/null | grep -q '^[0-9]' && echo '== interrupted'`,
    askDpkg,
    wantingScript(wish),
    sh`want=
for p in ${wish.names}; do
n=\${p%%=*}; v=; case $p in *=*) v=\${p#*=} ;; esac
known "$n"
[ "$status" != installed ] || echo "== have $n $version"
if wanting "$n" "$v"; then want="$want ${wish.state === 'absent' ? sh`$n` : sh`$p`}"; echo "== want $p"; fi
done`,
    // Asked only where dpkg alone cannot say that all is well: a simulation takes a second.
    sh`if [ -n "$want" ]; then
echo '== simulation'; apt-get -s ${aptOptions(wish, true)} $want 2>&1; echo "== status $?"
fi`,
    wish.autoremove &&
      sh`if [ -z "$want" ]; then
echo '== simulation'; apt-get -s ${aptOptions(wish, false)} 2>&1; echo "== status $?"
fi`,
    sh`exit 0`,
  );
  return {
    of: aptKind,
    key: JSON.stringify(wish),
    script,
    parse: parseApt,
  };
}

export function parseApt({ stdout, stderr, status }: Output): AptSight {
  const text = stdout.toString();
  if (text.startsWith('== no-apt')) {
    throw new ZrunError('task-failed', 'the host has no apt', {
      hint: 'This module is for Debian, Ubuntu and their like.',
    });
  }
  if (status !== 0) {
    throw new ZrunError('output-unexpected', 'the host does not say which packages it has', {
      status,
      stdout: text,
      stderr: stderr.toString(),
    });
  }
  const told = (word: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^== ${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
  const [, simulation = ''] = text.split('== simulation\n');
  const failed = told('status').some((code) => code !== '0');
  const age = told('age')[0];
  return {
    age: age === undefined ? undefined : Number(age),
    isInterrupted: /^== interrupted$/m.test(text),
    wanting: told('want'),
    versions: Object.fromEntries(told('have').map((each) => each.split(' ') as [string, string])),
    steps: failed ? [] : parseSteps(simulation),
    refusal: failed ? simulation.replace(/^== status .*$/m, '').trim() : undefined,
  };
}

/**
 * The lines of a simulation: `Inst curl [7.88] (7.89 Debian:12/stable [amd64])`, `Remv nano [7.2]`, `Purg …`, `Conf …`.
 */
export function parseSteps(simulation: string): readonly AptStep[] {
  const steps: AptStep[] = [];
  for (const line of simulation.split('\n')) {
    const [, word, name = '', before, after] =
      /^(Inst|Remv|Purg|Conf) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/.exec(line) ?? [];
    if (word === 'Inst') steps.push({ verb: 'install', name, before, after });
    if (word === 'Remv') steps.push({ verb: 'remove', name, before, after: undefined });
    if (word === 'Purg') steps.push({ verb: 'purge', name, before, after: undefined });
    if (word === 'Conf' && !steps.some((step) => step.name === name)) {
      steps.push({ verb: 'configure', name, before: undefined, after });
    }
  }
  return steps;
}

/** One package, as dpkg has it: what check mode asks through what earlier tasks would leave. */
export function packageProbe(name: string): Probe<string | undefined> {
  return {
    of: packageKind,
    key: name,
    script: lines(
      sh`LC_ALL=C; export LC_ALL`,
      askDpkg,
      sh`known ${name}; [ "$status" != installed ] || echo "$version"`,
    ),
    parse: ({ stdout }) => stdout.toString().trim() || undefined,
  };
}

export interface AptWork {
  readonly updates: boolean;
  /** The words behind apt-get; undefined: only the lists are fetched. */
  readonly words: readonly string[] | undefined;
  /** The names whose versions are told in the end. */
  readonly names: readonly string[];
  /** Seconds to wait for another apt to end. */
  readonly lockTimeout: number;
}

/** The version of each name after it, as `== have NAME VERSION`. */
export function aptScript({ updates, words, names, lockTimeout }: AptWork): ShellText {
  const wait = ['-o', `DPkg::Lock::Timeout=${lockTimeout}`];
  return lines(
    quiet,
    // The lock of the lists is not among those that apt waits for by itself.
    updates &&
      sh`i=0
until said=$(apt-get -q ${wait} -o APT::Update::Error-Mode=any update 2>&1 </dev/null); do
case $said in *'Could not get lock'*) [ $i -ge ${lockTimeout} ] || { i=$((i + 2)); sleep 2; continue; } ;; esac
printf '%s\n' "$said" >&2; exit 100
done
printf '%s\n' "$said"
touch /var/lib/apt/lists`,
    words && sh`apt-get ${wait} ${words} </dev/null || exit`,
    askDpkg,
    sh`for n in ${names.map(bareName)}; do known "$n"; [ "$status" != installed ] || echo "== have $n $version"; done`,
  );
}

/** What a person can do about what apt says; undefined where its own words must do. */
export function explainApt(said: string): string | undefined {
  if (/dpkg was interrupted/.test(said)) return interruptedHint;
  if (/Could not get lock|Unable to acquire the dpkg frontend lock/.test(said)) {
    return /are you root/.test(said)
      ? 'Does the task need `become: true`?'
      : 'Another apt or dpkg is at work (unattended-upgrades perhaps). A longer wait is `lock_timeout`, in seconds.';
  }
  if (/Permission denied|are you root/.test(said)) return 'Does the task need `become: true`?';
  if (/Unable to locate package|has no installation candidate|Version .* for .* was not found/.test(said)) {
    return 'Is the name right, and does the host know the archive? With `update_cache: true` its lists are fetched first.';
  }
  if (/Failed to fetch|Temporary failure resolving|Could not connect/.test(said)) {
    return 'The host does not reach its package archive: look at its network, its proxy and /etc/apt/sources.list.';
  }
  if (/downgraded and -y was used/.test(said))
    return 'An older version is put in only with `allow_downgrade: true`.';
  if (/Held packages were changed/.test(said))
    return 'The package is on hold on the host: `apt-mark unhold` lets it go.';
  return undefined;
}

export const interruptedHint =
  'Finish what dpkg was at, on the host or by a task before this one: `command: dpkg --configure -a`. Then run this again.';
