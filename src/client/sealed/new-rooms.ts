/** Seals rooms and conversations. */

import { asFault, Fault, type FaultCode, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Answer } from "../../wire/messages.ts";
import type { SendRequest } from "../link/queries.ts";
import type { SealedRooms } from "./rooms.ts";

interface NewRoom {
  readonly id: string;
  readonly name: string;
  /** True if new members can read earlier messages. */
  readonly history: boolean;
}

export class NewRooms {
  constructor(
    private readonly rooms: SealedRooms,
    private readonly request: SendRequest,
  ) {}

  /** @throws {Fault} name-taken if an open room has the same name */
  async checkMaySeal(name: string): Promise<void> {
    const found = await this.#find(name);
    if (found !== undefined && !found.sealed) throw isOpen(name);
    await this.rooms.stockKeyPackages();
  }

  /**
   * Completes a room that a program of its creator left without a group when it ended. Leaves an
   * open room that an earlier server has let the user join under its former name.
   * @throws {Fault} name-taken if the room is open
   */
  async complete(answer: Answer<"join">, history: boolean): Promise<void> {
    const { room: id, name, joined } = answer;
    const found = await this.#find(name);
    if (found !== undefined && !found.sealed) {
      if (joined) await this.request("leave", { room: name });
      throw isOpen(name);
    }
    const { made } = await this.request("group", { target: name });
    if (made !== undefined) return history ? this.#checkHistory(answer) : undefined;
    await this.seal({ id, name, history }).catch((error: unknown) => {
      if (asFault(error).code !== "not-allowed") throw error; // Only its creator may do this.
    });
  }

  /** Another window or device of the room's creator may do the same at once. */
  async seal({ id, name, history }: NewRoom): Promise<void> {
    const room = this.rooms.get(viewOf({ id, name }));
    try {
      await room.changes.create(history);
    } catch (error) {
      if (!OTHER_CREATIONS.has(asFault(error).code)) throw error;
      await room.changes.sync();
      if ((await room.status()).status !== "in") throw error;
    }
  }

  /** @throws {Fault} not-allowed if new members cannot read earlier messages */
  async #checkHistory({ room: id, name }: Answer<"join">): Promise<void> {
    const room = this.rooms.get(viewOf({ id, name }));
    await room.changes.sync();
    const { status, history } = await room.status();
    if (status !== "in" || history === true) return;
    throw new Fault("not-allowed", msg`new members of '${name}' cannot read earlier messages`, {
      remedy: msg`this can only be chosen when a room is created`,
    });
  }

  async #find(name: string) {
    for (let after: string | undefined; ; ) {
      const { rooms, more } = await this.request("rooms", { after });
      const found = rooms.find(({ room }) => isSameName(room, name));
      after = rooms.at(-1)?.room;
      if (found !== undefined || !more || after === undefined) return found;
    }
  }
}

function isOpen(name: string): Fault {
  return new Fault(
    "name-taken",
    msg`'${name}' is not encrypted, and an existing room cannot be encrypted`,
    { remedy: msg`choose another name for the encrypted room` },
  );
}

function viewOf({ id, name }: Pick<NewRoom, "id" | "name">): RoomView {
  return { kind: "room", topic: "", isSealed: true, id: id as RoomId, name };
}

/** Faults of `GroupChanges.create` if the room has a group or is getting one. */
const OTHER_CREATIONS: ReadonlySet<FaultCode> = new Set(["name-taken", "stale-epoch"]);
