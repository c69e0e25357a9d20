/** Addresses at which an account can download a file without a session, for about a day. */

import type { FileId, UserId } from "../../base/ids.ts";
import { fileLinkKeyOf, fileLinkMac } from "../../crypto/file-link.ts";
import { sameSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../kernel/context.ts";

const DAY_MS = 86_400_000;
const TOKEN = /^(u[\w-]{11})\/(f[\w-]{11})\/([1-9]\d{0,6})\/([\w-]{22})$/;

interface FileLinksOptions extends Pick<ServerContext, "identity" | "clock"> {
  readonly registry: Pick<ServerContext["registry"], "get">;
}

interface LinkedFile {
  readonly user: UserId;
  readonly file: FileId;
}

/**
 * A link grants nothing by itself: each download checks what the account may read. Links end when
 * the account changes its password, or signs out a device or an IRC client.
 */
export class FileLinks {
  readonly #key: Uint8Array;
  readonly #clock: ServerContext["clock"];
  readonly #registry: Pick<ServerContext["registry"], "get">;

  constructor({ identity, clock, registry }: FileLinksOptions) {
    this.#key = fileLinkKeyOf(identity);
    this.#clock = clock;
    this.#registry = registry;
  }

  /** Returns the same path during a day (UTC). It is valid until the end of the next day. */
  pathOf(user: UserId, file: FileId): string {
    const day = this.#today();
    return `/files/${user}/${file}/${day}/${this.#mac(user, file, day)}`;
  }

  /** @returns `undefined` if the link is invalid or has expired */
  parse(token: string): LinkedFile | undefined {
    const [, user = "", file = "", day = "", mac = ""] = TOKEN.exec(token) ?? [];
    const age = this.#today() - Number(day);
    // A link made just before midnight would otherwise expire at once.
    const isCurrent = age === 0 || age === 1;
    const linked = { user: user as UserId, file: file as FileId };
    if (!isCurrent || !sameSecret(mac, this.#mac(linked.user, linked.file, Number(day)))) {
      return undefined;
    }
    return linked;
  }

  #mac(user: UserId, file: FileId, day: number): string {
    const revokedSeq = this.#registry.get(user)?.revokedSeq ?? 0;
    return fileLinkMac(this.#key, { user, file, day, revokedSeq });
  }

  #today(): number {
    return Math.floor(this.#clock.unixMs() / DAY_MS);
  }
}
