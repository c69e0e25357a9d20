import { equalBytes, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Registry } from "../core/registry.ts";
import type { Rooms } from "../core/room.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Bans } from "./bans.ts";
import type { Callers } from "./callers.ts";
import type { HttpOperator } from "./http.ts";
import { HttpPosts } from "./http-posts.ts";
import type { Invites } from "./invites.ts";
import type { Metrics } from "./metrics.ts";
import { TokenDoor } from "./token-door.ts";

export interface HttpOfficeParts {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly bans: Bans;
  readonly invites: Invites;
  readonly callers: Callers;
  readonly metrics: Metrics;
  /** Undefined: nobody is an operator by token. */
  readonly operatorToken: string | undefined;
  readonly isStopping: () => boolean;
}

/** What other tools may do by HTTP with a token: post to a room, or see how the server is. */
export function httpOffice(parts: HttpOfficeParts): { posts: HttpPosts; operator: HttpOperator } {
  const { clock, rooms, registry, bans, invites, callers, metrics } = parts;
  const door = new TokenDoor(clock, bans);
  const posts = new HttpPosts({
    clock,
    rooms,
    registry,
    invites,
    bans,
    door,
    post: (user, room, text) => {
      if (!parts.isStopping()) return callers.post(user, room, text);
      const detail = { retryAfterMs: 1_000 };
      throw new Fault("shutting-down", "the server is stopping", detail);
    },
  });
  const isOperator = (token: string) =>
    parts.operatorToken !== undefined && isSame(token, parts.operatorToken) ? true : undefined;
  const operator: HttpOperator = {
    async refuses(token, remote) {
      try {
        await door.open(remote, token, isOperator);
        return undefined;
      } catch (error) {
        if (error instanceof Fault) return error;
        throw error;
      }
    },
    metrics: () => metrics.format(),
  };
  return { posts, operator };
}

/** In constant time. */
function isSame(one: string, other: string): boolean {
  return equalBytes(sha256(utf8Encode(one)), sha256(utf8Encode(other)));
}
