/** Construction of the server's services. */

import { CONCURRENT_PAGE_READS_MAX } from "../../base/limits.ts";
import { TargetResolver } from "../../core/rooms/targets.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { Slots } from "../../io/task-queue.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import type { LogRecord } from "../../wire/record.ts";
import { AdminDashboard } from "../admin/dashboard.ts";
import { DiskWatch } from "../admin/disk-watch.ts";
import { EventFeed } from "../admin/event-feed.ts";
import { AdminLists } from "../admin/lists.ts";
import { Metrics } from "../admin/metrics.ts";
import { PastDecisions } from "../admin/past-decisions.ts";
import { Bans } from "../auth/bans.ts";
import { DeviceNotes } from "../auth/device-notes.ts";
import { Devices } from "../auth/devices.ts";
import { Invites } from "../auth/invites.ts";
import { IrcPasswords } from "../auth/irc-passwords.ts";
import { Authenticator } from "../auth/login.ts";
import { Resets } from "../auth/resets.ts";
import { DataChannels } from "../files/data-channels.ts";
import { FileService } from "../files/file-service.ts";
import { QUOTAS_DEFAULT } from "../files/quotas.ts";
import { WebDownloads } from "../http/download-links.ts";
import { httpRoutes } from "../http/routes.ts";
import type { ServerContext } from "../kernel/context.ts";
import { CurrentArchive } from "../kernel/current-archive.ts";
import { Feed } from "../kernel/feed.ts";
import { Kernel, type RoomReaders } from "../kernel/kernel.ts";
import { LogQuota } from "../kernel/log-quota.ts";
import { LOCAL_SEQUENCER } from "../kernel/sequencer.ts";
import { ServerClock } from "../kernel/server-clock.ts";
import { NO_SIBLINGS } from "../kernel/siblings.ts";
import { PushService } from "../push/service.ts";
import { FanOut } from "../rooms/broadcast.ts";
import { CatchUp } from "../rooms/catch-up.ts";
import { HistoryQuota } from "../rooms/history-quota.ts";
import { Invitations } from "../rooms/invitations.ts";
import { Management } from "../rooms/management.ts";
import { MassErasure } from "../rooms/mass-erasure.ts";
import { Moderation } from "../rooms/moderation.ts";
import { PrefsService } from "../rooms/prefs.ts";
import { PresenceFeed } from "../rooms/presence-feed.ts";
import { ProofService } from "../rooms/proofs.ts";
import { Queries } from "../rooms/queries.ts";
import { Reactions } from "../rooms/reactions.ts";
import { ReadPositionService } from "../rooms/read-positions.ts";
import { RecordLookup } from "../rooms/record-lookup.ts";
import { Retention } from "../rooms/retention.ts";
import { TypingFeed } from "../rooms/typing-feed.ts";
import { SealedService } from "../sealed/service.ts";
import { FloodGuard } from "../session/flood-guard.ts";
import { Peers } from "../session/peers.ts";
import { RemoteCancels } from "../siblings/cancels.ts";
import { RemoteActivity } from "../siblings/remote-activity.ts";
import { remoteSessions } from "../siblings/remote-sessions.ts";
import type { ServerOptions } from "./options.ts";

interface ServerState {
  readonly addresses: () => readonly ServerAddress[];
  readonly isStopping: () => boolean;
}

export type Services = ReturnType<typeof openServices>;

