/** Owns the list of stories that are run through ansible-core too. */
import type { PeerStory } from '../grounds.js';
import { blockStories } from './blocks.js';

export const peerStories: readonly PeerStory[] = [...blockStories];
