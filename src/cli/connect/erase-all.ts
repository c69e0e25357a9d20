/** Erases all messages of a user, page by page. */

import type { Client } from "../../client/client.ts";
import { type Context, printNotice } from "../context.ts";

/**
 * Erases all messages of an account, page by page, and shows the progress. Messages posted
 * meanwhile are erased as well; an interrupted run can be repeated.
 * @param whose the own account if `undefined`
 * @returns number of records
 * @throws Fault as the server refused it, link-closed
 */
export async function eraseAll(
  context: Context,
  client: Pick<Client, "request">,
  account: { readonly user?: string },
): Promise<number> {
  let erased = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { erased: number; next?: number | undefined } = await client.request("erase-all", {
      ...account,
      after,
    });
    erased += page.erased;
    after = page.next;
    if (after !== undefined && !context.json)
      printNotice(context, `deleted ${erased} messages so far`);
  }
  return erased;
}
