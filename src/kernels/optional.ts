/** Packages and libraries that need not be there. */

/** Imports a package that the type checker need not know. */
export function importOptional(name: string): Promise<unknown> {
  return import(name) as Promise<unknown>;
}

/** Whether an import failed because the package is not installed. */
export function isMissing(error: unknown, name: string): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && (error as Error).message.includes(`'${name}'`);
}

/** The library's name when the loader cannot open it. */
export function missingLibrary(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library);
  } catch (error) {
    // a library that was found fails later: it is no addon
    if (String(error).includes('cannot open shared object file')) return library;
  }
  return undefined;
}
