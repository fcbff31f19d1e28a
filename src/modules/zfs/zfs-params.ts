/**
 * Owns the parameters of the module `zfs`.
 */
import * as z from 'zod';
import { parseBytes } from '../../core/bytes.js';
import { datasetName, propertiesParameter, requireProperties } from './dataset.js';

const size = z.union([
  z.int().positive(),
  z.string().refine((text) => parseBytes(text) !== undefined, 'must be a size: 8GiB, 512M, or bytes'),
]);

export const zfsParams = z
  .strictObject({
    name: datasetName('the dataset: `tank/docker`'),
    type: z.enum(['filesystem', 'volume']).default('filesystem').describe('what is to be there'),
    state: z.enum(['present', 'absent']).default('present').describe('whether it is to be there'),
    volsize: size
      .optional()
      .describe(
        "a volume's size: `8GiB`, or bytes; units are powers of 1024, also as `8G` and `8GB`. Rounded up to whole blocks. Needed where the volume is to be made",
      ),
    volblocksize: size
      .optional()
      .describe("a volume's block size: `16K`; fixed at creation. Default: what the pool's ZFS chooses"),
    sparse: z
      .boolean()
      .default(false)
      .describe(
        'a volume without a reservation: a pool that fills up then shows as I/O errors in the volume',
      ),
    properties: propertiesParameter(
      'properties to set, the user properties (`org.example:owner`) among them; null hands one back to the parent or default',
    ),
    create_parents: z.boolean().default(false).describe('makes the datasets above that are missing'),
    require_properties: requireProperties(
      'properties that a dataset which is already there must have of its own, or it counts as somebody else’s and the task fails',
    ),
  })
  .refine((p) => p.type === 'volume' || (p.volsize ?? p.volblocksize) === undefined, {
    message: 'only a volume has a volsize and a volblocksize: add `type: volume`',
    path: ['type'],
  })
  .refine((p) => p.state === 'present' || Object.keys(p.require_properties).length > 0, {
    message:
      'state: absent destroys data, so it needs require_properties that tell which dataset may be destroyed',
    path: ['require_properties'],
  });

export type ZfsParams = z.output<typeof zfsParams>;
