/**
 * The inventories that `zrun inventory` and `ansible-inventory` are given alike: folder `test/config/inventories`, one
 * for each thing that inventories can do.
 */

export interface InventoryCase {
  readonly name: string;
  /** Without `--list` and its like. */
  readonly args: readonly string[];
  /** Where the command is given, below the folder of inventories; there itself when left out. */
  readonly cwd?: string;
  /** Why the tree with variables is not compared. */
  readonly withoutTree?: string;
}

const python = 'tuples and whole floats look otherwise where Python prints them';
const encrypted = 'Ansible prints no tree without the password where something in it is encrypted';

export const inventoryCases: readonly InventoryCase[] = [
  // YAML
  { name: 'yaml-basic', args: ['-i', 'yaml-basic.yaml'] },
  { name: 'yaml-precedence', args: ['-i', 'yaml-precedence.yaml'] },
  { name: 'yaml-ranges', args: ['-i', 'yaml-ranges.yaml'] },
  { name: 'yaml-scalars', args: ['-i', 'yaml-scalars.yaml'], withoutTree: python },
  { name: 'yaml-anchors', args: ['-i', 'yaml-anchors.yaml'] },
  { name: 'yaml-duplicates', args: ['-i', 'yaml-duplicates.yaml'] },
  { name: 'yaml-no-extension', args: ['-i', 'yaml-no-extension/hosts'] },
  { name: 'yaml-words', args: ['-i', 'yaml-words.yaml'] },
  { name: 'yaml-empty', args: ['-i', 'yaml-empty.yaml'] },
  { name: 'yaml-ungrouped', args: ['-i', 'yaml-ungrouped.yaml'] },
  { name: 'yaml-vault', args: ['-i', 'yaml-vault.yaml'], withoutTree: encrypted },
  { name: 'yaml-jinja', args: ['-i', 'yaml-jinja.yaml'] },
  { name: 'yaml-diamond', args: ['-i', 'yaml-diamond.yaml'] },
  { name: 'yaml-addresses', args: ['-i', 'yaml-addresses.yaml'] },
  { name: 'yaml-odd-names', args: ['-i', 'yaml-odd-names.yaml'] },
  { name: 'yaml-order', args: ['-i', 'yaml-order.yaml'] },
  { name: 'json', args: ['-i', 'json.json'] },
  { name: 'comments-only', args: ['-i', 'comments-only.yaml'] },

  // INI
  { name: 'ini-basic', args: ['-i', 'ini-basic/hosts'] },
  { name: 'ini-literals', args: ['-i', 'ini-literals.ini'], withoutTree: python },
  { name: 'ini-vars', args: ['-i', 'ini-vars.ini'], withoutTree: python },
  { name: 'ini-quoting', args: ['-i', 'ini-quoting.ini'] },
  { name: 'ini-forward', args: ['-i', 'ini-forward.ini'] },
  { name: 'ini-ranges', args: ['-i', 'ini-ranges.ini'] },
  { name: 'ini-comments', args: ['-i', 'ini-comments.ini'] },
  { name: 'ini-plain', args: ['-i', 'ini-plain.ini'] },
  { name: 'ini-called-yaml', args: ['-i', 'ini-called-yaml.yaml'] },
  { name: 'ini-priority', args: ['-i', 'ini-priority.ini'] },
  { name: 'ini-ungrouped', args: ['-i', 'ini-ungrouped.ini'] },
  { name: 'ini-crlf', args: ['-i', 'ini-crlf.ini'] },
  { name: 'ini-repeated', args: ['-i', 'ini-repeated.ini'] },
  { name: 'empty', args: ['-i', 'empty/hosts'] },
  { name: 'localhost', args: ['-i', 'localhost.ini'] },

  // The command line
  { name: 'host-list', args: ['-i', 'a,b:2222,'] },
  { name: 'host-list-spaces', args: ['-i', ' web1, db , 192.0.2.1'] },
  { name: 'host-list-and-file', args: ['-i', 'w2,new,', '-i', 'yaml-empty.yaml', '-i', 'new,w1,'] },
  {
    name: 'extra-vars',
    args: ['-i', 'yaml-basic.yaml', '-e', 'http_port=1 x="a b"', '-e', '{"nested": {"z": [true]}}'],
  },

  // Folders
  { name: 'folder', args: ['-i', 'folder/inv'] },
  { name: 'several', args: ['-i', 'several/one/hosts.yaml', '-i', 'several/two/hosts'] },
  { name: 'several-turned', args: ['-i', 'several/two/hosts', '-i', 'several/one/hosts.yaml'] },
  { name: 'vars-files', args: ['-i', 'vars-files/hosts.yaml'] },
  {
    name: 'playbook-dir',
    args: ['-i', 'playbook-dir/inventory/hosts', '--playbook-dir', 'playbook-dir/play'],
  },
  { name: 'playbook-here', args: ['-i', '../inventory/hosts'], cwd: 'playbook-dir/play' },

  // Programs
  { name: 'script-meta', args: ['-i', 'script-meta.sh'] },
  { name: 'script-hosts', args: ['-i', './script-hosts.sh'] },
  { name: 'script-simple', args: ['-i', 'script-simple.sh'] },
  { name: 'script-marks', args: ['-i', 'script-marks.sh'], withoutTree: encrypted },
];

