/** Checks of sealed rooms. */

import { Fault } from "../../base/fault.ts";
import { KEY_PACKAGES_LOW, REJOINS_WINDOW_MS } from "../../base/limits-sealed.ts";
import type { RoomRow } from "../../client/sealed/rows.ts";
import type { Answer } from "../../wire/messages.ts";
import { type Finding, failed, ok, warning, warningFrom } from "./check.ts";

export interface SealedState {
  readonly path: string;
  readonly rooms: readonly Pick<RoomRow, "target" | "status" | "reason" | "instance" | "isCopy">[];
  readonly instance: string;
  readonly leases: number | undefined;
  /** Recent times at which the server detected that the folder was an old copy. */
  readonly rejoinsUnixMs: readonly number[];
  readonly unreadable: number;
  readonly rows: number;
}

export interface SealedDevices {
  readonly devices: Answer<"devices">["devices"];
  /** Number of this device's key packages on the server, or why the device cannot be added. */
  readonly packages: number | Fault;
}

export function checkSealedFile({ path, rows, unreadable, rooms }: SealedState): Finding {
  const count = `${rooms.length} encrypted room${rooms.length === 1 ? "" : "s"}`;
  if (unreadable === 0) return ok(`${path}: intact, with ${count}`);
  return warning(
    `${path}: ${unreadable} of ${rows} rows cannot be read with the key of this device`,
    "run chat join to rejoin rooms; device.key may belong to another device",
  );
}

export function checkLease({ leases, rejoinsUnixMs }: SealedState, nowUnixMs: number): Finding {
  const rejoins = rejoinsUnixMs.filter(
    (unixMs) => Math.abs(nowUnixMs - unixMs) < REJOINS_WINDOW_MS,
  ).length;
  if (rejoins > 0) {
    const times = rejoins === 1 ? "once" : `${rejoins} times`;
    return warning(
      `the server found this folder to be outdated ${times} within the last hour`,
      "if another machine uses a copy, link it instead: chat link-device",
    );
  }
  if (leases === undefined) return ok("the server has not issued a lease yet");
  return ok(`this folder is the device's current copy (lease ${leases})`);
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
    const moreText = distrusted.length === 1 ? "" : `, and ${distrusted.length - 1} more`;
    const message = `'${first.target}' is not trusted: ${first.reason ?? "?"}${moreText}`;
    return warning(
      message,
      "ask the other members and the server's owner, then run /sealed accept there",
    );
  }
  if (pending.length > 0) {
    const names = pending.map(({ target }) => `'${target}'`).join(", ");
    return warning(`this device is waiting to rejoin ${names}`, "run chat join and wait");
  }
  const joinedCount = rooms.filter(({ status }) => status !== "out").length;
  return ok(`this device is in ${joinedCount} of ${rooms.length}`);
}

export function checkSealedDevices({ devices }: SealedDevices): Finding {
  const certified = devices.filter((device) => device.certified).length;
  const own = devices.find(({ current }) => current);
  if (own?.certified === false) {
    return warning(
      "this device signed in with a password, and cannot join encrypted rooms",
      "link this device from one that is already linked: chat link-device",
    );
  }
  const uncertified = devices.length - certified;
  const moreText =
    uncertified === 0 ? "" : `; ${uncertified} more signed in with a password, and cannot`;
  return ok(`${certified} of your devices can join encrypted rooms${moreText}`);
}

export function checkPackages({ packages }: SealedDevices): Finding {
  if (packages instanceof Fault) return warningFrom(packages);
  const leftText = `${packages} key package${packages === 1 ? "" : "s"} left on the server`;
  if (packages >= KEY_PACKAGES_LOW) return ok(leftText);
  const remedy = "run chat join once; otherwise others may soon be unable to add this device";
  return warning(leftText, remedy);
}

/** @param work operation that fails without this project's patch of the MLS library */
export async function checkMlsLibrary(work: () => Promise<void>): Promise<Finding> {
  try {
    await work();
    return ok("the MLS library works: a test device rejoined its group");
  } catch (error) {
    const { message } = failed(error);
    return failed(
      new Fault("internal", `the MLS library does not work correctly (${message})`, {
        remedy: "use another build of chat; this one cannot use encrypted rooms safely",
      }),
    );
  }
}
