import { cutText } from "../../base/bytes.ts";
import { diskSentence } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import { SENTENCE_BYTES_MAX } from "../../base/limits.ts";
import { EVENTS_QUEUED_BYTES_MAX } from "../../base/limits-page.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import { encodeFitting } from "../../wire/codec.ts";
import { formatPlace } from "../../wire/invite.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import { isNotice } from "../../wire/messages-incoming.ts";
import type { LogRecord } from "../../wire/record.ts";
import { isOperating } from "../auth/operator-link.ts";
import { wireRecord } from "../rooms/broadcast.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { ServerEvent } from "../session/event.ts";
import { redacted } from "../session/redacted-fault.ts";

type EventNotice = NoticeOf<"event">;
type Told = Omit<EventNotice, "kind" | "event" | "time">;

export interface EventFeedOptions {
  readonly clock: Clock;
  readonly registry: Registry;
}

/** Operators who follow all that happens. Like `chat serve`, it tells no private words. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  /** By watcher: how many events were left out. At most one entry a link. */
  readonly #skipped = new Map<ClientConnection, number>();

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  watch(client: ClientConnection, on: boolean): void {
    if (on) this.#skipped.set(client, this.#skipped.get(client) ?? 0);
    else this.#skipped.delete(client);
  }

  /** The other receivers of events are told first. */
  beside(onEvent: (event: ServerEvent) => void): (event: ServerEvent) => void {
    return (event) => {
      onEvent(event);
      this.#event(event);
    };
  }

  #event(event: ServerEvent): void {
    if (this.#skipped.size === 0 || event.kind === "failed") return;
    const about = this.#about(event);
    if (about === undefined) return;
    const { registry, clock } = this.#options;
    const notice = { kind: "event", event: event.kind, time: clock.unixMs(), ...about } as const;
    // It is made of what others have said. One that its reader would not take is left out, and
    // counted with those that it was too slow for: no words of others may end a watcher's link.
    const fits = isNotice(notice) && encodeFitting(notice) !== undefined;
    for (const [client, skipped] of this.#skipped) {
      if (!isOperating(client, client.account, registry)) {
        this.#skipped.delete(client);
      } else if (!fits || client.link.queuedBytes() > EVENTS_QUEUED_BYTES_MAX) {
        this.#skipped.set(client, skipped + 1);
      } else {
        this.#skipped.set(client, 0);
        client.tell(skipped === 0 ? notice : { ...notice, skipped });
      }
    }
  }

  #about(event: Exclude<ServerEvent, { kind: "failed" }>): Told | undefined {
    switch (event.kind) {
      case "record":
        return event.record.head.kind === "room"
          ? undefined
          : this.#record(event.record, event.room);
      case "warning":
      case "full":
        return { reason: reasonOf(event.fault) };
      case "cancelled":
        return { user: event.user, file: event.file, by: event.by };
      case "disk":
        return { reason: diskSentence(event), sizeBytes: event.freeBytes };
      case "connected":
        return { address: formatPlace(event.address), program: event.client };
      case "disconnected":
        return {
          address: formatPlace(event.address),
          ...(event.user === undefined ? {} : { user: event.user }),
          ...(event.fault === undefined ? {} : { reason: reasonOf(event.fault) }),
        };
      case "offered":
        return this.#offered(event);
      case "got":
      case "withdrawn":
        // Not its name: it may have been between two people.
        return { address: formatPlace(event.address), user: event.user, file: event.file };
      default:
        return { address: formatPlace(event.address), user: event.user };
    }
  }

  #offered(event: Extract<ServerEvent, { kind: "offered" }>): Told {
    const { user, address, file, name, to, sizeBytes } = event;
    const isPrivate = to.some((target) => target.startsWith("@"));
    return {
      user,
      address: formatPlace(address),
      file,
      to: [...to],
      ...(isPrivate ? {} : { name }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    };
  }

  /** What two people say to each other is not for the server's window. */
  #record(record: LogRecord, { id, name, pair }: Room): Told {
    const { registry } = this.#options;
    const { salt, body, ...head } = wireRecord(record, registry);
    if (pair === undefined) {
      const words = salt === undefined || body === undefined ? {} : { salt, body };
      return {
        record: { ...head, ...words },
        room: { room: id, ...(name === undefined ? {} : { name }) },
      };
    }
    const between = pair.map((user) => registry.nameOf(user) ?? "?");
    return { record: head, room: { room: id }, between };
  }
}

/** What others hear of it, as long as it may be. */
function reasonOf(fault: Fault): string {
  return cutText(redacted(fault).message, SENTENCE_BYTES_MAX);
}
