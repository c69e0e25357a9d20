/** Event feed that operators follow live. */

import { cutText } from "../../base/bytes.ts";
import { diskSpaceText } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import { FAULT_TEXT_BYTES_MAX } from "../../base/limits.ts";
import {
  EVENTS_QUEUED_BYTES_MAX,
  EVENTS_STORED_BYTES_MAX,
  EVENTS_STORED_MAX,
} from "../../base/limits-page.ts";
import { isPrivateTarget } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { clockText } from "../../core/clock-check.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { isConfidential, type Room } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import { encodeFitting } from "../../wire/codec.ts";
import { formatAddress } from "../../wire/invite.ts";
import type { Answer, NoticeOf } from "../../wire/messages.ts";
import { isNotice } from "../../wire/messages-incoming.ts";
import type { LogRecord } from "../../wire/record.ts";
import { isOperating } from "../auth/operator-link.ts";
import type { PreviousAccountState, SomeHandlers } from "../kernel/service.ts";
import { wireRecord } from "../rooms/broadcast.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { MAJORITY_RESTORED, type ObservedEvent } from "../session/event.ts";
import { redacted } from "../session/redacted-fault.ts";
import { decisionOf } from "./decisions.ts";

type EventNotice = NoticeOf<"event">;
type EventDetails = Omit<EventNotice, "kind" | "event" | "time">;

type FeedEvent = Exclude<ObservedEvent, { kind: "failed" }>;

interface StoredEvent {
  readonly event: FeedEvent;
  readonly n: number;
  readonly time: number;
}

const EVENT_BASE_BYTES = 700;

function sizeOf(event: FeedEvent): number {
  switch (event.kind) {
    case "record":
      return EVENT_BASE_BYTES + (event.record.bodyBytes?.length ?? 0);
    case "offered":
      return EVENT_BASE_BYTES + 4 * event.name.length + 130 * event.to.length;
    case "warning":
    case "full":
      return EVENT_BASE_BYTES + 4 * event.fault.message.length;
    case "disconnected":
      return EVENT_BASE_BYTES + 4 * (event.fault?.message.length ?? 0);
    default:
      return EVENT_BASE_BYTES;
  }
}

export interface EventFeedOptions {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly onEvent: (event: ObservedEvent) => void;
}

export class EventFeed {
  readonly #skipped = new Map<ClientConnection, number>();
  #stored: StoredEvent[] = [];
  #storedBytes = 0;
  #lastN = 0;
  readonly #sinceMs;

  constructor(private readonly options: EventFeedOptions) {
    this.#sinceMs = options.clock.unixMs();
  }

  readonly handlers = {
    watch: ({ on }, { client }) => {
      if (on) this.#skipped.set(client, this.#skipped.get(client) ?? 0);
      else this.#skipped.delete(client);
    },
    events: () => this.recent(),
  } satisfies SomeHandlers;

  onRecord(room: Room, record: LogRecord): void {
    this.emit({ kind: "record", record, room });
  }

  onAccountRecord(record: LogRecord, { hadReset }: PreviousAccountState): void {
    const decision = decisionOf(record, this.options.registry, hadReset);
    if (decision !== undefined) this.emit({ kind: "decided", ...decision });
  }

  onLogout(client: ClientConnection): void {
    this.#skipped.delete(client);
  }

  readonly emit = (event: ObservedEvent): void => {
    this.options.onEvent(event);
    this.#publish(event);
  };

