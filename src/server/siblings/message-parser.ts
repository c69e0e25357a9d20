/** Parser of messages from other servers of the cluster. */

import { SIBLING_KEY_CHARS_MAX } from "../../base/limits-cluster.ts";
import { isCount } from "../../base/values.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import { parseServerActivity } from "../../wire/messages-admin.ts";
import type { SiblingMessage } from "../kernel/siblings.ts";

/** A guess concerns either a shared secret, or an account and an address. */
const SIBLING_GUESS_KEYS_MAX = 4;

const FIELDS_BY_KIND: Readonly<
  Record<SiblingMessage["kind"], readonly (keyof typeof FIELD_READERS | "place?")[]>
> = {
  online: ["users"],
  place: ["place?"],
  read: ["user", "room", "n"],
  typing: ["user", "room", "on"],
  "key-packages-low": ["user", "device", "left"],
  "key-packages-taken": ["by", "of"],
  "push-taken": ["device"],
  "device-seen": ["user", "device", "day", "label"],
  guess: ["keys"],
  guessed: ["keys"],
  cancel: ["ask", "file", "user", "direction", "by"],
  cancelled: ["ask"],
  look: [],
  window: ["window"],
};

const FIELD_READERS = {
  ...{
    user: readText,
    room: readText,
    device: readText,
    label: readText,
    ask: readText,
    file: readText,
  },
  ...{ by: readText, of: readText, n: readCount, left: readCount, day: readCount },
  users: readTexts,
  keys: (value: unknown) => readTexts(value, SIBLING_GUESS_KEYS_MAX),
  on: (value: unknown) => (typeof value === "boolean" ? value : undefined),
  direction: (value: unknown) => (value === "up" || value === "down" ? value : undefined),
  place: readAddress,
  window: parseServerActivity,
};

type Fields = Readonly<Record<string, unknown>>;

export function parseSiblingMessage(value: unknown): SiblingMessage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const { kind } = fields;
  if (typeof kind !== "string" || !Object.hasOwn(FIELDS_BY_KIND, kind)) return undefined;
  const message: Record<string, unknown> = { kind };
  for (const field of FIELDS_BY_KIND[kind as SiblingMessage["kind"]]) {
    const name = field === "place?" ? "place" : field;
    const parsed = FIELD_READERS[name](fields[name]);
    if (parsed !== undefined) message[name] = parsed;
    else if (name === field) return undefined;
  }
  return message as SiblingMessage;
}

function readAddress(value: unknown): ServerAddress | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { host, port } = value as Fields;
  const isAddress = typeof host === "string" && host.length <= 253 && isCount(port) && port > 0;
  return isAddress ? { host, port } : undefined;
}

function readText(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= SIBLING_KEY_CHARS_MAX ? value : undefined;
}

function readTexts(value: unknown, countMax = Number.POSITIVE_INFINITY): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, countMax).filter((text) => readText(text) !== undefined);
}

function readCount(value: unknown): number | undefined {
  return isCount(value) ? value : undefined;
}
