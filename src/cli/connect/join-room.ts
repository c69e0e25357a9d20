/** Joins the room that a command names. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Client } from "../../client/client.ts";
import type { Answer } from "../../wire/messages.ts";

/** Faults of a lost link, which is not a refusal. Over UDP a dead server is only silent. */
const LOST: ReadonlySet<FaultCode> = new Set(["link-closed", "shutting-down", "timeout"]);

export interface RoomOptions {
  readonly room: string;
  /** The room's own password. */
  readonly password?: string | undefined;
  /** Used if the room has a password and `password` is absent. */
  readonly roomSecret?: string | undefined;
  /** Asked before a room is created; if absent, it is created. */
  readonly mayCreate?: () => Promise<boolean>;
  /** A created room is sealed. */
  readonly sealed?: boolean;
}

/** Joins a room, and creates it if necessary. @throws Fault room-unknown, room-password-wrong, … */
export async function enterRoom(client: Client, options: RoomOptions): Promise<Answer<"join">> {
  const { room, password, roomSecret } = options;
  const given = password === undefined ? {} : { password };
  try {
    return await client.request("join", { room, ...given });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "room-unknown") {
      if (options.mayCreate !== undefined && !(await options.mayCreate())) throw error;
      const sealed = options.sealed === true ? { sealed: true } : {};
      return client.request("join", { room, ...given, create: true, ...sealed });
    }
    const another = password === undefined ? roomSecret : undefined;
    if (error.code !== "room-password-wrong" || another === undefined) throw error;
    return client.request("join", { room, password: another });
  }
}

/**
 * Retries on the next link, as often as the link is lost meanwhile.
 * @param enter tries once @param nextLink resolves when there is a new link
 * @throws Fault as `enter`
 */
export async function untilEntered(
  enter: () => ReturnType<typeof enterRoom>,
  nextLink: () => Promise<void>,
): ReturnType<typeof enterRoom> {
  for (;;) {
    const next = nextLink();
    try {
      return await enter();
    } catch (error) {
      if (!(error instanceof Fault) || !LOST.has(error.code)) throw error;
    }
    await next;
  }
}
