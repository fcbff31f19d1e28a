/** Owns how a plan for images is shown: in one line, and with --diff. Pure. */
import type { Diff } from '../../core/module.js';
import { carriedIds, type CommitPlan, type ImagePlan } from './images.js';
import { formatBytes } from '../../core/bytes.js';

export function describeImages(
  dataRoot: string,
  plan: ImagePlan,
  { commits }: CommitPlan,
  { wipes, isBusy }: { readonly wipes: boolean; readonly isBusy: boolean },
): string {
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
  const [pulled, copied] = [plan.pulls.length, plan.batches.flat().length];
  const ways = [
    pulled > 0 && `pull ${count(pulled, 'image')}`,
    copied > 0 && `copy ${count(copied, 'image')}`,
  ].filter((way) => way !== false);
  const steps = [
    wipes && 'start over, because the power failed while images were written',
    commits.length > 0 && `commit ${count(commits.length, 'container')}`,
    ways.length > 0 && `${ways.join(' and ')} (at most ${formatBytes(plan.bytes)})`,
    plan.tags.length > 0 && `set ${count(plan.tags.length, 'tag')}`,
    plan.digests.length > 0 && `write ${count(plan.digests.length, 'digest')}`,
    plan.stale.length > 0 && `drop ${plan.stale.length} that do not belong there`,
  ].filter((step) => step !== false);
  const rest = isBusy ? 'end what an earlier run has left' : 'write down that every image is there';
  return `${steps.length > 0 ? steps.join(', ') : rest} in ${dataRoot}`;
}

export function diffOfImages(dataRoot: string, plan: ImagePlan, { commits }: CommitPlan): readonly Diff[] {
  const namesById = new Map<string, string[]>();
  for (const [name, id] of [...plan.tags, ...plan.digests]) {
    namesById.set(id, [...(namesById.get(id) ?? []), name]);
  }
  const copied = carriedIds(plan);
  const pulled = new Set(plan.pulls.map(({ id }) => id));
  const fields = [
    ...commits.map(({ name, image, replaces }) => ({
      name: image,
      before: replaces && 'an old commit',
      after: `commit of ${name}`,
    })),
    ...[...new Set([...copied, ...namesById.keys()])].map((id) => ({
      name: id.slice(0, 19),
      before: copied.includes(id) ? undefined : 'there',
      after: (namesById.get(id)?.join(', ') ?? 'without a name') + (pulled.has(id) ? ', pulled' : ''),
    })),
    ...plan.stale.map((name) => ({ name: name.slice(0, 60), before: 'there', after: undefined })),
  ];
  return fields.length === 0 ? [] : [{ type: 'fields', subject: `images in ${dataRoot}`, fields }];
}
