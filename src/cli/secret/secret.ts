/**
 * Owns `zrun secret`: which of its actions is meant, and the words that they share.
 */
import { nearest, ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import type { Environment } from '../environment.js';
import { readVerbWords, type VerbWords } from '../verb-options.js';
import { decryptFiles, encryptFiles, rekeyFiles } from './files.js';
import { removeLeftEdits } from './edit-folder.js';
import { editFile } from './edit.js';
import { keyWords } from './keys.js';
import { createKey, encryptString } from './values.js';

const HELP = `Usage: zrun secret encrypt FILE... [-o FILE] KEYS
       zrun secret decrypt FILE... [-o FILE] KEYS
       zrun secret edit FILE KEYS
       zrun secret rekey FILE... KEYS NEW-KEYS
       zrun secret encrypt-string [--name NAME] [TEXT] KEYS
       zrun secret keygen [-o FILE]

Encrypts files of variables, inventories and single values, in the formats of
ansible-vault and of age. Runs open them with the same options. What SOPS
encrypted for age is read by runs, and edited with sops.

Actions:
  encrypt         files as a whole, in their place; - is standard input
  decrypt         files as a whole, in their place; -o - shows them
  edit            in your editor (VISUAL, EDITOR), in memory where possible
  rekey           files as a whole, and each !vault and !age value in others
  encrypt-string  one value, as YAML; without TEXT it is asked for, or read from
                  standard input, where one line feed at the end does not count
  keygen          a key of age, and what to encrypt for

Keys:
  --vault-password-file <file>  ansible-vault's password, or a program that
                                prints it (or ZRUN_VAULT_PASSWORD_FILE)
  -J, --ask-vault-pass          ask for it
  --vault-id <label@source>     the password of one vault id: a file, or prompt
  --encrypt-vault-id <label>    encrypt with this one of several
  --age-identity <file>         your keys of age (or ZRUN_AGE_IDENTITY)
  -r, --recipient <key>         encrypt for this key of age, or for those in a
                                file; repeatable
  -p, --passphrase              encrypt with a passphrase, by age

New keys (rekey), besides -r and -p:
  --new-vault-password-file <file>, --new-vault-id <label@source>

Options:
  -o, --output <file>  write here, not in place; - is standard output
  --name <name>        the name of the value
  -h, --help           show this

Examples:
  zrun secret keygen -o key.txt
  zrun secret encrypt group_vars/web/secret.yaml -r age1...
  zrun site.yaml -i hosts.yaml --age-identity key.txt
  zrun secret encrypt-string --name db_password --ask-vault-pass
  zrun secret edit group_vars/all/vault.yml --vault-password-file ~/.vault
  zrun secret rekey group_vars/all/vault.yml -J --new-vault-id prod@prompt
`;

const actions: Readonly<Record<string, (words: VerbWords, environment: Environment) => Promise<void>>> = {
  encrypt: encryptFiles,
  decrypt: decryptFiles,
  edit: editFile,
  rekey: rekeyFiles,
  'encrypt-string': encryptString,
  // Ansible's own spelling.
  encrypt_string: encryptString,
  keygen: createKey,
};

/** Returns the exit code. Throws ZrunError. */
export async function secret(environment: Environment): Promise<number> {
  const words = readVerbWords('secret', environment.argv, {
    ...keyWords,
    'encrypt-vault-id': { type: 'string', multiple: true },
    'new-vault-password-file': { type: 'string', multiple: true },
    'new-vault-id': { type: 'string', multiple: true },
    recipient: { type: 'string', short: 'r', multiple: true },
    passphrase: { type: 'boolean', short: 'p' },
    output: { type: 'string', short: 'o', multiple: true },
    name: { type: 'string', multiple: true },
  });
  if (words.has('help')) {
    environment.stdout.write(HELP);
    return exitCodes.ok;
  }
  const [name, ...names] = words.names;
  const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw noAction(name);
  await removeLeftEdits(environment);
  await action({ ...words, names }, environment);
  return exitCodes.ok;
}

function noAction(name: string | undefined): ZrunError {
  const known = Object.keys(actions).filter((one) => !one.includes('_'));
  // ansible-vault's word.
  if (name === 'view')
    return new ZrunError('usage', "zrun secret has no action 'view'", {
      hint: 'zrun secret decrypt FILE -o - shows a file',
    });
  const near = name === undefined ? undefined : nearest(name, known);
  const message = name === undefined ? 'nothing to do is named' : `zrun secret has no action '${name}'`;
  return new ZrunError('usage', message, {
    hint: near === undefined ? `the actions are ${known.join(', ')}` : `did you mean '${near}'?`,
  });
}
