export { mappingsVjp } from './mappings-vjp.ts';
export { mappings } from './mappings.ts';
