/** Server: its services in order, start and stop. */

import { Fault } from "../base/fault.ts";
import type { UserId } from "../base/ids.ts";
import { CONCURRENT_PAGE_READS_MAX } from "../base/limits.ts";
import { TargetResolver } from "../core/rooms/targets.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { BlobStore } from "../io/blob/interfaces.ts";
import type { Listener, ServerTls } from "../io/link/link.ts";
import type { Log } from "../io/log/log.ts";
import { Slots } from "../io/task-queue.ts";
import type { ServerAddress } from "../wire/invite.ts";
import { FILE_REQUESTS } from "../wire/messages-files.ts";
import { SEALED_REQUESTS } from "../wire/messages-sealed.ts";
import { AdminDashboard } from "./admin/dashboard.ts";
import { DiskWatch } from "./admin/disk-watch.ts";
import { EventFeed } from "./admin/event-feed.ts";
import { HostConsole } from "./admin/host-console.ts";
import { AdminLists } from "./admin/lists.ts";
import { Metrics } from "./admin/metrics.ts";
import { PastDecisions } from "./admin/past-decisions.ts";
import { Bans } from "./auth/bans.ts";
import { DeviceNotes } from "./auth/device-notes.ts";
import { Devices } from "./auth/devices.ts";
import { Invites } from "./auth/invites.ts";
import { IrcPasswords } from "./auth/irc-passwords.ts";
import { LogIn } from "./auth/log-in.ts";
import { Authenticator, type Passwords } from "./auth/login.ts";
import { Resets } from "./auth/resets.ts";
import { ShortCodes } from "./auth/short-codes.ts";
import { DataChannels } from "./files/data-channels.ts";
import { FileService, type SharedContents } from "./files/file-service.ts";
import { QUOTAS_DEFAULT } from "./files/quotas.ts";
import { WebDownloads } from "./http/download-links.ts";
import type { ProgramSource } from "./http/programs.ts";
import type { RecordLine } from "./http/read-api.ts";
import { type HttpRoutes, httpRoutes } from "./http/routes.ts";
import { IrcGateway } from "./irc/gateway.ts";
import type { BaseContext, ServerContext } from "./kernel/context.ts";
import { CurrentArchive } from "./kernel/current-archive.ts";
import { Feed } from "./kernel/feed.ts";
import { Kernel, type RoomReaders } from "./kernel/kernel.ts";
import { LogQuota } from "./kernel/log-quota.ts";
import { LOCAL_SEQUENCER, type Sequencer } from "./kernel/sequencer.ts";
import { ServerClock } from "./kernel/server-clock.ts";
import { disabled, NO_SEALING, type Service } from "./kernel/service.ts";
import { NO_SIBLINGS, type Siblings } from "./kernel/siblings.ts";
import { ServerNotices } from "./notices.ts";
import type { PushDelivery } from "./push/sender.ts";
import { PushService } from "./push/service.ts";
import type { StateFileLocation } from "./queue/state-file.ts";
import { RequestHandlers } from "./requests.ts";
import { AvatarService } from "./rooms/avatars.ts";
import { FanOut } from "./rooms/broadcast.ts";
import { CallService } from "./rooms/calls.ts";
import { CatchUp } from "./rooms/catch-up.ts";
import { DisplayNameService } from "./rooms/display-names.ts";
import { HistoryQuota } from "./rooms/history-quota.ts";
import { Invitations, Joins } from "./rooms/joins.ts";
import { Management } from "./rooms/management.ts";
import { MassErasure } from "./rooms/mass-erasure.ts";
import { Moderation } from "./rooms/moderation.ts";
import { PollReveals } from "./rooms/poll-reveals.ts";
import { Posts } from "./rooms/posts.ts";
import { PrefsService } from "./rooms/prefs.ts";
import { PresenceFeed } from "./rooms/presence-feed.ts";
import { ProofService, type Provable } from "./rooms/proofs.ts";
import { Queries } from "./rooms/queries.ts";
import { ReadPositionService } from "./rooms/read-positions.ts";
import { RecordLookup } from "./rooms/record-lookup.ts";
import { References } from "./rooms/references.ts";
import { Retention } from "./rooms/retention.ts";
import { TypingFeed } from "./rooms/typing-feed.ts";
import { UnreadService } from "./rooms/unread.ts";
import type { SealedBuckets } from "./sealed/buckets.ts";
import { SealedService } from "./sealed/service.ts";
import type { ClientConnection } from "./session/client-connection.ts";
import { FloodGuard } from "./session/flood-guard.ts";
import { LinkRefusals } from "./session/link-refusals.ts";
import { Peers } from "./session/peers.ts";
import { Sessions } from "./sessions.ts";
import { RemoteActivity } from "./siblings/remote-activity.ts";
import { RemoteCancels, RemoteSessions } from "./siblings/remote-sessions.ts";

