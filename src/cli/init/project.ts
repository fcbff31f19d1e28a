/**
 * Owns what a new project is made of: an inventory, a playbook that does no harm, schemas for the editor, and what Git is to
 * leave alone.
 */
import { schemas } from '../../config/schema/index.js';
import { modules } from '../../modules/index.js';
import { editorTags } from '../schema.js';

export interface Answers {
  /** Names, ranges or addresses. Empty: this machine. */
  readonly hosts: readonly string[];
  readonly group: string;
  readonly user: string | undefined;
  readonly become: boolean;
}

interface ProjectFile {
  readonly path: string;
  /** In a few words. */
  readonly purpose: string;
  readonly text: string;
}

/** In the order in which a person would look at them. */
export function filesOf(answers: Answers): readonly ProjectFile[] {
  return [
    { path: 'hosts.yaml', purpose: 'your hosts', text: inventoryText(answers) },
    { path: 'site.yaml', purpose: 'what they are to be', text: playbookText },
    { path: '.gitignore', purpose: 'keeps keys out of Git', text: ignoreText },
    { path: '.vscode/settings.json', purpose: 'completion in VS Code', text: settingsText },
    ...(['playbook', 'inventory'] as const).map((name) => ({
      path: `.vscode/zrun-${name}.json`,
      purpose: `the schema of ${name === 'playbook' ? 'playbooks' : 'inventories'}`,
      text: `${JSON.stringify(schemas[name]?.make(modules), null, 2)}\n`,
    })),
  ];
}

function inventoryText({ hosts, group, user, become }: Answers): string {
  const vars = [
    ...(user === undefined ? [] : [`    ansible_user: ${yamlWord(user)}`]),
    ...(become ? ['    ansible_become: true # root, by sudo; -K asks for its password'] : []),
  ];
  const named = hosts.length > 0 ? hosts : ['localhost'];
  const isLocal = (host: string): boolean => host === 'localhost';
  const names = named.flatMap((host) => [
    `        ${yamlWord(host)}:`,
    ...(isLocal(host) ? ['          ansible_connection: local # without ssh'] : []),
  ]);
  return [
    '# Your hosts, and how they are reached. What is not said here is taken from ~/.ssh/config.',
    '# zrun inventory -i hosts.yaml --graph --vars shows what zrun makes of it.',
    'all:',
    ...(vars.length > 0 ? ['  vars:', ...vars] : []),
    '  children:',
    `    ${yamlWord(group)}:`,
    '      hosts:',
    ...names,
    '',
  ].join('\n');
}

/** Words that YAML takes for something else, and characters that mean something to it, are quoted. */
function yamlWord(text: string): string {
  const isPlain = /^[A-Za-z][\w.-]*$/.test(text) && !/^(?:y|yes|n|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

const playbookText = `# What your hosts are to be. What would change, and how:
#   zrun site.yaml -i hosts.yaml --check --diff
- name: All hosts
  hosts: all
  tasks:
    - name: Say what each host is
      debug:
        msg: "{{inventory_hostname}}: {{default facts.os.pretty_name 'unknown'}}, kernel {{facts.os.kernel}}"

    # zrun doc copy explains it; zrun doc lists all modules.
    - name: Leave a note
      copy:
        dest: /tmp/hello-from-zrun
        content: "Hello from zrun to {{inventory_hostname}}\\n"
        mode: "0644"
`;

const ignoreText = `# Keys and passwords belong into no repository. What is encrypted does: zrun secret --help.
*.key
*.pem
.vault-password*
/key.txt
`;

const settingsText = `${JSON.stringify(
  {
    'yaml.schemas': {
      '.vscode/zrun-playbook.json': ['site.yaml', 'playbooks/*.yaml'],
      '.vscode/zrun-inventory.json': ['hosts.yaml'],
    },
    'yaml.customTags': editorTags,
  },
  null,
  2,
)}\n`;
