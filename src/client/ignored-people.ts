/** People whom the account ignores, for commands without a model. */

import { isSameName } from "../core/model/item.ts";
import type { Client } from "./client.ts";

/** Returns a function that reports whether the account ignores a person at that time. */
export async function ignoredNow(client: Client): Promise<(user: string | undefined) => boolean> {
  let { users } = await client.request("ignored", {});
  client.subscribe((event) => {
    if (event.kind === "ignored") ({ users } = event);
  });
  return (user) => users.some((name) => isSameName(name, user));
}
