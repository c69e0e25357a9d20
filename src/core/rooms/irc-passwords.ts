/** IRC passwords of an account: random secrets that IRC clients store and that can be revoked. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { IRC_PASSWORDS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import { isCount } from "../../base/values.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import type { Draft, FoldedHead, JsonObject } from "../../wire/record.ts";

export interface IrcPassword {
  /** SHA-256 suffices, because 128 random bits cannot be guessed. */
  readonly hash: string;
  readonly label: string | undefined;
  readonly sinceUnixMs: number;
}

/** @param token 128 random bits in base64url, as in `newToken` */
export function ircPasswordOf(token: string): string {
  // A leading letter, so that no program mistakes the password for an option.
  return `i${token}`;
}

export function looksLikeIrcPassword(text: string): boolean {
  return /^i[\w-]{22}$/.test(text);
}

interface Owner {
  readonly id: UserId;
  readonly name: string;
  readonly isRemoved: boolean;
  readonly ircPasswords: ReadonlyMap<number, IrcPassword>;
}

/** @throws {Fault} user-unknown or too-many */
export function ircPasswordDraft(
  { id, name, isRemoved, ircPasswords }: Owner,
  by: UserId,
  body: Pick<IrcPassword, "hash" | "label">,
): Draft {
  if (isRemoved) throw new Fault("user-unknown", msg`the account ${name} was removed`);
  if (ircPasswords.size >= IRC_PASSWORDS_PER_ACCOUNT_MAX) {
    const max = IRC_PASSWORDS_PER_ACCOUNT_MAX;
    throw new Fault("too-many", msg`an account can have at most ${max} IRC passwords`, {
      remedy: msg`revoke one first`,
    });
  }
  return { kind: "irc-password", room: id, by, id: "", body };
}

/** The record also orders the erasure of the passwords' records, because labels are private. */
export function ircPasswordsGoneDraft(id: UserId, by: UserId, seqs: readonly number[]): Draft {
  return { kind: "irc-password-gone", room: id, by, id: "", body: { also: seqs } };
}

export function ircPasswordsAfter(
  before: ReadonlyMap<number, IrcPassword>,
  { kind, seq, time }: Pick<FoldedHead, "kind" | "seq" | "time">,
  body: JsonObject,
): ReadonlyMap<number, IrcPassword> {
  const after = new Map(before);
  if (kind === "irc-password") {
    const { hash, label } = fieldsOf(kind, body);
    if (hash !== undefined) after.set(seq, { hash, label, sinceUnixMs: time });
  } else {
    const { also = [] } = fieldsOf("irc-password-gone", body);
    for (const one of also) if (isCount(one)) after.delete(one);
  }
  return after;
}

/** @returns the seq of the password with this hash; `undefined` if there is none */
export function ircPasswordSeq(
  { ircPasswords }: Pick<Owner, "ircPasswords">,
  hash: string,
): number | undefined {
  for (const [seq, password] of ircPasswords) if (password.hash === hash) return seq;
  return undefined;
}
