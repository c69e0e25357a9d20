/** Operators, bans, invites and registration, built from the accounts log. */

import { cutText } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { INVITES_MAX, INVITES_SPENT_MAX, MODERATION_PAGE_MAX } from "../../base/limits.ts";
import { ANNOUNCEMENT_BYTES_MAX } from "../../base/limits-page.ts";
import { clampUnixMs, formatUtc } from "../../base/time.ts";
import { type Body, fieldsOf } from "../../wire/kinds.ts";
import type { ServerRules } from "../../wire/messages.ts";
import type { Draft, FoldedHead, FoldedRecord, JsonObject } from "../../wire/record.ts";
import { serverRulesOf } from "./server-rules.ts";

export interface Ban {
  readonly seq: number;
  readonly user?: UserId | undefined;
  /** In the form that `addressKey` returns. Set unless `user` is set. */
  readonly address?: string | undefined;
  readonly until?: number | undefined;
  readonly reason?: string | undefined;
}

export interface Invite {
  readonly seq: number;
  readonly id: string;
  /** SERVER_ROOM if it was created at the server's terminal. */
  readonly by: UserId;
  readonly hash: string;
  readonly usesLeft?: number | undefined;
  readonly expires?: number | undefined;
  readonly room?: RoomId | undefined;
  /** Room to which a program may post. Such an invite cannot be used to register. */
  readonly post?: RoomId | undefined;
  readonly read?: RoomId | undefined;
  /**
   * True if a non-operator created the invite with the operator token. The creator need not be a
   * member of the room, and registrations do not count against the creator's limit.
   */
  readonly isByToken?: boolean | undefined;
  readonly isRevoked: boolean;
}

export interface CurrentAnnouncement {
  readonly text: string;
  readonly by: UserId | "server";
  readonly time: number;
}

export interface ListPage<Entry> {
  readonly page: readonly Entry[];
  readonly next?: number;
}

export function pageAfter<Entry extends { readonly seq: number }>(
  all: readonly Entry[],
  after = 0,
): ListPage<Entry> {
  const remaining = all.filter(({ seq }) => seq > after);
  const page = remaining.slice(0, MODERATION_PAGE_MAX);
  const last = page.at(-1);
  return last === undefined || remaining.length === page.length
    ? { page }
    : { page, next: last.seq };
}

export function bannedFault({ until, reason }: Pick<Ban, "until" | "reason">): Fault {
  const why = reason === undefined || reason === "" ? "" : `: ${reason}`;
  const message =
    until === undefined
      ? msg`you are banned from this server${why}`
      : msg`you are banned from this server until ${formatUtc(until)}${why}`;
  return new Fault("banned", message);
}

/** Sorting so many invites at once keeps the cost of each small. */
const EXPIRED_INVITES_MAX = 1_000;

export const SERVER_ROOM = "server" as UserId;

export class ServerPolicy {
  /** Bans by account or address key. The code that creates bans enforces BANS_MAX. */
  readonly #bans = new Map<string, Ban>();
  readonly #operators = new Set<UserId>();
  /**
   * INVITES_MAX, enforced by the code that creates invites, limits usable invites;
   * INVITES_SPENT_MAX limits spent invites.
   */
  readonly #invites = new Map<string, Invite>();
  readonly #byHash = new Map<string, string>();
  readonly #retired = new Map<string, string>();
  #isClosed = false;
  #announced: CurrentAnnouncement | undefined;
  #rules: ServerRules = {};

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get announced(): CurrentAnnouncement | undefined {
    return this.#announced;
  }

  get rules(): ServerRules {
    return this.#rules;
  }

  get hasOperator(): boolean {
    return this.#operators.size > 0;
  }

  isOperator(user: UserId): boolean {
    return this.#operators.has(user);
  }

  ban(key: string, unixMs: number): Ban | undefined {
    const ban = this.#bans.get(key);
    return ban === undefined || isExpired(ban.until, unixMs) ? undefined : ban;
  }

  bans(unixMs: number): Ban[] {
    return [...this.#bans.values()].filter(({ until }) => !isExpired(until, unixMs));
  }

  invite(id: string): Invite | undefined {
    return this.#invites.get(id);
  }

  inviteByHash(hash: string): Invite | undefined {
    const id = this.#byHash.get(hash);
    return id === undefined ? undefined : this.#invites.get(id);
  }

  invites(unixMs: number): Invite[] {
    return [...this.#invites.values()].filter((invite) => isUsable(invite, unixMs));
  }

  apply({ head }: FoldedRecord, body: JsonObject | undefined): void {
    const { kind } = head;
    switch (kind) {
      case "role": {
        const { operator } = fieldsOf(kind, body ?? {});
        if (operator === true) this.#operators.add(head.room as UserId);
        else if (operator === false) this.#operators.delete(head.room as UserId);
        return;
      }
      case "account-gone":
        this.#operators.delete(head.room as UserId);
        return;
      case "ban":
        if (body !== undefined) this.#applyBan(head, fieldsOf(kind, body));
        return;
      case "registration":
        this.#isClosed = fieldsOf(kind, body ?? {}).closed ?? this.#isClosed;
        return;
      case "server-rules":
        if (body !== undefined) this.#rules = serverRulesOf(fieldsOf(kind, body));
        return;
      case "announcement":
        return this.#announce(head, fieldsOf(kind, body ?? {}));
      case "invite":
        if (body !== undefined) {
          const by = head.by === "server" ? SERVER_ROOM : head.by;
          this.#applyInvite(head, by, fieldsOf(kind, body));
        }
        return this.#retireExcess();
      case "invite-used":
        return this.#use(head.room);
      case "invite-gone":
        return this.#revoke(head.room);
      default:
        return;
    }
  }

  /** An unreadable announcement still ends the previous one. */
  #announce({ by, time }: FoldedHead, { text = "" }: Body<"announcement">): void {
    this.#announced =
      text === "" ? undefined : { text: cutText(text, ANNOUNCEMENT_BYTES_MAX), by, time };
  }

  #applyBan({ room, seq }: FoldedHead, { address, on, until, reason }: Body<"ban">): void {
    const key = address ?? room;
    this.#bans.delete(key);
    if (on !== true) return;
    const user = address === undefined ? (room as UserId) : undefined;
    this.#bans.set(key, { seq, user, address, until: clampedTime(until), reason });
  }

