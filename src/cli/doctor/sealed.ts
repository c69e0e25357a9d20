/** Checks of sealed rooms. */

import { Fault } from "../../base/fault.ts";
import { KEY_PACKAGES_LOW, REJOINS_WINDOW_MS } from "../../base/limits-sealed.ts";
import type { RoomRow } from "../../client/sealed/rows.ts";
import type { Answer } from "../../wire/messages.ts";
import { type Finding, failed, ok, warning, warningFrom } from "./check.ts";

/** Stored state of an account's sealed rooms. */
export interface SealedState {
  readonly path: string;
  readonly rooms: readonly Pick<RoomRow, "target" | "status" | "reason" | "instance" | "isCopy">[];
  /** Current instance of the folder. */
  readonly instance: string;
  /** Number of leases given to the device; `undefined` if there was none. */
  readonly leases: number | undefined;
  /** Recent times at which the folder turned out to be a copy. */
  readonly rejoinsUnixMs: readonly number[];
  /** Rows that the device's key cannot decrypt. */
  readonly unreadable: number;
  readonly rows: number;
}

/** The account's devices on the server. */
export interface SealedDevices {
  readonly devices: Answer<"devices">["devices"];
  /** Key packages of this device; with a fault the device cannot be added to groups. */
  readonly packages: number | Fault;
}

export function checkSealedFile({ path, rows, unreadable, rooms }: SealedState): Finding {
  const count = `${rooms.length} sealed room${rooms.length === 1 ? "" : "s"}`;
  if (unreadable === 0) return ok(`${path}: whole, with ${count}`);
  return warning(
    `${path}: ${unreadable} of ${rows} rows cannot be read with the key of this device`,
    "chat join: the device comes in anew where it has to; device.key may be another one's",
  );
}

/** @param nowUnixMs of this machine */
export function checkLease({ leases, rejoinsUnixMs }: SealedState, nowUnixMs: number): Finding {
  const since = rejoinsUnixMs.filter(
    (unixMs) => Math.abs(nowUnixMs - unixMs) < REJOINS_WINDOW_MS,
  ).length;
  if (since > 0) {
    const times = since === 1 ? "once" : `${since} times`;
    return warning(
      `this folder turned out to be an older copy, ${times} within an hour`,
      "if another machine uses a copy of it, link that one instead: chat link-device",
    );
  }
  if (leases === undefined) return ok("the server has given none yet");
  return ok(`the server knows this folder as the latest of its device (lease ${leases})`);
}

export function checkSealedRooms({ rooms, instance }: SealedState): Finding {
  const isOld = (room: SealedState["rooms"][number]) =>
    room.isCopy === true || (room.instance ?? "") !== instance;
  const distrusted = rooms.filter(({ status }) => status === "suspect");
  const pending = rooms.filter(
    (room) => room.status === "lost" || (room.status === "in" && isOld(room)),
  );
  const [first] = distrusted;
  if (first !== undefined) {
    const more = distrusted.length === 1 ? "" : `, and ${distrusted.length - 1} more`;
    const message = `'${first.target}' is not trusted: ${first.reason ?? "?"}${more}`;
    return warning(message, "ask the others and the server's owner; then there: /sealed accept");
  }
  if (pending.length > 0) {
    const names = pending.map(({ target }) => `'${target}'`).join(", ");
    return warning(`this device waits for coming in anew in ${names}`, "chat join, and wait");
  }
  const inside = rooms.filter(({ status }) => status !== "out").length;
  return ok(`this device is in ${inside} of ${rooms.length}`);
}

export function checkSealedDevices({ devices }: SealedDevices): Finding {
  const certified = devices.filter((one) => one.certified).length;
  const own = devices.find(({ current }) => current);
  if (own?.certified === false) {
    return warning(
      "this device came in by password, and cannot seal",
      "link it with one that can: chat link-device",
    );
  }
  const others = devices.length - certified;
  const more = others === 0 ? "" : `; ${others} more came in by password, and cannot`;
  return ok(`${certified} device${certified === 1 ? "" : "s"} of yours can seal${more}`);
}

export function checkPackages({ packages }: SealedDevices): Finding {
  if (packages instanceof Fault) return warningFrom(packages);
  const left = `${packages} key package${packages === 1 ? "" : "s"} left at the server`;
  if (packages >= KEY_PACKAGES_LOW) return ok(left);
  const remedy = "run chat join once: others could soon not let this device in";
  return warning(left, remedy);
}

/** @param work creates a group of one device and reloads it, which needs the patched library */
export async function checkMlsLibrary(work: () => Promise<void>): Promise<Finding> {
  try {
    await work();
    return ok("the MLS library has this program's patches: a device came back into its group");
  } catch (error) {
    const { message } = failed(error);
    return failed(
      new Fault("internal", `the MLS library does not do what it should (${message})`, {
        remedy: "use another build of chat: this one must not seal anything",
      }),
    );
  }
}
