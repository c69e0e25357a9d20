/** Erases all messages that a user has posted. */

import type { Client } from "../../client/client.ts";
import { type Context, printNotice } from "../context.ts";

/**
 * Erases all messages of an account, including those posted during the erasure. An interrupted run
 * can be repeated.
 * @param account account to erase; the user's own account if `user` is absent
 * @returns number of erased records
 * @throws {Fault} if the server refuses a request; link-closed
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
