export { writeFileAtomically } from '../targets/atomic-file.ts';
