import "./first-screen.ts";
import { SEALED_CODE } from "../../client/sealed/code.ts";
import { SealedFiles } from "../../client/sealed/files.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { openSealedHome, stateKeyOf } from "../browser/sealed-home.ts";
import type { SealedPart } from "../driver/sealing.ts";

/** Fetched where a sealed room is: what works on its group, and keeps what was said there. */
export const SEALED_PART: SealedPart = {
  ...SEALED_CODE,
  SealedFiles,
  openSealedHome,
  stateKeyOf,
  logPinsOf: (store) => new BrowserLogPins(store),
};
