/**
 * Stamps: a moderator's word on the work in a box. A stamp is a text with the name of its sign, so
 * clients without stamps display its word.
 */

import { Fault, msg } from "../../base/fault.ts";
import { type PostBody, recordOfPost, STAMPS, type Stamp } from "../../wire/messages.ts";
import type { Room } from "./rooms.ts";

/** How far the newest work of a box is answered. */
export type WorkReply = "answered" | "done";

/** State of a person's work for a moderator. */
export type WorkState = WorkReply | "new" | "read" | "missing";

/** Stamps after which nobody needs to look at the work again. */
const ENDING: ReadonlySet<Stamp> = new Set(["seen", "well-done"]);

/** Returns the stamp in a record's body; `undefined` if it has none that this version knows. */
export function knownStamp(value: unknown): Stamp | undefined {
  return STAMPS.find((known) => known === value);
}

/** @throws {Fault} text-invalid */
export function checkStampText(body: PostBody): void {
  const { react, poll, notice, thread, imported } = body;
  const marks = [react, poll, notice, thread, imported];
  const isPlain = marks.every((mark) => mark === undefined);
  if (isPlain && recordOfPost(body).kind === "text") return;
  throw new Fault("text-invalid", msg`only a plain text can be a stamp`);
}

/** @throws {Fault} not-allowed */
export function checkStamp({ box }: Room, isModerator: boolean): void {
  if (box !== undefined && isModerator) return;
  throw new Fault("not-allowed", msg`only moderators can stamp, and only work`, {
    remedy: msg`open the work of a person in an assignment room that you moderate`,
  });
}

/** The answer to the newest work: nothing that was said about an earlier version of it. */
export function replyTo(box: Room): {
  readonly reply?: WorkReply | undefined;
  readonly stamp?: Stamp | undefined;
} {
  const newest = [...box.work.keys()].at(-1) ?? 0;
  const answers = [...box.answers].filter(([seq]) => seq > newest).map(([, stamp]) => stamp);
  const stamp = answers.findLast((one) => one !== null) ?? undefined;
  if (stamp !== undefined && ENDING.has(stamp)) return { reply: "done", stamp };
  return { reply: answers.length > 0 ? "answered" : undefined, stamp };
}
