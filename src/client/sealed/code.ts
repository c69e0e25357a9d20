/**
 * Lazily loaded MLS code for sealed rooms. The code is large, and only accounts with sealed rooms
 * need it.
 */

import { openSealedDevice } from "./device.ts";
import { SealedFiles } from "./files.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedFiles, SealedRooms } as const;
