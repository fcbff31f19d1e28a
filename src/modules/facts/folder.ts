/**
 * Owns what is known of a data-root that is a plain folder of a larger ZFS filesystem: which of the datasets below that one
 * are Docker's, and how much is in the folder. The rest of that filesystem is somebody else's.
 */
import { isLayerName } from '../docker/info.js';
import { mountAround, mountOf, topMountAt, type MountEntry, type MountTable } from '../host/mountinfo.js';
import { joinPath } from '../host/path.js';
import type { Facts } from './schema.js';
import { firstRow, number, rows, type Sections } from './sections.js';
import { markedDatasets } from './zfs.js';

type DataRoot = Facts['data_root'];

/** The mount that the data-root lies in: not the one by which a run keeps a folder from being written to. */
export function mountOfRoot(mounts: MountTable, root: string): MountEntry | undefined {
  const top = topMountAt(mounts, root);
  const around = mountAround(mounts, root);
  if (top === undefined || around === undefined || top.devno !== around.devno) return mountOf(mounts, root);
  return top.root === joinPath(around.root, pathIn(around, root)) ? around : top;
}

/** Where a path lies in its mount, with no slash before it. */
function pathIn({ target }: MountEntry, path: string): string {
  return path.slice(target.length).replace(/^\//, '');
}

/** What is known of it whatever it is. */
export function placeFacts(
  sections: Sections,
): Pick<DataRoot, 'marked' | 'backup_folder' | 'holding' | 'place'> {
  const [name, guid] = (firstRow(sections, 'holding') ?? '').split('\t');
  return {
    marked: markedDatasets(rows(sections, 'marks')),
    backup_folder: firstRow(sections, 'taken') !== null,
    holding: name !== undefined && guid !== undefined ? { dataset: name, guid } : null,
    place: firstRow(sections, 'place'),
  };
}

type Contents = Pick<
  DataRoot,
  'layers' | 'layer_like' | 'children' | 'foreign_children' | 'logical_referenced' | 'logical_used'
> & { readonly files: number | null };

/**
 * @param dataset what the folder lies in
 * @param referenced what that holds, which is as much as the folder can hold: its files may have holes
 */
export function folderContents(sections: Sections, dataset: string, referenced: number | null): Contents {
  const found = rows(sections, 'layers').map((row) => {
    const [kind, name = '', guid = '', createtxg, logicalUsed] = row.split('\t');
    return { kind, name, guid, createtxg: number(createtxg) ?? 0, bytes: number(logicalUsed) ?? 0 };
  });
  const layers = found.filter(({ kind }) => kind === 'known');
  const [bytes = null, files = null] = (firstRow(sections, 'contents') ?? '')
    .split('\t')
    .map((n) => number(n));
  const known = [bytes, referenced].filter((each) => each !== null);
  const contents = known.length > 0 ? Math.min(...known) : null;
  return {
    layers: layers.map(({ name, guid, createtxg }) => ({ name, guid, createtxg })),
    layer_like: found
      .filter(({ kind, name }) => kind === 'other' && isLayerName(name.slice(dataset.length + 1)))
      .map(({ name }) => name),
    children: layers.length,
    foreign_children: [],
    logical_referenced: contents,
    logical_used: contents === null ? null : layers.reduce((sum, layer) => sum + layer.bytes, contents),
    files,
  };
}
