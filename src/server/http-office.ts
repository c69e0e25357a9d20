import { equalBytes, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Registry } from "../core/registry.ts";
import type { Rooms } from "../core/room.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Bans } from "./bans.ts";
import type { Callers } from "./callers.ts";
import type { HttpFiles, HttpOperator } from "./http.ts";
import { HttpPosts, refusal } from "./http-posts.ts";
import type { Invites } from "./invites.ts";
import type { Metrics } from "./metrics.ts";
import { TokenDoor } from "./token-door.ts";
import type { WebDownloads } from "./web-downloads.ts";

export interface HttpOfficeParts {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly bans: Bans;
  readonly invites: Invites;
  readonly callers: Callers;
  readonly metrics: Metrics;
  /** Undefined: this server takes no files. */
  readonly downloads: WebDownloads | undefined;
  /** Undefined: nobody is an operator by token. */
  readonly operatorToken: string | undefined;
  readonly isStopping: () => boolean;
}

export interface HttpOffice {
  readonly posts: HttpPosts;
  readonly operator: HttpOperator;
  readonly files: HttpFiles | undefined;
}

/**
 * What may be done by HTTP with a token: take a file, or for other tools post to a room, or see how
 * the server is.
 */
export function httpOffice(parts: HttpOfficeParts): HttpOffice {
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
  const { downloads } = parts;
  if (downloads === undefined) return { posts, operator, files: undefined };
  return { posts, operator, files: filesOf(downloads, bans) };
}

function filesOf(downloads: WebDownloads, bans: Bans): HttpFiles {
  return {
    async serve(request, token, remote) {
      try {
        bans.checkAddress(remote.host);
        return await downloads.serve(request, token, remote);
      } catch (error) {
        if (error instanceof Fault) return refusal(error);
        throw error;
      }
    },
  };
}

/** In constant time. */
function isSame(one: string, other: string): boolean {
  return equalBytes(sha256(utf8Encode(one)), sha256(utf8Encode(other)));
}