  #applyInvite({ room: id, seq }: FoldedHead, by: UserId, body: Body<"invite">): void {
    const { hash, uses, expires, operator } = body;
    if (hash === undefined) return;
    this.#invites.set(id, {
      seq,
      id,
      by,
      hash,
      isRevoked: false,
      usesLeft: uses,
      expires: clampedTime(expires),
      room: body.room as RoomId | undefined,
      post: body.post as RoomId | undefined,
      read: body.read as RoomId | undefined,
      isByToken: operator || undefined,
    });
    this.#byHash.set(hash, id);
  }

  #use(id: string): void {
    const invite = this.#invites.get(id);
    if (invite?.usesLeft === undefined) return;
    const usesLeft = Math.max(0, invite.usesLeft - 1);
    this.#invites.set(id, { ...invite, usesLeft });
    if (usesLeft === 0) this.#retire(invite);
  }

  #revoke(id: string): void {
    const invite = this.#invites.get(id);
    if (invite === undefined) return;
    this.#invites.set(id, { ...invite, isRevoked: true });
    this.#retire(invite);
  }

  /**
   * The code that creates invites limits usable ones, so those that expire first have expired. The
   * record's time does not matter, because a wrong clock may have stamped it.
   */
  #retireExcess(): void {
    const excess = this.#invites.size - this.#retired.size - INVITES_MAX;
    if (excess < EXPIRED_INVITES_MAX) return;
    const expiring = [...this.#invites.values()].filter(
      ({ id, expires }) => expires !== undefined && !this.#retired.has(id),
    );
    expiring.sort((a, b) => (a.expires ?? 0) - (b.expires ?? 0));
    for (const invite of expiring.slice(0, excess)) this.#retire(invite);
  }

  /**
   * The latest spent invites are kept, so that the server can tell their holders why they are
   * invalid.
   */
  #retire({ id, hash }: Invite): void {
    this.#retired.set(id, hash);
    for (const [oldestId, oldestHash] of this.#retired) {
      if (this.#retired.size <= INVITES_SPENT_MAX) return;
      this.#retired.delete(oldestId);
      this.#invites.delete(oldestId);
      this.#byHash.delete(oldestHash);
    }
  }
}

function clampedTime(unixMs: number | undefined): number | undefined {
  return unixMs === undefined ? undefined : clampUnixMs(unixMs);
}

export function isForProgram({ post, read }: Pick<Invite, "post" | "read">): boolean {
  return post !== undefined || read !== undefined;
}

export function isUsable({ usesLeft, expires, isRevoked }: Invite, unixMs: number): boolean {
  return !isRevoked && usesLeft !== 0 && !isExpired(expires, unixMs);
}

function isExpired(until: number | undefined, unixMs: number): boolean {
  return until !== undefined && unixMs >= until;
}

export function roleDraft(user: UserId, by: UserId, operator: boolean): Draft {
  return { kind: "role", room: user, by, id: "", body: { operator } };
}

export function banDraft(ban: Omit<Ban, "seq">, by: UserId, on: boolean): Draft {
  const { user, address, until, reason } = ban;
  const body = on ? { on, address, until, reason } : { on, address };
  return { kind: "ban", room: user ?? SERVER_ROOM, by, id: "", body };
}

export function registrationDraft(by: UserId, closed: boolean): Draft {
  return { kind: "registration", room: SERVER_ROOM, by, id: "", body: { closed } };
}

export function serverRulesDraft(by: UserId, rules: ServerRules): Draft {
  return { kind: "server-rules", room: SERVER_ROOM, by, id: "", body: rules };
}

export function announcementDraft(by: UserId, text: string): Draft {
  return { kind: "announcement", room: SERVER_ROOM, by, id: "", body: { text } };
}

export function inviteDraft(invite: Omit<Invite, "seq" | "isRevoked">): Draft {
  const { id, by, hash, usesLeft, expires, room, post, read, isByToken } = invite;
  const operator = isByToken || undefined;
  const body = { hash, uses: usesLeft, expires, room, post, read, operator };
  return { kind: "invite", room: id as UserId, by, id: "", body };
}

export function inviteUsedDraft(invite: string, user: UserId): Draft {
  return { kind: "invite-used", room: invite as UserId, by: user, id: "", body: {} };
}

export function inviteRevokedDraft(invite: string, by: UserId): Draft {
  return { kind: "invite-gone", room: invite as UserId, by, id: "", body: {} };
}
