import { MENTIONS_MAX } from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import type { PostBody } from "../../wire/messages.ts";

/** `@name` that no letter, digit or further `@` touches: a mail address mentions no user. */
const MENTION = /(?<![A-Za-z0-9_.@-])@([A-Za-z0-9_-]{1,32})(?![A-Za-z0-9_@-])/g;

/** The body with the names that its text calls; whether they exist is the reader's to know. */
export function withMentions(body: PostBody): PostBody {
  const names = new Map<FoldedName, Name>();
  for (const [, name = ""] of body.text.matchAll(MENTION)) {
    if (isName(name) && !names.has(foldName(name))) names.set(foldName(name), name);
    if (names.size === MENTIONS_MAX) break;
  }
  return names.size === 0 ? body : { ...body, mentions: [...names.values()] };
}
