/**
 * Owns which images must be carried into another data-root: what is there already, what goes together, how much room it
 * takes. Pure. Sources: moby image/tarexport (save and load spool to disk), reference/store.go (repositories.json),
 * layer/layer.go (chain ids), layer/filestore.go (sizes of layers).
 */
import { sha256Of } from '../../core/content.js';
import { isMap, type Value, type ValueMap } from '../../core/value.js';
import { listAt, mapAt, textAt, textsOf } from './info.js';
import { idOf, nameOf, runStateOf } from './container.js';
import type { DockerInventory } from './inventory.js';
import { committedImage, imageFinder, isCommitTag } from './restore-images.js';
import { findLeftOut } from './restore-plan.js';
import { digestsOf, sizeOf, tagsOf } from './summary.js';

/** What another data-root holds of images. */
export interface StagedImages {
  readonly ids: ReadonlySet<string>;
  /** Ids by tags and digests. */
  readonly references: ReadonlyMap<string, string>;
}

export interface ImagePlan {
  /** All that should be there, whether it is or not. */
  readonly wanted: readonly ValueMap[];
  /** Images that a registry gives, each by itself. */
  readonly pulls: readonly Pull[];
  /** Ids to be saved and loaded together: those that share layers side by side. */
  readonly batches: readonly (readonly string[])[];
  /** Bytes of each. */
  readonly batchBytes: readonly number[];
  /** Tags that must be set there, by their ids. */
  readonly tags: readonly (readonly [tag: string, id: string])[];
  /** Digests that are lost by saving and loading, by their ids. */
  readonly digests: readonly (readonly [digest: string, id: string])[];
  /** Tags and ids there that the running Docker does not have any more, and commits that are not asked for. */
  readonly stale: readonly string[];
  /** Bytes that all of it takes there, and that the largest batch takes once more while it is loaded. */
  readonly bytes: number;
  readonly largest: number;
}

interface Pull {
  readonly id: string;
  /** `lab/web@sha256:…` */
  readonly reference: string;
  /** When it has not come by then, it is saved and loaded. */
  readonly seconds: number;
}

/** Bytes of one batch. Docker writes it out whole before it loads it. */
const batchLimit = 2 * 1024 ** 3;

/** A registry may take this long to begin, and gives at least so many bytes a second of what the image takes. */
const [pullSeconds, pullRate] = [600, 100_000];

interface PlanOptions {
  /** Everything that Docker has is wanted, so what it does not have is stale. */
  readonly all: boolean;
  readonly commits?: Pick<CommitPlan, 'commits' | 'unasked'>;
  /** By ids: the references under which registries give them. */
  readonly given?: ReadonlyMap<string, string>;
  readonly layers?: LayerSizes | undefined;
}

/** Bytes of layers, by their chain ids. Empty where nobody could look: sizes are then guessed, rather too large. */
export type LayerSizes = ReadonlyMap<string, number>;

export function missingImages(wanted: readonly ValueMap[], staged: StagedImages): readonly ValueMap[] {
  return wanted.filter((image) => !staged.ids.has(idOf(image)));
}

export function planImages(
  wanted: readonly ValueMap[],
  staged: StagedImages,
  { all, given = new Map(), layers = new Map(), commits = { commits: [], unasked: [] } }: PlanOptions,
): ImagePlan {
  const missing = missingImages(wanted, staged);
  const pulls = missing.flatMap((image): Pull[] => {
    const reference = given.get(idOf(image));
    if (reference === undefined) return [];
    return [{ id: idOf(image), reference, seconds: pullSeconds + Math.ceil(sizeOf(image) / pullRate) }];
  });
  const pairs = (namesOf: (image: ValueMap) => readonly string[]) =>
    wanted.flatMap((image) => namesOf(image).map((name): readonly [string, string] => [name, idOf(image)]));
  const isOpen = ([name, id]: readonly [string, string]) => staged.references.get(name) !== id;
  const ids = new Set(wanted.map(idOf));
  const unasked = new Set(commits.unasked);
  const toCommit = new Set(commits.commits.map(({ image }) => image));
  const tags = pairs(tagsOf).filter(([name]) => !unasked.has(name) && !toCommit.has(name));
  const names = new Set([...tags.map(([name]) => name), ...toCommit]);
  const stagedTags = [...staged.references.keys()].filter((name) => !name.includes('@'));
  const staleTags = stagedTags.filter((name) => (all ? !names.has(name) : unasked.has(name)));
  const staleIds = all ? [...staged.ids].filter((id) => !ids.has(id)) : [];
  const packed = pack(
    missing.filter((image) => !given.has(idOf(image))),
    { layers },
  );
  // What a registry gives is saved and loaded all the same, by itself, where it turns out not to.
  const alone = missing.filter((image) => given.has(idOf(image))).map(sizeOf);
  return {
    wanted,
    pulls,
    batches: packed.map(({ ids: batch }) => batch),
    batchBytes: packed.map(({ bytes }) => bytes),
    tags: tags.filter(isOpen),
    digests: pairs(digestsOf).filter(isOpen),
    stale: [...staleTags, ...staleIds].sort(),
    bytes: pack(missing, { layers, limit: Infinity, held: layersOf(wanted, staged) })[0]?.bytes ?? 0,
    largest: Math.max(0, ...alone, ...packed.map(({ bytes }) => bytes)),
  };
}

