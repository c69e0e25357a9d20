/** MLS code of sealed rooms: large, and loaded only when the account has one. */

import { openSealedDevice } from "./device.ts";
import { SealedRooms } from "./rooms.ts";

export const SEALED_CODE = { openSealedDevice, SealedRooms } as const;
