/** An adapter's f32 arithmetic, measured against WGSL's table. */
export { measuredFunctions, measuredNames, type MeasuredName } from './functions.ts';
export { complaintsOf, describeArithmetic, measuredUnits, shareOutside, tableOf, type Complaint } from './describe.ts';
export { inSoftware, makeRecord, measureArithmetic, quickly, thoroughly, type MeasureOptions } from './measure.ts';
export { isConsistent, judgeSeen, recordFormat, recordSchema, recordVersion, type ArithmeticRecord, type FunctionRecord, type Seen } from './record.ts';
export { drawn } from './samples.ts';
export { judgedOnDevice } from './truth.ts';
