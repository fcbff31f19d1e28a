/**
 * Owns YAML that is encrypted: a file as a whole (ansible-vault, age), single values in it (`!vault`, `!age`), and files
 * of SOPS. Gives the nodes that the text in clear would have, at the places of the file as it is.
 */
import { ZrunError, type Place, type Source } from '../../core/errors.js';
import { keepSecret, markDecrypted } from '../../core/secret.js';
import { isSealed, noKeys, type Keyring } from '../../secrets/keyring.js';
import { errorAt, type Report } from '../source/findings.js';
import { openSops } from './sops.js';
import { parseYaml, type YamlNode, type YamlOptions } from './yaml.js';

/**
 * As `parseYaml`, with what is encrypted opened by these keys. What cannot be opened is reported, of a single value where
 * it is used. Throws ZrunError where keys cannot be had: `file-unreadable`, `usage`, `interrupted`.
 */
export async function readSealedYaml(
  source: Source,
  report: Report,
  { keys = noKeys, ...options }: YamlOptions = {},
): Promise<YamlNode | undefined> {
  const opened = await openSource(source, keys, report);
  if (!opened) return undefined;
  await keys.prepare(opened.text);
  const root = parseYaml(opened, report, { ...options, keys });
  // What is said of a text that cannot be read may show a part of it.
  if (root === undefined && opened !== source) keepAll(opened.text);
  return root && openSops(root, keys, report);
}

/** The source with its text in clear; the same one where it is not encrypted. Undefined: that is reported. */
export async function openSource(source: Source, keys: Keyring, report: Report): Promise<Source | undefined> {
  if (!isSealed(source.text)) return source;
  await keys.prepare(source.text);
  try {
    const { content } = keys.open(source.text, beginningOf(source));
    const opened = { name: source.name, text: content.toString('utf8').replace(/^\uFEFF/, '') };
    markDecrypted(opened);
    if (!isSealed(opened.text)) return opened;
    report(
      errorAt(beginningOf(source), 'decrypt-failed', 'this is encrypted twice', 'decrypt the outer one'),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    report(error);
    return undefined;
  }
}

/** Its first line. */
function beginningOf(source: Source): Place {
  const start = /\S/.exec(source.text)?.index ?? 0;
  const end = source.text.indexOf('\n', start);
  return { source, start, end: end < 0 ? source.text.length : end };
}

function keepAll(text: string): void {
  for (const line of text.split('\n')) {
    keepSecret(line);
    keepSecret(line.replace(/^[\s-]*(?:[\w.-]+:\s)?/, ''));
  }
}
