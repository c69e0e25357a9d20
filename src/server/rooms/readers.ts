/** Read receipts of a message, for its author. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { READERS_NAMED_MAX } from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type Room, showsReaders } from "../../core/rooms/rooms.ts";
import type { Answer } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ReadPositionService } from "./read-positions.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface ReadersOptions extends ServerContext {
  readonly reading: Pick<ReadPositionService, "upTo">;
  readonly recordLookup: RecordLookup;
}

/** Only in rooms whose record announces receipts to all members, and for messages since then. */
export class Readers {
  readonly #options: ReadersOptions;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  /** @throws Fault not-found, not-allowed, too-many, store-… */
  async of(account: Account, seq: number): Promise<Answer<"readers">> {
    const { rooms, recordLookup } = this.#options;
    const head = (await recordLookup.find(account.id, seq))?.head;
    const room = head === undefined ? undefined : rooms.get(head.room as RoomId);
    if (head?.by !== account.id || room?.members.has(account.id) !== true) {
      throw new Fault("not-found", msg`there is no message ${seq} of yours`);
    }
    if (!showsReaders(room)) {
      const sentence = "who has read is not shown here";
      throw new Fault("not-allowed", sentence, { remedy: "a moderator can: /receipts on" });
    }
    return this.#of(room, account.id, head.n);
  }

  #of(room: Room, author: UserId, n: number): Answer<"readers"> {
    const { registry, reading } = this.#options;
    const { since, joined } = room.receipts ?? { since: Number.POSITIVE_INFINITY };
    const users: string[] = [];
    let readers = 0;
    for (const user of room.members) {
      const isReader =
        user !== author &&
        n > since &&
        reading.upTo(user, room.id) >= n &&
        (joined?.get(user) ?? 0) < n;
      if (!isReader) continue;
      readers++;
      const name = users.length < READERS_NAMED_MAX ? registry.nameOf(user) : undefined;
      if (name !== undefined) users.push(name);
    }
    return { readers, of: room.members.size - 1, users: users.sort() };
  }
}
