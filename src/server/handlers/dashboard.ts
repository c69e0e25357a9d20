/** Handlers of the operators' dashboard. */

import type { Answer } from "../../wire/messages.ts";
import type { AdminDashboard } from "../admin/dashboard.ts";
import type { EventFeed } from "../admin/event-feed.ts";
import type { Lists } from "../admin/lists.ts";
import type { PastDecisions } from "../admin/past-decisions.ts";
import type { Handlers } from "./handler.ts";

export interface DashboardHandlerOptions {
  readonly dashboard: AdminDashboard;
  readonly watchers: EventFeed;
  readonly lists: Lists;
  readonly past: Pick<PastDecisions, "page">;
  readonly samples: (after: number) => Answer<"samples">;
}

type DashboardKind =
  | ("watch" | "clients" | "transfers" | "stats" | "samples" | "cancel")
  | ("announce" | "events" | "decisions" | "accounts" | "all-rooms" | "all-files");

export function dashboardHandlers(options: DashboardHandlerOptions): Handlers<DashboardKind> {
  const { dashboard, watchers, lists, past, samples } = options;
  return {
    watch: ({ on }, { client }) => watchers.watch(client, on),
    clients: (request) => dashboard.clients(request),
    transfers: () => dashboard.transfers(),
    stats: () => dashboard.stats(),
    samples: ({ after = 0 }) => samples(after),
    announce: ({ text }, { account }) => dashboard.announce(account, text),
    events: () => watchers.past(),
    decisions: (request) => past.page(request),
    accounts: (request) => lists.accounts(request),
    "all-rooms": (request) => lists.rooms(request),
    "all-files": (request) => lists.files(request),
    cancel: (request, { account }) => dashboard.cancel(account, request),
  };
}
