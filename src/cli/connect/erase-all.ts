/** Erases all messages of a user, page by page. */

import type { Client } from "../../client/client.ts";
import { type Context, say } from "../context.ts";

/**
 * Erases all that an account said, part by part, and says how far it is. What is said meanwhile is
 * erased as well; if it is interrupted, it can be begun again.
 * @param whose left out: one's own
 * @returns how many records
 * @throws Fault as the server refused it, link-closed
 */
export async function eraseAll(
  context: Context,
  client: Pick<Client, "request">,
  whose: { readonly user?: string },
): Promise<number> {
  let erased = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const part: { erased: number; next?: number | undefined } = await client.request("erase-all", {
      ...whose,
      after,
    });
    erased += part.erased;
    after = part.next;
    if (after !== undefined && !context.json) say(context, `${erased} messages are erased so far`);
  }
  return erased;
}
