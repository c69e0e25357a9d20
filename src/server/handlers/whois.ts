/** Handler of an account's public profile. */

import { checkName } from "../../base/names.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { RoomEngine } from "../../core/rooms/engine.ts";
import type { Rooms } from "../../core/rooms/rooms.ts";
import { namedPerson } from "../../core/rooms/targets.ts";
import type { Handlers } from "./handler.ts";

export interface WhoisHandlerOptions {
  readonly registry: Registry;
  readonly rooms: Rooms;
  readonly engine: Pick<RoomEngine, "isOnline">;
}

export function whoisHandlers(options: WhoisHandlerOptions): Handlers<"whois"> {
  const { registry, rooms, engine } = options;
  return {
    whois: ({ user: named }, { account }) => {
      const { id, name, sinceUnixMs } = namedPerson(registry, checkName(named, "person's name"));
      const shared = [...rooms.of(account.id)].filter(({ members }) => members.has(id));
      return {
        user: name,
        since: sinceUnixMs,
        online: engine.isOnline(id),
        role: registry.policy.isOperator(id) ? "operator" : "member",
        // Direct conversations have no name.
        rooms: shared.flatMap((room) => room.name ?? []).sort(),
      };
    },
  };
}
