/**
 * Owns what to do about an error, by its code: `zrun doc CODE`. What each code means stands with the codes.
 */
import type { ErrorCode } from '../../core/errors.js';

export const errorAdvice: Readonly<Record<ErrorCode, string>> = {
  usage: 'zrun --help shows all options, zrun VERB --help those of a verb. Nothing was touched.',
  'file-unreadable':
    'Check the path, which is taken from the current folder, and who may read it (ls -l). A file that a playbook names is looked for beside the playbook, and in files/ or templates/ there.',
  'yaml-syntax':
    'The caret points at where the text stops making sense; the mistake is often on the line before: an indentation, a colon without a space, a quote that is not closed. A text that begins with {{ needs quotes.',
  'inventory-invalid':
    'zrun inventory -i … --graph shows what is made of an inventory, and the caret points at what is wrong. zrun schema inventory lets an editor check it.',
  'no-hosts':
    'zrun inventory -i … --graph shows all groups and hosts, zrun … --list-hosts what each play takes.',
  'playbook-invalid':
    'zrun doc keywords lists what plays, blocks and tasks take. zrun PLAYBOOK --syntax-check finds all such mistakes at once.',
  'keyword-unsupported':
    'The hint says what to write instead, if there is something. playbooks/README.md lists what differs from Ansible.',
  'module-unknown':
    'zrun doc lists the modules, zrun doc --search WORD looks for one by what it does. Any command can be run by command: or shell:.',
  'parameter-invalid':
    'zrun doc MODULE shows the parameters with their types, and examples. Text that looks like a number or a boolean needs quotes (mode: "0644").',
  'template-syntax':
    'Templates are Handlebars, not Jinja: {{name}}, {{helper value}}, {{#if x}}…{{/if}}. zrun doc helpers lists the helpers; what is to be computed is an expression: {{cel "a + b"}}. A text with braces of its own is written with !raw.',
  'expression-syntax':
    'Conditions are CEL: ==, !=, &&, ||, !, in, size(list), text.startsWith("a"). zrun doc functions lists the functions.',
  'expression-type':
    'Texts, numbers, lists and null are different types: compare "12" with a text, 12 with a number. int(x), string(x) and bool(x) convert.',
  'variable-unknown':
    'Check the spelling; the hint names the nearest. Variables come from the inventory, group_vars/, host_vars/, vars:, register: and -e. zrun doc facts lists what is below facts.',
  'variable-cycle': 'Give one of the variables of the circle a value of its own.',
  'decrypt-failed':
    'Another key or password is needed: zrun secret --help says where they are looked for, and with which options they are given.',
  'name-unresolved':
    "Check the host's name and ansible_host, and that this machine's DNS knows it (getent hosts NAME).",
  'connect-failed':
    'Is the host up, does sshd run there, is ansible_port right, does a firewall let this machine in? ssh -v HOST says more.',
  'connect-timeout':
    'The host did not answer in time: it is down, or a firewall drops what comes. -T SECONDS waits longer.',
  'host-key-unknown':
    'Log in once with ssh and compare the fingerprint, or use --accept-new-host-keys if you trust the network. zrun_known_hosts_file names another file.',
  'host-key-changed':
    'Somebody may be between you and the host. If it was installed anew, remove the old key: ssh-keygen -R HOST.',
  'auth-failed':
    'zrun ping HOST -vvv lists the user and the keys that were tried. Check -u, ansible_user, --private-key, and ssh-add -l; -k asks for a password.',
  'key-unreadable':
    'Check who may read the key file. A passphrase is asked for on a terminal, once; where nobody can be asked, load the key into an agent: ssh-add FILE.',
  'sudo-password-missing': '-K asks for it, --become-password-file reads it from a file.',
  'sudo-password-wrong':
    "It is the password of the user who logs in, not root's, unless sudo is set up otherwise.",
  'sudo-refused':
    'sudo -l on the host shows what the user may do. Its sudoers must let it run a shell as the other user.',
  'connection-lost':
    'zrun connects again and looks before it says what happened. If the outcome stays unknown, look at the host, then run again: zrun --resume.',
  'task-failed': 'The message says what the host lacks or refuses. Mend it, and run again.',
  'command-failed':
    "The command's own output says why. If another exit code than 0 is fine, say so: failed_when: !(result.rc in [0, 1]).",
  'assertion-failed':
    'What is checked before anything is done does not hold: the message says what, and what to do.',
  'task-timeout':
    'timeout: on the task, or --task-timeout, gives it longer. A command that waits for input never ends: its standard input is empty.',
  'output-unexpected':
    "A program on the host answers in a way that zrun does not know. If a file that the login shell reads prints something, silence it; otherwise report it with the program's version.",
  'not-idempotent':
    '--verify planned the task again after it was done, and it still wanted a change. Something on the host undoes it, or the module has a bug.',
  halted: 'Nothing is wrong with this host. Mend what failed on the others, then zrun --resume.',
  interrupted: 'zrun --resume continues with the hosts that are left.',
  internal: 'Please report it with the command, the message and zrun --version.',
};
