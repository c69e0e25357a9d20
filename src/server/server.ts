/** The server: subscriptions to the logs, start and stop. */

import { Fault } from "../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { lobbyDraft } from "../core/rooms/drafts.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import type { Listener } from "../io/link/link.ts";
import type { ServerPlace } from "../wire/invite.ts";
import { decisionOf } from "./admin/decisions.ts";
import type { Invites } from "./auth/invites.ts";
import type { HttpRoutes } from "./http/routes.ts";
import { Decisions } from "./kernel/decisions.ts";
import { ServerNotices } from "./notices.ts";
import type { ServerOptions } from "./services/options.ts";
import { openServices, type Services } from "./services/services.ts";
import type { ClientConnection } from "./session/client-connection.ts";
import { Sessions } from "./sessions.ts";

const TICK_MS = 1_000;

export class Server {
  readonly #options: ServerOptions;
  readonly #services: Services;
  readonly #notices: ServerNotices;
  readonly sessions: Sessions;
  #places: () => readonly ServerPlace[] = () => [];
  readonly #listeners: Listener[] = [];
  readonly #stops: (() => void)[] = [];
  #isStopping = false;
  #cancelTick = () => {};

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#services = openServices(options, {
      places: () => this.#places(),
      isStopping: () => this.#isStopping,
    });
    this.#notices = new ServerNotices(this.#services);
    this.sessions = new Sessions(this.#services, this.#notices);
    this.#subscribe();
  }

  /** Also used for posts over HTTP. */
  get invites(): Invites {
    return this.#services.invites;
  }

  /** HTTP routes besides the page. */
  get http(): HttpRoutes {
    return this.#services.http;
  }

  get clientCount(): number {
    return this.#services.peers.count;
  }

  peers(): Iterable<ClientConnection> {
    return this.#services.peers.all();
  }

  /** Broadcast subscribes first: the other subscribers' output follows the record. */
  #subscribe(): void {
    const { registry, onEvent, feed, fanOut, catchUp, reading, typing, metrics } = this.#services;
    const { files, sealed, push, prefs, retention, deviceNotes, remote, http } = this.#services;
    feed.onRecorded(
      (room, record) => fanOut.record(room, record),
      (room, record) => catchUp.recorded(room, record),
      (room, record) => reading.recorded(room, record),
      (room, record) => typing.recorded(room, record),
      (_, record) => metrics.recorded(record),
      (_, record) => files?.recorded(record),
      (room, record) => sealed?.recorded(room, record),
      (room, record) => push?.recorded(room, record),
      (room) => http.reads?.recorded(room),
      (room, record) => onEvent({ kind: "record", record, room }),
      (room, record) => catchUp.changed(room, record),
      (_, record) => retention.recorded(record),
    );
    feed.onDecided(
      (record, { hadReset }) => {
        const decision = decisionOf(record, registry, hadReset);
        if (decision !== undefined) onEvent({ kind: "decided", ...decision });
      },
      ({ head }) => {
        if (head.kind === "announcement") this.#notices.announced(head);
      },
      (record) => deviceNotes.decided(record),
      (record) => remote.decided(record),
      (record) => prefs.recorded(record),
      (record) => push?.decided(record),
    );
    feed.onActed((user) => push?.acted(user));
  }

  /** Subscribes to the logs and creates the lobby if there is none. @throws Fault store-… */
  async start(): Promise<void> {
    const { history, accounts, registry, rooms, entropy } = this.#options;
    const { reading, deviceNotes, feed, kernel, files, retention, sealed } = this.#services;
    reading.open();
    deviceNotes.open();
    this.#stops.push(
      await accounts.follow(registry.head + 1, (record) => {
        const hadReset = registry.get(record.head.room as UserId)?.reset !== undefined;
        registry.apply(record);
        feed.decided(record, { hadReset });
      }),
      await history.follow(rooms.head + 1, (record) => kernel.recorded(record)),
    );
    await new Decisions(history).decide(() =>
      rooms.find(LOBBY) === undefined ? [lobbyDraft(roomId(entropy(ID_BYTES)))] : [],
    );
    await files?.start();
    retention.sweep();
    await sealed?.start();
    this.#services.push?.start();
    this.#services.remote.start();
    this.#services.disk?.start();
    this.#tick();
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
    this.#services.fanOut.add(listener);
  }

  /**
   * Sets the addresses for invites, read for each one because machines change their addresses.
   */
  reachedAt(places: () => readonly ServerPlace[]): void {
    this.#places = places;
    this.#services.remote.placed();
  }

  /** Notifies everyone, waits for pending writes, then closes the links. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const services = this.#services;
    services.presence.stop();
    services.typing.stop();
    services.disk?.stop();
    services.remote.stop();
    services.retention.stop();
    await services.kernel.writes.drained();
    services.fanOut.flush();
    const fault = new Fault("shutting-down", "the server is stopping");
    services.downloads?.stop();
    services.http.reads?.stop();
    services.http.programs?.stop();
    for (const client of [...this.peers()]) client.close(fault);
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    await services.files?.stop();
    await services.push?.stop();
    await services.reading.close();
    await services.deviceNotes.close();
    this.#cancelTick();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const client of [...this.peers()]) client.tick();
    this.#services.metrics.sample();
    this.#notices.tick();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}
