/** Routes of a room's wall and door in the page's address. */

import { isName } from "../../base/names.ts";
import { formatRoute } from "./route.ts";

/** Parses `#/lobby/wall`. Conversations have no wall. */
export function readWallRoute(hash: string): string | undefined {
  return readSheetRoute(hash, "wall");
}

export function formatWallRoute(room: string): string {
  return formatSheetRoute(room, "wall");
}

/** Parses `#/lobby/door`, the page to print. */
export function readDoorRoute(hash: string): string | undefined {
  return readSheetRoute(hash, "door");
}

export function formatDoorRoute(room: string): string {
  return formatSheetRoute(room, "door");
}

type Sheet = "wall" | "door";

function readSheetRoute(hash: string, sheet: Sheet): string | undefined {
  const [, name = "", found] = /^#\/([^/]+)\/([^/]+)\/?$/.exec(hash) ?? [];
  return found?.toLowerCase() === sheet && isName(name) ? name : undefined;
}

function formatSheetRoute(room: string, sheet: Sheet): string {
  return `${formatRoute({ target: room, seq: undefined })}/${sheet}`;
}
