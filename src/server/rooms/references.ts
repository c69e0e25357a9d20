/** Checks of the messages to which reactions and thread replies refer. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { isGroupName } from "../../base/names.ts";
import { noMessage } from "../../core/rooms/no-message.ts";
import { displayedName } from "../../core/rooms/targets.ts";
import { hasTrait, kindsWith } from "../../wire/kinds.ts";
import { bodyOf } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { RecordLookup } from "./record-lookup.ts";

const REACTABLE_KINDS = kindsWith("reactable");

interface Reference {
  readonly re: number;
  /** Whether the message is the root of the reply's thread. */
  readonly isThread: boolean;
}

export class References {
  constructor(
    private readonly context: Pick<ServerContext, "registry" | "rooms" | "sequencer" | "targets">,
    private readonly recordLookup: Pick<RecordLookup, "find">,
  ) {}

  /** @throws {Fault} not-found */
  async check(user: UserId, to: string, reference: Reference): Promise<void> {
    const { re } = reference;
    if (await this.#isReferable(user, to, reference)) return;
    // The sender may have reconnected from another server, where the message and its conversation
    // may be recorded.
    const { sequencer } = this.context;
    if (!sequencer.isShared) throw await this.#refusal(user, to, re);
    if (!(await sequencer.waitUntilCurrent())) {
      const message = "the server cannot check whether this message exists";
      throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
    }
    if (!(await this.#isReferable(user, to, reference))) throw await this.#refusal(user, to, re);
  }

  async #refusal(user: UserId, to: string, re: number): Promise<Fault> {
    const { registry, rooms, targets } = this.context;
    const readable = new Set([...rooms.roomsOf(user)].map(({ id }) => id));
    readable.delete(targets.resolve(user, to).id);
    const filter = { rooms: readable, kinds: REACTABLE_KINDS };
    const record = await this.recordLookup.find(user, re, filter);
    const room = record && rooms.get(record.head.room as RoomId);
    const peer = room?.pair?.find((id) => id !== user);
    const person = peer === undefined ? undefined : registry.nameOf(peer);
    if (person !== undefined) return noMessage(re, `@${person}`);
    const isNamed = room !== undefined && !isGroupName(displayedName(room));
    return noMessage(re, isNamed ? `#${displayedName(room)}` : undefined);
  }

  /** A thread has one level, and remains after its root is erased. */
  async #isReferable(user: UserId, to: string, { re, isThread }: Reference): Promise<boolean> {
    const target = this.context.targets.find(user, to);
    if (target === undefined) return true;
    const { room } = target;
    // Two users without a direct conversation have exchanged no messages.
    if (room === undefined) return false;
    if (!room.members.has(user)) return true;
    const filter = { rooms: new Set([room.id]), kinds: REACTABLE_KINDS };
    const record = await this.recordLookup.find(user, re, filter);
    if (record === undefined) return false;
    if (!isThread) return record.erased === undefined;
    const { kind } = record.head;
    return !hasTrait(kind, "message") || bodyOf(record, kind)?.thread !== true;
  }
}
