import { EVENTS_QUEUED_BYTES_MAX } from "../base/limits-page.ts";
import type { Registry } from "../core/registry.ts";
import type { Room } from "../core/room.ts";
import type { Clock } from "../io/clock.ts";
import type { Address } from "../io/link.ts";
import { formatPlace } from "../wire/invite.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { LogRecord } from "../wire/record.ts";
import { wireRecord } from "./fan-out.ts";
import type { Peer } from "./peer.ts";
import type { ServerEvent } from "./server-event.ts";

type EventNotice = NoticeOf<"event">;
type Told = Omit<EventNotice, "kind" | "event" | "time">;

export interface WatchersOptions {
  readonly clock: Clock;
  readonly registry: Registry;
}

/** Operators who follow all that happens. Like `chat serve`, it tells no private words. */
export class Watchers {
  readonly #options: WatchersOptions;
  /** By watcher: how many events were left out. At most one entry a link. */
  readonly #skipped = new Map<Peer, number>();

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  watch(peer: Peer, on: boolean): void {
    if (on) this.#skipped.set(peer, this.#skipped.get(peer) ?? 0);
    else this.#skipped.delete(peer);
  }

  /** Whoever else is told of events is told first. */
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
    for (const [peer, skipped] of this.#skipped) {
      const { account } = peer;
      const mayWatch =
        account !== undefined && (peer.isOperator || registry.rules.isOperator(account.id));
      if (!mayWatch) {
        this.#skipped.delete(peer);
      } else if (peer.link.queuedBytes() > EVENTS_QUEUED_BYTES_MAX) {
        this.#skipped.set(peer, skipped + 1);
      } else {
        this.#skipped.set(peer, 0);
        peer.tell(skipped === 0 ? notice : { ...notice, skipped });
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
        return { reason: event.fault.message.toWellFormed() };
      case "connected":
        return { address: place(event.address), program: event.client };
      case "disconnected":
        return {
          address: place(event.address),
          ...(event.user === undefined ? {} : { user: event.user }),
          ...(event.fault === undefined ? {} : { reason: event.fault.message.toWellFormed() }),
        };
      case "offered":
        return this.#offered(event);
      case "got":
      case "withdrawn":
        // Not its name: it may have been between two people.
        return { address: place(event.address), user: event.user, file: event.file };
      default:
        return { address: place(event.address), user: event.user };
    }
  }

  #offered(event: Extract<ServerEvent, { kind: "offered" }>): Told {
    const { user, address, file, name, to, sizeBytes } = event;
    const isPrivate = to.some((target) => target.startsWith("@"));
    return {
      user,
      address: place(address),
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

export function place({ host, port }: Address): string {
  return formatPlace({ host, port });
}
