import type { Ask } from "../../client/link/queries.ts";

/**
 * Asks the server whether a person exists, by the shortest question about a conversation.
 * @param target `@geo`
 * @throws {Fault} user-unknown if nobody has this name; as the connection
 */
export async function checkPerson(
  { request }: { readonly request: Ask },
  target: string,
): Promise<void> {
  await request("history", { target, limit: 1 });
}
