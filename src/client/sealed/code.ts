import { openSealedDevice } from "./device.ts";
import { SealedRooms } from "./rooms.ts";

/** What works on groups: large, and loaded only where there is a sealed room. */
export const SEALED_CODE = { openSealedDevice, SealedRooms } as const;
