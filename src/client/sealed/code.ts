/** MLS code for sealed rooms, loaded lazily because it is large and few accounts need it. */

import { SealedCipherStage } from "./cipher-stage.ts";
import { openSealedDevice } from "./device.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedCipherStage, SealedRooms } as const;
