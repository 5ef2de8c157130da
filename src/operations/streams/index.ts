export { streamRead, streamReadVjp } from './stream-read.ts';
export { streamWrite, streamWriteVjp } from './stream-write.ts';
