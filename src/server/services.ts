/** Construction of the server's services and their handlers. */

import type { Fault } from "../base/fault.ts";
import type { UserId } from "../base/ids.ts";
import { TargetResolver } from "../core/rooms/targets.ts";
import { sha256 } from "../crypto/sha256.ts";
import { AdminDashboard, type AdminDashboardOptions } from "./admin/dashboard.ts";
import type { EventFeed } from "./admin/event-feed.ts";
import { Lists } from "./admin/lists.ts";
import { PastDecisions } from "./admin/past-decisions.ts";
import { Devices } from "./auth/devices.ts";
import type { Invites } from "./auth/invites.ts";
import { Authenticator, type AuthenticatorOptions } from "./auth/login.ts";
import { OperatorLink } from "./auth/operator-link.ts";
import { Resets } from "./auth/resets.ts";
import { DataChannels } from "./files/data-channels.ts";
import { FileService } from "./files/file-service.ts";
import type { DashboardHandlerOptions } from "./handlers/dashboard.ts";
import { RequestHandlers, type ServerActions } from "./handlers/handler.ts";
import { openHandlers } from "./handlers/handlers.ts";
import { WebDownloads } from "./http/download-links.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { ServerOptions } from "./options.ts";
import { PushService } from "./push/service.ts";
import type { FanOut } from "./rooms/broadcast.ts";
import type { CatchUp } from "./rooms/catch-up.ts";
import type { HistoryQuota } from "./rooms/history-quota.ts";
import { Management } from "./rooms/management.ts";
import { MassErasure } from "./rooms/mass-erasure.ts";
import { Moderation, type ModerationOptions } from "./rooms/moderation.ts";
import { Pins } from "./rooms/pins.ts";
import { PrefsService } from "./rooms/prefs.ts";
import { ProofService } from "./rooms/proofs.ts";
import { Queries } from "./rooms/queries.ts";
import { Reactions } from "./rooms/reactions.ts";
import type { ReadPositionService } from "./rooms/read-positions.ts";
import { Readers } from "./rooms/readers.ts";
import { RecordLookup } from "./rooms/record-lookup.ts";
import { Retention } from "./rooms/retention.ts";
import type { TypingFeed } from "./rooms/typing-feed.ts";
import { SealedService } from "./sealed/service.ts";
import type { ClientConnection } from "./session/client-connection.ts";
import type { Siblings } from "./siblings/siblings.ts";

export interface ServiceOptions extends ServerOptions {
  readonly siblings: Siblings;
  readonly entry: Authenticator;
  readonly invites: Invites;
  readonly kernel: Kernel;
  readonly reading: ReadPositionService;
  readonly historyQuota: HistoryQuota;
  readonly catchUp: CatchUp;
  readonly typing: TypingFeed;
  readonly fanOut: FanOut;
  readonly peersOf: (user: UserId) => ReadonlySet<ClientConnection>;
  readonly feed: EventFeed;
  readonly stats: AdminDashboardOptions["stats"];
  readonly samples: DashboardHandlerOptions["samples"];
  readonly windows: AdminDashboardOptions["windows"];
  readonly cancels: AdminDashboardOptions["cancels"];
  readonly place: AdminDashboardOptions["place"];
  /** Reports a fault that ends nothing. */
  readonly warn: (fault: Fault) => void;
  readonly server: ServerActions & ModerationOptions["server"];
}

export interface OpenServices {
  readonly requests: RequestHandlers;
  readonly channels: DataChannels;
  readonly files: FileService | undefined;
  readonly downloads: WebDownloads | undefined;
  readonly dashboard: AdminDashboard;
  readonly retention: Retention;
  readonly sealed: SealedService | undefined;
  readonly prefs: PrefsService;
  readonly push: PushService | undefined;
  /** The account has logged out on this link: closes what it had open. */
  ended(client: ClientConnection): void;
}

export function openServices(options: ServiceOptions): OpenServices {
  const { registry, rooms, archive, reading, typing, peersOf, siblings } = options;
  const { feed: watchers, stats, samples, windows, cancels, place, server } = options;
  const files = openFiles(options);
  const erasure = new MassErasure(options);
  const retention = new Retention({ ...options, erasure });
  const recordLookup = new RecordLookup(archive);
  const targets = new TargetResolver({ rooms, directory: registry, sha256 });
  const resets = new Resets(options);
  const downloads = openDownloads(options, files);
  const sealed =
    options.sealed === undefined
      ? undefined
      : new SealedService({ ...options, buckets: options.sealed });
  const push =
    options.push === undefined
      ? undefined
      : new PushService({ ...options, ...options.push, recordLookup });
  const channels = new DataChannels({
    ...options,
    peersOf: ({ id }) => peersOf(id),
    addressed: (token) => downloads?.channelOf(token),
  });
  const prefs = new PrefsService(options);
  const management = new Management(options);
  const dashboard = new AdminDashboard({
    ...{ registry, siblings, downloads, stats, windows, cancels, place, files },
    peers: () => server.peers(),
    onEvent: options.onEvent,
    kernel: options.kernel,
  });
  const handlers = openHandlers({
    ...options,
    ...{ channels, dashboard, downloads, files, management, prefs, push, reading, resets },
    ...{ samples, sealed, server, typing, watchers },
    devices: new Devices(options),
    lists: new Lists({ ...options, files: options.engine.files }),
    moderation: new Moderation({ ...options, recordLookup, targets, resets, erasure }),
    past: new PastDecisions({ ...options, feed: watchers }),
    pins: new Pins({ ...options, targets, recordLookup }),
    proofs: new ProofService(options),
    queries: new Queries({ ...options, sha256 }),
    reactions: new Reactions({ recordLookup, targets, siblings }),
    readers: new Readers({ ...options, recordLookup }),
  });
  const requests = new RequestHandlers(handlers, registry);
  const ended = (client: ClientConnection) => {
    channels.ended(client);
    downloads?.ended(client);
    watchers.watch(client, false);
  };
  return {
    ...{ requests, channels, files, downloads, dashboard },
    ...{ retention, sealed, prefs, push, ended },
  };
}

/** @param guards what it checks besides passwords */
export function openAuthenticator(
  options: ServerOptions & { readonly siblings: Siblings },
  guards: Pick<AuthenticatorOptions, "kernel" | "invites" | "bans" | "floods">,
  peersOf: AuthenticatorOptions["peersOf"],
): Authenticator {
  const { identity, settings, clock } = options;
  return new Authenticator({
    ...options,
    ...guards,
    peersOf,
    fingerprint: identity.fingerprint,
    roomPassword: settings.roomPassword,
    operatorToken: settings.operatorToken,
    operatorLink: new OperatorLink(clock, settings.operatorLink),
  });
}

function openDownloads(options: ServiceOptions, files: FileService | undefined) {
  const { clock, entropy, rooms, engine } = options;
  if (files === undefined) return undefined;
  return new WebDownloads({
    clock,
    entropy,
    rooms,
    files: engine.files,
    open: (file) => files.open(file),
    sent: (bytes) => files.sent(bytes),
    trouble: (fault) => files.trouble(fault),
  });
}

function openFiles(options: ServiceOptions): FileService | undefined {
  const { engine, blobs, settings, kernel } = options;
  if (blobs === undefined) return undefined;
  return new FileService({
    ...options,
    blobs,
    files: engine.files,
    announcements: engine.announcements,
    quotas: settings.files,
    announce: (user, to, body) => kernel.ask(user, { kind: "announce", to, file: body.file, body }),
  });
}
