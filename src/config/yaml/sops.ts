/**
 * Owns files that SOPS encrypted: keys in clear, values not, and a map `sops` that says for whom. zrun reads those for age;
 * SOPS writes them.
 */
import { ZrunError, type Place } from '../../core/errors.js';
import { keepSecret } from '../../core/secret.js';
import type { Keyring } from '../../secrets/keyring.js';
import {
  createSopsMac,
  decryptSopsValue,
  isSopsValue,
  sopsPath,
  sopsPlain,
  type SopsMac,
} from '../../secrets/sops.js';
import { errorAt, type Report } from '../source/findings.js';
import { alignScalar } from './scalar-offsets.js';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from './yaml.js';

/** The same node where SOPS has nothing to do with it. What cannot be opened is reported; the root is undefined then. */
export function openSops(root: YamlNode, keys: Keyring, report: Report): YamlNode | undefined {
  const meta = metadataOf(root);
  if (!meta || root.kind !== 'map') return root;
  try {
    const key = findDataKey(meta, keys);
    const mac = createSopsMac(textOf(meta.node, 'mac_only_encrypted') === 'true');
    const entries = new Map([...root.entries].filter(([name]) => name !== 'sops'));
    const opened = openNode({ ...root, entries }, [], key, mac);
    checkMac(meta, key, mac.finish());
    return opened;
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    report(error);
    return undefined;
  }
}

interface Metadata {
  readonly node: MapNode;
  readonly keyAt: Place;
}

function metadataOf(root: YamlNode): Metadata | undefined {
  const entry = root.kind === 'map' ? root.entries.get('sops') : undefined;
  if (entry?.value.kind !== 'map' || !entry.value.entries.has('mac')) return undefined;
  return { node: entry.value, keyAt: entry.keyAt };
}

function textOf(node: MapNode, name: string): string | undefined {
  const value = node.entries.get(name)?.value;
  return value?.kind === 'scalar' && value.value !== null ? String(value.value) : undefined;
}

/** Bytes of the key of all values. */
const keyLength = 32;

/** Throws ZrunError `decrypt-failed`. */
function findDataKey({ node, keyAt }: Metadata, keys: Keyring): Buffer {
  const groups = node.entries.get('key_groups')?.value;
  if (groups?.kind === 'list' && groups.items.length > 1)
    throw errorAt(
      keyAt,
      'decrypt-failed',
      'this file of SOPS needs keys of several groups, which zrun does not put together',
      'decrypt it with sops itself, or encrypt it for one group',
    );
  const recipients = agesOf(node).filter((each) => each !== undefined);
  if (recipients.length === 0) {
    const kinds = ['kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'pgp', 'hckms'].filter((kind) => {
      const list = node.entries.get(kind)?.value;
      return list?.kind === 'list' && list.items.length > 0;
    });
    const others = kinds.length === 0 ? '' : ` (it is for ${kinds.join(', ')})`;
    throw errorAt(
      keyAt,
      'decrypt-failed',
      `this file of SOPS is not encrypted for age${others}`,
      'add an age recipient to it: sops updatekeys, or sops rotate --add-age',
    );
  }
  let failure: unknown;
  for (const { enc, at } of recipients) {
    try {
      const { content } = keys.open(enc, at);
      if (content.length === keyLength) return content;
    } catch (error) {
      failure = error;
    }
  }
  throw failure instanceof ZrunError
    ? errorAt(keyAt, 'decrypt-failed', failure.message.replace(/\bthis\b/, 'this file of SOPS'), failure.hint)
    : errorAt(keyAt, 'decrypt-failed', 'this file of SOPS is damaged: its key has the wrong length');
}

function agesOf(node: MapNode): readonly ({ readonly enc: string; readonly at: Place } | undefined)[] {
  const lists = [node.entries.get('age')?.value];
  const groups = node.entries.get('key_groups')?.value;
  for (const group of groups?.kind === 'list' ? groups.items : [])
    if (group.kind === 'map') lists.push(group.entries.get('age')?.value);
  return lists.flatMap((list) =>
    (list?.kind === 'list' ? list.items : []).map((item) => {
      const enc = item.kind === 'map' ? item.entries.get('enc')?.value : undefined;
      return enc?.kind === 'scalar' && typeof enc.value === 'string'
        ? { enc: enc.value, at: enc.at }
        : undefined;
    }),
  );
}

/** Throws ZrunError `decrypt-failed` at the first value that does not open. */
function openNode(node: YamlNode, path: readonly string[], key: Buffer, mac: SopsMac): YamlNode {
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => openNode(item, path, key, mac)) };
  if (node.kind === 'scalar') return openScalar(node, path, key, mac);
  const open = (entry: MapEntry): MapEntry => ({
    ...entry,
    value: openNode(entry.value, [...path, entry.key], key, mac),
  });
  return { ...node, entries: new Map([...node.entries].map(([name, entry]) => [name, open(entry)])) };
}

function openScalar(node: ScalarNode, path: readonly string[], key: Buffer, mac: SopsMac): ScalarNode {
  if (node.value === null) return node;
  if (typeof node.value !== 'string' || !isSopsValue(node.value)) {
    mac.add(asSops(node.value), false);
    return node;
  }
  const opened = decryptSopsValue(node.value, key, sopsPath(path));
  if (!opened)
    throw errorAt(
      node.at,
      'decrypt-failed',
      'this value of SOPS does not decrypt: it is damaged, or was moved here from another key',
    );
  mac.add(opened.text, true);
  keepSecret(opened.text);
  const value = sopsPlain(opened);
  return { ...node, value, plain: false, text: alignScalar(opened.text, node.at) };
}

/** As SOPS writes a value that it does not encrypt. */
function asSops(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/** Nothing was left out, added or put elsewhere. Throws ZrunError `decrypt-failed`. */
function checkMac({ node, keyAt }: Metadata, key: Buffer, found: string): void {
  const mac = textOf(node, 'mac') ?? '';
  const at = node.entries.get('mac')?.value.at ?? keyAt;
  const written = decryptSopsValue(mac, key, textOf(node, 'lastmodified') ?? '');
  if (written?.text === found) return;
  throw errorAt(
    at,
    'decrypt-failed',
    "this file of SOPS was changed by something else: its values do not match its 'mac'",
    'look at what was changed, then edit it with sops alone',
  );
}
