/**
 * Owns names that steps give of files and roles: texts that are known before the run, and templates that are not.
 */
import { ZrunError } from '../../../core/errors.js';
import type { Scope } from '../../../core/template.js';
import { isTemplateNode } from './fields.js';
import { errorAt, throwFindings } from '../../source/findings.js';
import type { Site } from './site.js';
import { compileTemplate, type CompiledTemplate } from '../../template/template.js';
import type { MapEntry, YamlNode } from '../../yaml/yaml.js';

/** A template of a name, to be rendered by each host. `mayOmit`: it may say `omit`. */
export function compileName(
  { value }: MapEntry,
  { context, names }: Site,
  mayOmit = false,
): CompiledTemplate {
  const template = compileTemplate(value, context.report);
  context.later(names, (declared, report) => {
    if (mayOmit) template.checkEntry(declared, report);
    else template.check(declared, report);
  });
  return template;
}

export function nameIn(template: CompiledTemplate, { key, value }: MapEntry, scope: Scope): string {
  const name = template.render(scope);
  if (typeof name === 'string' && name !== '') return name;
  throw errorAt(value.at, 'expression-type', `'${key}' must be a name, and this gives none`);
}

/** What a text says, if it says the same in every run and on every host. */
export function fixedText(node: YamlNode, { fixed }: Site): string | undefined {
  if (!isTemplateNode(node)) return undefined;
  try {
    // What cannot be read is reported by whoever compiles it for the run.
    const text = compileTemplate(node, throwFindings).render(fixed);
    return typeof text === 'string' ? text : undefined;
  } catch (error) {
    if (error instanceof ZrunError) return undefined;
    throw error;
  }
}

export function reportTo({ context }: Site): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ZrunError)) throw error;
    context.report(error);
    return undefined;
  };
}