  /** Omits the text of messages that have since been erased. */
  recent(): Answer<"events"> {
    const events = this.#stored.flatMap(({ event, n, time }) => {
      const details = this.describe(event);
      const notice = { event: event.kind, time, n, ...details };
      return details !== undefined && isNotice({ kind: "event", ...notice }) ? [notice] : [];
    });
    return { since: this.#sinceMs, events };
  }

  #store(event: FeedEvent): StoredEvent {
    const stored = { event, n: ++this.#lastN, time: this.options.clock.unixMs() };
    if (event.kind === "record" && event.record.head.kind === "erase") {
      const erased = new Set(erasuresOf(event.record));
      this.#stored = this.#stored.filter(
        ({ event: other }) => other.kind !== "record" || !erased.has(other.record.head.seq),
      );
      this.#storedBytes = this.#stored.reduce((sum, item) => sum + sizeOf(item.event), 0);
    }
    this.#stored.push(stored);
    this.#storedBytes += sizeOf(event);
    while (this.#stored.length > EVENTS_STORED_MAX || this.#storedBytes > EVENTS_STORED_BYTES_MAX) {
      // Dropping one event at a time would move all others for each post.
      const oldest = this.#stored.splice(0, Math.ceil(this.#stored.length / 4));
      for (const { event: dropped } of oldest) this.#storedBytes -= sizeOf(dropped);
    }
    return stored;
  }

  #publish(event: ObservedEvent): void {
    if (event.kind === "failed") return;
    if (event.kind === "record" && event.record.head.kind === "room") return;
    const { n, time } = this.#store(event);
    if (this.#skipped.size === 0) return;
    const details = this.describe(event);
    if (details === undefined) return;
    const { registry } = this.options;
    const notice = { kind: "event", event: event.kind, time, n, ...details } as const;
    // Skip and count an event whose text cannot be encoded, because a user's text must not close a
    // watcher's link.
    const fits = isNotice(notice) && encodeFitting(notice) !== undefined;
    for (const [client, skipped] of this.#skipped) {
      if (!isOperating(client, client.account, registry)) {
        this.#skipped.delete(client);
      } else if (!fits || client.link.queuedBytes() > EVENTS_QUEUED_BYTES_MAX) {
        this.#skipped.set(client, skipped + 1);
      } else {
        this.#skipped.set(client, 0);
        client.notify(skipped === 0 ? notice : { ...notice, skipped });
      }
    }
  }

  describe(event: FeedEvent): EventDetails | undefined {
    switch (event.kind) {
      case "record":
        return event.record.head.kind === "room"
          ? undefined
          : this.#record(event.record, event.room);
      case "warning":
      case "full":
        return { reason: reasonOf(event.fault) };
      case "decided": {
        const { kind: _, reason, ...decision } = event;
        const cut = reason === undefined ? {} : { reason: cutText(reason, FAULT_TEXT_BYTES_MAX) };
        return { ...decision, ...cut };
      }
      case "cancelled":
        return { user: event.user, file: event.file, by: event.by };
      case "majority":
        return { reason: event.fault === undefined ? MAJORITY_RESTORED : reasonOf(event.fault) };
      case "clock":
        return { reason: clockText(event.status) };
      case "disk":
        return { reason: diskSpaceText(event), sizeBytes: event.freeBytes };
      case "connected":
        return { address: formatAddress(event.address), program: event.client };
      case "disconnected":
        return defined({
          address: formatAddress(event.address),
          user: event.user,
          reason: event.fault && reasonOf(event.fault),
        });
      case "offered":
        return this.#offered(event);
      case "got":
      case "withdrawn":
        // Omit the file's name, because the file may be private to two users.
        return { address: formatAddress(event.address), user: event.user, file: event.file };
      default:
        return { address: formatAddress(event.address), user: event.user };
    }
  }

  #offered(event: Extract<ObservedEvent, { kind: "offered" }>): EventDetails {
    const { user, address, file, name, to, sizeBytes } = event;
    const targets = [...to];
    return defined({
      user,
      address: formatAddress(address),
      file,
      to: targets,
      name: to.some(isPrivateTarget) ? undefined : name,
      sizeBytes,
    });
  }

  #record(record: LogRecord, room: Room): EventDetails {
    const { registry } = this.options;
    const { id, box, pair } = room;
    const { name } = box?.of ?? room;
    const { salt, body, ...head } = wireRecord(record, registry);
    if (pair !== undefined) {
      const between = pair.map((user) => registry.nameOf(user) ?? "?");
      return { record: head, room: { room: id }, between };
    }
    const isHidden = isConfidential(room) || salt === undefined || body === undefined;
    return { record: isHidden ? head : { ...head, salt, body }, room: { room: id, name } };
  }
}

function reasonOf(fault: Fault): string {
  return cutText(redacted(fault).message, FAULT_TEXT_BYTES_MAX);
}
