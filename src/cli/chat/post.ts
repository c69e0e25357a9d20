import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { REACTION_BYTES_MAX, TEXT_BYTES_MAX } from "../../base/limits.ts";
import type { Target } from "../../base/names.ts";
import type { Destination } from "../output/render.ts";

/** @throws Fault text-invalid, too-large */
export function checkText(text: string): void {
  if (text.trim() === "") {
    throw new Fault("text-invalid", "the message is empty", { remedy: "write some text" });
  }
  if (!text.isWellFormed()) throw new Fault("text-invalid", "the text is not valid UTF-8");
  const sizeBytes = utf8Encode(text).length;
  if (sizeBytes <= TEXT_BYTES_MAX) return;
  const sentence = `a text has at most ${TEXT_BYTES_MAX} bytes, not ${sizeBytes}`;
  throw new Fault("too-large", sentence, { remedy: "send it in parts, or as a file" });
}

/** @throws Fault text-invalid, too-large */
export function checkReaction(react: string): void {
  if (utf8Encode(react).length > REACTION_BYTES_MAX) {
    throw new Fault("too-large", `a reaction has at most ${REACTION_BYTES_MAX} bytes`, {
      remedy: "use one emoji or a short word",
    });
  }
}

/** A room or person as JSON names it. */
export function destinationOfTarget({ kind, name }: Target): Destination {
  return kind === "room" ? { room: name } : { to: name };
}
