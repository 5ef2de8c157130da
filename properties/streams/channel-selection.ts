/** Claims: channels do not interact in reading, mixing and their gradients (M11). See `../channel-selection.ts`. */
import { channelSelection } from '../channel-selection.ts';

export const readChannels = channelSelection('streams/read-channels', 'stream-read');
export const writeChannels = channelSelection('streams/write-channels', 'stream-write');
export const readVjpChannels = channelSelection('streams/read-vjp-channels', 'stream-read-vjp');
export const writeVjpChannels = channelSelection('streams/write-vjp-channels', 'stream-write-vjp');
