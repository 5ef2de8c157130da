/** Types of the package webgpu for examples/, where it is not installed. */
/// <reference types="@webgpu/types" />

declare module 'webgpu' {
  export function create(options: string[]): GPU;
  export const globals: object;
}
