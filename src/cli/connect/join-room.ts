import { Fault } from "../../base/fault.ts";
import type { Client } from "../../client/client.ts";
import type { Answer } from "../../wire/messages.ts";

export interface RoomOptions {
  readonly room: string;
  /** The room's own password. */
  readonly password?: string | undefined;
  /** Tried when the room has a password and `password` is left out. */
  readonly roomSecret?: string | undefined;
  /** Asked before a room is made; left out: it is made. */
  readonly mayCreate?: () => Promise<boolean>;
}

/** Enters a room, making it if there is none. @throws Fault room-unknown, room-password-wrong, … */
export async function enterRoom(client: Client, options: RoomOptions): Promise<Answer<"join">> {
  const { room, password, roomSecret } = options;
  const given = password === undefined ? {} : { password };
  try {
    return await client.request("join", { room, ...given });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "room-unknown") {
      if (options.mayCreate !== undefined && !(await options.mayCreate())) throw error;
      return client.request("join", { room, ...given, create: true });
    }
    const another = password === undefined ? roomSecret : undefined;
    if (error.code !== "room-password-wrong" || another === undefined) throw error;
    return client.request("join", { room, password: another });
  }
}