/** The ids of what is carried, in whatever way. */
export function carriedIds({ pulls, batches }: ImagePlan): readonly string[] {
  return [...pulls.map(({ id }) => id), ...batches.flat()];
}

export interface NotPulled {
  /** A tag, or the beginning of the id. */
  readonly image: string;
  readonly reason: string;
}

export interface Sources {
  /** By ids: the references under which registries give them. */
  readonly given: ReadonlyMap<string, string>;
  readonly notPulled: readonly NotPulled[];
}

/**
 * The digests by which registries are asked. What was built here is not asked for: pulled, it would lose its `Parent`, and
 * the steps that it was built on, which are saved in any case, would become images that nobody needs.
 */
export function digestsToAsk(missing: readonly ValueMap[], images: readonly ValueMap[]): readonly string[] {
  const ids = new Set(images.map(idOf));
  return missing.filter((image) => !isBuiltHere(image, ids)).flatMap(digestsOf);
}

function isBuiltHere(image: ValueMap, ids: ReadonlySet<string>): boolean {
  return ids.has(textAt(image, 'Parent') ?? '');
}

/** @param answers of registries, by digest: true, or why not */
export function chooseSources(
  missing: readonly ValueMap[],
  images: readonly ValueMap[],
  answers: ReadonlyMap<string, true | string>,
): Sources {
  const parents = new Set(images.map((image) => textAt(image, 'Parent')));
  const ids = new Set(images.map(idOf));
  const given = new Map<string, string>();
  const notPulled: NotPulled[] = [];
  for (const image of missing) {
    const digests = digestsOf(image);
    const reference = digests.find((digest) => answers.get(digest) === true);
    if (reference !== undefined) given.set(idOf(image), reference);
    // A step of another image has no name that anybody knows.
    else if (tagsOf(image).length + digests.length > 0 || !parents.has(idOf(image))) {
      const reasons = digests.map((digest) => answers.get(digest)).filter((each) => typeof each === 'string');
      const unasked = isBuiltHere(image, ids) ? 'it was built here' : 'no registry is known to have it';
      const reason = [...new Set(reasons)].join('; ') || unasked;
      notPulled.push({ image: shownName(image), reason });
    }
  }
  return { given, notPulled };
}

export function shownName(image: ValueMap): string {
  return tagsOf(image)[0] ?? digestsOf(image)[0] ?? idOf(image).slice(7, 19);
}

interface Batch {
  readonly ids: readonly string[];
  readonly bytes: number;
}

interface Packing {
  readonly layers: LayerSizes;
  readonly limit?: number;
  /** Layers that are there already. */
  readonly held?: ReadonlySet<string>;
}

/** Images with the same layers at their bottom side by side, so that such layers are saved once. */
function pack(
  images: readonly ValueMap[],
  { layers, limit = batchLimit, held = new Set() }: Packing,
): readonly Batch[] {
  const sorted = images
    .map((image) => ({ image, id: idOf(image), diffs: diffsOf(image).join(' '), chain: chainOf(image) }))
    .toSorted((a, b) => (a.diffs === b.diffs ? (a.id < b.id ? -1 : 1) : a.diffs < b.diffs ? -1 : 1));
  const batches: { ids: string[]; members: typeof sorted; held: Set<string>; bytes: number }[] = [];
  /** What an image takes beyond what is held; if that cannot be told, beyond a member that is its bottom. */
  const sizeBeyond = (
    { image, diffs, chain }: (typeof sorted)[number],
    members: typeof sorted,
    known: ReadonlySet<string>,
  ): number => {
    const sizes = chain.map((layer) => layers.get(layer));
    if (chain.length > 0 && sizes.every((size) => size !== undefined))
      return sizes.reduce((sum, size, i) => (known.has(chain[i] ?? '') ? sum : sum + size), 0);
    const bottoms = members.filter((each) => each.diffs !== '' && `${diffs} `.startsWith(`${each.diffs} `));
    return Math.max(0, sizeOf(image) - Math.max(0, ...bottoms.map((each) => sizeOf(each.image))));
  };
  for (const each of sorted) {
    const open = batches.at(-1);
    const added = open ? sizeBeyond(each, open.members, open.held) : Infinity;
    if (open && open.bytes + added <= limit) {
      open.ids.push(each.id);
      open.members.push(each);
      for (const layer of each.chain) open.held.add(layer);
      open.bytes += added;
    } else {
      const bytes = sizeBeyond(each, [], held);
      batches.push({ ids: [each.id], members: [each], held: new Set([...held, ...each.chain]), bytes });
    }
  }
  return batches;
}

