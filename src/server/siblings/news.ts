/** Parser of messages from other servers of the cluster. */

import { isCount } from "../../base/count.ts";
import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import { SIBLING_KEY_CHARS_MAX } from "../../base/limits-cluster.ts";
import type { ServerPlace } from "../../wire/invite.ts";
import { readServerWindow } from "../../wire/messages-admin.ts";
import type { SiblingNews } from "../kernel/siblings.ts";

/** Keys of one guess: a secret that many share, or an account and an address. */
const SIBLING_GUESS_KEYS_MAX = 4;

/** Returns `undefined` for messages of later versions and malformed ones. */
export function newsOf(value: unknown): SiblingNews | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, users, user, room, n, device, left, by, of, keys, place, on } = value as Fields;
  const { day, label, window, ask, file, direction } = value as Fields;
  switch (kind) {
    case "online":
      return Array.isArray(users) ? { kind, users: users.filter(isId) } : undefined;
    case "place": {
      const told = placeOf(place);
      return { kind, ...(told === undefined ? {} : { place: told }) };
    }
    case "read":
      return isId(user) && isText(room) && isCount(n)
        ? { kind, user, room: room as RoomId, n }
        : undefined;
    case "typing":
      return isId(user) && isText(room) && typeof on === "boolean"
        ? { kind, user, room: room as RoomId, on }
        : undefined;
    case "key-packages-low":
      return isId(user) && isText(device) && isCount(left)
        ? { kind, user, device, left }
        : undefined;
    case "push-taken":
      return isText(device) ? { kind, device } : undefined;
    case "key-packages-taken":
      return isId(by) && isId(of) ? { kind, by, of } : undefined;
    case "device-seen":
      return isId(user) && isText(device) && isCount(day) && isText(label)
        ? { kind, user, device, day, label }
        : undefined;
    case "guess":
    case "guessed":
      return Array.isArray(keys)
        ? { kind, keys: keys.slice(0, SIBLING_GUESS_KEYS_MAX).filter(isText) }
        : undefined;
    case "cancel":
      return isText(ask) &&
        isText(file) &&
        isId(user) &&
        isId(by) &&
        (direction === "up" || direction === "down")
        ? { kind, ask, file: file as FileId, user, direction, by }
        : undefined;
    case "cancelled":
      return isText(ask) ? { kind, ask } : undefined;
    case "look":
      return { kind };
    case "window": {
      const told = readServerWindow(window);
      return told === undefined ? undefined : { kind, window: told };
    }
    default:
      return undefined;
  }
}

function placeOf(value: unknown): ServerPlace | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { host, port } = value as Fields;
  const isPlace = typeof host === "string" && host.length <= 253 && isCount(port) && port > 0;
  return isPlace ? { host, port } : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= SIBLING_KEY_CHARS_MAX;
}

function isId(value: unknown): value is UserId {
  return isText(value);
}
