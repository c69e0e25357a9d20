/** Operator console requests: status, samples, announcements and cancellation of transfers. */

import { productOf } from "../../base/client-name.ts";
import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import {
  ADDRESS_CHARS_MAX,
  CLIENTS_PAGE_MAX,
  TRANSFERS_LISTED_MAX,
} from "../../base/limits-page.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { announcementDraft } from "../../core/rooms/policy.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { formatAddress } from "../../wire/invite.ts";
import type { Answer } from "../../wire/messages.ts";
import type { ServerActivity } from "../../wire/messages-admin.ts";
import { isOperating } from "../auth/operator-link.ts";
import type { FileService, TransferEntry } from "../files/file-service.ts";
import type { WebDownloads } from "../http/download-links.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { Cancel } from "../kernel/siblings.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { RemoteActivity } from "../siblings/remote-activity.ts";
import type { RemoteCancels } from "../siblings/remote-sessions.ts";
import type { Metrics } from "./metrics.ts";

type ClientEntry = Answer<"clients">["clients"][number];

interface AdminDashboardOptions extends ServerContext {
  readonly downloads: Pick<WebDownloads, "active" | "cancel"> | undefined;
  readonly files: Pick<FileService, "list" | "cancel"> | undefined;
  readonly metrics: Pick<Metrics, "stats">;
  readonly remoteActivity: Pick<RemoteActivity, "request" | "all">;
  readonly remoteCancels: Pick<RemoteCancels, "request">;
}

export class AdminDashboard {
  readonly #announcements = new TaskQueue();

  constructor(private readonly options: AdminDashboardOptions) {}

  readonly handlers = {
    clients: ({ after = 0 }) => {
      this.options.remoteActivity.request();
      const { clients, more } = this.#localClients(after);
      if (more) return { clients, more };
      for (const window of this.#remoteActivities) {
        for (const client of window.clients) {
          if (client.client <= after) continue;
          if (clients.length >= CLIENTS_PAGE_MAX) return { clients, more: true };
          clients.push(client);
        }
      }
      return { clients, more: false };
    },
    transfers: () => {
      this.options.remoteActivity.request();
      const transfers = this.#remoteActivities.flatMap(({ transfers }) => transfers);
      return transferPage([...this.#localTransfers(), ...transfers]);
    },
    stats: () => {
      const { sequencer, remoteActivity, metrics } = this.options;
      const own = metrics.stats();
      if (!sequencer.isShared) return own;
      remoteActivity.request();
      const remoteServers = this.#remoteActivities.map(({ server }) => server);
      return { ...own, servers: [this.#server(own), ...remoteServers] };
    },
    announce: ({ text }, { account: { id } }) => this.announce(id, text),
    cancel: async (request, { account: by }) => {
      const { registry, remoteCancels, onEvent } = this.options;
      const { id, name } = requireUser(registry.allNames, checkName(request.user, "person's name"));
      const { direction } = request;
      const file = request.file as FileId;
      const cancel = { file, user: id, direction, by: by.id };
      if (await this.cancelLocal(cancel)) {
        // Another server may have an older part of the same upload.
        if (direction === "up") remoteCancels.request(cancel).catch(ignoreFault);
        return;
      }
      if (!(await remoteCancels.request(cancel))) {
        throw new Fault("not-found", msg`${name} is not transferring this file`, {
          remedy: "see the Transfers tab",
        });
      }
      onEvent({ kind: "cancelled", by: by.name, user: name, file });
    },
  } satisfies SomeHandlers;

  /** @param text empty to withdraw the announcement */
  async announce(by: UserId, text: string): Promise<void> {
    const { kernel, registry } = this.options;
    const isNothing = () => text === "" && registry.policy.announced === undefined;
    await this.#announcements.run(() =>
      kernel.transact(() => (isNothing() ? [] : [announcementDraft(by, text)])),
    );
  }

  /** Transfers through this server. */
  localTransfers(): Answer<"transfers"> {
    return transferPage([...this.#localTransfers()]);
  }

  #localClients(after: number): { clients: ClientEntry[]; more: boolean } {
    const clients: ClientEntry[] = [];
    for (const client of this.options.peers.all()) {
      if (client.id <= after) continue;
      if (clients.length >= CLIENTS_PAGE_MAX) return { clients, more: true };
      clients.push(this.#client(client));
      client.probe();
    }
    return { clients, more: false };
  }

  get window(): ServerActivity {
    const { clients } = this.#localClients(0);
    const { transfers } = this.localTransfers();
    return { server: this.#server(this.options.metrics.stats()), clients, transfers };
  }

  get #remoteActivities(): readonly ServerActivity[] {
    return this.options.remoteActivity.all;
  }

  #server(own: Answer<"stats">): ServerActivity["server"] {
    const { version, since, diskFreeBytes, memoryBytes, links, sessions, lanes } = own;
    const { sentBytes, receivedBytes } = own;
    const [address] = this.options.addresses();
    return defined({
      server: address === undefined ? "" : formatAddress(address).slice(0, ADDRESS_CHARS_MAX),
      diskFreeBytes,
      version,
      since,
      memoryBytes,
      links,
      sessions,
      lanes,
      sentBytes,
      receivedBytes,
    });
  }

  #client(client: ClientConnection): ClientEntry {
    const { link, session, channel } = client;
    const account = client.account ?? channel?.account;
    const counters = link.counters();
    const { lostPackets: lost } = counters;
    const roundTripMs = counters.roundTripMs ?? session.roundTripMs;
    const { sentMessages, sentBytes, receivedMessages, receivedBytes } = client.traffic;
    return defined({
      client: client.id,
      user: account?.name,
      program: productOf(client.handshake?.clientName ?? ""),
      address: formatAddress(link.remote),
      transport: link.transport,
      since: client.sinceMs,
      lane: channel !== undefined,
      operator: isOperating(client, client.account, this.options.registry),
      roundTripMs: roundTripMs === undefined ? undefined : Math.round(roundTripMs),
      sentMessages,
      sentBytes,
      receivedMessages,
      receivedBytes,
      queuedBytes: link.queuedBytes(),
      acknowledged: client.acknowledged,
      // QUIC resends exactly the data that it has lost. Operating systems do not report TCP losses.
      retransmitted: lost,
      lost,
    });
  }

  *#localTransfers(): Iterable<TransferEntry> {
    yield* this.options.files?.list() ?? [];
    yield* this.#webTransfers();
  }

  async cancelLocal(cancel: Cancel): Promise<boolean> {
    const { file, user, direction, by } = cancel;
    const { registry, files, downloads, onEvent } = this.options;
    const isWeb = direction === "down" && downloads?.cancel(file, user) === true;
    if (!((await files?.cancel(cancel)) === true || isWeb)) return false;
    const [userName, operatorName] = [registry.nameOf(user) ?? "?", registry.nameOf(by) ?? "?"];
    onEvent({ kind: "cancelled", by: operatorName, user: userName, file });
    return true;
  }

  *#webTransfers(): Iterable<TransferEntry> {
    for (const run of this.options.downloads?.active ?? []) {
      const { file, name, account, address, sinceMs, doneBytes, sizeBytes } = run;
      yield defined({
        file,
        name,
        direction: "down",
        user: account.name,
        address: formatAddress(address),
        since: sinceMs,
        doneBytes,
        sizeBytes,
        web: true,
      });
    }
  }
}

function transferPage(all: TransferEntry[]): Answer<"transfers"> {
  all.sort((a, b) => a.since - b.since);
  const transfers = all.slice(0, TRANSFERS_LISTED_MAX);
  return { transfers, more: all.length - transfers.length };
}
