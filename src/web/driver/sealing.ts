import type { Fault } from "../../base/fault.ts";
import type { Keys } from "../../client/link/keys.ts";
import type { SealedCode, SealedHome } from "../../client/sealed/sealing.ts";
import { PageFault } from "../../ui/text/page-fault.ts";
import type { Platform } from "../browser/environment.ts";
import type { BrowserLogPins } from "../browser/log-pins.ts";
import { SEALED_PLACE } from "../browser/preferences.ts";
import type { openSealedHome, stateKeyOf } from "../browser/sealed-home.ts";
import type { SealedFilesCode } from "../transfer/page-files.ts";

/** What sealed rooms take; fetched where there is one. */
export type SealedPart = SealedCode & {
  readonly openSealedHome: typeof openSealedHome;
  readonly stateKeyOf: typeof stateKeyOf;
  /** What this browser was shown of the server's log. */
  readonly logPinsOf: (store: Platform["store"]) => Pick<BrowserLogPins, "pin">;
  readonly SealedFiles: SealedFilesCode;
};

/** Why this page takes no part in sealed rooms; undefined: it does. */
export function sealRefusal({ subtle, databases }: Platform, { canSign }: Keys): Fault | undefined {
  if (subtle === undefined) {
    return new PageFault("not-allowed", "sealNeedsHttps");
  }
  if (!canSign) return new PageFault("not-allowed", "sealNeedsKeys");
  return databases === undefined ? new PageFault("not-allowed", "sealNeedsStorage") : undefined;
}

/** @throws Fault unreachable: its code cannot be fetched now */
export function fetching<Part>(load: () => Promise<Part>): () => Promise<Part> {
  return () =>
    load().catch((cause: unknown) => {
      throw new PageFault("unreachable", "notFetched", { cause });
    });
}

/** Where this browser keeps what it has of sealed rooms; undefined: nowhere. */
export function sealedHome(
  platform: Platform,
  load: () => Promise<SealedPart>,
): SealedHome | undefined {
  const { databases, store } = platform;
  if (databases === undefined) return undefined;
  return {
    exists: async () => (await store.get(SEALED_PLACE.table, SEALED_PLACE.key)) === true,
    open: async (account) => (await load()).openSealedHome({ ...platform, databases }, account),
    stateKey: async () => (await load()).stateKeyOf(platform),
  };
}