export interface ServerOptions extends BaseContext {
  readonly accounts: Log;
  readonly passwords: Passwords;
  /** `undefined` to keep the state in memory only. */
  readonly stateFiles?: StateFileLocation;
  readonly sealed?: SealedBuckets;
  readonly push?: { readonly delivery: PushDelivery; readonly file: StateFileLocation | undefined };
  readonly blobs?: BlobStore;
  readonly contents?: SharedContents;
  readonly programs?: ProgramSource;
  readonly recordLine?: RecordLine;
  readonly provable?: Provable;
  readonly sequencer?: Sequencer;
  readonly siblings?: Siblings;
  readonly onClusterChange?: (addresses: readonly ServerAddress[]) => void;
}

const TICK_MS = 1_000;

export class Server {
  readonly #open;
  #addresses: () => readonly ServerAddress[] = () => [];
  readonly #listeners: Listener[] = [];
  readonly #unfollow: (() => void)[] = [];
  #isStopping = false;
  #cancelTick = () => {};

  constructor(private readonly options: ServerOptions) {
    this.#open = openServices(options, {
      addresses: () => this.#addresses(),
      isStopping: () => this.#isStopping,
    });
  }

  get services(): readonly Service[] {
    return this.#open.context.feed.services;
  }

  get sessions(): Sessions {
    return this.#open.sessions;
  }

  get http(): HttpRoutes {
    return this.#open.http;
  }

  get console(): HostConsole {
    return this.#open.console;
  }

  /** `undefined` while the disk has space for posts. */
  get diskFault(): Fault | undefined {
    return this.#open.disk?.fault;
  }

  get clientCount(): number {
    return this.#open.context.peers.count;
  }

  peers(): Iterable<ClientConnection> {
    return this.#open.context.peers.all();
  }

  async start(): Promise<void> {
    const { history, accounts, registry, rooms } = this.options;
    const { feed, kernel } = this.#open.context;
    this.#unfollow.push(
      await accounts.follow(registry.head + 1, (record) => {
        const hadReset = registry.get(record.head.room as UserId)?.reset !== undefined;
        registry.apply(record);
        feed.emitAccountRecord(record, { hadReset });
      }),
      await history.follow(rooms.head + 1, (record) => kernel.onRecord(record)),
    );
    for (const service of this.services) await service.start?.();
    this.#tick();
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
    this.#open.fanOut.add(listener);
  }

  setCertificate(tls: ServerTls): void {
    for (const listener of this.#listeners) listener.setCertificate?.(tls);
  }

  /** Opens the IRC gateway, to which the caller adds listeners. */
  openIrc(): IrcGateway {
    const { context, ...services } = this.#open;
    const gateway = new IrcGateway({ ...context, ...services });
    this.listen(gateway);
    return gateway;
  }

  setAddresses(addresses: () => readonly ServerAddress[]): void {
    this.#addresses = addresses;
    this.#open.remote?.onAddressesChange();
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const service of this.services) service.stop?.();
    await this.#open.context.kernel.writes.drained();
    this.#open.fanOut.flush();
    const fault = new Fault("shutting-down", "the server is stopping");
    for (const client of [...this.peers()]) client.close(fault);
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    for (const service of this.services) await service.close?.();
    this.#cancelTick();
    for (const unfollow of this.#unfollow.splice(0)) unfollow();
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const service of this.services) service.tick?.();
    this.#cancelTick = this.options.clock.after(TICK_MS, () => this.#tick());
  }
}

