/** Console data from the other servers of the cluster. */

import { SIBLING_CONSOLE_INTERVAL_MS } from "../../base/limits-cluster.ts";
import type { ServerActivity } from "../../wire/messages-admin.ts";
import type { ServerContext } from "../kernel/context.ts";
import { NodeStates } from "../kernel/node-states.ts";

interface RemoteActivityOptions extends ServerContext {
  readonly ownActivity: () => ServerActivity;
}

const NUMBERS_PER_SERVER = 2 ** 32;

/** Servers send console data only while an operator watches. */
export class RemoteActivity {
  readonly #activities;
  readonly #numbers = new Map<string, number>();
  /** Numbers are not reused, so that a number never denotes a client of another server. */
  #lastNumber = 0;
  #requestedAt = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RemoteActivityOptions) {
    this.#activities = new NodeStates<ServerActivity>(options.clock);
  }

  request(): void {
    const now = this.options.clock.now();
    if (now - this.#requestedAt < SIBLING_CONSOLE_INTERVAL_MS) return;
    this.#requestedAt = now;
    this.options.siblings.publish({ kind: "look" });
  }

  answer(): void {
    const { clock, siblings, ownActivity } = this.options;
    const now = clock.now();
    if (now - this.#sentAt < SIBLING_CONSOLE_INTERVAL_MS / 2) return;
    this.#sentAt = now;
    siblings.publish({ kind: "window", window: ownActivity() });
  }

  receive(node: string, window: ServerActivity): void {
    this.#forgetAbsent();
    const number = this.#numbers.get(node) ?? this.#lastNumber + 1;
    if (!this.#activities.set(node, withServer(number, window))) return;
    this.#numbers.set(node, number);
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  get all(): readonly ServerActivity[] {
    this.#forgetAbsent();
    const number = (node: string) => this.#numbers.get(node) ?? 0;
    const sorted = [...this.#activities].sort(([a], [b]) => number(a) - number(b));
    return sorted.map(([, window]) => window);
  }

  #forgetAbsent(): void {
    for (const node of this.#activities.expired()) {
      this.#activities.delete(node);
      this.#numbers.delete(node);
    }
  }
}

function withServer(
  number: number,
  { server, clients, transfers }: ServerActivity,
): ServerActivity {
  const first = number * NUMBERS_PER_SERVER;
  const serverName = { server: server.server };
  return {
    server,
    clients: clients
      .filter(({ client }) => client < NUMBERS_PER_SERVER)
      .map((entry) => ({ ...entry, ...serverName, client: first + entry.client })),
    transfers: transfers.map((entry) => ({ ...entry, ...serverName })),
  };
}
