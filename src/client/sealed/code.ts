/**
 * Lazily loaded MLS code of sealed rooms, which is large and needed only by accounts with sealed
 * rooms.
 */

import { openSealedDevice } from "./device.ts";
import { SealedFiles } from "./files.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedFiles, SealedRooms } as const;
