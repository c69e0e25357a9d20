/** What works on groups: large, and loaded only where there is a sealed room. */
export { openSealedDevice } from "./device.ts";
export { SealedRooms } from "./rooms.ts";
