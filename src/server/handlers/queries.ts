/** Handlers of queries about rooms, members and messages. */

import type { Pins } from "../rooms/pins.ts";
import type { Queries } from "../rooms/queries.ts";
import type { Readers } from "../rooms/readers.ts";
import type { Handlers } from "./handler.ts";

export interface QueryHandlerOptions {
  readonly queries: Queries;
  readonly pins: Pins;
  readonly readers: Readers;
}

type QueryKind = "rooms" | "who" | "history" | "pins" | "readers";

export function queryHandlers(options: QueryHandlerOptions): Handlers<QueryKind> {
  const { queries, pins, readers } = options;
  return {
    rooms: (request, { account }) => queries.listRooms(account, request),
    who: (request, { account }) => queries.who(account, request),
    history: (request, { client, account }) => queries.history(client, account, request),
    pins: (request, { account }) => pins.page(account, request),
    readers: ({ seq }, { account }) => readers.of(account, seq),
  };
}
