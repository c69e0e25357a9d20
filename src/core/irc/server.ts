/** State of the server that the gateway's sessions read. Changes go through requests. */

import type { FileId, Sha256, UserId } from "../../base/ids.ts";
import { isName } from "../../base/names.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import type { TokenBuckets } from "../rate.ts";
import type { Account, Registry } from "../rooms/accounts.ts";
import { moderates } from "../rooms/moderation.ts";
import type { Room, Rooms } from "../rooms/rooms.ts";
import { LOBBY, mayKnow } from "../rooms/rooms.ts";
import type { AwayReasons } from "./away.ts";
import type { AskSchedule } from "./deliveries.ts";
import type { MemberLists } from "./member-lists.ts";
import type { IrcText } from "./render.ts";
import type { LiveTimes } from "./shown-times.ts";

export interface IrcServer {
  readonly name: string;
  readonly version: string;
  readonly startedUnixMs: number;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly memberLists: MemberLists;
  readonly askSchedule: AskSchedule;
  /** Recent reactions by seq, because the record of a removal has only its seq. */
  readonly reactions: Map<number, ChatRecord>;
  readonly sha256: Sha256;
  /** Local to this server and kept in memory. */
  readonly away: AwayReasons;
  /** Rate limit for the lines of each account, the same as for its posts. */
  readonly lines: TokenBuckets;
  /** Units of work of each account, and of each address before the log-in. */
  readonly work: TokenBuckets;
  /** The same units, for a maximum speed within the burst of `work`. */
  readonly pace: TokenBuckets;
  /** Texts as IRC clients see them, so that a record is converted only once. */
  readonly texts: WeakMap<ChatRecord, IrcText>;
  /** Times of new records, of which no two messages of a room share one. */
  readonly liveTimes: LiveTimes;
  unixMs(): number;
  /** Time by which mutes and bans end. */
  expiryUnixMs(): number;
  entropy(count: number): Uint8Array;
  onlineCount(): number;
  isOnline(user: UserId): boolean;
  /** Number of the account's last record that its IRC clients have shown; 0 if none was counted. */
  readonly ownRecords: { ownShown(user: UserId): number; showOwn(user: UserId, n: number): void };
  /** Address at which this account can download the file today; `undefined` without one. */
  fileAddress(user: UserId, file: FileId): string | undefined;
}

/** Key of no device. The server knows by the link that an IRC client logs in. */
export const NO_DEVICE_KEY = new Uint8Array(32);

/** Domain of all users. Addresses are never shown. */
export const HOST = "chat";

export function userMask(name: string): string {
  return `${name}!${name}@${HOST}`;
}

export function findAccount({ registry }: IrcServer, nick: string): Account | undefined {
  return isName(nick) ? registry.find(nick) : undefined;
}

/** The display name, or the account name. */
export function realNameOf(server: IrcServer, name: string): string {
  return findAccount(server, name)?.displayName ?? name;
}

export function isRoomModerator(registry: Registry, room: Room, user: UserId): boolean {
  return moderates(room, { user, isOperator: registry.policy.isOperator(user) });
}

/** A former name finds no room, because clients know the new one. */
export function findRoom(
  { server: { rooms }, account }: { server: IrcServer; account: Account | undefined },
  channel: string,
): Room | undefined {
  const name = channel.slice(1);
  if (!channel.startsWith("#") || !isName(name)) return undefined;
  const room = rooms.holderOf(name);
  if (room === undefined || room.isSealed === true) return undefined;
  return mayKnow(room, account?.id) ? room : undefined;
}

/** The lobby has the same random id on each server of a cluster, and lasts as long as the log. */
function originOf({ rooms }: IrcServer): string {
  return (rooms.find(LOBBY)?.id ?? "log").slice(0, 9);
}

export function messageId(server: IrcServer, seq: number): string {
  return `${originOf(server)}-${seq}`;
}

export function seqOfMessageId(server: IrcServer, id: string): number | undefined {
  const [, origin, digits] = /^(.*)-([1-9]\d{0,14})$/.exec(id) ?? [];
  return origin === originOf(server) && digits !== undefined ? Number(digits) : undefined;
}