function openServices(
  options: ServerOptions,
  state: Pick<ServerContext, "addresses" | "isStopping">,
) {
  const { registry, rooms, passwords, blobs, stateFiles } = options;
  const { sequencer = LOCAL_SEQUENCER, siblings = NO_SIBLINGS } = options;
  const eventFeed = new EventFeed(options);
  const { emit: onEvent } = eventFeed;
  const clock = new ServerClock({ ...options, location: stateFiles, onEvent });
  const feed = new Feed();
  const readers: RoomReaders = {
    follow: (user, room) => catchUp.joined(user, room),
    unfollow: (user, room) => catchUp.left(user, room),
    presence: (room, user, online) => presence.change(room, user, online),
  };
  const peers = new Peers();
  const keepFreeBytes = (options.settings.files ?? QUOTAS_DEFAULT).freeBytesMin;
  const disk = blobs && new DiskWatch({ clock, blobs, keepFreeBytes, onEvent });
  const quota = new LogQuota({
    ...options,
    clock,
    disk,
    isOperator: (user) =>
      registry.policy.isOperator(user) ||
      peers.of(user).some(({ member }) => member?.isOperator === true),
  });
  const kernel = new Kernel({
    ...options,
    clock,
    sequencer,
    onEvent,
    feed,
    readers,
    quota,
    eraseFiles: async (order) => files?.deleteErased(order),
  });
  const context: ServerContext = {
    ...options,
    ...state,
    clock,
    sequencer,
    siblings,
    onEvent,
    feed,
    kernel,
    quota,
    peers,
    archive: new CurrentArchive(options.archive, { rooms, files: options.engine.files }),
    pageReads: new Slots(CONCURRENT_PAGE_READS_MAX),
    targets: new TargetResolver({ rooms, directory: registry, sha256 }),
    warn: (fault) => onEvent({ kind: "warning", fault }),
  };
  const floodGuard = new FloodGuard(clock);
  const bans = new Bans(context);
  const invites = new Invites(context);
  const authenticator = new Authenticator({ ...context, passwords, invites, bans, floodGuard });
  const resets = new Resets({ ...context, authenticator, bans });
  const ircPasswords = new IrcPasswords(context);
  const historyQuota = new HistoryQuota(context);
  const recordLookup = new RecordLookup(context);
  const references = new References(context, recordLookup);
  const fanOut = new FanOut(clock, registry, () => kernel.writes.inFlight > 0);
  const presence = new PresenceFeed({ clock, registry, rooms, fanOut });
  const typing = new TypingFeed({ ...context, fanOut });
  const refresh: CatchUp["refreshFor"] = (user, room) => catchUp.refreshFor(user, room);
  const readPositions = new ReadPositionService({ ...context, fanOut, refresh }, stateFiles);
  const prefs = new PrefsService(context);
  const calls = new CallService(
    { ...context, readPositions, recordLookup, historyQuota, prefs, refresh },
    stateFiles,
  );
  const catchUp = new CatchUp({ ...context, fanOut, presence, readPositions, calls, historyQuota });
  const erasure = new MassErasure(context);
  const { contents, sealed: buckets, recordLine, programs, provable } = options;
  const files = blobs && new FileService({ ...context, blobs, fanOut, contents });
  const attach = files?.attach.bind(files);
  const downloads = files && new WebDownloads({ ...context, bans, files });
  const channels = new DataChannels({ ...context, downloads });
  const sealed = buckets && new SealedService({ ...context, buckets });
  const push =
    options.push &&
    new PushService({ ...context, ...options.push, readPositions, recordLookup, calls });
  const linkRefusals = new LinkRefusals(clock, context.warn);
  const metrics = new Metrics({ ...context, fanOut, channels, files, push, disk, linkRefusals });
  const remoteActivity = new RemoteActivity({ ...context, ownActivity: () => dashboard.window });
  const remoteCancels = new RemoteCancels({
    ...context,
    cancelLocal: (cancel) => dashboard.cancelLocal(cancel),
  });
  const dashboard: AdminDashboard = new AdminDashboard({
    ...context,
    downloads,
    files,
    metrics,
    remoteActivity,
    remoteCancels,
  });
  const deviceNotes = new DeviceNotes(context, stateFiles);
  const http = httpRoutes({
    ...context,
    bans,
    invites,
    metrics,
    historyQuota,
    recordLine,
    downloads,
    programs,
    disk,
  });
  const remote = sequencer.isShared
    ? new RemoteSessions({
        ...context,
        readPositions,
        typing,
        remoteActivity,
        remoteCancels,
        files,
        authenticator,
        sealed,
        push,
        catchUp,
        deviceNotes,
        onChange: options.onClusterChange ?? (() => {}),
      })
    : undefined;
  const requests = new RequestHandlers(registry);
  const proofs = new ProofService({ ...context, provable });
  const sessions = new Sessions({
    ...context,
    authenticator,
    bans,
    channels,
    fanOut,
    files,
    floodGuard,
    linkRefusals,
    requests,
    proofs,
  });
  const services: readonly Service[] = [
    fanOut, // First, so that all other output follows the record.
    deviceNotes,
    sessions, // Before the notices to a client that logs in, because it answers the log-in.
    clock, // Corrects the logs before the first record of this run.
    new Joins({ ...context, authenticator, invites, isSealingEnabled: sealed !== undefined }),
    eventFeed,
    authenticator,
    channels,
    ...defined(downloads, remote),
    metrics,
    new ServerNotices({ ...context, disk }),
    readPositions,
    calls,
    new UnreadService({ ...context, readPositions, calls, recordLookup, historyQuota }),
    typing,
    presence,
    quota,
    files ?? disabled("file transfer is disabled on this server", FILE_KINDS),
    sealed ?? disabled(NO_SEALING, Object.keys(SEALED_REQUESTS)),
    push ?? disabled("push notifications are disabled on this server", PUSH_KINDS),
    ...defined(disk, http.reads, http.programs),
    new LogIn({ ...context, authenticator, push, sessions }),
    invites,
    resets,
    ircPasswords,
    dashboard,
    new Devices(context),
    new ShortCodes({ ...context, authenticator }),
    prefs,
    new AvatarService(context),
    new DisplayNameService(context),
    new Management({ ...context, catchUp }),
    new Moderation({
      ...context,
      recordLookup,
      authenticator,
      resets,
      erasure,
      eraseUploads: async (user) => files?.eraseUploads(user),
    }),
    new AdminLists({ ...context, files }),
    new PastDecisions({ ...context, eventFeed }),
    proofs,
    new Queries({ ...context, readPositions, recordLookup, historyQuota }),
    new Posts({ ...context, references, attach }),
    new Invitations(context),
    catchUp, // After the notices to a client that logs in.
    new Retention({ ...context, erasure }),
    new PollReveals(context),
  ];
  feed.add(services);
  requests.open(services);
  const console = new HostConsole({ invites, dashboard, disk });
  const gateway = { downloads, ircPasswords, readPositions };
  return { context, sessions, fanOut, http, remote, disk, console, ...gateway };
}

const FILE_KINDS = [...Object.keys(FILE_REQUESTS), "download", "collect"];
const PUSH_KINDS = ["push-key", "push-subscribe", "push-unsubscribe"];

function defined(...services: readonly (Service | undefined)[]): Service[] {
  return services.filter((service) => service !== undefined);
}
