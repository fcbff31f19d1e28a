/**
 * Owns from which image a container is made again, and what a name means among Docker's images. Pure.
 */
import type { ValueMap } from '../../core/value.js';
import { idOf, shortId } from './container.js';
import { listAt, textAt } from './info.js';
import type { DockerInventory } from './inventory.js';

/** The name of the image that has what a container had written: `docker_image_copy` makes it by commit. */
export function committedImage(containerId: string): string {
  return `${commitRepository}:${shortId(containerId)}`;
}

const commitRepository = 'zrun-carried';

export function isCommitTag(tag: string): boolean {
  return tag.startsWith(`${commitRepository}:`);
}

export function imageNameOf(container: ValueMap): string {
  return textAt(container, 'Config', 'Image') ?? textAt(container, 'Image') ?? '';
}

export interface ChosenImage {
  readonly name: string;
  readonly id: string;
  readonly isCommitted: boolean;
}

/** Of a RestoreSight. */
interface ImageSight {
  readonly now: DockerInventory;
  readonly isToCome: boolean;
}

/**
 * What it had written, if that was carried; its image by name while that still means the same one; else by id. The new
 * data-root has a commit only where this move was asked for it: `docker_image_copy` sees to that. What a check finds is
 * still the old Docker, where one may be left of another move.
 */
export function chooseImage(container: ValueMap, { now, isToCome }: ImageSight): ChosenImage | undefined {
  const find = imageFinder(now.images);
  const id = textAt(container, 'Image') ?? '';
  const name = imageNameOf(container);
  const committed = committedImage(idOf(container));
  const committedId = isToCome ? undefined : find(committed);
  if (committedId !== undefined) return { name: committed, id: committedId, isCommitted: true };
  if (find(name) === id) return { name, id, isCommitted: false };
  const isThere = now.images.some((image) => idOf(image) === id);
  return isThere || isToCome ? { name: id, id, isCommitted: false } : undefined;
}

/** The id that a name means to Docker. Names are compared in the short form that Docker shows. */
export function imageFinder(images: readonly ValueMap[]): (name: string) => string | undefined {
  const ids = new Map<string, string>();
  for (const image of images) {
    for (const key of ['RepoTags', 'RepoDigests']) {
      for (const name of listAt(image, key)) if (typeof name === 'string') ids.set(name, idOf(image));
    }
    ids.set(idOf(image), idOf(image));
  }
  return (name) => {
    const short = name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
    const hasTag = /:[^/]*$/.test(short) || short.includes('@');
    // `name:tag@digest`: the digest is what counts.
    const bare = short.replace(/:[^/:@]+@/, '@');
    return ids.get(bare) ?? ids.get(hasTag ? bare : `${bare}:latest`) ?? ids.get(`sha256:${bare}`);
  };
}
