/** All reporters by name, and which ones a run has when none is named. */
import { createBlobReporter } from './blob.ts';
import { createCompactReporter } from './compact.ts';
import { createCtrfReporter } from './ctrf.ts';
import { createDefaultReporter } from './default.ts';
import { createGithubReporter } from './github.ts';
import { createHtmlReporter } from './html/verify.ts';
import { createJsonReporter } from './json.ts';
import { createJunitReporter } from './junit.ts';
import { createMarkdownReporter } from './markdown.ts';
import type { Reporter, ReporterContext } from './reporter.ts';
import { createSarifReporter } from './sarif.ts';

export const reporterNames = ['default', 'compact', 'json', 'junit', 'sarif', 'ctrf', 'markdown', 'html', 'github', 'blob'] as const;
export type ReporterName = (typeof reporterNames)[number];

/** Reporters that write a file, so that `--output-file` is about them. */
export const fileReporters: readonly ReporterName[] = ['json', 'junit', 'sarif', 'ctrf', 'markdown', 'html', 'blob'];

export const createReporter: Readonly<Record<ReporterName, (context: ReporterContext) => Reporter>> = {
  default: createDefaultReporter,
  compact: createCompactReporter,
  json: createJsonReporter,
  junit: createJunitReporter,
  sarif: createSarifReporter,
  ctrf: createCtrfReporter,
  markdown: createMarkdownReporter,
  html: createHtmlReporter,
  github: createGithubReporter,
  blob: createBlobReporter,
};

/** Where a run is watched from. */
export interface Audience {
  readonly isTTY: boolean;
  readonly isCI: boolean;
  readonly isAgent: boolean;
  readonly isGithub: boolean;
}

/** The tables for a person at a terminal, one line per failure for everybody else, and annotations on GitHub. */
export function defaultReporters({ isTTY, isCI, isAgent, isGithub }: Audience): ReporterName[] {
  const forPeople: ReporterName = isTTY && !isCI && !isAgent ? 'default' : 'compact';
  return isGithub ? [forPeople, 'github'] : [forPeople];
}
