/** Owns the list of stories that are run through ansible-core too. */
import type { PeerStory } from '../grounds.js';
import { batchStories } from './batches.js';
import { blockStories } from './blocks.js';
import { handlerStories } from './handlers.js';
import { hostStories } from './hosts.js';
import { inventoryStories } from './inventory.js';
import { loopStories } from './loops.js';
import { mixedStories } from './mixed.js';
import { roleStories } from './roles.js';
import { tagStories } from './tags.js';
import { targetTaskStories } from './targets-tasks.js';
import { targetStories } from './targets.js';
import { variableStories } from './variables.js';

export const peerStories: readonly PeerStory[] = [
  ...blockStories,
  ...handlerStories,
  ...tagStories,
  ...batchStories,
  ...loopStories,
  ...roleStories,
  ...variableStories,
  ...hostStories,
  ...inventoryStories,
  ...targetStories,
  ...targetTaskStories,
  ...mixedStories,
];
