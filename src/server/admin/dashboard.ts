import { unreachable } from "../../base/assert.ts";
import { productOf } from "../../base/client-name.ts";
import { Fault } from "../../base/fault.ts";
import { CLIENTS_PAGE_MAX, TRANSFERS_LISTED_MAX } from "../../base/limits-page.ts";
import type { Account, Registry } from "../../core/rooms/accounts.ts";
import { formatPlace } from "../../wire/invite.ts";
import type { Answer, Request, RequestOf } from "../../wire/messages.ts";
import { isOperating } from "../auth/operator-link.ts";
import type { TransferEntry } from "../files/file-service.ts";
import type { WebDownloads } from "../http/download-links.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { EventFeed } from "./event-feed.ts";

export type DashboardRequest = Extract<
  Request,
  { kind: "watch" | "clients" | "transfers" | "stats" | "samples" }
>;
type ClientEntry = Answer<"clients">["clients"][number];

export interface AdminDashboardOptions {
  readonly registry: Registry;
  readonly peers: () => Iterable<ClientConnection>;
  readonly feed: EventFeed;
  /** Undefined: this server takes no files. */
  readonly downloads: Pick<WebDownloads, "runs"> | undefined;
  /** Files on data channels. */
  readonly transfers: () => Iterable<TransferEntry>;
  readonly stats: () => Answer<"stats">;
  readonly samples: (after: number) => Answer<"samples">;
}

/** What operators see of the server. */
export class AdminDashboard {
  readonly #options: AdminDashboardOptions;

  constructor(options: AdminDashboardOptions) {
    this.#options = options;
  }

  /** @throws Fault, with which the request is to be refused */
  async serve(
    client: ClientConnection,
    account: Account,
    request: DashboardRequest,
  ): Promise<void> {
    if (!isOperating(client, account, this.#options.registry)) {
      const remedy = "ask an operator";
      throw new Fault("not-allowed", "only operators may see that", { remedy });
    }
    const { ref } = request;
    switch (request.kind) {
      case "watch":
        this.#options.feed.watch(client, request.on);
        return client.answer(ref, {});
      case "clients":
        return client.answer(ref, this.#clients(request));
      case "transfers":
        return client.answer(ref, this.#transfers());
      case "stats":
        return client.answer(ref, this.#options.stats());
      case "samples":
        return client.answer(ref, this.#options.samples(request.after ?? 0));
      default:
        return unreachable(request);
    }
  }

  #clients({ after = 0 }: RequestOf<"clients">): Answer<"clients"> {
    const clients: ClientEntry[] = [];
    for (const client of this.#options.peers()) {
      if (client.id <= after) continue;
      if (clients.length >= CLIENTS_PAGE_MAX) return { clients, more: true };
      clients.push(this.#client(client));
      client.probe();
    }
    return { clients, more: false };
  }

  #client(client: ClientConnection): ClientEntry {
    const { link, session, channel } = client;
    const account = client.account ?? channel?.account;
    const counters = link.counters();
    const { lostPackets: lost } = counters;
    const roundTripMs = counters.roundTripMs ?? session.roundTripMs;
    return {
      client: client.id,
      ...(account === undefined ? {} : { user: account.name }),
      program: productOf(client.greeted?.clientName ?? ""),
      address: formatPlace(link.remote),
      transport: link.transport,
      since: client.sinceMs,
      lane: channel !== undefined,
      operator: isOperating(client, client.account, this.#options.registry),
      ...(roundTripMs === undefined ? {} : { roundTripMs: Math.round(roundTripMs) }),
      sentMessages: counters.sentMessages,
      sentBytes: counters.sentBytes,
      receivedMessages: counters.receivedMessages,
      receivedBytes: counters.receivedBytes,
      queuedBytes: link.queuedBytes(),
      acknowledged: client.acknowledged,
      // What QUIC has lost it has sent again; kernels do not tell of TCP.
      ...(lost === undefined ? {} : { retransmitted: lost }),
      ...(lost === undefined ? {} : { lost }),
    };
  }

  #transfers(): Answer<"transfers"> {
    const all = [...this.#options.transfers(), ...this.#webTransfers()];
    all.sort((one, other) => one.since - other.since);
    const transfers = all.slice(0, TRANSFERS_LISTED_MAX);
    return { transfers, more: all.length - transfers.length };
  }

  *#webTransfers(): Iterable<TransferEntry> {
    for (const run of this.#options.downloads?.runs ?? []) {
      const { file, name, account, address, sinceMs, doneBytes, sizeBytes } = run;
      yield {
        file,
        name,
        direction: "down",
        user: account.name,
        address: formatPlace(address),
        since: sinceMs,
        doneBytes,
        sizeBytes,
        web: true,
      };
    }
  }
}
