/** HTTP routes that require a token: files, posts, reads and metrics. */

import { Fault } from "../../base/fault.ts";
import type { Bans } from "../auth/bans.ts";
import type { Invites } from "../auth/invites.ts";
import { sameSecret } from "../auth/secrets.ts";
import { TokenChecker } from "../auth/tokens.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { HistoryQuota } from "../rooms/history-quota.ts";
import type { WebDownloads } from "./download-links.ts";
import type { HttpFiles, HttpOperator, HttpPrograms } from "./handler.ts";
import { faultResponse, HttpPosts } from "./post-api.ts";
import { ProgramDownloads, type ProgramDownloadsOptions } from "./programs.ts";
import { HttpReads, type RecordLine } from "./read-api.ts";

export interface HttpRoutesOptions extends ServerContext {
  readonly bans: Bans;
  readonly invites: Invites;
  readonly metrics: { format(): string };
  readonly historyQuota: HistoryQuota;
  readonly recordLine: RecordLine | undefined;
  readonly downloads: WebDownloads | undefined;
  readonly programs: ProgramDownloadsOptions["source"] | undefined;
}

export interface HttpRoutes {
  readonly posts: HttpPosts;
  readonly reads: HttpReads | undefined;
  readonly operator: HttpOperator;
  readonly files: HttpFiles | undefined;
  readonly programs: HttpPrograms | undefined;
  readonly health: () => Fault | undefined;
}

export function httpRoutes(options: HttpRoutesOptions): HttpRoutes {
  const { clock, bans, metrics } = options;
  const tokens = new TokenChecker(clock, bans);
  const posts = new HttpPosts({ ...options, tokens });
  const { operatorToken } = options.settings;
  const isOperator = (token: string) =>
    operatorToken !== undefined && sameSecret(token, operatorToken) ? true : undefined;
  const operator: HttpOperator = {
    async faultFor(token, remote) {
      try {
        await tokens.authenticate(remote, token, isOperator);
        return undefined;
      } catch (error) {
        if (error instanceof Fault) return error;
        throw error;
      }
    },
    metrics: () => metrics.format(),
  };
  const { downloads, recordLine } = options;
  const reads =
    recordLine === undefined ? undefined : new HttpReads({ ...options, tokens, line: recordLine });
  const files = downloads === undefined ? undefined : withBanCheck(downloads, bans);
  const { programs: source } = options;
  const downloadsOfProgram =
    source === undefined ? undefined : new ProgramDownloads({ clock, source });
  const programs =
    downloadsOfProgram === undefined
      ? undefined
      : { ...withBanCheck(downloadsOfProgram, bans), stop: () => downloadsOfProgram.stop() };
  return { posts, reads, operator, files, programs, health: options.sequencer.majorityFault };
}

function withBanCheck(downloads: HttpFiles, bans: Bans): HttpFiles {
  return {
    async serve(request, name, remote) {
      try {
        bans.checkAddress(remote.host);
        return await downloads.serve(request, name, remote);
      } catch (error) {
        if (error instanceof Fault) return faultResponse(error);
        throw error;
      }
    },
  };
}
