/** Addresses at which an account can download a file without a session, for about a day. */

import type { FileId, UserId } from "../../base/ids.ts";
import { fileLinkKeyOf, fileLinkMac } from "../../crypto/file-link.ts";
import { sameSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../kernel/context.ts";

const DAY_MS = 86_400_000;
const TOKEN = /^(u[\w-]{11})\/(f[\w-]{11})\/([1-9]\d{0,6})\/([\w-]{22})$/;

interface LinkedFile {
  readonly user: UserId;
  readonly file: FileId;
}

/** A link grants nothing by itself: each download checks what the account may read. */
export class FileLinks {
  readonly #key: Uint8Array;
  readonly #clock: ServerContext["clock"];

  constructor({ identity, clock }: Pick<ServerContext, "identity" | "clock">) {
    this.#key = fileLinkKeyOf(identity);
    this.#clock = clock;
  }

  /** Returns the same path during a day (UTC). It is valid until the end of the next day. */
  pathOf(user: UserId, file: FileId): string {
    const day = this.#today();
    return `/files/${user}/${file}/${day}/${fileLinkMac(this.#key, user, file, day)}`;
  }

  /** @returns `undefined` if the link is invalid or has expired */
  parse(token: string): LinkedFile | undefined {
    const [, user = "", file = "", day = "", mac = ""] = TOKEN.exec(token) ?? [];
    const age = this.#today() - Number(day);
    // A link made just before midnight would otherwise expire at once.
    const isCurrent = age === 0 || age === 1;
    if (!isCurrent || !sameSecret(mac, fileLinkMac(this.#key, user, file, Number(day)))) {
      return undefined;
    }
    return { user: user as UserId, file: file as FileId };
  }

  #today(): number {
    return Math.floor(this.#clock.unixMs() / DAY_MS);
  }
}
