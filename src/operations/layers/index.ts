export { expand, expandVjp } from './expand.ts';
export { head, headVjp } from './head.ts';
export { layerStack, layerStackVjp } from './layer-stack.ts';
export { layer, layerVjp } from './layer.ts';
export { singlePass, singlePassVjp } from './single-pass.ts';
