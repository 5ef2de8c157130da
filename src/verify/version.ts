import { createRequire } from 'node:module';

/** Version of this package. */
export const version: string = packageVersion();

function packageVersion(): string {
  const require = createRequire(import.meta.url);
  // two folders up from the sources, three from dist/src/verify
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = require(path) as { name?: string; version?: string };
      if (found.name === 'plumbline' && found.version !== undefined) return found.version;
    } catch (error) {
      if ((error as { code?: string }).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return 'unknown';
}
