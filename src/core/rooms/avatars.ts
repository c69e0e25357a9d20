/** Avatars: small pictures that the accounts log contains. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import type { Draft, FoldedHead, JsonObject } from "../../wire/record.ts";

interface Owner {
  readonly id: UserId;
  readonly name: string;
  readonly isRemoved: boolean;
  readonly avatars: readonly number[];
}

/**
 * Drafts that set or remove a picture. The last one orders the erasure of the earlier pictures.
 * @throws {Fault} user-unknown if the account was removed
 */
export function avatarDrafts(
  { id, name, isRemoved, avatars }: Owner,
  by: UserId,
  picture?: Uint8Array,
): readonly Draft[] {
  if (isRemoved) throw new Fault("user-unknown", msg`the account ${name} was removed`);
  const gone = avatars.length === 0 ? [] : [avatarsGoneDraft(id, by, avatars)];
  if (picture === undefined) return gone;
  const body = { picture: toBase64Url(picture) };
  return [{ kind: "avatar", room: id, by, id: "", body }, ...gone];
}

export function avatarsGoneDraft(id: UserId, by: UserId, also: readonly number[]): Draft {
  return { kind: "avatar-gone", room: id, by, id: "", body: { also } };
}

export function avatarsAfter(
  before: readonly number[],
  { kind, seq }: Pick<FoldedHead, "kind" | "seq">,
  body: JsonObject,
): readonly number[] {
  if (kind === "avatar") return [...before, seq];
  const gone = new Set(fieldsOf("avatar-gone", body).also);
  return before.filter((one) => !gone.has(one));
}
