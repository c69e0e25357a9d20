/** Code for sealed rooms, loaded on demand. */

import "./first-screen.ts";
import { SEALED_CODE } from "../../client/sealed/code.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { loadStateKey, openSealedHome } from "../browser/sealed-home.ts";
import type { SealedModule } from "../driver/sealing.ts";

export const SEALED_PART: SealedModule = {
  ...SEALED_CODE,
  openSealedHome,
  loadStateKey,
  logPinsOf: (store) => new BrowserLogPins(store),
};
