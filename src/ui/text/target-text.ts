/** Formats the target of a message for display. */

import { cleanText } from "../../base/text.ts";

export function targetText(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}
