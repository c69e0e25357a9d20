/** Notices to users whom a member has invited to a room. */

import { Component } from "../../base/component.ts";
import type { UserId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { isInvited } from "../../core/rooms/moderation.ts";
import { type Room, targetUser } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Member } from "../session/connection-state.ts";

type InvitationsOptions = Pick<ServerContext, "clock" | "peers" | "registry" | "rooms">;

export class Invitations extends Component<InvitationsOptions> {
  onLogin(client: ClientConnection, { account }: Member): void {
    for (const room of this.options.rooms.roomsInviting(account.id)) {
      this.#notify([client], account, room);
    }
  }

  onRecord(room: Room, record: LogRecord): void {
    if (record.head.kind !== "admission") return;
    const { registry, peers } = this.options;
    const account = registry.get(targetUser(record) ?? ("" as UserId));
    if (account !== undefined) this.#notify(peers.of(account.id), account, room);
  }

  #notify(clients: Iterable<ClientConnection>, account: Account, room: Room): void {
    const { clock, registry } = this.options;
    const { name } = room;
    const by = room.invited.get(account.id);
    if (name === undefined || by === undefined || account.ignored.has(by as UserId)) return;
    if (!isInvited(room, account.id, registry, clock.expiryUnixMs())) return;
    const inviter = registry.nameOf(by);
    const notice = defined({ kind: "invited", room: name, by: inviter, sealed: false });
    for (const client of clients) client.notify(notice);
  }
}
