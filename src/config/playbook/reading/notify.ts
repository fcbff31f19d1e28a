/**
 * Owns `notify`: names of handlers that are known before the run, and are held against the handlers that there are, and
 * templates that each host renders.
 */
import type { NotifyTemplate, Task } from '../../../core/plan.js';
import { withGaps } from '../../../core/glob.js';
import { compileRegex } from '../../../core/regex.js';
import type { NameLayer } from '../../expression/declarations.js';
import { errorAt } from '../../source/findings.js';
import { compileTemplate } from '../../template/template.js';
import type { MapEntry, YamlNode } from '../../yaml/yaml.js';
import { isTemplateNode } from './fields.js';
import { fixedText } from './names.js';
import type { Site } from './site.js';

/** `names`: those that hold in the task, its loop's too. */
export function readNotify(entry: MapEntry, site: Site, names: NameLayer): Task['notify'] {
  const { play, context, read } = site;
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return nodes.flatMap((node): Task['notify'] => {
    const fixed = fixedText(node, site);
    if (fixed === undefined && isTemplateNode(node)) return [readTemplate(node, site, names)];
    const found =
      fixed === undefined ? read.texts({ ...entry, value: node }) : [{ text: fixed, at: node.at }];
    for (const { text, at } of found) play.onNotify(text, at, context);
    return found.map(({ text }) => text);
  });
}

function readTemplate(node: YamlNode, { context }: Site, names: NameLayer): NotifyTemplate {
  const template = compileTemplate(node, context.report);
  context.later(names, (declared, report) => void template.check(declared, report));
  const text = node.kind === 'scalar' ? node.text.text : '';
  const form = compileRegex(`(?s)^${withGaps(text.split(/\{\{\{?[\s\S]*?\}?\}\}/))}$`);
  return {
    of(scope) {
      const value = template.render(scope);
      const given = Array.isArray(value) ? (value as readonly unknown[]) : [value];
      return given.map((name) => {
        if (typeof name === 'string' && name !== '') return name;
        throw errorAt(
          node.at,
          'expression-type',
          "'notify' must be the names of handlers, and this gives none",
        );
      });
    },
    mayGive: (name) => form.test(name),
  };
}
