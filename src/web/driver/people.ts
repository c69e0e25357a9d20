/** Checks whether a user exists before a conversation is opened. */

import type { Ask } from "../../client/link/queries.ts";

/**
 * Asks the server whether a user exists, with the smallest history request.
 * @param target `@geo`
 * @throws {Fault} user-unknown if nobody has this name, or a connection error
 */
export async function checkPerson(
  { request }: { readonly request: Ask },
  target: string,
): Promise<void> {
  await request("history", { target, limit: 1 });
}
