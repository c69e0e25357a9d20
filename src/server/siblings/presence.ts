/** Presence of accounts on the other servers of the cluster. */

import { Component } from "../../base/component.ts";
import type { UserId } from "../../base/ids.ts";
import {
  SIBLING_BATCH_MS,
  SIBLING_ONLINE_MAX,
  SIBLING_PRESENCE_INTERVAL_MS,
} from "../../base/limits-cluster.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import type { ServerContext } from "../kernel/context.ts";
import { NodeStates } from "./node-states.ts";

/** Remote session ids are lower than all session ids of this server. */
const FIRST_ID = -(2 ** 40);

type OnlineUsers = Map<UserId, ClientId>;

export class RemotePresence extends Component<ServerContext> {
  readonly #online = new NodeStates<OnlineUsers>(this.options.clock);
  #lastId = FIRST_ID;
  #cancelTick = () => {};
  #cancelSend: (() => void) | undefined;

  start(): void {
    this.#send();
    this.#tick();
  }

  scheduleSend(): void {
    this.#cancelSend ??= this.options.clock.after(SIBLING_BATCH_MS, () => this.#send());
  }

  receive(node: string, online: readonly UserId[]): void {
    const { kernel } = this.options;
    const users: OnlineUsers = this.#online.get(node) ?? new Map();
    if (!this.#online.set(node, users)) return;
    const now = new Set(online.slice(0, SIBLING_ONLINE_MAX));
    for (const [user, client] of [...users]) {
      if (now.has(user)) continue;
      users.delete(user);
      kernel.endSession(client);
    }
    for (const user of now) {
      if (users.has(user)) continue;
      const client = --this.#lastId;
      users.set(user, client);
      kernel.startSession(client, user, true);
    }
  }

  stop(): void {
    this.#cancelTick();
    this.#cancelSend?.();
    this.options.siblings.publish({ kind: "online", users: [] });
  }

  #send(): void {
    this.#cancelSend = undefined;
    const { peers, siblings } = this.options;
    const online = new Set<UserId>();
    for (const { member } of peers.members())
      if (member?.isPresent === true) online.add(member.account.id);
    siblings.publish({ kind: "online", users: [...online].slice(0, SIBLING_ONLINE_MAX) });
  }

  #tick(): void {
    const { clock } = this.options;
    for (const node of this.#online.expired()) {
      this.receive(node, []);
      this.#online.delete(node);
    }
    this.#cancelTick = clock.after(SIBLING_PRESENCE_INTERVAL_MS, () => {
      this.#send();
      this.#tick();
    });
  }
}
