/** Classifies errors that occur when binding a UDP socket. */

/** Error numbers on Linux and macOS. */
const ADDRESS_IN_USE = new Set(["98", "48"]);
const ACCESS_DENIED = new Set(["13"]);
const ADDRESS_UNAVAILABLE = new Set(["99", "49"]);

export type BindError = "taken" | "forbidden" | "no-address" | "other";

export function udpBindError(cause: unknown): BindError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const number = /\((\d+)\)$/.exec(message)?.[1] ?? "";
  if (ADDRESS_IN_USE.has(number)) return "taken";
  if (ACCESS_DENIED.has(number)) return "forbidden";
  if (ADDRESS_UNAVAILABLE.has(number) || message.startsWith("Invalid")) return "no-address";
  return "other";
}
