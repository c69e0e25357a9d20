/** Target of a message, as displayed to users. */

import { cleanText } from "../../base/text.ts";

export function targetText(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}