function diffsOf(image: ValueMap): readonly string[] {
  return textsOf(listAt(image, 'RootFS', 'Layers'));
}

/** Under these Docker keeps an image's layers: the same content on another one below is another layer. */
function chainOf(image: ValueMap): readonly string[] {
  const chain: string[] = [];
  for (const diff of diffsOf(image)) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diff : `sha256:${sha256Of(Buffer.from(`${below} ${diff}`))}`);
  }
  return chain;
}

/** What the images hold that are there and stay there. */
function layersOf(wanted: readonly ValueMap[], staged: StagedImages): ReadonlySet<string> {
  return new Set(wanted.filter((image) => staged.ids.has(idOf(image))).flatMap(chainOf));
}

interface ChosenImages {
  readonly images: readonly ValueMap[];
  /** What was asked for and is not there. */
  readonly unknown: readonly string[];
}

/** @param asked ids, beginnings of ids, tags or digests */
export function chooseImages(asked: 'all' | readonly string[], inventory: DockerInventory): ChosenImages {
  const { images } = inventory;
  if (asked === 'all') return { images: withoutLeftCommits(inventory), unknown: [] };
  const find = imageFinder(images);
  const chosen = new Set<string>();
  const unknown: string[] = [];
  for (const name of asked) {
    const digits = name.replace(/^sha256:/, '');
    const begins = /^[0-9a-f]{12,64}$/.test(digits)
      ? images.filter((each) => idOf(each).slice(7).startsWith(digits))
      : [];
    const id = find(name) ?? (begins[0] && idOf(begins[0]));
    if (id === undefined) unknown.push(name);
    else chosen.add(id);
  }
  return { images: images.filter((image) => chosen.has(idOf(image))), unknown };
}

/**
 * Containers that `docker_restore` is to make again and whose image Docker does not have any more: `docker rmi -f` takes it
 * from one that is stopped. A commit needs it, too (moby daemon/images/image_commit.go).
 * @param asked for which of them it matters, by names or ids
 */
export function lackingImage(
  asked: 'all' | readonly string[],
  { containers, images }: DockerInventory,
): readonly ValueMap[] {
  const ids = new Set(images.map(idOf));
  const leftOut = new Set(findLeftOut(containers).map(({ name }) => name));
  return containers.filter((container) => {
    const isAsked =
      asked === 'all'
        ? !leftOut.has(nameOf(container))
        : [nameOf(container), idOf(container)].some((each) => asked.includes(each));
    return isAsked && !ids.has(textAt(container, 'Image') ?? '');
  });
}

export interface Commit {
  readonly name: string;
  readonly id: string;
  readonly image: string;
  /** What the image says of itself, as its `Comment`. */
  readonly note: string;
  /** The id of an image that has the name now, and then is nobody's. */
  readonly replaces: string | undefined;
}

export interface CommitPlan {
  /** Containers to be committed now. */
  readonly commits: readonly Commit[];
  /** Images of commits that are there and still right. */
  readonly standing: readonly ValueMap[];
  /** Every container that was asked for, with the name of its image. */
  readonly names: Readonly<Record<string, string>>;
  /** The names that commits of all other containers have: under these `docker_restore` would take an old one. */
  readonly unasked: readonly string[];
  readonly unknown: readonly string[];
}

interface CommitOptions {
  readonly runId: string;
  /** Images that are asked for by name are carried under that name, whatever they are. */
  readonly images?: 'all' | readonly string[];
}

/**
 * A commit stands only within the run that made it, and as long as the container has neither begun nor ended to run
 * after it. That a container has run on all the while is no sign that it has written nothing.
 */
