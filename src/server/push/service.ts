/** Web Push service, which selects the devices for a record and creates the content. */

import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { ignoreFault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  PUSH_AWAY_MS,
  PUSH_FRESH_MS,
  PUSH_SUBSCRIBES_BURST,
  PUSH_SUBSCRIBES_PER_MINUTE,
} from "../../base/limits-page.ts";
import { titleText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import type { MessageBody } from "../../core/calls/calls.ts";
import { titleOf } from "../../core/client/chat-record.ts";
import { plainLine } from "../../core/markup/plain.ts";
import {
  type DuePush,
  type PushCandidate,
  type PushPreview,
  PushSchedule,
} from "../../core/push/schedule.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { isCountedAuthor } from "../../core/rooms/counted.ts";
import { filesIn } from "../../core/rooms/files.ts";
import { EVERYWHERE, isMutedAt, type NotifyLevel, notifyLevel } from "../../core/rooms/prefs.ts";
import { isConversationRoom, type Room } from "../../core/rooms/rooms.ts";
import { boxName } from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { hasTrait } from "../../wire/kinds.ts";
import type { RequestOf } from "../../wire/messages.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import { deviceOf, type SomeHandlers } from "../kernel/service.ts";
import type { StateFileLocation } from "../queue/state-file.ts";
import type { CallService } from "../rooms/calls.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";
import type { RecordLookup } from "../rooms/record-lookup.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import { type PushDelivery, PushSender, type SentCounters } from "./sender.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";

const TITLE_UNITS_MAX = 1_000;

export interface PushCounters extends SentCounters {
  readonly subscriptions: number;
}

interface PushServiceOptions extends ServerContext {
  readonly readPositions: Pick<ReadPositionService, "isRead">;
  readonly recordLookup: Pick<RecordLookup, "find">;
  readonly calls: Pick<CallService, "called">;
  readonly delivery: PushDelivery;
  readonly file: StateFileLocation | undefined;
}

/** Text of the push for a call, in any language. */
const TURN_SIGN = "\u270b";

/**
 * Sends pushes to closed browsers. In a cluster, the server to which a device last connected sends
 * the device's pushes.
 */
export class PushService {
  readonly #subscriptions;
  readonly #due = new PushSchedule();
  readonly #sender;
  readonly #subscribeRates = new TokenBuckets(
    PUSH_SUBSCRIBES_PER_MINUTE / 60,
    PUSH_SUBSCRIBES_BURST,
  );
  readonly #activeAt = new Map<UserId, number>();
  readonly #startedAt;
  #cancel = () => {};
  #dueAt: number | undefined;

  constructor(private readonly options: PushServiceOptions) {
    this.#subscriptions = new Subscriptions(options.file, options.clock, options.warn);
    this.#sender = new PushSender({
      ...options,
      isCurrent: (subscription) => this.#subscriptions.get(subscription.device) === subscription,
      onExpired: ({ device }) => this.#remove(device),
    });
    this.#startedAt = options.clock.now();
  }

  start(): void {
    const { registry } = this.options;
    this.#subscriptions.open(
      ({ user, device }) => registry.get(user)?.devices.has(device) === true,
    );
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#sender.stop();
    await this.#subscriptions.close();
  }

  readonly handlers = {
    "push-key": (_, { account: { id }, member }) => {
      const { key } = this.options.delivery;
      return { key, subscribed: this.#subscriptions.get(deviceOf(member))?.user === id };
    },
    "push-subscribe": (request, { account, member }) =>
      this.#subscribe(account, deviceOf(member), request),
    "push-unsubscribe": async (_, { member }) => {
      this.onSignedOut(deviceOf(member));
      await this.#subscriptions.sync();
    },
  } satisfies SomeHandlers;

  onSignedOut(device: string): void {
    this.options.siblings.publish({ kind: "push-taken", device });
    this.#remove(device);
  }

  onLogin(_client: ClientConnection, { account, device = "" }: MemberState): void {
    const known = this.#subscriptions.get(device);
    if (known !== undefined && known.user !== account.id) this.onSignedOut(device);
    this.onActivity(account.id);
  }

  onActivity(user: UserId): void {
    if (this.#subscriptions.has(user)) this.#activeAt.set(user, this.options.clock.now());
  }

  get counters(): PushCounters {
    return { ...this.#sender.counters, subscriptions: this.#subscriptions.size };
  }

  onRemoteSubscribe(device: string): void {
    this.#remove(device);
  }

  onAccountRecord({ head }: LogRecord): void {
    const account = this.options.registry.get(head.room as UserId);
    for (const { device } of this.#subscriptions.of(head.room as UserId)) {
      if (account?.isRemoved !== false || !account.devices.has(device)) this.#remove(device);
    }
  }

  onRecord(room: Room, record: LogRecord): void {
    if (this.#subscriptions.size === 0) return;
    const { head } = record;
    if (head.by !== "server") this.onActivity(head.by);
    const isOld = this.options.clock.unixMs() - head.time >= PUSH_FRESH_MS;
    const { kind } = head;
    if (head.by === "server" || isOld) return;
    if (kind === "hand") return this.#noteTurn(room, record, head.by);
    if (!hasTrait(kind, "message")) return;
    const body = bodyOf(record, kind) ?? {};
    if (body.imported !== undefined || body.notice === true) return;
    const mention = this.#mentionOf(room, record, head.by, body);
    this.#note(room, head.by, mention, this.#notifiedUsers(room, body));
    const answered = body.re;
    if (answered !== undefined && !isConversationRoom(room) && room.isSealed !== true) {
      void this.#notifyRepliedTo(room, head.by, mention, answered);
    }
  }

  /** A moderator calls on a member, who may not look at the page. */
  #noteTurn(room: Room, record: LogRecord, by: UserId): void {
    const { user, call } = bodyOf(record, "hand") ?? {};
    const from = this.options.registry.nameOf(by);
    if (call !== true || user === undefined || from === undefined) return;
    const { seq, n } = record.head;
    const isSealed = room.isSealed === true;
    const preview = isSealed ? undefined : { from, text: TURN_SIGN, isFileName: false };
    this.#note(room, by, { room: room.id, seq, n, by, isSealed, preview }, [user as UserId]);
  }

  #note(room: Room, by: UserId, mention: PushCandidate, users: Iterable<UserId>): void {
    const now = this.options.clock.now();
    for (const user of users) {
      if (user !== by && this.#isNotifiable(user, room, by)) this.#due.add(user, mention, now);
    }
    this.#schedule();
  }

  async #notifyRepliedTo(
    room: Room,
    by: UserId,
    mention: PushCandidate,
    seq: number,
  ): Promise<void> {
    const filter = { rooms: new Set([room.id]) };
    const found = await this.options.recordLookup.find(by, seq, filter).catch(ignoreFault);
    // A failed lookup only prevents the push. The page still counts the mention.
    const author = found?.head.by;
    if (author !== undefined && author !== "server") this.#note(room, by, mention, [author]);
  }

  #mentionOf(room: Room, { head }: LogRecord, by: UserId, body: MessageBody): PushCandidate {
    const { seq, n } = head;
    const isSealed = room.isSealed === true || head.kind === "sealed";
    const from = this.options.registry.nameOf(by);
    const messageText = body.text;
    const names = filesIn(body).map(({ name }) => name);
    const text = messageText ?? (names.length === 0 ? undefined : names.join(", "));
    const isPreviewed = !isSealed && from !== undefined && text !== undefined;
    const preview = isPreviewed ? { from, text, isFileName: messageText === undefined } : undefined;
    return { room: room.id, seq, n, by, isSealed, preview };
  }

  /** Returns all members of a sealed room, because the server cannot read the mentions. */
  #notifiedUsers(room: Room, body: MessageBody): ReadonlySet<UserId> {
    const isFew = room.members.size <= this.#subscriptions.size;
    const users = [...(isFew ? room.members : this.#subscriptions.users())];
    if (room.isSealed === true || body.everyone === "all") return new Set(users);
    const { registry, calls } = this.options;
    const { re } = body;
    const isNotified = (account: Account | undefined) => {
      const isFollower = re !== undefined && account?.prefs?.follows.get(re)?.on === true;
      return isFollower || this.#levelOf(account, room) === "all";
    };
    const notified = users.filter((user) => isNotified(registry.get(user)));
    return new Set([...notified, ...calls.called(room, body).keys()]);
  }

  #levelOf(account: Account | undefined, room: Room): NotifyLevel {
    const isDirect =
      isConversationRoom(room) || (account && room.box?.user === account.id) === true;
    const unixMs = this.options.clock.unixMs();
    const prefs = account?.prefs?.rooms;
    if (isMutedAt(prefs?.get(EVERYWHERE)?.muted, unixMs)) return "nothing";
    return notifyLevel(prefs?.get(room.id), { isDirect, unixMs });
  }

  #isNotifiable(user: UserId, room: Room, by: UserId): boolean {
    if (!this.#subscriptions.has(user) || !room.members.has(user)) return false;
    const account = this.options.registry.get(user);
    if (account === undefined || account.isRemoved || !isCountedAuthor(by, account)) return false;
    return this.#levelOf(account, room) !== "nothing";
  }

  #schedule(): void {
    const { clock } = this.options;
    const at = this.#due.deadline;
    if (at === this.#dueAt) return;
    this.#cancel();
    this.#dueAt = at;
    if (at === undefined) return;
    this.#cancel = clock.after(Math.max(0, at - clock.now()), () => {
      this.#dueAt = undefined;
      this.#push();
    });
  }

  #push(): void {
    const { clock, engine, registry, rooms, readPositions } = this.options;
    const due = this.#due.takeDue(clock.now(), {
      isUnread: (user, { room: id, n, seq, by }) => {
        const room = rooms.get(id);
        const account = registry.get(user);
        const isMember = room?.members.has(user) === true && this.#subscriptions.has(user);
        const isBanned = registry.policy.ban(user, clock.expiryUnixMs()) !== undefined;
        const isThere = !rooms.isErased(seq) && !readPositions.isRead(user, id, n);
        const isCounted = account !== undefined && isCountedAuthor(by, account);
        return isMember && !isBanned && isThere && isCounted;
      },
      isOnline: (user) => engine.isOnline(user),
      isAway: (user) => this.#isAway(user),
    });
    for (const push of due) {
      const text = () => JSON.stringify(this.#content(push));
      const { isSealed, room } = push.latest;
      for (const to of this.#offlineSubscriptions(push.user)) {
        const topic = topicOf(to.device, isSealed ? "sealed" : room);
        this.#sender.add(to, { text, topic });
      }
    }
    this.#schedule();
  }

  #isAway(user: UserId): boolean {
    const actedAt = this.#activeAt.get(user) ?? this.#startedAt;
    const isIdle = this.options.clock.now() - actedAt >= PUSH_AWAY_MS;
    return isIdle && this.#offlineSubscriptions(user).length > 0;
  }

  #offlineSubscriptions(user: UserId): readonly Subscription[] {
    const open = new Set(this.options.peers.of(user).map(({ member }) => member?.device));
    return this.#subscriptions.of(user).filter(({ device }) => !open.has(device));
  }

  #content({ user, latest, count }: DuePush): object {
    const room = this.options.rooms.get(latest.room);
    const account = this.options.registry.nameOf(user);
    if (latest.isSealed || room === undefined) return defined({ tag: "sealed", user: account });
    const { rooms, engine } = this.options;
    // The preview may name a file that was erased since.
    const isChanged = engine.files.erasedAt(latest.seq) !== undefined;
    const preview = isChanged || rooms.isErased(latest.seq) ? undefined : latest.preview;
    const partner = room.pair?.find((member) => member !== user) ?? user;
    const { registry } = this.options;
    const roomName = room.box === undefined ? room.name : boxName(room.box, registry);
    const name = registry.nameOf(partner);
    return defined({
      tag: latest.room,
      user: account,
      at: roomName ?? (name === undefined ? undefined : `@${name}`),
      title: titleIn(room, roomName),
      from: preview?.from,
      text: preview && previewText(preview),
      count: count < 2 ? undefined : count,
    });
  }

  async #subscribe(
    account: Account,
    device: string,
    { endpoint, key, auth }: RequestOf<"push-subscribe">,
  ): Promise<void> {
    const { delivery, siblings } = this.options;
    delivery.check(endpoint, key);
    const subscription: Subscription = {
      user: account.id,
      device,
      endpoint,
      key: toBase64Url(key),
      auth: toBase64Url(auth),
    };
    const known = this.#subscriptions.get(device);
    if (known?.endpoint !== endpoint || known.user !== account.id) {
      const message = "too many changes to push subscriptions";
      this.#subscribeRates.check(account.id, this.options.clock.now(), "too-fast", message);
    }
    await this.#subscriptions.add(subscription);
    this.onActivity(account.id);
    siblings.publish({ kind: "push-taken", device });
  }

  #remove(device: string): void {
    const user = this.#subscriptions.get(device)?.user;
    this.#subscriptions.remove(device);
    this.#sender.forget(device);
    if (user === undefined || this.#subscriptions.has(user)) return;
    this.#due.forget(user);
    this.#activeAt.delete(user);
  }
}

/** `undefined` if a screen shows the room's name, or the group's members. */
function titleIn(room: Room, name = ""): string | undefined {
  const { title } = room.box?.of ?? room;
  const shown = room.isPrivate === true ? room.topic : titleOf({ name, title, topic: "" });
  return shown === "" || shown === name ? undefined : titleText(shown);
}

function previewText({ text, isFileName }: PushPreview): string {
  return titleText(isFileName ? text : plainLine(text, TITLE_UNITS_MAX));
}

/**
 * At most 32 characters (RFC 8030, section 5.4). A hash, so that push services learn neither the
 * room nor which devices receive the same message.
 */
function topicOf(device: string, room: string): string {
  return toBase64Url(sha256(utf8Encode(`chat/1 push ${device} ${room}`))).slice(0, 32);
}
