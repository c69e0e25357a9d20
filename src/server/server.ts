/** Server: subscriptions to the logs, start and stop. */

import { Fault } from "../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { lobbyDraft } from "../core/rooms/drafts.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import type { Listener } from "../io/link/link.ts";
import type { ServerAddress } from "../wire/invite.ts";
import { decisionOf } from "./admin/decisions.ts";
import type { Invites } from "./auth/invites.ts";
import type { HttpRoutes } from "./http/routes.ts";
import { IrcGateway } from "./irc/gateway.ts";
import { Transactions } from "./kernel/transactions.ts";
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
  #addresses: () => readonly ServerAddress[] = () => [];
  readonly #listeners: Listener[] = [];
  readonly #stops: (() => void)[] = [];
  #isStopping = false;
  #cancelTick = () => {};

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#services = openServices(options, {
      addresses: () => this.#addresses(),
      isStopping: () => this.#isStopping,
    });
    this.#notices = new ServerNotices(this.#services);
    this.sessions = new Sessions(this.#services, this.#notices);
    this.#subscribe();
  }

  get invites(): Invites {
    return this.#services.invites;
  }

  get http(): HttpRoutes {
    return this.#services.http;
  }

  get clientCount(): number {
    return this.#services.peers.count;
  }

  peers(): Iterable<ClientConnection> {
    return this.#services.peers.all();
  }

  /** The broadcast comes first, so that all other output follows the record. */
  #subscribe(): void {
    const { registry, onEvent, feed, fanOut, catchUp, readPositions, typing, metrics } =
      this.#services;
    const { files, sealed, push, prefs, retention, deviceNotes, remote, http } = this.#services;
    const { authenticator, invitations, quota } = this.#services;
    feed.subscribeHistory(
      (room, record) => fanOut.addRecord(room, record),
      (room, record) => catchUp.onRecord(room, record),
      (room, record) => readPositions.onRecord(room, record),
      (room, record) => typing.onRecord(room, record),
      (_, record) => metrics.onRecord(record),
      (_, record) => quota.onRecord(record),
      (_, record) => files?.onRecord(record),
      (room, record) => sealed?.onRecord(room, record),
      (room, record) => push?.onRecord(room, record),
      (room, record) => invitations.onRecord(room, record),
      (room) => http.reads?.onRecord(room),
      (room, record) => onEvent({ kind: "record", record, room }),
      (room, record) => catchUp.refreshChanged(room, record),
      (_, record) => retention.onRecord(record),
    );
    feed.subscribeAccounts(
      (record, { hadReset }) => {
        const decision = decisionOf(record, registry, hadReset);
        if (decision !== undefined) onEvent({ kind: "decided", ...decision });
      },
      ({ head }) => {
        if (head.kind === "announcement") this.#notices.sendAnnouncement(head);
      },
      (record) => quota.onRecord(record),
      (record) => deviceNotes.onAccountRecord(record),
      (record) => authenticator.onAccountRecord(record),
      (record) => remote.onAccountRecord(record),
      (record) => prefs.onAccountRecord(record),
      (record) => push?.onAccountRecord(record),
    );
    feed.subscribeActivity((user) => push?.onActivity(user));
  }

  async start(): Promise<void> {
    const { history, accounts, registry, rooms, entropy } = this.#options;
    const { readPositions, deviceNotes, feed, kernel, files, retention, sealed } = this.#services;
    const { serverClock } = this.#services;
    readPositions.open();
    deviceNotes.open();
    this.#stops.push(
      await accounts.follow(registry.head + 1, (record) => {
        const hadReset = registry.get(record.head.room as UserId)?.reset !== undefined;
        registry.apply(record);
        feed.emitAccountRecord(record, { hadReset });
      }),
      await history.follow(rooms.head + 1, (record) => kernel.onRecord(record)),
    );
    await serverClock.open();
    await new Transactions(history).run(() =>
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

  /** Opens the IRC gateway, to which the caller adds listeners. */
  openIrc(): IrcGateway {
    const { sessions } = this;
    const gateway = new IrcGateway({ services: this.#services, sessions });
    this.listen(gateway);
    return gateway;
  }

  setAddresses(addresses: () => readonly ServerAddress[]): void {
    this.#addresses = addresses;
    this.#services.remote.onAddressesChange();
  }

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
    await services.readPositions.close();
    await services.deviceNotes.close();
    await services.serverClock.close();
    this.#cancelTick();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const client of [...this.peers()]) client.tick();
    this.#services.serverClock.tick();
    this.#services.metrics.sample();
    this.#notices.tick();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}