export function planCommits(
  asked: readonly string[],
  { containers, images }: DockerInventory,
  { runId, images: askedImages = 'all' }: CommitOptions,
): CommitPlan {
  const commits: Commit[] = [];
  const standing: ValueMap[] = [];
  const names: Record<string, string> = {};
  const unknown: string[] = [];
  const byId = new Map(images.map((image) => [idOf(image), image]));
  const find = imageFinder(images);
  const note = commitNote(runId);
  for (const name of asked) {
    const container = containers.find((each) => nameOf(each) === name || idOf(each) === name);
    if (!container) {
      unknown.push(name);
      continue;
    }
    const image = committedImage(idOf(container));
    names[nameOf(container)] = image;
    const made = byId.get(find(image) ?? '');
    const since = runStateOf(container) === 'stopped' ? 'FinishedAt' : 'StartedAt';
    const turned = Date.parse(textAt(container, 'State', since) ?? '');
    const created = Date.parse(textAt(made, 'Created') ?? '');
    const isOurs = textAt(made, 'Comment') === note;
    if (made && isOurs && (Number.isNaN(turned) || created >= turned)) standing.push(made);
    else {
      const replaces = made && isCommit(made) && tagsOf(made).length === 1 ? idOf(made) : undefined;
      commits.push({ name: nameOf(container), id: idOf(container), image, note, replaces });
    }
  }
  const named = new Set([...Object.values(names), ...(askedImages === 'all' ? [] : askedImages)]);
  const unasked = containers.map((each) => committedImage(idOf(each))).filter((image) => !named.has(image));
  return { commits, standing, names, unasked, unknown };
}

/** Docker keeps it with the image. A label would be that of every container made from it, too. */
function commitNote(runId: string): string {
  return `${noteBeginning}, run ${runId}`;
}

const noteBeginning = 'carried by zrun';

/** An image that is nothing but a commit, of whatever run; one that was replaced has no name any more. */
function isCommit(image: ValueMap): boolean {
  const tags = tagsOf(image);
  if (digestsOf(image).length > 0 || !tags.every(isCommitTag)) return false;
  return tags.length > 0 || (textAt(image, 'Comment') ?? '').startsWith(noteBeginning);
}

/** What earlier runs have left of commits is none of the user's images, unless something was made from it. */
function withoutLeftCommits({ images, containers }: DockerInventory): readonly ValueMap[] {
  const others = images.filter((image) => !isCommit(image));
  const needed = new Set([
    ...containers.map((container) => textAt(container, 'Image')),
    ...others.map((image) => textAt(image, 'Parent')),
  ]);
  return images.filter((image) => !isCommit(image) || needed.has(idOf(image)));
}

/** `repositories.json`: `{"Repositories": {"lab/web": {"lab/web:1": "sha256:…", "lab/web@sha256:…": "sha256:…"}}}` */
export function readReferences(repositories: Value | undefined): ReadonlyMap<string, string> {
  const references = new Map<string, string>();
  for (const names of Object.values(mapAt(repositories, 'Repositories'))) {
    if (!isMap(names)) continue;
    for (const [name, id] of Object.entries(names)) if (typeof id === 'string') references.set(name, id);
  }
  return references;
}

/**
 * The same file with digests put in. Undefined where it is not of the form that is known: then it is left alone, and
 * the digests are lost.
 */
export function withDigests(
  repositories: Value | undefined,
  digests: readonly (readonly [digest: string, id: string])[],
): ValueMap | undefined {
  if (!isMap(repositories) || Object.keys(repositories).join() !== 'Repositories') return undefined;
  const known = mapAt(repositories, 'Repositories');
  const merged: Record<string, ValueMap> = {};
  for (const [repository, names] of Object.entries(known)) {
    if (!isMap(names) || !Object.keys(names).every((name) => isNameOf(name, repository))) return undefined;
    merged[repository] = names;
  }
  for (const [digest, id] of digests) {
    const repository = digest.slice(0, digest.lastIndexOf('@'));
    merged[repository] = { ...merged[repository], [digest]: id };
  }
  return { Repositories: merged };
}

function isNameOf(name: string, repository: string): boolean {
  return name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`);
}

/** Whether Docker keeps its images in the store of containerd, where nothing of this holds. */
export function usesContainerdStore({ server }: DockerInventory): boolean {
  return server.driver === 'overlayfs' || server.driver === 'stargz' || server.driver === 'nydus';
}
