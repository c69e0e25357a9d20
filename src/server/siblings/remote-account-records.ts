/** Effects of other servers' account records on the sessions on this server. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { bannedFault } from "../../core/rooms/policy.ts";
import type { Head, LogRecord } from "../../wire/record.ts";
import { hostKey } from "../auth/bans.ts";
import { isOperating } from "../auth/operator-link.ts";
import { isSignedOut } from "../auth/sign-out.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { CatchUp } from "../rooms/catch-up.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";

export interface RemoteAccountRecordsOptions extends ServerContext {
  readonly catchUp: Pick<CatchUp, "refresh">;
  readonly readPositions: Pick<ReadPositionService, "sendIgnored">;
}

export class RemoteAccountRecords {
  readonly #options: RemoteAccountRecordsOptions;

  constructor(options: RemoteAccountRecordsOptions) {
    this.#options = options;
  }

  apply({ head }: LogRecord): void {
    const { registry } = this.#options;
    if (head.kind === "ban") return this.#closeBanned();
    const account = registry.get(head.room as UserId);
    if (account !== undefined) this.#applyTo(account, head.kind);
  }

  #applyTo(account: Account, kind: Head["kind"]): void {
    const { rooms, catchUp, readPositions, peers } = this.#options;
    const { id, name } = account;
    switch (kind) {
      case "account-name": {
        for (const room of [...rooms.roomsOf(id)])
          if (room.name === undefined) catchUp.refresh(room);
        const detail = { retryAfterMs: 0, remedy: "the program reconnects automatically" };
        return peers.close(id, new Fault("link-closed", msg`you were renamed to ${name}`, detail));
      }
      case "account-gone":
        return peers.close(id, new Fault("login-refused", msg`account ${name} was removed`));
      case "device-gone":
      case "irc-password-gone": {
        const fault = new Fault("login-refused", "this device was signed out");
        return peers.close(id, fault, ({ member }) => isSignedOut(account, member));
      }
      case "ignore":
        return readPositions.sendIgnored(account);
      default:
        return undefined;
    }
  }

  #closeBanned(): void {
    const { registry, clock, peers } = this.#options;
    const { policy } = registry;
    const unixMs = clock.expiryUnixMs();
    for (const client of [...peers.all()]) {
      const { account } = client;
      const address = hostKey(client);
      const ofAddress =
        address === undefined || isOperating(client, account, registry)
          ? undefined
          : policy.ban(address, unixMs);
      const ban = (account && policy.ban(account.id, unixMs)) ?? ofAddress;
      if (ban !== undefined) client.close(bannedFault(ban));
    }
  }
}
