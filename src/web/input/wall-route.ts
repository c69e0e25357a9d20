/** Routes of a room's wall and door in the page's address. */

import { isName } from "../../base/names.ts";
import { formatRoute } from "./route.ts";

/** Parses `#/lobby/wall`. Conversations have no wall. */
export function readWallRoute(hash: string): string | undefined {
  const [, name = ""] = /^#\/([^/]+)\/wall\/?$/i.exec(hash) ?? [];
  return isName(name) ? name : undefined;
}

export function formatWallRoute(room: string): string {
  return `${formatRoute({ target: room, seq: undefined })}/wall`;
}

/** Parses `#/lobby/door`, the page to print. */
export function readDoorRoute(hash: string): string | undefined {
  const [, name = ""] = /^#\/([^/]+)\/door\/?$/i.exec(hash) ?? [];
  return isName(name) ? name : undefined;
}

export function formatDoorRoute(room: string): string {
  return `${formatRoute({ target: room, seq: undefined })}/door`;
}
