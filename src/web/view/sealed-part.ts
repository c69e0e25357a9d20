/** Code for sealed rooms, loaded on demand. */

import "./first-screen.ts";
import { SEALED_CODE } from "../../client/sealed/code.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { openSealedHome, stateKeyOf } from "../browser/sealed-home.ts";
import type { SealedPart } from "../driver/sealing.ts";

export const SEALED_PART: SealedPart = {
  ...SEALED_CODE,
  openSealedHome,
  stateKeyOf,
  logPinsOf: (store) => new BrowserLogPins(store),
};
