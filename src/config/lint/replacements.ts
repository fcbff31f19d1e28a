/**
 * Owns the table of commands that a module does better: it looks first, changes only what differs, shows a diff, and
 * its check mode tells the truth.
 */

interface Replacement {
  /** The beginning of the command line. */
  readonly command: RegExp;
  /** Said only where there is such a module. */
  readonly module: string;
  /** How the module is written for it. */
  readonly write: string;
}

export const replacements: readonly Replacement[] = [
  { command: /^mkdir\s/, module: 'file', write: 'file: {path: …, state: directory}' },
  { command: /^ln\s/, module: 'file', write: 'file: {path: …, src: …, state: link}' },
  {
    command: /^(?:chmod|chown|chgrp)\s/,
    module: 'file',
    write: 'file: {path: …, owner: …, group: …, mode: …}',
  },
  { command: /^(?:rm|unlink)\s/, module: 'file', write: 'file: {path: …, state: absent}' },
  { command: /^touch\s/, module: 'file', write: 'file: {path: …, state: touch}' },
  {
    command: /^(?:cp|rsync)\s/,
    module: 'rsync',
    write: 'rsync: {src: …, dest: …}, which copies on the host; copy: brings a file from here',
  },
  { command: /^tee\s/, module: 'copy', write: 'copy: {dest: …, content: …}' },
  { command: /^(?:echo|printf)\s.*[^>]>>/s, module: 'lineinfile', write: 'lineinfile: {path: …, line: …}' },
  {
    command: /^(?:echo|printf|cat)\s[^>]*[^0-9&>]>\s*[^&>\s]/s,
    module: 'copy',
    write: 'copy: {dest: …, content: …}',
  },
  {
    command: /^sed\s+(?:-\S+\s+)*(?:-i|--in-place|-[nErsu]*i)/,
    module: 'lineinfile',
    write: 'lineinfile: {path: …, regexp: …, line: …}',
  },
  {
    command: /^(?:test|\[)\s+-[edfhLrwxs]\s/,
    module: 'stat',
    write: "stat: PATH with register:, and 'when: x.stat.exists'",
  },
  {
    command: /^systemctl\s+(?:-\S+\s+)*(?:start|stop|restart|reload|enable|disable|mask|unmask)\s/,
    module: 'systemd_service',
    write: 'systemd_service: {name: …, state: …, enabled: …}',
  },
  {
    command: /^systemctl\s+daemon-reload/,
    module: 'systemd_service',
    write: 'systemd_service: {daemon_reload: true}',
  },
  {
    command: /^service\s+\S+\s+(?:start|stop|restart|reload)\b/,
    module: 'systemd_service',
    write: 'systemd_service: {name: …, state: …}',
  },
  {
    command: /^mount\s+(?!-l\b)\S/,
    module: 'mount',
    write: 'mount: {path: …, src: …, fstype: …, state: mounted}, or state: ephemeral without fstab',
  },
  { command: /^umount\s/, module: 'mount', write: 'mount: {path: …, state: unmounted}' },
  {
    command: /^mkfs(?:\.\w+)?\s/,
    module: 'filesystem',
    write: 'filesystem: {dev: …, fstype: …}, which never formats what holds data',
  },
  {
    command: /^zfs\s+(?:create|set|destroy)\s(?!.*@)/s,
    module: 'zfs',
    write: 'zfs: {name: …, properties: {…}}',
  },
  {
    command: /^zfs\s+(?:inherit)\s/,
    module: 'zfs',
    write: 'zfs: {name: …, properties: {"the:property": null}}',
  },
  { command: /^zfs\s+rename\s/, module: 'zfs_rename', write: 'zfs_rename: {from: …, to: …}' },
  { command: /^zfs\s+snap(?:shot)?\s/, module: 'zfs_snapshot', write: 'zfs_snapshot: {dataset: …, name: …}' },
  {
    command: /^zfs\s+destroy\s.*@/s,
    module: 'zfs_snapshot',
    write: 'zfs_snapshot: {dataset: …, name: …, state: absent}',
  },
  {
    command: /^(?:apt|apt-get|aptitude)\s+(?:-\S+\s+)*(?:install|remove|purge|update|upgrade|dist-upgrade)\b/,
    module: 'apt',
    write: 'apt: {name: …, state: present}',
  },
  { command: /^(?:useradd|usermod|userdel|adduser|deluser)\s/, module: 'user', write: 'user: {name: …}' },
  {
    command: /^(?:groupadd|groupmod|groupdel|addgroup|delgroup)\s/,
    module: 'group',
    write: 'group: {name: …}',
  },
  {
    command: /^(?:reboot\b|shutdown\s+-r\b|systemctl\s+reboot\b)/,
    module: 'reboot',
    write: 'reboot: {}, which waits for the host to come back',
  },
  {
    command: /^sleep\s/,
    module: 'pause',
    write: "pause: {seconds: …}, or better 'wait_for:' or 'until:', which end as soon as they can",
  },
  {
    command: /^sleep\s/,
    module: 'wait_for',
    write: "wait_for: {port: …} or {path: …}, or 'until:', which end as soon as they can",
  },
];
