/** Code for sealed rooms, loaded on demand. */

import { SEALED_CODE } from "../../client/sealed/code.ts";
import { loadStateKey, openSealedHome } from "../browser/sealed-home.ts";
import type { SealedModule } from "../driver/sealing.ts";

export const SEALED_PART: SealedModule = { ...SEALED_CODE, openSealedHome, loadStateKey };
