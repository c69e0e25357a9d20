/** The handler of every request. */

import type { RequestKind } from "../../wire/messages.ts";
import type { Devices } from "../auth/devices.ts";
import type { PushService } from "../push/service.ts";
import type { PrefsService } from "../rooms/prefs.ts";
import type { ProofService } from "../rooms/proofs.ts";
import type { SealedService } from "../sealed/service.ts";
import { type AuthHandlerOptions, authHandlers } from "./auth.ts";
import { type DashboardHandlerOptions, dashboardHandlers } from "./dashboard.ts";
import { deviceHandlers } from "./devices.ts";
import { type FileHandlerOptions, fileHandlers } from "./files.ts";
import type { Handlers } from "./handler.ts";
import { type ModerationHandlerOptions, moderationHandlers } from "./moderation.ts";
import { type PostHandlerOptions, postHandlers } from "./posts.ts";
import { prefsHandlers } from "./prefs.ts";
import { proofHandlers } from "./proofs.ts";
import { pushHandlers } from "./push.ts";
import { type QueryHandlerOptions, queryHandlers } from "./queries.ts";
import { type ReadingHandlerOptions, readingHandlers } from "./reading.ts";
import { type RoomHandlerOptions, roomHandlers } from "./rooms.ts";
import { sealedHandlers } from "./sealed.ts";
import { type WhoisHandlerOptions, whoisHandlers } from "./whois.ts";

export type HandlerOptions = AuthHandlerOptions &
  DashboardHandlerOptions &
  FileHandlerOptions &
  ModerationHandlerOptions &
  PostHandlerOptions &
  QueryHandlerOptions &
  ReadingHandlerOptions &
  RoomHandlerOptions &
  WhoisHandlerOptions & {
    readonly devices: Devices;
    readonly prefs: PrefsService;
    readonly proofs: ProofService;
    readonly push: PushService | undefined;
    readonly sealed: SealedService | undefined;
  };

export function openHandlers(options: HandlerOptions): Handlers<RequestKind> {
  return {
    ...authHandlers(options),
    ...dashboardHandlers(options),
    ...deviceHandlers(options.devices),
    ...fileHandlers(options),
    ...moderationHandlers(options),
    ...postHandlers(options),
    ...prefsHandlers(options.prefs),
    ...proofHandlers(options.proofs),
    ...pushHandlers(options.push),
    ...queryHandlers(options),
    ...readingHandlers(options),
    ...roomHandlers(options),
    ...sealedHandlers(options.sealed),
    ...whoisHandlers(options),
  };
}
