/** Reminders of an assignment. The page loads them with its rooms. */

import { withMentions } from "../core/client/mentions.ts";
import { checkText } from "../core/client/post-text.ts";
import type { Actions } from "./actions.ts";

/**
 * Writes the same into the boxes of several people. Refusals are shown beside the messages.
 * @throws {Fault} not-logged-in, text-invalid or too-large
 */
export async function remindAll(
  { actions }: { readonly actions: Pick<Actions, "submit"> },
  room: string,
  users: readonly string[],
  text: string,
): Promise<void> {
  checkText(text);
  const body = withMentions({ text });
  await Promise.all(users.map((user) => actions.submit(`${room}@${user}`, body)));
}
