import {
  SIBLING_FORGET_MS,
  SIBLING_WINDOW_EVERY_MS,
  SIBLINGS_MAX,
} from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import type { ServerWindow } from "../../wire/messages-admin.ts";
import type { Siblings } from "./siblings.ts";

export interface RemoteWindowsOptions {
  readonly clock: Pick<Clock, "now">;
  readonly siblings: Pick<Siblings, "tell">;
  /** What an operator may see of this server. */
  readonly own: () => ServerWindow;
}

interface Shown {
  readonly window: ServerWindow;
  readonly heardAt: number;
}

/** Their numbers of connections are below it: one in each millisecond for 49 days. */
const NUMBERS_EACH = 2 ** 32;

/**
 * What operators see of the other servers of a cluster: these show themselves as long as somebody
 * looks. What is seen is as old as the last look.
 */
export class RemoteWindows {
  readonly #options: RemoteWindowsOptions;
  /** By name. Bounded by SIBLINGS_MAX. */
  readonly #shown = new Map<string, Shown>();
  /** The place of a server among the numbers of all connections; kept as long as this one runs. */
  readonly #numbers = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: RemoteWindowsOptions) {
    this.#options = options;
  }

  /** An operator looks here. */
  look(): void {
    const now = this.#options.clock.now();
    if (now - this.#lookedAt < SIBLING_WINDOW_EVERY_MS) return;
    this.#lookedAt = now;
    this.#options.siblings.tell({ kind: "look" });
  }

  /** An operator looks at another server. */
  looked(): void {
    const { clock, siblings, own } = this.#options;
    const now = clock.now();
    if (now - this.#toldAt < SIBLING_WINDOW_EVERY_MS / 2) return;
    this.#toldAt = now;
    siblings.tell({ kind: "window", window: own() });
  }

  heard(node: string, window: ServerWindow): void {
    if (!this.#numbers.has(node)) {
      if (this.#numbers.size >= SIBLINGS_MAX) return;
      this.#numbers.set(node, this.#numbers.size + 1);
    }
    this.#shown.set(node, {
      window: this.#named(node, window),
      heardAt: this.#options.clock.now(),
    });
  }

  /** Those that were heard lately, in the order of the numbers of their connections. */
  get all(): readonly ServerWindow[] {
    const now = this.#options.clock.now();
    for (const [node, { heardAt }] of this.#shown) {
      if (now - heardAt >= SIBLING_FORGET_MS) this.#shown.delete(node);
    }
    const number = (node: string) => this.#numbers.get(node) ?? 0;
    const shown = [...this.#shown].sort(([one], [other]) => number(one) - number(other));
    return shown.map(([, { window }]) => window);
  }

  /** Each entry says of which server it is, and its number is that of no other connection. */
  #named(node: string, { server, clients, transfers }: ServerWindow): ServerWindow {
    const first = (this.#numbers.get(node) ?? 0) * NUMBERS_EACH;
    const own = { server: server.server };
    return {
      server,
      clients: clients
        .filter(({ client }) => client < NUMBERS_EACH)
        .map((one) => ({ ...one, ...own, client: first + one.client })),
      transfers: transfers.map((one) => ({ ...one, ...own })),
    };
  }
}
