export { stackVjp } from './stack-vjp.ts';
export { stack } from './stack.ts';
