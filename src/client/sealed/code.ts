/** MLS code of sealed rooms: large, and loaded only when the account has one. */

import { openSealedDevice } from "./device.ts";
import { SealedFiles } from "./files.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedFiles, SealedRooms } as const;
