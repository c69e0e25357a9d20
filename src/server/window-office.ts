import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { CLIENTS_PAGE_MAX, TRANSFERS_LISTED_MAX } from "../base/limits-page.ts";
import type { Account, Registry } from "../core/registry.ts";
import type { Answer, RequestOf } from "../wire/messages.ts";
import type { WindowRequest } from "./desk.ts";
import type { Peer } from "./peer.ts";
import { place, type Watchers } from "./watchers.ts";
import type { WebDownloads } from "./web-downloads.ts";

export type TransferEntry = Answer<"transfers">["transfers"][number];
type ClientEntry = Answer<"clients">["clients"][number];

export interface WindowOfficeOptions {
  readonly registry: Registry;
  readonly peers: () => Iterable<Peer>;
  readonly watchers: Watchers;
  /** Undefined: this server takes no files. */
  readonly downloads: WebDownloads | undefined;
  /** Files on lanes. */
  readonly transfers: () => Iterable<TransferEntry>;
  readonly stats: () => Promise<Answer<"stats">>;
}

/** The server's window, for operators; and addresses of downloads, for everybody. */
export class WindowOffice {
  readonly #options: WindowOfficeOptions;

  constructor(options: WindowOfficeOptions) {
    this.#options = options;
  }

  /** @throws Fault, with which the request is to be refused */
  async serve(peer: Peer, account: Account, request: WindowRequest): Promise<void> {
    if (request.kind === "download") return this.#download(peer, account, request);
    if (!this.#mayOperate(peer, account)) {
      const remedy = "ask an operator";
      throw new Fault("not-allowed", "only operators may see that", { remedy });
    }
    const { ref } = request;
    switch (request.kind) {
      case "watch":
        this.#options.watchers.watch(peer, request.on);
        return peer.answer(ref, {});
      case "clients":
        return peer.answer(ref, this.#clients(request));
      case "transfers":
        return peer.answer(ref, this.#transfers());
      case "stats":
        return peer.answer(ref, await this.#options.stats());
      default:
        return unreachable(request);
    }
  }

  #download(peer: Peer, account: Account, { ref, file }: RequestOf<"download">): void {
    const { downloads } = this.#options;
    if (downloads === undefined) {
      const remedy = "ask whoever runs it";
      throw new Fault("not-allowed", "this server takes no files", { remedy });
    }
    peer.answer(ref, downloads.offer(peer, account, file as FileId));
  }

  #mayOperate(peer: Peer, account: Account): boolean {
    return peer.isOperator || this.#options.registry.rules.isOperator(account.id);
  }

  #clients({ after = 0 }: RequestOf<"clients">): Answer<"clients"> {
    const clients: ClientEntry[] = [];
    for (const peer of this.#options.peers()) {
      if (peer.id <= after) continue;
      if (clients.length >= CLIENTS_PAGE_MAX) return { clients, more: true };
      clients.push(this.#client(peer));
      peer.probe();
    }
    return { clients, more: false };
  }

  #client(peer: Peer): ClientEntry {
    const { link, session, lane } = peer;
    const account = peer.account ?? lane?.account;
    const counters = link.counters();
    const { lostPackets: lost } = counters;
    const roundTripMs = counters.roundTripMs ?? session.roundTripMs;
    return {
      client: peer.id,
      ...(account === undefined ? {} : { user: account.name }),
      program: peer.clientName,
      address: place(link.remote),
      transport: link.transport,
      since: peer.sinceMs,
      lane: lane !== undefined,
      operator: peer.account !== undefined && this.#mayOperate(peer, peer.account),
      ...(roundTripMs === undefined ? {} : { roundTripMs: Math.round(roundTripMs) }),
      sentMessages: counters.sentMessages,
      sentBytes: counters.sentBytes,
      receivedMessages: counters.receivedMessages,
      receivedBytes: counters.receivedBytes,
      queuedBytes: link.queuedBytes(),
      acknowledged: peer.acknowledged,
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
        address: place(address),
        since: sinceMs,
        doneBytes,
        sizeBytes,
        web: true,
      };
    }
  }
}
