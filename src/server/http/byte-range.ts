/** Parser for the HTTP `Range` header (RFC 9110, section 14). */

export type ByteRange =
  /** Also used for multiple ranges, which a server may ignore. */
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "none" };

const WHOLE = { kind: "whole" } as const;
const SPEC = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i;

export function parseRange(header: string | null, sizeBytes: number): ByteRange {
  const [, first = "", last = ""] = SPEC.exec(header ?? "") ?? [];
  if (first === "" && last === "") return WHOLE;
  if (first === "") {
    const start = Math.max(0, sizeBytes - Number(last));
    return start < sizeBytes ? { kind: "part", start, end: sizeBytes } : { kind: "none" };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return WHOLE;
  const end = last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  return start < sizeBytes ? { kind: "part", start, end } : { kind: "none" };
}
