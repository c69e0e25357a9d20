/** Requests of the person at the server's terminal, who needs no account. */

import type { DiskSpace } from "../../base/disk-space.ts";
import { Fault } from "../../base/fault.ts";
import { ANNOUNCEMENT_BYTES_MAX } from "../../base/limits-page.ts";
import { SERVER_ROOM } from "../../core/rooms/policy.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Invites } from "../auth/invites.ts";
import type { AdminDashboard } from "./dashboard.ts";
import type { DiskWatch } from "./disk-watch.ts";

interface HostConsoleOptions {
  readonly invites: Pick<Invites, "create">;
  readonly dashboard: Pick<AdminDashboard, "announce" | "localTransfers">;
  readonly disk: Pick<DiskWatch, "state"> | undefined;
}

interface InviteLimits {
  readonly uses?: number;
  readonly expires?: number;
}

export class HostConsole {
  constructor(private readonly options: HostConsoleOptions) {}

  /** @throws {Fault} too-many */
  invite(request: InviteLimits): Promise<Answer<"invite">> {
    return this.options.invites.create({ user: SERVER_ROOM, isOperator: true }, request);
  }

  /**
   * @param text empty to withdraw the announcement
   * @throws {Fault} too-large
   */
  async announce(text: string): Promise<void> {
    if (Buffer.byteLength(text) > ANNOUNCEMENT_BYTES_MAX) {
      throw new Fault("too-large", `an announcement has at most ${ANNOUNCEMENT_BYTES_MAX} bytes`, {
        remedy: "shorten it",
      });
    }
    return this.options.dashboard.announce(SERVER_ROOM, text);
  }

  transfers(): Answer<"transfers"> {
    return this.options.dashboard.localTransfers();
  }

  /** `undefined` before the first check, and without files. */
  get diskSpace(): DiskSpace | undefined {
    return this.options.disk?.state;
  }
}
