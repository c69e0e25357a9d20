/** Quotas from flags and settings. */

import { Fault } from "../../base/fault.ts";
import { parseSize } from "../../base/sizes.ts";
import { defined } from "../../base/values.ts";
import { type FileQuotas, QUOTAS_DEFAULT } from "../../server/files/quotas.ts";
import { type FlagDefs, type FlagValues, flagName, stringFlag } from "../command.ts";

/** Without a file quota, only the disk space limits the files. */
export const QUOTA_FLAGS = {
  fileMax: stringFlag("SIZE", "Maximum size of a file, such as 2G"),
  filesPerUser: stringFlag(
    "SIZE",
    "Maximum size of all files per user (Default: half of --files-total)",
  ),
  filesTotal: stringFlag("SIZE", "Maximum size of all files"),
  historyPerDay: stringFlag("SIZE", "Maximum history that a user may read per day (Default: 4GiB)"),
  textsPerDay: stringFlag("SIZE", "Maximum messages that a user may post per day (Default: 64MiB)"),
  keepFree: stringFlag("SIZE", "Disk space to keep free of files and messages (Default: 256MiB)"),
} as const satisfies FlagDefs;

export function quotasOf(args: FlagValues<typeof QUOTA_FLAGS>): FileQuotas {
  const size = (key: keyof typeof QUOTA_FLAGS, otherwise: number) =>
    args[key] === undefined ? otherwise : sizeOf(args[key], flagName(key));
  const { fileBytesMax, freeBytesMin } = QUOTAS_DEFAULT;
  const totalBytesMax = size("filesTotal", QUOTAS_DEFAULT.totalBytesMax);
  return {
    fileBytesMax: Math.min(size("fileMax", fileBytesMax), fileBytesMax),
    userBytesMax: size("filesPerUser", totalBytesMax / 2),
    totalBytesMax,
    freeBytesMin: size("keepFree", freeBytesMin),
  };
}

export function dailyQuotasOf(args: FlagValues<typeof QUOTA_FLAGS>) {
  const size = (key: "historyPerDay" | "textsPerDay") =>
    args[key] === undefined ? undefined : sizeOf(args[key], flagName(key));
  return defined({
    historyBytesPerDay: size("historyPerDay"),
    textsBytesPerDay: size("textsPerDay"),
  });
}

function sizeOf(text: string, flag: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("usage", `--${flag}: ${error.message}`, { remedy: error.remedy, cause: error });
  }
}
