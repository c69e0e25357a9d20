/** Check of a text before it is posted. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { TEXT_BYTES_MAX } from "../../base/limits.ts";

/**
 * @throws {Fault} text-invalid if the text is empty or not valid UTF-8; too-large if it is too long
 */
export function checkText(text: string): void {
  if (text.trim() === "") {
    throw new Fault("text-invalid", msg`the message is empty`, { remedy: msg`type some text` });
  }
  if (!text.isWellFormed()) throw new Fault("text-invalid", msg`the text is not valid UTF-8`);
  const sizeBytes = utf8Encode(text).length;
  if (sizeBytes <= TEXT_BYTES_MAX) return;
  const sentence = msg`a message can have at most ${TEXT_BYTES_MAX} bytes, not ${sizeBytes}`;
  throw new Fault("too-large", sentence, { remedy: msg`split it, or send it as a file` });
}
