/**
 * Owns how `meta` steps are read: what the engine itself does at a point of a play.
 */
import { nearest } from '../../../core/errors.js';
import { metaActions, type Meta, type MetaAction } from '../../../core/plan.js';
import { foreseeAll } from './brought.js';
import { checkKeywords } from '../reading/keywords.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from '../reading/site.js';
import { readCommon } from '../reading/common.js';
import { describeNode, type MapEntry, type MapNode } from '../../yaml/yaml.js';

export function readMeta(node: MapNode, entry: MapEntry, site: Site): Meta | undefined {
  const { report } = site.context;
  checkKeywords(node, 'meta', new Set([entry.key]), report);
  const common = readCommon(node, site, entry.keyAt);
  const action = readAction(entry, site);
  if (!action) return undefined;
  if (action === 'refresh_inventory') foreseeAll(site);
  return {
    type: 'meta',
    action,
    name: common.name ?? action,
    at: common.at,
    when: common.when,
    vars: common.vars,
    become: common.become,
    tags: common.site.tags,
  };
}

function readAction({ value, key }: MapEntry, { context, role }: Site): MetaAction | undefined {
  const { report } = context;
  const written = value.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
  const found = metaActions.find((one) => one === written);
  if (found === 'end_role' && !role) {
    const message = "'meta: end_role' stands outside of a role, and so ends none";
    report(
      errorAt(
        value.at,
        'playbook-invalid',
        message,
        "end_play ends the play, end_host this host's part in it",
      ),
    );
    return undefined;
  }
  if (found) return found;
  const known = `there are ${metaActions.join(', ')}`;
  if (written === undefined) {
    const message = `'${key}' must name what to do, but is ${describeNode(value)}`;
    report(errorAt(value.at, 'playbook-invalid', message, known));
  } else {
    const near = nearest(written, metaActions);
    const hint = near === undefined ? known : `did you mean '${near}'?`;
    report(errorAt(value.at, 'playbook-invalid', `there is no 'meta: ${written}'`, hint));
  }
  return undefined;
}
