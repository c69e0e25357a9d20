/** Handlers of read positions, ignored users and typing. */

import type { ReadPositionService } from "../rooms/read-positions.ts";
import type { TypingFeed } from "../rooms/typing-feed.ts";
import type { Handlers } from "./handler.ts";

export interface ReadingHandlerOptions {
  readonly reading: ReadPositionService;
  readonly typing: Pick<TypingFeed, "types">;
}

type ReadingKind = "read" | "ignore" | "ignored" | "typing";

export function readingHandlers(options: ReadingHandlerOptions): Handlers<ReadingKind> {
  const { reading, typing } = options;
  return {
    read: (request, { client, account }) => reading.read(client, account, request),
    ignore: (request, { account }) => reading.ignore(account, request),
    ignored: (_, { account }) => ({ users: reading.ignoredBy(account) }),
    typing: (request, { account }) => typing.types(account, request),
  };
}
