/** Owns what hosts and the user's ssh hand to zrun: fstab, daemon.json, known_hosts, mountinfo, command lines. */
import type { Random } from '../random.js';
import { hostNames, number, text } from './words.js';

export const fstabTokens = ['\\040', '\\134', '#', ' ', '\t', '/', 'none', 'defaults', 'UUID='];

export function fstab(random: Random): string {
  const field = (): string =>
    random.one(
      '/',
      '/var/lib/docker',
      'UUID=1234-ab',
      '/dev/zvol/tank/x',
      'none',
      'ext4',
      'noatime,x-systemd.requires=a',
      'a\\040b',
      '\\999',
      '\\0',
      () => number(random),
      () => text(random),
    );
  return random
    .many(0, 8, () =>
      random.one(
        () => random.many(1, 8, field).join(random.pick([' ', '\t', '  ', ' \t '])),
        () => random.pick(['', '#', '# c', '  # c', ' ', '\r', '\t']),
      ),
    )
    .join(random.pick(['\n', '\n', '\r\n']));
}

export const jsonTokens = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\u0000',
  '\\ud800',
  '"a":',
  'null',
  '1e999',
  '//',
  '"storage-driver": ',
];

export function daemonJson(random: Random, depth = 3): string {
  const space = random.pick(['', ' ', '\n  ', '\t']);
  const key = (): string =>
    JSON.stringify(
      random.pick([
        'storage-driver',
        'storage-opts',
        'data-root',
        'features',
        'log-opts',
        'a',
        '__proto__',
        '',
        'ü',
      ]),
    );
  const value = (left: number): string =>
    random.one(
      () =>
        left <= 0
          ? '1'
          : `{${random.many(0, 4, () => `${space}${key()}:${space}${value(left - 1)}`).join(',')}${space}}`,
      () => (left <= 0 ? '1' : `[${random.many(0, 4, () => value(left - 1)).join(', ')}]`),
      () => JSON.stringify(text(random)),
      () => number(random),
      'true',
      'null',
      '"\\u00e9\\n"',
    );
  return random.chance(0.9)
    ? `{${random.many(0, 5, () => `${space}${key()}:${space}${value(depth)}`).join(',')}${space}}`
    : value(depth);
}

const keys = [
  'AAAAC3NzaC1lZDI1NTE5AAAAIJ8v0y2W1QzqBq6eJc4xk9b7n1oZr3m5t8u0wYfVhK2s',
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=',
  'AAAA',
  '////',
  'x',
  '',
] as const;

export const knownHostsTokens = [
  '@revoked ',
  '@cert-authority ',
  '|1|',
  '[',
  ']:22',
  ',',
  '*',
  '!',
  '?',
  'ssh-ed25519',
];

export function knownHosts(random: Random): string {
  const name = (): string =>
    random.one(
      () => random.pick(hostNames),
      () => `[${random.pick(hostNames)}]:${number(random)}`,
      '*.example.org',
      '!web1,*',
      '|1|c2FsdA==|aGFzaA==',
      '|1|',
      () => '*a'.repeat(random.int(6)),
    );
  return random
    .many(0, 8, () =>
      random.one(
        () =>
          `${random.pick(['', '', '@revoked ', '@cert-authority ', '@x '])}${name()} ${random.pick(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'x'])} ${random.pick(keys)} ${text(random)}`,
        () => random.pick(['', '# c', ' ', '@', '|', 'a b']),
      ),
    )
    .join('\n');
}

export function mountinfo(random: Random): string {
  return random
    .many(0, 8, () =>
      random.one(
        () =>
          `${random.int(99)} ${random.int(99)} 0:${random.int(99)} / /${random.pick(['', 'a', 'a\\040b', 'var/lib/docker'])} rw,relatime ${random.pick(['', 'shared:1 ', 'shared:1 master:2 '])}- ${random.pick(['zfs', 'ext4', 'overlay'])} ${random.pick(['tank/docker', '/dev/zd0', 'overlay'])} rw`,
        () => text(random),
        '-',
        '',
      ),
    )
    .join('\n');
}

export const wordTokens = ['"', "'", '\\', '$', '|', ';', '&&', '>', '\n', '`'];

export function commandLine(random: Random): string {
  return random
    .many(0, 6, () =>
      random.one(
        () => text(random),
        '"a b"',
        "'c d'",
        'e\\ f',
        '--x=y',
        '"',
        "'",
        '\\',
        '|',
        '$x',
        '*',
        '"\\$"',
        "''",
      ),
    )
    .join(random.pick([' ', '  ', '\t', '\n']));
}

export function extraVars(random: Random): string {
  return random.one(
    () =>
      random
        .many(
          1,
          4,
          () =>
            `${random.pick(['a', 'size', 'a-b', '1', ''])}=${random.pick(['1', '"a b"', "'x", 'a=b', '', '{{ x }}', '\\'])}`,
        )
        .join(' '),
    () => daemonJson(random),
    () => `{a: ${text(random)}}`,
    () => `@${text(random)}`,
    () => text(random),
  );
}
