/** Validation of messages and reactions before sending, and texts about them. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { REACTION_BYTES_MAX } from "../../base/limits.ts";
import { formatTarget, parseTarget, type Target } from "../../base/names.ts";
import type { Client } from "../../client/client.ts";
import { type RoomView, titleOf } from "../../core/client/chat-record.ts";
import { checkTypedRoom, roomAt } from "../../core/client/room-names.ts";
import { type Context, printNotice } from "../context.ts";
import type { Destination } from "../output/render.ts";

/** @throws {Fault} too-large if the reaction is too long */
export function checkReaction(react: string): void {
  if (utf8Encode(react).length > REACTION_BYTES_MAX) {
    throw new Fault("too-large", msg`a reaction can have at most ${REACTION_BYTES_MAX} bytes`, {
      remedy: msg`use one emoji or a short word`,
    });
  }
}

/**
 * Returns the target for the posts of a command: in an assignment room, the user's box instead of
 * the room. Prints a notice about the box.
 * @throws {Fault} room-unknown for a former name of a room
 */
export function boxedTarget(
  context: Context,
  { rooms, user }: Pick<Client, "rooms" | "user">,
  target: Target,
): Target {
  const view = roomAt(rooms, formatTarget(target));
  if (view !== undefined) checkTypedRoom(view, target);
  if (view?.isBoxed !== true || user === undefined) return target;
  const name = `${view.name}@${user}`;
  printNotice(context, `only moderators can post in ${view.name}; this goes to ${name}`);
  return parseTarget(name);
}

/**
 * Returns the reference of replies that a command sends to a thread.
 * @param seq of a message in the thread; `undefined` outside a thread
 * @throws {Fault} not-found, before anything is sent
 */
export async function replyIn(
  { actions }: Pick<Client, "actions">,
  [target = ""]: readonly string[],
  seq: number | undefined,
): Promise<{ readonly re?: number; readonly thread?: true }> {
  return seq === undefined ? {} : { re: await actions.threadOf(target, seq), thread: true };
}

export function unsentLine(target: string, text: string): string {
  return `unsent, to ${target}: ${text}`;
}

export function destinationOfTarget(target: Target | RoomView): Destination {
  const { kind, name } = target;
  if (kind === "person") return { to: name };
  const title = "topic" in target ? titleOf(target) : name;
  return title === name ? { room: name } : { room: name, title };
}
