/**
 * Owns files of variables: what they hold, and `vars_files` of a play.
 */
import path from 'node:path';
import { ZrunError } from '../../../core/errors.js';
import type { PlaybookContext } from '../reading/context.js';
import { errorAt, type Report } from '../../source/findings.js';
import { findFile, firstFile } from '../../source/search.js';
import { shownName } from '../../source/source.js';
import { compileVars, type CompiledTemplate } from '../../template/template.js';
import type { FieldReader, PlacedText } from '../reading/fields.js';
import { describeNode, type MapEntry, type YamlNode } from '../../yaml/yaml.js';

/**
 * Later files win over earlier ones, and all of them over `vars`, as in Ansible. Of an item that is a list, the first
 * file that is there is taken.
 */
export async function readVarsFiles(
  entry: MapEntry | undefined,
  context: PlaybookContext,
  folder: string,
  readerOf: (vars: ReadonlyMap<string, CompiledTemplate>) => FieldReader,
): Promise<Map<string, CompiledTemplate>> {
  const vars = new Map<string, CompiledTemplate>();
  if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return vars;
  for (const item of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
    // A later name may use what an earlier file holds.
    const names = readerOf(vars).texts({ ...entry, value: item });
    const found = await firstOf(names, item.kind === 'list', folder, context);
    const root = found && (await context.readYaml(found.text, found.at));
    for (const [key, template] of root ? readVarsNode(root, context.report) : []) vars.set(key, template);
  }
  return vars;
}

async function firstOf(
  names: readonly PlacedText[],
  isChoice: boolean,
  folder: string,
  { cwd, report, letNames }: PlaybookContext,
): Promise<PlacedText | undefined> {
  const [first] = names;
  if (!first) return undefined;
  // As Ansible looks: in `vars/` first.
  const folders = [path.join(folder, 'vars'), folder];
  if (!isChoice) {
    const found = await findFile('file of variables', first.text, folders, cwd, first.at).catch(
      reportTo(report),
    );
    if (found !== undefined) return { ...first, text: found };
    letNames();
    return undefined;
  }
  for (const name of names) {
    const found = await firstFile(folders.map((one) => path.resolve(one, name.text)));
    if (found !== undefined) return { ...name, text: found };
  }
  const looked = names.map(({ text }) => text).join(', ');
  const message = `none of these files is there: ${looked}`;
  const where = folders.map((one) => shownName(one, cwd)).join(', ');
  const hint = `the first one that is there is taken (looked in ${where})`;
  report(errorAt(first.at, 'file-unreadable', message, hint));
  letNames();
  return undefined;
}

function reportTo(report: Report): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ZrunError)) throw error;
    report(error);
  };
}

/** What a file of variables holds: a map. */
export function readVarsNode(root: YamlNode, report: Report): Map<string, CompiledTemplate> {
  if (root.kind === 'map') return compileVars(root, report);
  if (!(root.kind === 'scalar' && root.value === null)) {
    report(
      errorAt(
        { ...root.at, end: root.at.start + 1 },
        'playbook-invalid',
        `a file of variables must be a map, but is ${describeNode(root)}`,
        "write 'name: value'",
      ),
    );
  }
  return new Map<string, CompiledTemplate>();
}
