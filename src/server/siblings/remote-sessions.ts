/** Messages from the other servers of the cluster, applied to the sessions here. */

import { unreachable } from "../../base/assert.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { DeviceNotes } from "../auth/device-notes.ts";
import type { Authenticator } from "../auth/login.ts";
import type { SiblingMessage } from "../kernel/siblings.ts";
import type { PushService } from "../push/service.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";
import type { TypingFeed } from "../rooms/typing-feed.ts";
import type { SealedService } from "../sealed/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { RemoteCancels } from "./cancels.ts";
import { ClusterPlaces, type ClusterPlacesOptions } from "./places.ts";
import { RemotePresence } from "./presence.ts";
import { RemoteDecisions, type RemoteDecisionsOptions } from "./remote-decisions.ts";
import type { RemoteWindows } from "./windows.ts";

export interface RemoteSessionsOptions
  extends ClusterPlacesOptions,
    Omit<RemoteDecisionsOptions, "reading"> {
  readonly reading: Pick<ReadPositionService, "readElsewhere" | "tellIgnored">;
  readonly typing: Pick<TypingFeed, "typesElsewhere">;
  readonly windows: Pick<RemoteWindows, "looked" | "heard">;
  readonly cancels: Pick<RemoteCancels, "asked" | "answered">;
  readonly entry: Pick<Authenticator, "guessElsewhere" | "guessedElsewhere">;
  readonly deviceNotes: Pick<DeviceNotes, "seenElsewhere">;
  /** `undefined` if sealed rooms are disabled. */
  readonly sealed: Pick<SealedService, "lowOnKeyPackages" | "takenElsewhere"> | undefined;
  /** `undefined` if push is disabled. */
  readonly push: Pick<PushService, "takenElsewhere" | "acted"> | undefined;
}

type Elsewhere = Pick<RemoteSessions, keyof RemoteSessions>;

export function remoteSessions(options: RemoteSessionsOptions): Elsewhere {
  return options.sequencer.isShared ? new RemoteSessions(options) : NOWHERE;
}

const NOWHERE: Elsewhere = {
  start: () => {},
  stop: () => {},
  changed: () => {},
  entered: () => {},
  placed: () => {},
  decided: () => {},
};

/** Connections at the other servers, as far as they concern the sessions here. */
class RemoteSessions {
  readonly #options: RemoteSessionsOptions;
  readonly #presence: RemotePresence;
  readonly #decisions: RemoteDecisions;
  readonly #places: ClusterPlaces;
  #stopListening = () => {};

  constructor(options: RemoteSessionsOptions) {
    this.#options = options;
    this.#presence = new RemotePresence(options);
    this.#places = new ClusterPlaces(options);
    this.#decisions = new RemoteDecisions(options);
  }

  start(): void {
    const { siblings } = this.#options;
    this.#stopListening = siblings.listen((node, news) => this.#heard(node, news));
    this.#presence.start();
    this.#places.start();
  }

  stop(): void {
    this.#stopListening();
    this.#presence.stop();
    this.#places.stop();
  }

  /** An account came online or went offline here. */
  changed(): void {
    this.#presence.changed();
  }

  /** A client logged in here. */
  entered(client: ClientConnection): void {
    this.#places.entered(client);
  }

  /** The addresses of this server have changed. */
  placed(): void {
    this.#places.placed();
  }

  /** A record of the accounts was applied. */
  decided(record: LogRecord): void {
    if (!this.#options.sequencer.isOwn(record.head.seq)) this.#decisions.told(record);
  }

  #heard(node: string, news: SiblingMessage): void {
    const { reading, typing, windows, entry, sealed, deviceNotes, push, cancels } = this.#options;
    switch (news.kind) {
      case "online":
        return this.#presence.heard(node, news.users);
      case "place":
        return this.#places.heard(node, news.place);
      case "read":
        push?.acted(news.user);
        return reading.readElsewhere(news.user, news.room, news.n);
      case "typing":
        push?.acted(news.user);
        return typing.typesElsewhere(news.user, news.room, news.on);
      case "look":
        return windows.looked();
      case "window":
        return windows.heard(node, news.window);
      case "cancel":
        return void cancels.asked(news);
      case "cancelled":
        return cancels.answered(news.ask);
      case "key-packages-low":
        return sealed?.lowOnKeyPackages(news.user, news.device, news.left);
      case "push-taken":
        return push?.takenElsewhere(news.device);
      case "key-packages-taken":
        return sealed?.takenElsewhere(news.by, news.of);
      case "device-seen":
        return deviceNotes.seenElsewhere(news);
      case "guess":
        return entry.guessElsewhere(news.keys);
      case "guessed":
        return entry.guessedElsewhere(news.keys);
      default:
        return unreachable(news);
    }
  }
}
