/** Joins the room that a command names. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Client } from "../../client/client.ts";
import type { Answer } from "../../wire/messages.ts";

/** Faults of a lost link, which is not a refusal. Over UDP a dead server is only silent. */
const LINK_LOST_CODES: ReadonlySet<FaultCode> = new Set([
  "link-closed",
  "shutting-down",
  "timeout",
]);

export interface JoinRoomOptions {
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
export async function joinRoom(client: Client, options: JoinRoomOptions): Promise<Answer<"join">> {
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
 * @param join tries once @param nextLink resolves when there is a new link
 * @throws Fault as `enter`
 */
export async function joinWithRetry(
  join: () => ReturnType<typeof joinRoom>,
  nextLink: () => Promise<void>,
): ReturnType<typeof joinRoom> {
  for (;;) {
    const next = nextLink();
    try {
      return await join();
    } catch (error) {
      if (!(error instanceof Fault) || !LINK_LOST_CODES.has(error.code)) throw error;
    }
    await next;
  }
}
