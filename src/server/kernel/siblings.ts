/** Messages between the servers of a cluster. */

import * as v from "valibot";
import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import { CALLS_LISTED_MAX } from "../../base/limits.ts";
import { SIBLING_KEY_CHARS_MAX } from "../../base/limits-cluster.ts";
import { count, positive } from "../../wire/field.ts";
import { serverActivity } from "../../wire/messages-admin.ts";

/** A guess concerns either a shared secret, or an account and an address. */
const SIBLING_GUESS_KEYS_MAX = 4;

const text = v.pipe(v.string(), v.maxLength(SIBLING_KEY_CHARS_MAX));
const idOf = <Id extends string>() => v.custom<Id>((value) => v.is(text, value));
const user = idOf<UserId>();
const room = idOf<RoomId>();
const textsOf = <Text extends string>(item: v.GenericSchema<Text>, countMax: number) =>
  v.pipe(
    v.array(v.unknown()),
    v.transform((values) => values.slice(0, countMax).filter((value) => v.is(item, value))),
    v.readonly(),
  );
const address = v.object({ host: v.pipe(v.string(), v.maxLength(253)), port: positive });
const seenDevice = { user, device: text, day: count, label: text };
const readCalls = v.pipe(v.array(positive), v.maxLength(CALLS_LISTED_MAX));
const cancel = { file: idOf<FileId>(), user, by: user, direction: v.picklist(["up", "down"]) };

const MESSAGE = v.variant("kind", [
  v.object({
    kind: v.literal("online"),
    users: textsOf(user, Number.POSITIVE_INFINITY),
    /** The sender's wall clock; missing in its last message, and from an earlier version. */
    unixMs: v.optional(count),
  }),
  v.object({ kind: v.literal("place"), place: v.fallback(v.optional(address), undefined) }),
  v.object({ kind: v.literal("read"), user, room, n: count, calls: v.optional(readCalls) }),
  v.object({ kind: v.literal("typing"), user, room, on: v.boolean() }),
  v.object({ kind: v.literal("device-seen"), ...seenDevice }),
  v.object({ kind: v.literal("look") }),
  v.object({ kind: v.literal("window"), window: serverActivity }),
  v.object({ kind: v.literal("cancel"), ask: text, ...cancel }),
  v.object({ kind: v.literal("cancelled"), ask: text }),
  v.object({ kind: v.literal("uploads-erased"), user }),
  v.object({ kind: v.literal("key-packages-low"), user, device: text, left: count }),
  v.object({ kind: v.literal("key-packages-taken"), by: user, of: user }),
  v.object({ kind: v.literal("push-taken"), device: text }),
  /**
   * `guess` is sent while the guess is checked, `guessed` if it was correct, which resets the
   * counters.
   */
  v.object({ kind: v.picklist(["guess", "guessed"]), keys: textsOf(text, SIBLING_GUESS_KEYS_MAX) }),
]);

/** A lost or delayed message does no harm. */
export type SiblingMessage = v.InferOutput<typeof MESSAGE>;
export type SeenDevice = Omit<Extract<SiblingMessage, { kind: "device-seen" }>, "kind">;
export type Cancel = Omit<Extract<SiblingMessage, { kind: "cancel" }>, "kind" | "ask">;

/** `undefined` if the message is invalid or from a later version. */
export function parseSiblingMessage(value: unknown): SiblingMessage | undefined {
  const result = v.safeParse(MESSAGE, value);
  return result.success ? result.output : undefined;
}

export interface Siblings {
  publish(message: SiblingMessage): void;
  listen(onMessage: (node: string, message: SiblingMessage) => void): () => void;
}

export const NO_SIBLINGS: Siblings = { publish: () => {}, listen: () => () => {} };
