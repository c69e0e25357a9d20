/** The page's support for sealed rooms, and the reasons why a browser may lack it. */

import type { Fault } from "../../base/fault.ts";
import type { Keys } from "../../client/link/keys.ts";
import type { SealedCode, SealedHome } from "../../client/sealed/sealing.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import type { Platform } from "../browser/environment.ts";
import { SEALED_FLAG } from "../browser/preferences.ts";
import type { loadStateKey, openSealedHome } from "../browser/sealed-home.ts";

export type SealedModule = SealedCode & {
  readonly openSealedHome: typeof openSealedHome;
  readonly loadStateKey: typeof loadStateKey;
};

/** `undefined` if this page can use sealed rooms. */
export function sealRefusal({ subtle, databases }: Platform, { canSign }: Keys): Fault | undefined {
  if (subtle === undefined) {
    return new PageFault("not-allowed", "sealNeedsHttps");
  }
  if (!canSign) return new PageFault("not-allowed", "sealNeedsKeys");
  return databases === undefined ? new PageFault("not-allowed", "sealNeedsStorage") : undefined;
}

export function sealedBrowserHome(
  platform: Platform,
  load: () => Promise<SealedModule>,
): SealedHome | undefined {
  const { databases, store } = platform;
  if (databases === undefined) return undefined;
  return {
    exists: async () => (await store.get(SEALED_FLAG.table, SEALED_FLAG.key)) === true,
    open: async (account) => (await load()).openSealedHome({ ...platform, databases }, account),
    stateKey: async () => (await load()).loadStateKey(platform),
  };
}
