/** Classification of errors when binding a UDP socket. */

const IN_USE = new Set(["98", "48"]);
const DENIED = new Set(["13"]);
const NO_ADDRESS = new Set(["99", "49"]);

export type BindError = "taken" | "forbidden" | "no-address" | "other";

export function udpBindError(cause: unknown): BindError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const number = /\((\d+)\)$/.exec(message)?.[1] ?? "";
  if (IN_USE.has(number)) return "taken";
  if (DENIED.has(number)) return "forbidden";
  if (NO_ADDRESS.has(number) || message.startsWith("Invalid")) return "no-address";
  return "other";
}
