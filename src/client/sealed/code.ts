/** MLS code for sealed rooms, loaded lazily because it is large and few accounts need it. */

import { openSealedDevice } from "./device.ts";
import { SealedFiles } from "./files.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedFiles, SealedRooms } as const;
