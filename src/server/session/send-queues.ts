/** Limits on the bytes that are queued for the links of one account, and of all together. */

import {
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUES_BYTES_MAX,
  SEND_QUEUES_CHECK_MS,
  SEND_QUEUES_PER_ACCOUNT_BYTES_MAX,
} from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientConnection } from "./client-connection.ts";

/** Number of links that cannot exceed a limit, because each has its own. */
const LINKS_UNCHECKED = SEND_QUEUES_PER_ACCOUNT_BYTES_MAX / SEND_QUEUE_BYTES_MAX;

type Client = Pick<ClientConnection, "dropSlowReader" | "sender"> & {
  readonly link: { queuedBytes(): number };
};

interface AccountQueues {
  bytes: number;
  /** The longest last. */
  readonly queues: { readonly client: Client; readonly bytes: number }[];
}

interface SendQueuesOptions {
  readonly clock: Pick<Clock, "after">;
  readonly clients: { readonly count: number; all(): Iterable<Client> };
}

/**
 * Sessions and data channels of an account count together, as do clients of an address before their
 * log-in.
 */
export class SendQueues {
  #isScheduled = false;

  constructor(private readonly options: SendQueuesOptions) {}

  onLink(): void {
    if (this.#isScheduled || this.options.clients.count <= LINKS_UNCHECKED) return;
    this.#isScheduled = true;
    this.options.clock.after(SEND_QUEUES_CHECK_MS, () => {
      this.#isScheduled = false;
      this.#check();
      this.onLink();
    });
  }

  /** Closes the links with the longest queues. Their clients resume by `seq`, or by chunk. */
  #check(): void {
    const accounts = this.#queues();
    for (const account of accounts) shorten(account, SEND_QUEUES_PER_ACCOUNT_BYTES_MAX);
    let bytes = accounts.reduce((sum, account) => sum + account.bytes, 0);
    while (bytes > SEND_QUEUES_BYTES_MAX) {
      const largest = accounts.reduce((a, b) => (b.bytes > a.bytes ? b : a));
      bytes -= shorten(largest, largest.bytes - 1);
    }
  }

  #queues(): AccountQueues[] {
    const accounts = new Map<string, AccountQueues>();
    for (const client of this.options.clients.all()) {
      const bytes = client.link.queuedBytes();
      if (bytes === 0) continue;
      const account = accounts.get(client.sender) ?? { bytes: 0, queues: [] };
      account.bytes += bytes;
      account.queues.push({ client, bytes });
      accounts.set(client.sender, account);
    }
    for (const { queues } of accounts.values()) queues.sort((a, b) => a.bytes - b.bytes);
    return [...accounts.values()];
  }
}

/** @returns bytes of the closed links */
function shorten(account: AccountQueues, bytesMax: number): number {
  const before = account.bytes;
  while (account.bytes > bytesMax) {
    const longest = account.queues.pop();
    if (longest === undefined) break;
    longest.client.dropSlowReader();
    account.bytes -= longest.bytes;
  }
  return before - account.bytes;
}
