import { POST_CHARS } from "../../base/limits.ts";
import type { Request } from "../../wire/messages.ts";

/**
 * Posts as which a request counts against the pace of its account, by what it makes the server
 * record or store; 0 if that is nothing, or has a bound of its own.
 */
export function postCount(request: Request): number {
  switch (request.kind) {
    case "post": {
      const { text, sealed } = request.body;
      return postsIn(Math.max(text.length, sealed?.ciphertext.length ?? 0));
    }
    case "edit":
      return postsIn(request.text.length);
    case "group-create":
      return postsIn(request.info.length);
    case "group-commit": {
      const { commit, welcome, info } = request;
      return postsIn(commit.length + (welcome?.length ?? 0) + info.length);
    }
    case "key-packages":
      return request.packages.length === 0
        ? 0
        : postsIn(request.packages.reduce((sum, { length }) => sum + length, 0));
    case "erase":
    case "ignore":
    case "join":
    case "kick":
    case "leave":
    case "mute":
    case "pin":
    case "receipts":
    case "topic":
      return 1;
    default:
      return 0;
  }
}

function postsIn(length: number): number {
  return Math.max(1, Math.ceil(length / POST_CHARS));
}