interface Difference {
  /** Of the folder `deliberate`, or names with commas. */
  readonly source: string;
  /** What Ansible makes of it, and why zrun does otherwise. */
  readonly why: string;
  /** What zrun says: a part of its error, or of its warning where it goes on. */
  readonly says?: RegExp;
  /** A host's variables as zrun has them, where it reads the file. */
  readonly host?: readonly [name: string, vars: unknown];
}

/** Where zrun deliberately does not do as Ansible does. */
export const differences: readonly Difference[] = [
  {
    source: 'misspelt-key.yaml',
    why: 'Ansible warns and drops the hosts that stand below a misspelt key; zrun works on all hosts or on none',
    says: /a group has no 'hsots'[\s\S]*did you mean 'hosts'/,
  },
  {
    source: 'undefined-child.ini',
    why: 'Ansible warns, drops the whole file and goes on with an empty inventory',
    says: /there is no group 'missing'/,
  },
  {
    source: 'name-with-slash.yaml',
    why: 'hosts that are folders (chroot, jail) have no connection here, and a name may end up in a path',
    says: /cannot be a host's name: it holds \//,
  },
  {
    source: 'vault-file/hosts',
    why: 'Ansible does not say which file it has no password for',
    says: /group_vars\/g\.yml:1:1: this is encrypted by ansible-vault/,
  },
  {
    source: 'host-failure.sh',
    why: 'Ansible takes the answer to --host although the program failed; zrun takes a failure for one',
    says: /host-failure\.sh failed[\s\S]*--host a \(exit code 1\)[\s\S]*no such host/,
  },
  {
    source: 'silent-host.sh',
    why: 'an empty answer to --host means no variables, as Ansible documents it; ansible-core 2.14 fails on it',
    host: ['a', {}],
  },
  {
    source: 'same-name.ini',
    why: "where a host has a group's name, Ansible sets the host's variables on the group; zrun on the host",
    says: /'web' is the name of a host and of a group/,
    host: ['w2', { b: 2 }],
  },
  {
    source: 'large-numbers.yaml',
    why: 'JavaScript cannot hold these numbers; as text they render to the digits that were written',
    host: ['h', { id: '12345678901234567890', float: '1.0e+999', ok: 9007199254740991 }],
  },
  {
    source: 'timestamp.yaml',
    why: 'Ansible makes a timestamp of it and writes that in another form; zrun leaves the text as it is',
    host: ['h', { at: '2001-12-14t21:59:43.10-05:00' }],
  },
  {
    source: 'python-only.ini',
    why: 'JSON has no sets and complex numbers (ansible-inventory fails on them); zrun has a list and the text',
    host: ['h', { set: [1, 2], complex: '1j' }],
  },
  {
    source: 'web[1:2],',
    why: "on the command line Ansible takes a range for a name; what works in a file works in zrun's -i too",
    host: ['web2', {}],
  },
];
