/** Accounts online at the other servers of the cluster. */

import type { UserId } from "../../base/ids.ts";
import {
  SIBLING_FORGET_MS,
  SIBLING_GATHER_MS,
  SIBLING_ONLINE_MAX,
  SIBLING_TELL_EVERY_MS,
  SIBLINGS_MAX,
} from "../../base/limits-cluster.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import type { ServerContext } from "../kernel/context.ts";

/** Below any session number of this server. */
const FIRST_ID = -(2 ** 40);

interface Sibling {
  readonly users: Map<UserId, ClientId>;
  heardAt: number;
}

/** Each server sends its own accounts, on a change and periodically. */
export class RemotePresence {
  readonly #context: ServerContext;
  /** By name. Bounded by SIBLINGS_MAX. */
  readonly #siblings = new Map<string, Sibling>();
  #lastId = FIRST_ID;
  #cancelTick = () => {};
  #cancelTelling: (() => void) | undefined;

  constructor(options: ServerContext) {
    this.#context = options;
  }

  start(): void {
    this.#tell();
    this.#tick();
  }

  /** An account came online or went offline here. */
  changed(): void {
    this.#cancelTelling ??= this.#context.clock.after(SIBLING_GATHER_MS, () => this.#tell());
  }

  heard(node: string, online: readonly UserId[]): void {
    const { clock, kernel } = this.#context;
    const known = this.#siblings.get(node);
    if (known === undefined && this.#siblings.size >= SIBLINGS_MAX) return;
    const sibling = known ?? { users: new Map<UserId, ClientId>(), heardAt: 0 };
    this.#siblings.set(node, sibling);
    sibling.heardAt = clock.now();
    const now = new Set(online.slice(0, SIBLING_ONLINE_MAX));
    for (const [user, client] of [...sibling.users]) {
      if (now.has(user)) continue;
      sibling.users.delete(user);
      kernel.leave(client);
    }
    for (const user of now) {
      if (sibling.users.has(user)) continue;
      const client = --this.#lastId;
      sibling.users.set(user, client);
      kernel.enter(client, user, true);
    }
  }

  /** Notifies the others that nobody is online here any more. */
  stop(): void {
    this.#cancelTick();
    this.#cancelTelling?.();
    this.#context.siblings.tell({ kind: "online", users: [] });
  }

  #tell(): void {
    this.#cancelTelling = undefined;
    const { peers, siblings } = this.#context;
    const online = new Set<UserId>();
    for (const { member } of peers.members())
      if (member?.isPresent === true) online.add(member.account.id);
    siblings.tell({ kind: "online", users: [...online].slice(0, SIBLING_ONLINE_MAX) });
  }

  #tick(): void {
    const { clock } = this.#context;
    for (const [node, { heardAt }] of [...this.#siblings]) {
      if (clock.now() - heardAt < SIBLING_FORGET_MS) continue;
      this.heard(node, []);
      this.#siblings.delete(node);
    }
    this.#cancelTick = clock.after(SIBLING_TELL_EVERY_MS, () => {
      this.#tell();
      this.#tick();
    });
  }
}
