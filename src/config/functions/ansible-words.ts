/**
 * Owns what stands here in the place of Ansible's keywords, variables and lookups. Playbooks, templates, expressions,
 * `zrun doc` and `zrun facts` all say it from here; filters are in the table of functions and in jinja-filters.ts.
 */
import { hintForAnsibleFact } from './ansible-facts.js';

/** Keywords that Ansible has or had, beside those of keywords.ts. */
const keywords: Readonly<Record<string, string>> = {
  sudo: 'write become: true',
  sudo_user: 'write become_user, beside become: true',
  su: 'write become: true',
  su_user: 'write become_user, beside become: true',
  with_items: 'write loop: with the same list',
  with_list: 'write loop: with the same list',
  with_dict: 'write loop: "{{items MAP}}", and item.key and item.value as before',
  with_sequence: 'write loop: !cel lists.range(3).map(i, i + 1)',
  with_flattened: 'write loop: "{{flatten LIST}}"',
  with_together: 'write loop: "{{zip LIST OTHER}}", and item.[0] and item.[1] in templates',
  with_indexed_items: 'write loop: with the list, and loop_control: {index_var: NAME}',
};

/** Undefined where it is no word of Ansible's. */
export function hintForAnsibleKeyword(name: string): string | undefined {
  if (Object.hasOwn(keywords, name)) return keywords[name];
  return name.startsWith('with_') ? 'write loop: with a list' : undefined;
}

const variables: Readonly<Record<string, string>> = {
  item: "'item' is there in a task with loop:",
  ansible_failed_task: "'ansible_failed_task' is there in rescue and always",
  ansible_failed_result: "'ansible_failed_result' is there in rescue and always",
  ansible_loop: "it is there in a loop with 'loop_control: {extended: true}'",
  ...Object.fromEntries(
    ['role_path', 'role_name', 'ansible_role_name', 'ansible_parent_role_names'].map((name) => [
      name,
      `'${name}' is there in the tasks of a role`,
    ]),
  ),
  omit: 'it leaves out a parameter, and so must be its whole value: "{{omit}}", or "{{default x omit}}"',
};

/** The same for a variable, with the parts that follow it. */
export function hintForAnsibleVariable(name: string, parts: readonly string[]): string | undefined {
  const fact = hintForAnsibleFact(name, parts);
  if (fact !== undefined) return fact;
  if (isLookup(name)) return hintForLookup();
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

export function isLookup(name: string): boolean {
  return ['lookup', 'query', 'q'].includes(name);
}

const lookups: Readonly<Record<string, string>> = {
  file: "vars_files: reads a file of variables, slurp: another file of a host (delegate_to: localhost, one of this machine); copy: and template: take a file's name",
  pipe: 'run it by command: with delegate_to: localhost and register:',
  template: 'template: writes a file from a template',
  vars: 'write {{lookup vars name}} for a variable whose name is computed',
  dict: 'write {{items MAP}}',
  items: 'write the list itself',
  sequence: 'write !cel lists.range(3)',
  ini: 'slurp: reads the file of a host; take a line of it by regex.extract',
  password: 'give it by vars_prompt:, or encrypted in vars_files: (zrun secret)',
};

export const noLookups = 'there are no lookups';

/** A hint where it is not the message that says so. */
export function hintForLookup(plugin?: string, term?: string): string {
  return `${noLookups}: ${insteadOfLookup(plugin, term)}`;
}

/** Ansible's lookups read what is on the controller. `plugin` and `term`: of `lookup('env', 'HOME')`, where they are known. */
export function insteadOfLookup(plugin?: string, term?: string): string {
  if (plugin === 'env') {
    const name = term !== undefined && /^\w+$/.test(term) ? term : 'NAME';
    const own = name.toLowerCase();
    return `give the value on the command line, as in -e ${own}="$${name}", and write {{${own}}}`;
  }
  const instead = plugin !== undefined && Object.hasOwn(lookups, plugin) ? lookups[plugin] : undefined;
  return (
    instead ??
    'give the value on the command line (-e name=value, -e @file) or in a file of variables (vars_files)'
  );
}