export function openServices(options: ServerOptions, { addresses, isStopping }: ServerState) {
  const { registry, rooms } = options;
  const { sequencer = LOCAL_SEQUENCER, siblings = NO_SIBLINGS } = options;
  const eventFeed = new EventFeed(options);
  const onEvent = eventFeed.wrap(options.onEvent);
  const { history, accounts, stateFiles: location } = options;
  const clock = new ServerClock({ clock: options.clock, history, accounts, location, onEvent });
  const feed = new Feed();
  const readers: RoomReaders = {
    follow: (user, room) => catchUp.joined(user, room),
    unfollow: (user, room) => catchUp.left(user, room),
    presence: (room, user, online) => presence.change(room, user, online),
  };
  const eraseFiles = async (order: LogRecord) => files?.deleteErased(order);
  const { passwords, stateFiles, recordLine, programs, provable, blobs } = options;
  const peers = new Peers();
  const disk = blobs === undefined ? undefined : diskWatch({ ...options, clock, onEvent }, blobs);
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
    eraseFiles,
  });
  const context: ServerContext = {
    ...options,
    clock,
    sequencer,
    siblings,
    onEvent,
    feed,
    kernel,
    quota,
    addresses,
    peers,
    archive: new CurrentArchive(options.archive, rooms),
    pageReads: new Slots(CONCURRENT_PAGE_READS_MAX),
    targets: new TargetResolver({ rooms, directory: registry, sha256 }),
    warn: (fault) => onEvent({ kind: "warning", fault }),
  };
  const floodGuard = new FloodGuard(clock);
  const bans = new Bans(context);
  const invites = new Invites(context);
  const authenticator = new Authenticator({ ...context, passwords, invites, bans, floodGuard });
  const resets = new Resets({ ...context, authenticator, bans });
  const historyQuota = new HistoryQuota(context);
  const recordLookup = new RecordLookup(context);
  const fanOut = new FanOut(clock, registry, () => kernel.writes.inFlight > 0);
  const presence = new PresenceFeed(clock, registry, fanOut);
  const typing = new TypingFeed({ ...context, fanOut });
  const readPositions = new ReadPositionService(context, stateFiles);
  const catchUp = new CatchUp({ ...context, fanOut, presence, readPositions, historyQuota });
  const erasure = new MassErasure(context);
  const { contents, sealed: buckets } = options;
  const files =
    blobs === undefined ? undefined : new FileService({ ...context, blobs, fanOut, contents });
  const downloads = files === undefined ? undefined : new WebDownloads({ ...context, bans, files });
  const channels = new DataChannels({
    ...context,
    downloadChannel: (token) => downloads?.channelOf(token),
  });
  const sealed = buckets === undefined ? undefined : new SealedService({ ...context, buckets });
  const push =
    options.push === undefined
      ? undefined
      : new PushService({ ...context, ...options.push, readPositions, recordLookup });
  const metrics = new Metrics({ ...context, fanOut, channels, files, push, disk });
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
  return {
    ...context,
    floodGuard,
    bans,
    invites,
    authenticator,
    resets,
    historyQuota,
    fanOut,
    presence,
    typing,
    readPositions,
    catchUp,
    files,
    downloads,
    channels,
    sealed,
    push,
    disk,
    metrics,
    dashboard,
    eventFeed,
    deviceNotes,
    isStopping,
    serverClock: clock,
    retention: new Retention({ ...context, erasure }),
    prefs: new PrefsService(context),
    invitations: new Invitations(context),
    management: new Management({ ...context, catchUp }),
    moderation: new Moderation({ ...context, recordLookup, authenticator, resets, erasure }),
    devices: new Devices({ ...context, authenticator }),
    ircPasswords: new IrcPasswords(context),
    lists: new AdminLists(context),
    pastDecisions: new PastDecisions({ ...context, eventFeed }),
    proofs: new ProofService({ ...context, provable }),
    queries: new Queries({ ...context, readPositions, recordLookup, historyQuota }),
    reactions: new Reactions({ ...context, recordLookup }),
    http: httpRoutes({
      ...context,
      bans,
      invites,
      metrics,
      historyQuota,
      recordLine,
      downloads,
      programs,
      isStopping,
    }),
    remote: remoteSessions({
      ...context,
      readPositions,
      typing,
      remoteActivity,
      remoteCancels,
      authenticator,
      sealed,
      push,
      catchUp,
      deviceNotes,
      onChange: options.onClusterChange ?? (() => {}),
    }),
  };
}

function diskWatch(
  { clock, settings, onEvent }: Pick<ServerContext, "clock" | "settings" | "onEvent">,
  blobs: NonNullable<ServerOptions["blobs"]>,
): DiskWatch {
  return new DiskWatch({
    clock,
    blobs,
    keepFreeBytes: (settings.files ?? QUOTAS_DEFAULT).freeBytesMin,
    onChange: (disk) => onEvent({ kind: "disk", ...disk }),
  });
}
