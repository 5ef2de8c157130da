/** Claims that a stack and its gradient share with the other operations: reference parity, additivity, relabelling, channels, zero cotangent. */
import { additivity } from '../additivity.ts';
import { channelSelection } from '../channel-selection.ts';
import { parity } from '../parity.ts';
import { relabelling } from '../relabelling.ts';
import { zeroCotangent } from '../zero-cotangent.ts';

/** These need two or three bounds of every case, and the bound of a deep gradient costs more than the kernel. */
const small = { maxElements: 2 ** 13 };

export const stackParity = parity('depth/stack-parity', 'stack', ['transposed', 'lower-precision']);
export const stackVjpParity = parity('depth/stack-vjp-parity', 'stack-vjp', ['transposed', 'lower-precision']);
export const stackAdditivity = additivity('depth/stack-additivity', 'stack', ['streams'], ['finalStreams'], small);
export const stackVjpAdditivity = additivity('depth/stack-vjp-additivity', 'stack-vjp', ['cotangent'], ['residualMappingsGradient', 'streamsGradient'], small);
export const stackRelabelling = relabelling('depth/stack-relabelling', 'stack', ['lower-precision'], small);
export const stackVjpRelabelling = relabelling('depth/stack-vjp-relabelling', 'stack-vjp', ['lower-precision'], small);
export const stackChannels = channelSelection('depth/stack-channels', 'stack');
export const stackVjpChannels = channelSelection('depth/stack-vjp-channels', 'stack-vjp');
export const stackVjpZeroCotangent = zeroCotangent('depth/stack-vjp-zero-cotangent', 'stack-vjp', small);
