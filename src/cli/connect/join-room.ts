/** Joins a room, creating it or retrying if necessary. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Client } from "../../client/client.ts";
import type { Answer } from "../../wire/messages.ts";

/** Faults that mean a lost link. Over UDP, a stopped server causes a timeout. */
const LINK_LOST_CODES: ReadonlySet<FaultCode> = new Set([
  "link-closed",
  "shutting-down",
  "timeout",
]);

export interface JoinRoomOptions {
  readonly room: string;
  readonly password?: string | undefined;
  /** Server-wide secret, tried if the room has a password and `password` is absent. */
  readonly roomSecret?: string | undefined;
  /** If absent, an unknown room is created without a prompt. */
  readonly mayCreate?: () => Promise<boolean>;
  readonly sealed?: boolean;
}

/**
 * Creates the room if necessary.
 * @throws {Fault} room-unknown, room-password-wrong, …
 */
export async function joinRoom(client: Client, options: JoinRoomOptions): Promise<Answer<"join">> {
  const { room, password, roomSecret } = options;
  const passwordField = password === undefined ? {} : { password };
  try {
    return await client.request("join", { room, ...passwordField });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "room-unknown") {
      if (options.mayCreate !== undefined && !(await options.mayCreate())) throw error;
      const sealed = options.sealed === true ? { sealed: true } : {};
      return client.request("join", { room, ...passwordField, create: true, ...sealed });
    }
    const fallbackPassword = password === undefined ? roomSecret : undefined;
    if (error.code !== "room-password-wrong" || fallbackPassword === undefined) throw error;
    return client.request("join", { room, password: fallbackPassword });
  }
}

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
