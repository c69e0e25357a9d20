/** HTTP routes that require a token: files, posts, reads and metrics. */

import type { Fault } from "../../base/fault.ts";
import type { Address } from "../../io/link/link.ts";
import type { Bans } from "../auth/bans.ts";
import type { Invites } from "../auth/invites.ts";
import { sameSecret } from "../auth/secrets.ts";
import { TokenChecker } from "../auth/tokens.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { HistoryQuota } from "../rooms/history-quota.ts";
import type { WebDownloads } from "./download-links.ts";
import { HttpPosts } from "./post-api.ts";
import { ProgramDownloads, type ProgramDownloadsOptions } from "./programs.ts";
import { HttpReads, type RecordLine } from "./read-api.ts";

export type HttpRoutes = ReturnType<typeof httpRoutes>;

interface HttpRoutesOptions extends ServerContext {
  readonly bans: Bans;
  readonly invites: Invites;
  readonly metrics: { format(): string };
  readonly historyQuota: HistoryQuota;
  readonly recordLine: RecordLine | undefined;
  readonly downloads: WebDownloads | undefined;
  readonly programs: ProgramDownloadsOptions["source"] | undefined;
  /** Watch of the free disk space. */
  readonly disk: { readonly fault: Fault | undefined } | undefined;
}

export function httpRoutes(options: HttpRoutesOptions) {
  const { clock, bans, metrics, downloads: files, recordLine: line, programs: source } = options;
  const { sequencer, disk } = options;
  const tokens = new TokenChecker(clock, bans);
  const { operatorToken } = options.settings;
  const isOperator = (token: string) =>
    operatorToken !== undefined && sameSecret(token, operatorToken) ? true : undefined;
  return {
    posts: new HttpPosts({ ...options, tokens }),
    reads: line && new HttpReads({ ...options, tokens, line }),
    operator: {
      authenticate: (token: string | undefined, remote: Address) =>
        tokens.authenticate(remote, token, isOperator),
      metrics: () => metrics.format(),
    },
    files,
    programs: source && new ProgramDownloads({ clock, source }),
    checkAddress: (host: string) => bans.checkAddress(host),
    health: () => sequencer.stoppedBy() ?? sequencer.majorityFault() ?? disk?.fault,
  };
}
