/** Target of a message, as displayed to users. */

import { cleanText } from "../../base/text.ts";

/** Returns `#lobby` for the room `lobby`; `@bob` stays unchanged. */
export function targetText(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}
